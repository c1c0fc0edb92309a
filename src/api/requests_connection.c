/* requests_connection.c - devices and connections: what is there, opening, closing, naming, settings. */
#include "api/api_private.h"
#include "api/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void list_devices(struct pm_call *call)
{
    json_t *devices = pm_describe_devices(call->api);
    pm_api_answer(call->request, json_pack("{s:O}", "devices", devices), devices);
}

static void list_connections(struct pm_call *call)
{
    json_t *connections = pm_describe_connections(call->api);
    pm_api_answer(call->request, json_pack("{s:O}", "connections", connections), connections);
}

static void fail_open(struct pm_api_request *r, const char *name, const char *address, int error)
{
    switch (error) {
    case -EEXIST:
        pm_api_fail(r, PM_NAME_TAKEN, "\"%s\" is a connection to another device already.", name);
        break;
    case -ENODEV:
        pm_api_fail(r, PM_NO_SUCH_DEVICE, "There is no device at this address. See list-devices.");
        break;
    case -EBUSY:
        pm_api_fail(r, PM_DEVICE_BUSY, "%s is in use. Close the program or connection that uses it.", address);
        break;
    case -EACCES:
    case -EPERM:
        pm_api_fail(r, PM_ACCESS_DENIED,
                    "Cannot open %s: permission denied. Add yourself to group dialout (sudo usermod -aG dialout $USER) "
                    "and log in again.",
                    address);
        break;
    case -ENOTUNIQ:
        pm_api_fail(r, PM_IDENTITY_CONFLICT, "Several devices call themselves %s. Use the path of the one you mean.",
                    address);
        break;
    case -EINVAL:
        pm_api_fail(r, PM_BAD_REQUEST, "The driver of %s does not take these line settings.", address);
        break;
    default:
        pm_api_fail(r, pm_error_of(error), "Cannot open %s: %s.", address, strerror(-error));
    }
}

/* What an opening is to answer with; it may take a while. */
struct opening {
    struct pm_api_request *request;
    char name[PM_NAME_MAX + 1], address[PM_DEVICE_TEXT];
};

static void on_opened(void *owner, struct pm_connection *c, int error)
{
    struct opening *o = owner;
    if (error < 0)
        fail_open(o->request, o->name, o->address, error);
    else
        pm_api_answer(o->request, json_pack("{s:o}", "connection", pm_describe_connection(c)), json_true());
    free(o);
}

static void activate_connection(struct pm_call *call)
{
    const char *name = pm_call_text(call, "name"), *address = pm_call_text(call, "address");
    struct pm_connection_options options = pm_connection_defaults();
    struct opening *o = malloc(sizeof(*o));
    if (!o) {
        fail_open(call->request, name, address, -ENOMEM);
        return;
    }
    o->request = call->request;
    snprintf(o->name, sizeof(o->name), "%s", name);
    snprintf(o->address, sizeof(o->address), "%s", address);
    pm_call_settings(call, &options.line);
    options.reconnect = pm_call_boolean(call, "reconnect", options.reconnect);
    options.history = (uint32_t)pm_call_integer(call, "history", options.history);
    pm_hub_activate(call->api->hub, name, address, &options, on_opened, o);
}

static void deactivate_connection(struct pm_call *call)
{
    pm_hub_deactivate(call->connection, "deactivated");
    pm_api_answer(call->request, NULL, json_true());
}

static void rename_reference(struct pm_call *call)
{
    struct pm_connection *c = call->connection;
    const char *name = pm_call_text(call, "new");
    if (pm_hub_rename(c, name) < 0)
        pm_api_fail(call->request, PM_NAME_TAKEN, "\"%s\" is another connection already.", name);
    else
        pm_api_answer(call->request, json_pack("{s:o}", "connection", pm_describe_connection(c)), json_true());
}

static const struct pm_arg activate_args[] = {
    {"name", PM_ARG_NEW_NAME, .required = true,
     .purpose = "what the connection, and the event with its bytes, is called"},
    {"address", PM_ARG_TEXT, .required = true, .min = 1, .max = PM_DEVICE_TEXT - 1,
     .purpose = "a device's `address` or `id`, or a link below /dev/serial"},
    PM_ARGS_LINE,
    {"reconnect", PM_ARG_BOOLEAN, .fallback = "true",
     .purpose = "outlive a replug: the same device is opened again, whatever its path; else the connection closes"},
    {"history", PM_ARG_INTEGER, .min = PM_JOURNAL_MIN, .max = PM_JOURNAL_MAX, .unit = "bytes", .fallback = "1048576",
     .purpose = "how many received bytes are kept for those who come late"},
    {0},
};
static const struct pm_arg name_args[] = {{"name", PM_ARG_CONNECTION, .required = true}, {0}};
static const struct pm_arg rename_args[] = {
    {"old", PM_ARG_CONNECTION, .required = true},
    {"new", PM_ARG_NEW_NAME, .required = true},
    {0},
};

const struct pm_request_kind pm_requests_connection[] = {
    {"list-devices", NULL, PM_NEEDS_LIST, true, "list-devices", false, list_devices, "The devices that are plugged in.",
     "devices"},
    {"list-connections", NULL, PM_NEEDS_LIST, true, "list-connections", false, list_connections,
     "The connections that are open.", "connections"},
    {"activate-connection", activate_args, PM_NEEDS_OPEN, false, "activate-connection", true, activate_connection,
     "Open a device under a name. One that is open under this name and address already stays as it is.", "connection"},
    {"deactivate-connection", name_args, PM_NEEDS_OPEN, false, "deactivate-connection", true, deactivate_connection,
     "Close a connection.", NULL},
    {"rename-reference", rename_args, PM_NEEDS_OPEN, false, "rename-connection", true, rename_reference,
     "Give a connection another name.", "connection"},
    {0},
};
