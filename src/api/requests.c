/* requests.c - the table of requests, and what each of them does. */
#include "api/api_private.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "proto/socketio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One request as its handler sees it. */
struct call {
    struct pm_api *api;
    struct pm_api_request *request;
    const json_t *data;
    const struct pm_api_blob *blobs;
    size_t n_blobs;
};

/* ---- arguments ---- */

/* A member that must be text of 1 to `max` bytes. NULL after the request has been failed. */
static const char *text_argument(struct call *call, const char *name, size_t max)
{
    const json_t *value = json_object_get(call->data, name);
    const char *text = json_string_value(value);
    size_t n = json_string_length(value);
    if (text && n >= 1 && n <= max && strlen(text) == n)
        return text;
    pm_api_fail(call->request, PM_BAD_REQUEST, "\"%s\" must be a text of 1 to %zu bytes.", name, max);
    return NULL;
}

static struct pm_connection *connection_argument(struct call *call, const char *member)
{
    const char *name = text_argument(call, member, PM_NAME_MAX);
    struct pm_connection *c = name ? pm_hub_find(call->api->hub, name) : NULL;
    if (name && !c)
        pm_api_fail(call->request, PM_NO_SUCH_CONNECTION, "There is no connection named \"%s\". See list-connections.",
                    name);
    return c;
}

/* A name for a connection becomes an event: no control characters, none that clients or we use for something else. */
static const char *new_name_argument(struct call *call, const char *member)
{
    static const char *const ours[] = {
        "list-devices",       "list-connections",  "activate-connection", "deactivate-connection",
        "rename-connection",  "request-failed",    "device-attached",     "device-detached",
        "connection-opened",  "connection-closed", "connection-lost",     "connection-restored",
        "connection-renamed", "signals-changed",   "line-error",          "rx-gap"};
    const char *name = text_argument(call, member, PM_NAME_MAX);
    if (!name)
        return NULL;
    for (const char *p = name; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            pm_api_fail(call->request, PM_BAD_REQUEST, "\"%s\" must not hold control characters.", member);
            return NULL;
        }
    }
    bool reserved = pm_sio_is_reserved_for_server(name, strlen(name));
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        reserved = reserved || strcmp(name, ours[i]) == 0;
    if (!reserved)
        return name;
    pm_api_fail(call->request, PM_RESERVED_NAME, "\"%s\" is an event of its own. Choose another name.", name);
    return NULL;
}

/* An optional whole number within bounds. False after the request has been failed. */
static bool number_argument(struct call *call, const char *name, json_int_t min, json_int_t max, json_int_t *value)
{
    const json_t *v = json_object_get(call->data, name);
    if (!v || json_is_null(v))
        return true;
    if (json_is_integer(v) && json_integer_value(v) >= min && json_integer_value(v) <= max) {
        *value = json_integer_value(v);
        return true;
    }
    pm_api_fail(call->request, PM_BAD_REQUEST, "\"%s\" must be a whole number from %lld to %lld.", name, (long long)min,
                (long long)max);
    return false;
}

/* An optional word out of a list; *value is its place there. */
static bool word_argument(struct call *call, const char *name, const char *const *words, int *value)
{
    const json_t *v = json_object_get(call->data, name);
    if (!v || json_is_null(v))
        return true;
    for (int i = 0; words[i]; i++) {
        if (json_is_string(v) && strcmp(json_string_value(v), words[i]) == 0) {
            *value = i;
            return true;
        }
    }
    pm_api_fail(call->request, PM_BAD_REQUEST, "\"%s\" must be one of the words of the reference, such as \"%s\".",
                name, words[0]);
    return false;
}

static bool stop_bits_argument(struct call *call, uint8_t *halves)
{
    const json_t *v = json_object_get(call->data, "stop-bits");
    double bits = v && !json_is_null(v) ? json_number_value(v) : *halves / 2.0;
    if (bits == 1 || bits == 1.5 || bits == 2) {
        *halves = (uint8_t)(bits * 2);
        return true;
    }
    pm_api_fail(call->request, PM_BAD_REQUEST, "\"stop-bits\" must be 1, 1.5 or 2.");
    return false;
}

static bool settings_arguments(struct call *call, struct pm_port_settings *s)
{
    static const char *const parities[] = {"none", "even", "odd", "mark", "space", NULL};
    static const char *const flows[] = {"none", "rts-cts", "xon-xoff", NULL};
    json_int_t baud = s->baud_rate, bits = s->data_bits;
    int parity = s->parity, flow = s->flow;
    const json_t *exclusive = json_object_get(call->data, "exclusive");
    if (!number_argument(call, "baud-rate", 1, 100000000, &baud) || !number_argument(call, "data-bits", 5, 8, &bits) ||
        !word_argument(call, "parity", parities, &parity) || !word_argument(call, "flow-control", flows, &flow) ||
        !stop_bits_argument(call, &s->stop_bits2))
        return false;
    if (exclusive && !json_is_boolean(exclusive)) {
        pm_api_fail(call->request, PM_BAD_REQUEST, "\"exclusive\" must be true or false.");
        return false;
    }
    s->baud_rate = (uint32_t)baud;
    s->data_bits = (uint8_t)bits;
    s->parity = (enum pm_parity)parity;
    s->flow = (enum pm_flow)flow;
    s->exclusive = exclusive ? json_is_true(exclusive) : s->exclusive;
    return true;
}

