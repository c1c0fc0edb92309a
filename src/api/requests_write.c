/* requests_write.c - bytes to a device. */
#include "api/api_private.h"
#include "api/table.h"

#include <errno.h>

static void on_written(void *owner, size_t bytes, int error)
{
    struct pm_api_request *r = owner;
    if (error == 0)
        pm_api_sent(r, bytes);
    else
        pm_api_fail_with(r, pm_error_of(error), json_pack("{s:I}", "bytes", (json_int_t)bytes),
                         error == -ECANCELED
                             ? "Somebody discarded this message after %zu bytes of it."
                             : "The device went away, or its connection was closed, after %zu bytes of this message.",
                         bytes);
}

static void fail_write(struct pm_api_request *r, const struct pm_connection *c, int error)
{
    if (error == -ENODEV)
        pm_api_fail_with(r, PM_DEVICE_GONE, json_pack("{s:i}", "bytes", 0),
                         "The device of \"%s\" is not there. It goes on when it is plugged in again.", c->name);
    else
        pm_api_fail(r, pm_error_of(error),
                    "The device of \"%s\" takes bytes more slowly than they are sent, and its queue is full. Wait for "
                    "answers before sending more, or start peripheral-manager with a larger --write-queue.",
                    c->name);
}

/* A caller that can be asked to wait fills the queue above its mark and waits; one that cannot is refused there. */
static void send_raw(struct pm_call *call)
{
    struct pm_api_request *request = call->request;
    struct pm_connection *c = call->connection;
    struct pm_api_client *client = request->client;
    if (!client && pm_connection_is_full(c)) {
        fail_write(request, c, -ENOBUFS);
        return;
    }
    if (client)
        pm_list_append(&client->requests, &request->link);
    int r = pm_hub_write(c, call->payload.p, call->payload.n, on_written, request);
    if (r < 0) {
        fail_write(request, c, r);
    } else if (client && pm_connection_is_full(c) && !client->waits) {
        client->waits = true;
        client->ops->set_paused(client, true);
    }
}

static const struct pm_arg raw_args[] = {
    {"name", PM_ARG_CONNECTION, .required = true},
    {"payload", PM_ARG_PAYLOAD, .required = true},
    {0},
};

const struct pm_request_kind pm_requests_write[] = {
    {"send-raw", raw_args, PM_NEEDS_WRITE, false, NULL, false, send_raw,
     "Send bytes, whole and in one piece. Answered when the device's driver has taken the last one.", "bytes"},
    {0},
};
