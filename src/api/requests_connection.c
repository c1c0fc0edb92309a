/* requests_connection.c - devices and connections: what is there, opening, closing, naming, settings. */
#include "api/api_private.h"
#include "api/identify.h"
#include "api/profiled.h"
#include "api/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list waits for the look at who holds the devices, which takes a worker thread. */
struct listing {
    struct pm_devices_waiting waiting;
    struct pm_api *api;
    struct pm_api_request *request;
};

static void on_looked(struct pm_devices_waiting *w)
{
    struct listing *l = pm_container(w, struct listing, waiting);
    json_t *devices = pm_describe_devices(l->api, l->request->who);
    pm_api_answer(l->request, json_pack("{s:O}", "devices", devices), devices);
    free(l);
}

static void list_devices(struct pm_call *call)
{
    struct listing *l = malloc(sizeof(*l));
    if (!l) {
        pm_api_fail(call->request, PM_INTERNAL, "There is no memory for the list.");
        return;
    }
    *l = (struct listing){.waiting.done = on_looked, .api = call->api, .request = call->request};
    if (call->request->client)
        pm_list_append(&call->request->client->requests, &call->request->link);
    pm_devices_look(call->api->devices, &l->waiting, true);
}

static void plug_virtual(struct pm_call *call)
{
    bool in = strcmp(call->kind->event, "plug-virtual") == 0;
    const char *address = pm_call_text(call, "address");
    const char *option = pm_devices_hidden_by(call->api->devices, "virtual:");
    if (pm_devices_plug_virtual(call->api->devices, address, in) < 0)
        pm_api_fail_see(call->request, PM_NO_SUCH_DEVICE, "list-devices", NULL,
                        "There is no virtual device at \"%s\"%s%s.", address,
                        option ? "; they are there when the daemon runs with " : "", option ? option : "");
    else
        pm_api_answer(call->request, NULL, NULL);
}

static void list_connections(struct pm_call *call)
{
    json_t *connections = pm_describe_connections(call->api, call->request->who);
    pm_api_answer(call->request, json_pack("{s:O}", "connections", connections), connections);
}

/* What an opening is to answer with; it may take a while. */
struct opening {
    struct pm_devices_waiting waiting;
    struct pm_identify_waiting identified;
    struct pm_api *api;
    struct pm_api_request *request;
    json_t *unchanged; /* names of options that were asked for in vain, or NULL */
    char name[PM_NAME_MAX + 1], address[PM_DEVICE_TEXT];
};

static void free_opening(struct opening *o)
{
    json_decref(o->unchanged);
    free(o);
}

/* The system said no: what a person can do about it. */
static void fail_access(const struct opening *o, const struct pm_device *d)
{
    char problem[512] = "";
    struct pm_api_request *r = o->request;
    const struct pm_who *who = r->who;
    if (d && pm_device_is_reserved(d) && o->api->door)
        pm_audit(pm_door_audit(o->api->door), &(struct pm_audit_entry){.kind = "blocklist_hit",
                                                                       .origin = who->origin[0] ? who->origin : NULL,
                                                                       .device = d->id,
                                                                       .uid = who->uid});
    if (d && pm_device_problem(d, problem, sizeof(problem)))
        pm_api_fail(r, PM_ACCESS_DENIED, "%s", problem);
    else
        pm_api_fail(r, PM_ACCESS_DENIED, "Cannot open %s: the operating system does not permit it.", o->address);
}

static void fail_busy(const struct opening *o, const struct pm_device *d)
{
    struct pm_api_request *r = o->request;
    const char *address = o->address;
    const struct pm_connection *open = pm_hub_find_path(o->api->hub, d ? d->path : address);
    if (open && pm_sees_connection(o->api, r->who, open))
        pm_api_fail(r, PM_DEVICE_BUSY, "%s is open already, as \"%s\". Use that connection, or deactivate it first.",
                    address, open->name);
    else if (d && d->holder[0] && r->who->kind != PM_WHO_PAGE)
        pm_api_fail(r, PM_DEVICE_BUSY, "%s is in use by the program \"%s\". Close it there first.", address, d->holder);
    else
        pm_api_fail(r, PM_DEVICE_BUSY, "%s is in use. Close the program or connection that uses it.", address);
}