/* ---- payloads ---- */

/* Bytes to send; `owned` is what free() is due for. */
struct payload {
    const uint8_t *p;
    size_t n;
    uint8_t *owned;
};

static bool payload_from_integers(const json_t *array, struct payload *ret)
{
    size_t n = json_array_size(array);
    ret->owned = malloc(n ? n : 1);
    for (size_t i = 0; ret->owned && i < n; i++) {
        const json_t *v = json_array_get(array, i);
        if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > 255)
            return false;
        ret->owned[i] = (uint8_t)json_integer_value(v);
    }
    ret->p = ret->owned;
    ret->n = n;
    return ret->owned != NULL;
}

static bool payload_from_object(const struct call *call, const json_t *object, struct payload *ret)
{
    const json_t *text = json_object_get(object, "base64"), *number = json_object_get(object, "num");
    if (json_is_true(json_object_get(object, "_placeholder")) && json_is_integer(number) &&
        json_integer_value(number) >= 0 && (size_t)json_integer_value(number) < call->n_blobs) {
        const struct pm_api_blob *blob = &call->blobs[json_integer_value(number)];
        ret->p = blob->p;
        ret->n = blob->n;
        return true;
    }
    if (!json_is_string(text))
        return false;
    size_t n = json_string_length(text);
    ret->owned = malloc(n / 4 * 3 + 2);
    ssize_t decoded = ret->owned ? pm_base64_decode(json_string_value(text), n, ret->owned) : -ENOMEM;
    ret->p = ret->owned;
    ret->n = decoded < 0 ? 0 : (size_t)decoded;
    return decoded >= 0;
}

/* Everything that applications send as bytes. False after the request has been failed; nothing is owned then. */
static bool payload_argument(struct call *call, struct payload *ret)
{
    const json_t *v = json_object_get(call->data, "payload");
    bool good = false;
    *ret = (struct payload){0};
    if (json_is_string(v)) {
        ret->p = (const uint8_t *)json_string_value(v);
        ret->n = json_string_length(v);
        good = true;
    } else if (json_is_array(v)) {
        good = payload_from_integers(v, ret);
    } else if (json_is_object(v)) {
        good = payload_from_object(call, v, ret);
    }
    if (good)
        return true;
    free(ret->owned);
    pm_api_fail(call->request, PM_BAD_REQUEST,
                "\"payload\" must be binary data, a text, an array of integers from 0 to 255, or {\"base64\": …}.");
    return false;
}

/* ---- the requests ---- */

static void list_devices(struct call *call)
{
    json_t *devices = pm_describe_devices(call->api);
    pm_api_answer(call->request, json_pack("{s:O}", "devices", devices), devices);
}

static void list_connections(struct call *call)
{
    json_t *connections = pm_describe_connections(call->api);
    pm_api_answer(call->request, json_pack("{s:O}", "connections", connections), connections);
}

static void fail_open(struct call *call, const char *name, const char *address, int error)
{
    struct pm_api_request *r = call->request;
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
    case -EINVAL:
        pm_api_fail(r, PM_BAD_REQUEST, "The driver of %s does not take these line settings.", address);
        break;
    default:
        pm_api_fail(r, pm_error_of(error), "Cannot open %s: %s.", address, strerror(-error));
    }
}

static void activate_connection(struct call *call)
{
    const char *name = new_name_argument(call, "name");
    const char *address = name ? text_argument(call, "address", PM_DEVICE_TEXT - 1) : NULL;
    struct pm_port_settings settings = pm_port_defaults();
    struct pm_connection *c;
    if (!address || !settings_arguments(call, &settings))
        return;
    int r = pm_hub_activate(call->api->hub, name, address, &settings, &c);
    if (r < 0)
        fail_open(call, name, address, r);
    else
        pm_api_answer(call->request, json_pack("{s:o}", "connection", pm_describe_connection(c)), json_true());
}

static void deactivate_connection(struct call *call)
{
    struct pm_connection *c = connection_argument(call, "name");
    if (!c)
        return;
    pm_hub_deactivate(c, "deactivated");
    pm_api_answer(call->request, NULL, json_true());
}

static void rename_reference(struct call *call)
{
    struct pm_connection *c = connection_argument(call, "old");
    const char *name = c ? new_name_argument(call, "new") : NULL;
    if (!name)
        return;
    if (pm_hub_rename(c, name) < 0)
        pm_api_fail(call->request, PM_NAME_TAKEN, "\"%s\" is another connection already.", name);
    else
        pm_api_answer(call->request, json_pack("{s:o}", "connection", pm_describe_connection(c)), json_true());
}

static void on_written(void *owner, size_t bytes, int error)
{
    struct pm_api_request *r = owner;
    if (error == 0)
        pm_api_answer(r, json_pack("{s:I}", "bytes", (json_int_t)bytes), NULL);
    else
        pm_api_fail(r, pm_error_of(error), "The device went away after %zu bytes of this message.", bytes);
}

