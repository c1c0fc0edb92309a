/* api.c - see api.h; clients, the events they get, and the way of a connection's bytes to them. */
#include "api/api_private.h"
#include "api/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SLICE = 64 * 1024,     /* bytes in one event */
    LAG_HIGH = 512 * 1024, /* the most advanced reader lags so much: the device is asked to wait */
    LAG_LOW = 128 * 1024,
};

static void broadcast(struct pm_api *a, const char *event, json_t *data)
{
    pm_list_for_each (link, &a->clients) {
        struct pm_api_client *c = pm_container(link, struct pm_api_client, link);
        c->ops->on_event(c, event, data);
    }
    json_decref(data);
}

/* ---- bytes ---- */

/* What the journal has let go before this reader came to it is told, never passed over. */
static void tell_gap(struct pm_subscription *s)
{
    uint64_t start = pm_journal_start(&s->connection->journal);
    json_t *gap = json_pack("{s:s, s:I, s:I, s:s}", "name", s->connection->name, "from", (json_int_t)s->cursor, "to",
                            (json_int_t)start, "reason", "slow");
    s->cursor = start;
    s->client->ops->on_event(s->client, "rx-gap", gap);
    json_decref(gap);
}

static void feed(struct pm_subscription *s)
{
    struct pm_connection *c = s->connection;
    uint8_t slice[SLICE];
    while (s->cursor < c->journal.end && !s->client->ops->is_congested(s->client)) {
        if (s->cursor < pm_journal_start(&c->journal))
            tell_gap(s);
        size_t n = pm_journal_read(&c->journal, s->cursor, slice, sizeof(slice));
        if (s->client->ops->on_rx(s->client, c, s->cursor, slice, n) < 0)
            return;
        s->cursor += n;
    }
}

/* The most advanced reader decides whether the device waits: a stalled one must not starve it. */
static void balance(struct pm_connection *c)
{
    uint64_t lag = UINT64_MAX;
    pm_list_for_each (link, &c->readers) {
        uint64_t behind = c->journal.end - pm_container(link, struct pm_subscription, of_connection)->cursor;
        lag = behind < lag ? behind : lag;
    }
    if (lag == UINT64_MAX || lag <= LAG_LOW)
        pm_hub_pause(c, false);
    else if (lag > LAG_HIGH)
        pm_hub_pause(c, true);
}

void pm_api_drained(struct pm_api_client *client)
{
    pm_list_for_each (link, &client->subscriptions) {
        struct pm_subscription *s = pm_container(link, struct pm_subscription, of_client);
        feed(s);
        balance(s->connection);
    }
}

static int subscribe(struct pm_api_client *client, struct pm_connection *c, uint64_t from)
{
    struct pm_subscription *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    *s = (struct pm_subscription){.client = client, .connection = c, .cursor = from};
    pm_list_append(&client->subscriptions, &s->of_client);
    pm_list_append(&c->readers, &s->of_connection);
    return 0;
}

static void unsubscribe(struct pm_subscription *s)
{
    pm_list_remove(&s->of_client);
    pm_list_remove(&s->of_connection);
    free(s);
}

/* ---- news of connections and devices ---- */

static void on_opened(struct pm_api *a, struct pm_connection *c)
{
    pm_list_for_each (link, &a->clients)
        subscribe(pm_container(link, struct pm_api_client, link), c, 0);
    broadcast(a, "connection-opened", pm_describe_connection(c));
}

static void on_closed(struct pm_api *a, struct pm_connection *c, const char *reason)
{
    pm_list_for_each (link, &c->readers)
        unsubscribe(pm_container(link, struct pm_subscription, of_connection));
    broadcast(a, "connection-closed", json_pack("{s:s, s:s}", "name", c->name, "reason", reason));
}

static void on_rx(struct pm_connection *c)
{
    pm_list_for_each (link, &c->readers)
        feed(pm_container(link, struct pm_subscription, of_connection));
    balance(c);
}

/* Everybody who waits for a write queue may go on; who fills it again waits again. */
static void on_drained(struct pm_api *a)
{
    pm_list_for_each (link, &a->clients) {
        struct pm_api_client *c = pm_container(link, struct pm_api_client, link);
        if (c->waits > 0) {
            c->waits = 0;
            c->ops->set_paused(c, false);
        }
    }
}

static void on_hub_news(void *owner, enum pm_hub_news news, struct pm_connection *c, const char *text)
{
    struct pm_api *a = owner;
    switch (news) {
    case PM_CONNECTION_OPENED:
        on_opened(a, c);
        break;
    case PM_CONNECTION_CLOSED:
        on_closed(a, c, text);
        break;
    case PM_CONNECTION_RENAMED:
        broadcast(a, "connection-renamed", json_pack("{s:s, s:s}", "old", text, "new", c->name));
        break;
    case PM_CONNECTION_RX:
        on_rx(c);
        break;
    case PM_CONNECTION_DRAINED:
        on_drained(a);
        break;
    case PM_CONNECTION_SIGNALS:
        broadcast(a, "signals-changed", pm_describe_signals(c));
        break;
    case PM_CONNECTION_ERRORS:
        broadcast(a, "line-error", pm_describe_errors(c));
        break;
    }
}