static void fail_open(const struct opening *o, int error)
{
    struct pm_api_request *r = o->request;
    const struct pm_device *d = pm_devices_find(o->api->devices, o->address);
    switch (error) {
    case -EEXIST:
        pm_api_fail(r, PM_NAME_TAKEN, "\"%s\" is a connection to another device already.", o->name);
        break;
    case -ENODEV:
        pm_sight_fail_missing(o->api, r, o->address);
        break;
    case -EBUSY:
        fail_busy(o, d);
        break;
    case -EMFILE:
        pm_api_fail(r, PM_TOO_MANY_OPEN,
                    "As many connections are open as may be. Close one, or start peripheral-manager with a larger "
                    "--open-devices.");
        break;
    case -EACCES:
    case -EPERM:
        fail_access(o, d);
        break;
    case -ENOTUNIQ:
        pm_api_fail(r, PM_IDENTITY_CONFLICT, "Several devices call themselves %s. Use the path of the one you mean.",
                    o->address);
        break;
    case -EINVAL:
        pm_api_fail(r, PM_BAD_REQUEST, "The driver of %s does not take these line settings.", o->address);
        break;
    default:
        pm_api_fail(r, pm_error_of(error), "Cannot open %s: %s.", o->address, strerror(-error));
    }
}

static void on_holder_known(struct pm_devices_waiting *w)
{
    struct opening *o = pm_container(w, struct opening, waiting);
    fail_open(o, -EBUSY);
    free_opening(o);
}

static void answer_opened(const struct opening *o, struct pm_connection *c)
{
    const struct pm_who *who = o->request->who;
    if (who->kind == PM_WHO_PAGE)
        pm_door_used(o->api->door, who->origin, c->device_id);
    json_t *result = json_pack("{s:o, s:O*}", "connection", pm_describe_connection(c), "unchanged", o->unchanged);
    pm_api_answer_kept(o->api, o->request, c, result, json_true());
}

static void on_identified(struct pm_identify_waiting *w, struct pm_connection *c)
{
    struct opening *o = pm_container(w, struct opening, identified);
    if (c)
        answer_opened(o, c);
    else
        fail_open(o, -ENODEV);
    free_opening(o);
}

static void on_opened(void *owner, struct pm_connection *c, int error)
{
    struct opening *o = owner;
    if (error == -EBUSY) { /* which program has it takes a look in a worker thread */
        pm_devices_look(o->api->devices, &o->waiting, false);
        return;
    }
    if (error == 0) {
        o->identified.done = on_identified;
        pm_identify_wait(c, &o->identified);
        return;
    }
    fail_open(o, error);
    free_opening(o);
}

struct pm_connection_options pm_call_options(const struct pm_call *call)
{
    struct pm_connection_options options = pm_connection_defaults();
    const char *profile = pm_call_text(call, "profile");
    const struct pm_profile *p = pm_profiled_find(call->api, profile ? profile : "");
    snprintf(options.profile, sizeof(options.profile), "%s", profile ? profile : "");
    if (p && p->line)
        pm_call_settings(&(struct pm_call){.kind = call->kind, .data = p->line}, &options.line);
    pm_call_settings(call, &options.line);
    options.reconnect = pm_call_boolean(call, "reconnect", options.reconnect);
    options.history = (uint32_t)pm_call_integer(call, "history", pm_hub_limits(call->api->hub)->history);
    options.record = pm_call_boolean(call, "record", options.record);
    pm_call_delivery(call, &options.delivery);
    return options;
}

static bool is_other(const json_t *wanted, const json_t *have)
{
    if (json_is_number(wanted) && json_is_number(have))
        return json_number_value(wanted) != json_number_value(have);
    return !json_is_object(wanted) && !json_is_null(wanted) && !json_equal(wanted, have);
}

/* One that is open stays as it is, for the sake of whoever uses it: which options then are not what this caller wants?
 * NULL: none. */
static json_t *find_unchanged(const struct pm_call *call, const struct pm_connection *c)
{
    json_t *have = pm_describe_options(&c->options), *unchanged = NULL, *value;
    const char *name;
    json_object_foreach(have, name, value)
    {
        const json_t *wanted = json_object_get(call->data, name);
        bool recognised =
            strcmp(name, "profile") == 0 && json_is_string(wanted) && strcmp(json_string_value(wanted), "auto") == 0;
        if (!wanted || recognised || !is_other(wanted, value))
            continue;
        if (!unchanged)
            unchanged = json_array();
        json_array_append_new(unchanged, json_string(name));
    }
    json_decref(have);
    return unchanged;
}