static void send_raw(struct call *call)
{
    struct pm_api_request *request = call->request;
    struct pm_connection *c = connection_argument(call, "name");
    struct payload payload;
    if (!c || !payload_argument(call, &payload))
        return;
    struct pm_api_client *client = request->client;
    if (client)
        pm_list_append(&client->requests, &request->link);
    int r = pm_hub_write(c, payload.p, payload.n, on_written, request);
    free(payload.owned);
    if (r < 0) {
        pm_api_fail(request, pm_error_of(r),
                    "The device takes bytes more slowly than they are sent, and its queue is full.");
    } else if (client && c->write_queued > PM_WRITE_HIGH && client->waits == 0) {
        client->waits++;
        client->ops->set_paused(client, true);
    }
}

static void send_command(struct call *call)
{
    if (connection_argument(call, "name"))
        pm_api_fail(call->request, PM_UNSUPPORTED, "The standard command frame is not built yet. Use send-raw.");
}

static void configure_connection(struct call *call)
{
    struct pm_connection *c = connection_argument(call, "name");
    struct pm_port_settings settings = c ? c->settings : pm_port_defaults();
    if (!c || !settings_arguments(call, &settings))
        return;
    int r = c->port->ops->configure(c->port, &settings);
    if (r < 0) {
        fail_open(call, c->name, c->address, r);
        return;
    }
    c->settings = settings;
    pm_api_answer(call->request, json_pack("{s:o}", "connection", pm_describe_connection(c)), NULL);
}

/* What the journal still has from an offset on, and what of it is lost. */
static void read_history(struct call *call)
{
    enum { LIMIT = 64 * 1024 };
    struct pm_connection *c = connection_argument(call, "name");
    json_int_t since = 0, limit = LIMIT;
    if (!c || !number_argument(call, "since", 0, INT64_MAX, &since) ||
        !number_argument(call, "limit", 0, LIMIT, &limit))
        return;
    uint64_t start = pm_journal_start(&c->journal), from = (uint64_t)since;
    if (from > c->journal.end) {
        pm_api_fail(call->request, PM_BAD_REQUEST, "\"since\" lies behind the newest byte, %llu.",
                    (unsigned long long)c->journal.end);
        return;
    }
    uint64_t lost = from < start ? start - from : 0;
    uint8_t bytes[LIMIT];
    char text[(LIMIT + 2) / 3 * 4];
    size_t n = pm_journal_read(&c->journal, from + lost, bytes, (size_t)limit);
    size_t text_n = pm_base64_encode(bytes, n, text);
    pm_api_answer(call->request,
                  json_pack("{s:I, s:I, s:I, s:{s:s%}}", "epoch", (json_int_t)c->epoch, "offset",
                            (json_int_t)(from + lost), "lost", (json_int_t)lost, "payload", "base64", text, text_n),
                  NULL);
}

static void describe(struct call *call);

static const struct request {
    const char *event; /* the name on the wire; docs/api.md has the same table */
    void (*run)(struct call *call);
    const char *arguments, *purpose;
} requests[] = {
    {"list-devices", list_devices, "", "the devices that are plugged in"},
    {"list-connections", list_connections, "", "the connections that are open"},
    {"activate-connection", activate_connection,
     "name, address, baud-rate, data-bits, parity, stop-bits, flow-control, exclusive", "open a device under a name"},
    {"deactivate-connection", deactivate_connection, "name", "close a connection"},
    {"rename-reference", rename_reference, "old, new", "give a connection another name"},
    {"send-raw", send_raw, "name, payload", "send bytes; answered when the driver has the last one"},
    {"send-command", send_command, "name, command-id, args", "send a standard command frame"},
    {"configure-connection", configure_connection, "name, baud-rate, data-bits, parity, stop-bits, flow-control",
     "change the line without losing a byte"},
    {"read-history", read_history, "name, since, limit", "bytes that were received earlier"},
    {"describe", describe, "", "what this server can do"},
};

static void describe(struct call *call)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "event", requests[i].event, "arguments",
                                              requests[i].arguments, "purpose", requests[i].purpose));
    json_t *limits = json_pack("{s:i, s:i, s:i}", "name", PM_NAME_MAX, "history", PM_JOURNAL_SIZE, "connections",
                               PM_CONNECTIONS_MAX);
    pm_api_answer(call->request, json_pack("{s:o, s:o}", "requests", list, "limits", limits), NULL);
}

void pm_api_run(struct pm_api *a, struct pm_api_request *r, const char *event, const json_t *data,
                const struct pm_api_blob *blobs, size_t n_blobs)
{
    struct call call = {a, r, data, blobs, n_blobs};
    pm_list_init(&r->link);
    r->event = NULL;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (strcmp(requests[i].event, event) != 0)
            continue;
        r->event = requests[i].event;
        requests[i].run(&call);
        return;
    }
    pm_api_fail(r, PM_UNKNOWN_REQUEST, "There is no request of this name. See describe.");
}