static const struct pm_hub_ops hub_ops = {on_hub_news};

static void on_attached(void *owner, const struct pm_device *d)
{
    broadcast(owner, "device-attached", pm_describe_device(owner, d));
}

static void on_detached(void *owner, const struct pm_device *d)
{
    broadcast(owner, "device-detached", pm_describe_device(owner, d));
}

static const struct pm_devices_ops devices_ops = {on_attached, on_detached};

/* ---- life ---- */

int pm_api_new(struct pm_loop *loop, const struct pm_devices_options *devices, struct pm_api **ret)
{
    struct pm_api *a = calloc(1, sizeof(*a));
    if (!a)
        return -ENOMEM;
    a->loop = loop;
    pm_list_init(&a->clients);
    int r = pm_devices_new(loop, devices, &devices_ops, a, &a->devices);
    if (r < 0)
        goto no_devices;
    r = pm_hub_new(loop, a->devices, &hub_ops, a, &a->hub);
    if (r < 0)
        goto no_hub;
    *ret = a;
    return 0;

no_hub:
    pm_devices_free(a->devices);
no_devices:
    free(a);
    return r;
}

struct pm_api *pm_api_free(struct pm_api *a)
{
    if (!a)
        return NULL;
    pm_hub_free(a->hub);
    pm_devices_free(a->devices);
    free(a);
    return NULL;
}

struct pm_devices *pm_api_devices(struct pm_api *a)
{
    return a->devices;
}

int pm_api_join(struct pm_api *a, struct pm_api_client *c)
{
    const struct pm_link *list = pm_hub_connections(a->hub);
    c->api = a;
    c->waits = 0;
    pm_list_init(&c->subscriptions);
    pm_list_init(&c->requests);
    pm_list_append(&a->clients, &c->link);
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        struct pm_connection *connection = pm_container(link, struct pm_connection, link);
        if (subscribe(c, connection, connection->journal.end) < 0) {
            pm_api_leave(c);
            return -ENOMEM;
        }
    }
    return 0;
}

void pm_api_leave(struct pm_api_client *c)
{
    pm_list_remove(&c->link);
    pm_list_for_each (link, &c->subscriptions) {
        struct pm_subscription *s = pm_container(link, struct pm_subscription, of_client);
        struct pm_connection *connection = s->connection;
        unsubscribe(s);
        balance(connection);
    }
    pm_list_for_each (link, &c->requests) {
        pm_container(link, struct pm_api_request, link)->client = NULL;
        pm_list_remove(link);
    }
}

/* ---- requests ---- */

void pm_api_run(struct pm_api *a, struct pm_api_request *r, const char *event, const json_t *data,
                const struct pm_api_blob *blobs, size_t n_blobs)
{
    struct pm_call call = {.api = a, .request = r, .data = data, .blobs = blobs, .n_blobs = n_blobs};
    pm_list_init(&r->link);
    call.kind = r->kind = pm_request_find(event);
    if (!r->kind)
        pm_api_fail(r, PM_UNKNOWN_REQUEST, "There is no request of this name. See describe.");
    else if (pm_call_check(&call))
        call.kind->run(&call);
    free(call.payload.owned);
}

bool pm_api_reads(const char *event)
{
    const struct pm_request_kind *kind = pm_request_find(event);
    return kind && kind->reads;
}

static void finish(struct pm_api_request *r, json_t *answer, json_t *legacy, enum pm_error error)
{
    pm_list_remove(&r->link);
    r->on_answer(r, answer, r->kind ? r->kind->reply : NULL, legacy, error);
    json_decref(answer);
    json_decref(legacy);
}

void pm_api_answer(struct pm_api_request *r, json_t *result, json_t *legacy)
{
    json_t *answer = json_pack("{s:b}", "ok", 1);
    json_object_update(answer, result);
    json_decref(result);
    finish(r, answer, legacy, PM_OK);
}

__attribute__((format(printf, 4, 0))) static void fail(struct pm_api_request *r, enum pm_error error, json_t *more,
                                                       const char *format, va_list args)
{
    char message[512];
    vsnprintf(message, sizeof(message), format, args);
    json_t *answer =
        json_pack("{s:b, s:{s:s, s:s}}", "ok", 0, "error", "code", pm_error_code(error), "message", message);
    json_object_update(json_object_get(answer, "error"), more);
    json_decref(more);
    finish(r, answer, r->kind && r->kind->says_false ? json_false() : NULL, error);
}

void pm_api_fail(struct pm_api_request *r, enum pm_error error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(r, error, NULL, format, args);
    va_end(args);
}

void pm_api_fail_with(struct pm_api_request *r, enum pm_error error, json_t *more, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(r, error, more, format, args);
    va_end(args);
}