static void activate_connection(struct pm_call *call)
{
    const char *name = pm_call_text(call, "name"), *address = pm_call_text(call, "address");
    struct pm_connection_options options = pm_call_options(call);
    if ((options.record && !pm_call_can_record(call)) || !pm_call_knows_profile(call) ||
        !pm_call_can_deliver(call, &options.delivery, options.profile))
        return;
    struct opening *o = malloc(sizeof(*o));
    if (!o) {
        pm_api_fail(call->request, PM_INTERNAL, "There is no memory for another connection.");
        return;
    }
    *o = (struct opening){.waiting.done = on_holder_known, .api = call->api, .request = call->request};
    snprintf(o->name, sizeof(o->name), "%s", name);
    snprintf(o->address, sizeof(o->address), "%s", address);
    const struct pm_connection *there = pm_hub_find(call->api->hub, name);
    if (there && there->state == PM_CONNECTION_IS_OPEN)
        o->unchanged = find_unchanged(call, there);
    memcpy(options.owner, call->request->who->origin, sizeof(options.owner));
    if (call->request->client)
        pm_list_append(&call->request->client->requests, &call->request->link);
    pm_hub_activate(call->api->hub, name, address, &options, on_opened, o);
}

/* A closing that waits for the commands that the profile ends with. */
struct closing {
    struct pm_api *api;
    struct pm_api_request *request;
    uint32_t connection; /* its number: it may be gone by then */
};

static void on_stopped(void *owner)
{
    struct closing *closing = owner;
    const struct pm_link *list = pm_hub_connections(closing->api->hub);
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        struct pm_connection *c = pm_container(link, struct pm_connection, link);
        if (c->number != closing->connection)
            continue;
        pm_hub_deactivate(c, "deactivated");
        break;
    }
    pm_api_answer_kept(closing->api, closing->request, NULL, NULL, json_true());
    free(closing);
}

static void deactivate_connection(struct pm_call *call)
{
    struct closing *closing = malloc(sizeof(*closing));
    if (!closing) {
        pm_api_fail(call->request, PM_INTERNAL, "There is no memory to close a connection.");
        return;
    }
    *closing = (struct closing){call->api, call->request, call->connection->number};
    if (call->request->client)
        pm_list_append(&call->request->client->requests, &call->request->link);
    pm_profiled_stop(call->api, call->connection, on_stopped, closing);
}

static void rename_reference(struct pm_call *call)
{
    struct pm_connection *c = call->connection;
    const char *name = pm_call_text(call, "new");
    if (pm_hub_rename(c, name) < 0)
        pm_api_fail(call->request, PM_NAME_TAKEN, "\"%s\" is another connection already.", name);
    else
        pm_api_answer_kept(call->api, call->request, c, json_pack("{s:o}", "connection", pm_describe_connection(c)),
                           json_true());
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
    {"profile", PM_ARG_TEXT, .min = 0, .max = PM_PROFILE_ID_MAX, .fallback = "none",
     .purpose = "what kind of device it is: the id of a profile, whose line settings hold unless others are given; or "
                "`auto`: the one that recognises the device, which may be asked what it is"},
    PM_ARGS_DELIVER("bytes", "how its bytes come to pages that do not choose by themselves, with `subscribe`"),
    {"record", PM_ARG_BOOLEAN, .fallback = "false", .purpose = "make a recording of everything that goes over it"},
    {0},
};
static const struct pm_arg virtual_args[] = {
    {"address", PM_ARG_TEXT, .required = true, .min = 1, .max = PM_DEVICE_TEXT - 1,
     .purpose = "a virtual device's `address` or `id`, such as virtual:echo"},
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
     "Open a device under a name. One that is open under this name and address already stays as it is, for those who "
     "use it: options that were asked for and are others are named in `unchanged`; configure-connection changes them.",
     "connection, unchanged"},
    {"deactivate-connection", name_args, PM_NEEDS_OPEN, false, "deactivate-connection", true, deactivate_connection,
     "Close a connection.", NULL},
    {"rename-reference", rename_args, PM_NEEDS_OPEN, false, "rename-connection", true, rename_reference,
     "Give a connection another name.", "connection"},
    {"plug-virtual", virtual_args, PM_NEEDS_OPEN, false, NULL, false, plug_virtual,
     "Plug a virtual device in again, as a real one would come.", NULL},
    {"unplug-virtual", virtual_args, PM_NEEDS_OPEN, false, NULL, false, plug_virtual,
     "Pull a virtual device out, as a real one would go: for trying what an application does then.", NULL},
    {0},
};
