/* requests_play.c - virtual devices that a client plays: how recordings are replayed, and programs imitate devices. */
#include "api/api_private.h"
#include "api/table.h"

#include "device/played.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* It goes when its client does. */
struct pm_play {
    struct pm_link link;
    struct pm_api_client *client;
    struct pm_played *device;
    struct pm_api_request *waiting; /* its bytes are not read yet; NULL: none */
    bool said;                      /* they are with the device */
    size_t n;
    uint8_t bytes[PM_PLAYED_MAX];
};

static void answer(struct pm_play *p)
{
    struct pm_api_request *r = p->waiting;
    p->waiting = NULL;
    pm_api_answer(r, json_pack("{s:I}", "bytes", (json_int_t)p->n), NULL);
}

/* It is open, and what was said was read. */
static void on_ready(void *owner)
{
    struct pm_play *p = owner;
    if (!p->waiting)
        return;
    if (p->said || p->n == 0) {
        answer(p);
        return;
    }
    p->said = true;
    pm_played_say(p->device, p->bytes, p->n);
}

static struct pm_play *find(const struct pm_api_client *client, const char *address)
{
    pm_list_for_each (link, &client->api->plays) {
        struct pm_play *p = pm_container(link, struct pm_play, link);
        if (p->client == client && strcmp(pm_played_address(p->device), address) == 0)
            return p;
    }
    return NULL;
}

static bool has_client(const struct pm_call *call)
{
    if (!call->request->client)
        pm_api_fail(call->request, PM_UNSUPPORTED,
                    "Only a client that stays connected can play a device: use Socket.IO.");
    return call->request->client != NULL;
}

static void fail_plug(struct pm_call *call, int error)
{
    if (error == -EEXIST)
        pm_api_fail(call->request, PM_NAME_TAKEN, "There is a virtual device \"%s\" already.",
                    pm_call_text(call, "name"));
    else if (error == -EINVAL)
        pm_api_fail(call->request, PM_BAD_REQUEST, "The name must be lower-case letters, digits and hyphens.");
    else
        pm_api_fail(call->request, pm_error_of(error), "No more virtual devices can be plugged in.");
}

static void play_device(struct pm_call *call)
{
    if (!has_client(call))
        return;
    struct pm_play *p = calloc(1, sizeof(*p));
    const char *text = pm_call_text(call, "description"), *name = pm_call_text(call, "name");
    int r = p ? pm_played_new(call->api->devices, name, text ? text : "played by a program", on_ready, p, &p->device)
              : -ENOMEM;
    if (r < 0) {
        free(p);
        fail_plug(call, r);
        return;
    }
    pm_list_append(&call->api->plays, &p->link);
    p->client = call->request->client;
    const struct pm_device *d = pm_devices_find(call->api->devices, pm_played_address(p->device));
    pm_api_answer(call->request,
                  json_pack("{s:o*}", "device", d ? pm_describe_device(call->api, call->request->who, d) : NULL), NULL);
}

static void feed_device(struct pm_call *call)
{
    if (!has_client(call))
        return;
    struct pm_play *p = find(call->request->client, pm_call_text(call, "address"));
    if (!p) {
        pm_api_fail_see(call->request, PM_NO_SUCH_DEVICE, "play-device", NULL,
                        "This client plays no device of this address.");
    } else if (p->waiting) {
        pm_api_fail(call->request, PM_BUSY, "The bytes before these were not read yet: wait for their answer.");
    } else if (call->payload.n > PM_PLAYED_MAX) {
        pm_api_fail(call->request, PM_TOO_LARGE, "At most %d bytes can be fed at once.", PM_PLAYED_MAX);
    } else {
        p->n = call->payload.n;
        if (p->n > 0)
            memcpy(p->bytes, call->payload.p, p->n);
        p->said = false;
        p->waiting = call->request;
        pm_list_append(&call->request->client->requests, &call->request->link);
        if (pm_played_is_ready(p->device))
            on_ready(p);
    }
}

void pm_plays_drop(struct pm_api_client *client)
{
    pm_list_for_each (link, &client->api->plays) {
        struct pm_play *p = pm_container(link, struct pm_play, link);
        if (p->client != client)
            continue;
        pm_list_remove(&p->link);
        pm_played_free(p->device);
        if (p->waiting)
            pm_api_fail(p->waiting, PM_DEVICE_GONE, "Its client has left.");
        free(p);
    }
}

static const struct pm_arg play_args[] = {
    {"name", PM_ARG_TEXT, .required = true, .min = 1, .max = PM_PLAYED_NAME - 1,
     .purpose = "lower-case letters, digits and hyphens: its address is virtual:NAME"},
    {"description", PM_ARG_TEXT, .min = 1, .max = PM_DEVICE_TEXT - 1, .purpose = "for people"},
    {0},
};
static const struct pm_arg feed_args[] = {
    {"address", PM_ARG_TEXT, .required = true, .min = 1, .max = PM_DEVICE_TEXT - 1},
    {"payload", PM_ARG_PAYLOAD, .required = true},
    {0},
};

const struct pm_request_kind pm_requests_play[] = {
    {"play-device", play_args, PM_NEEDS_ADMIN, false, NULL, false, play_device,
     "Plug in a virtual device whose bytes come from this client; it goes when the client does.", "device"},
    {"feed-device", feed_args, PM_NEEDS_ADMIN, false, NULL, false, feed_device,
     "Let a device that this client plays send bytes, at most 65536. Answered when it is open and they were read; with "
     "no "
     "bytes as soon as it is open.",
     "bytes"},
    {0},
};
