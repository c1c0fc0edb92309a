/* api.c - see api.h; clients, the events they get, and the way of a connection's bytes to them. */
#include "api/api_private.h"
#include "api/deliver.h"
#include "api/exchange.h"
#include "api/identify.h"
#include "api/inspect.h"
#include "api/profiled.h"
#include "api/table.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- events ---- */

void pm_api_tell(struct pm_api_client *c, const char *event, const json_t *data, uint64_t number)
{
    if (c->api->inspector)
        pm_inspect_event(c, event, data);
    c->ops->on_event(c, event, data, number);
}

void pm_api_tell_gap(const struct pm_subscription *s, const struct pm_api_gap *gap, const json_t *data)
{
    if (s->client->api->inspector)
        pm_inspect_event(s->client, "rx-gap", data);
    s->client->ops->on_gap(s->client, s->connection, gap, data);
}

void pm_api_tell_text(struct pm_api_client *c, const char *event, const char *json, size_t n)
{
    json_t *data = c->api->inspector ? json_loadb(json, n, JSON_ALLOW_NUL, NULL) : NULL;
    if (data)
        pm_inspect_event(c, event, data);
    json_decref(data);
    c->ops->on_text(c, event, json, n);
}

/* One of `c` and `r` is what it is about. */
static void broadcast(struct pm_api *a, const struct pm_connection *c, const struct pm_recording_item *r,
                      const char *event, json_t *data)
{
    a->events++;
    pm_list_for_each (link, &a->clients) {
        struct pm_api_client *client = pm_container(link, struct pm_api_client, link);
        if (c ? pm_sees_connection(a, client->who, c) : pm_sees_recording(a, client->who, r))
            pm_api_tell(client, event, data, a->events);
    }
    json_decref(data);
}

void pm_api_broadcast(struct pm_api *a, const struct pm_connection *about, const char *event, json_t *data)
{
    broadcast(a, about, NULL, event, data);
}

void pm_api_broadcast_recording(struct pm_api *a, const struct pm_recording_item *about, const char *event,
                                json_t *data)
{
    broadcast(a, NULL, about, event, data);
}

/* Whoever may see it all gets the same; each page gets what it may see. */
static void tell_device(struct pm_api *a, const char *event, const struct pm_device *d)
{
    static const struct pm_who everything = {.kind = PM_WHO_PERSON};
    json_t *whole = pm_describe_device(a, &everything, d);
    a->events++;
    pm_list_for_each (link, &a->clients) {
        struct pm_api_client *c = pm_container(link, struct pm_api_client, link);
        if (!pm_sees_device(a, c->who, d))
            continue;
        if (c->who->kind != PM_WHO_PAGE) {
            pm_api_tell(c, event, whole, a->events);
        } else {
            json_t *part = pm_describe_device(a, c->who, d);
            pm_api_tell(c, event, part, 0);
            json_decref(part);
        }
    }
    json_decref(whole);
}

void pm_api_drained(struct pm_api_client *client)
{
    pm_list_for_each (link, &client->subscriptions) {
        struct pm_subscription *s = pm_container(link, struct pm_subscription, of_client);
        pm_subscription_feed(s);
        pm_readers_balance(client->api, s->connection);
    }
}

/* ---- news of connections and devices ---- */

/* Who opened what; the command line looks at devices without a door. */
static void note(struct pm_api *a, const char *kind, const struct pm_connection *c, const char *result,
                 const struct pm_audit_bytes *bytes)
{
    const char *origin = c->options.owner[0] ? c->options.owner : NULL;
    struct pm_audit_entry e = {.kind = kind,
                               .origin = origin,
                               .device = c->device_id,
                               .id = c->name,
                               .result = result,
                               .uid = -1,
                               .bytes = bytes};
    if (a->door)
        pm_audit(pm_door_audit(a->door), &e);
}

static void on_opened(struct pm_api *a, struct pm_connection *c)
{
    note(a, "device_open", c, NULL, NULL);
    pm_list_for_each (link, &a->clients) {
        struct pm_api_client *client = pm_container(link, struct pm_api_client, link);
        if (client->wants_all && pm_sees_connection(a, client->who, c))
            pm_subscribe(client, c);
    }
    pm_api_broadcast(a, c, "connection-opened", pm_describe_connection(c));
}

static void on_closed(struct pm_api *a, struct pm_connection *c, const char *reason)
{
    note(a, "device_close", c, reason, &(struct pm_audit_bytes){c->counts.rx, c->counts.tx});
    while (!pm_list_empty(&c->readers)) {
        struct pm_subscription *s = pm_container(c->readers.next, struct pm_subscription, of_connection);
        if (s->cursor == c->journal.end && s->client->ops->has_room(s->client))
            pm_deliver_cut(s);
        s->client->ops->on_end(s->client, c, s->cursor);
        pm_unsubscribe(s);
    }
    pm_api_broadcast(a, c, "connection-closed", json_pack("{s:s, s:s}", "name", c->name, "reason", reason));
}

/* A device that is there again and cannot be opened: what a person can do about it. */
static bool explain_loss(const struct pm_api *a, const struct pm_connection *c, char *out, size_t room)
{
    const struct pm_device *d = pm_devices_find(a->devices, c->device_id);
    if (c->error == -ENOTUNIQ)
        snprintf(out, room,
                 "Several devices call themselves %s. Activate \"%s\" again with the address of the one that is meant.",
                 c->device_id, c->name);
    return c->error == -ENOTUNIQ || (d && pm_device_problem(d, out, room));
}

static void on_lost(struct pm_api *a, const struct pm_connection *c, const char *reason)
{
    char message[512];
    json_t *data = json_pack("{s:s, s:s}", "name", c->name, "reason", reason);
    if (explain_loss(a, c, message, sizeof(message))) {
        json_object_set_new(data, "message", json_string(message));
        pm_log(PM_LOG_WARNING, "\"%s\": %s", c->name, message);
    }
    pm_api_broadcast(a, c, "connection-lost", data);
}

/* Everybody who waits for a write queue may go on; who fills it again waits again. */
static void on_drained(struct pm_api *a)
{
    pm_list_for_each (link, &a->clients) {
        struct pm_api_client *c = pm_container(link, struct pm_api_client, link);
        if (c->waits) {
            c->waits = false;
            c->ops->set_paused(c, false);
        }
    }
}

/* News of what is kept over a restart. */
static bool changes_what_is_kept(enum pm_hub_news news)
{
    return news == PM_CONNECTION_OPENED || news == PM_CONNECTION_CLOSED || news == PM_CONNECTION_RESTORED ||
           news == PM_CONNECTION_RENAMED || news == PM_CONNECTION_CHANGED;
}

static void on_hub_news(void *owner, enum pm_hub_news news, struct pm_connection *c, const char *text)
{
    struct pm_api *a = owner;
    if (a->recorder)
        pm_recorder_on_hub_news(a->recorder, news, c, text);
    if (changes_what_is_kept(news))
        pm_saved_changed(a->saved);
    if (news != PM_CONNECTION_RX && news != PM_CONNECTION_DRAINED && news != PM_CONNECTION_RENAMED)
        pm_readers_catch_up(a, c); /* but bytes behind a new name bear it, as a slow reader's do */
    switch (news) {
    case PM_CONNECTION_OPENED:
        on_opened(a, c);
        pm_profiled_begin(a, c, true);
        break;
    case PM_CONNECTION_CLOSED:
        pm_exchanges_close(c);
        pm_identify_close(c);
        on_closed(a, c, text);
        pm_profiled_close(c);
        break;
    case PM_CONNECTION_LOST:
        pm_exchanges_fail(c);
        on_lost(a, c, text);
        break;
    case PM_CONNECTION_RESTORED:
        pm_readers_reopened(c);
        pm_api_broadcast(a, c, "connection-restored", pm_describe_connection(c));
        pm_profiled_begin(a, c, true);
        break;
    case PM_CONNECTION_RENAMED:
        pm_api_broadcast(a, c, "connection-renamed", json_pack("{s:s, s:s}", "old", text, "new", c->name));
        break;
    case PM_CONNECTION_RX:
        pm_exchanges_rx(c);
        pm_profiled_rx(a, c);
        pm_readers_feed(a, c);
        break;
    case PM_CONNECTION_DRAINED:
        on_drained(a);
        break;
    case PM_CONNECTION_SIGNALS:
        pm_api_broadcast(a, c, "signals-changed", pm_describe_signals(c));
        break;
    case PM_CONNECTION_ERRORS:
        pm_api_broadcast(a, c, "line-error", pm_describe_errors(c));
        break;
    case PM_CONNECTION_CHANGED:
        pm_api_broadcast(a, c, "connection-changed", pm_describe_connection(c));
        break;
    }
}

static const struct pm_hub_ops hub_ops = {on_hub_news};

static void on_attached(void *owner, const struct pm_device *d)
{
    struct pm_api *a = owner;
    pm_hub_attached(a->hub, d); /* first: its first bytes must not be missed */
    tell_device(a, "device-attached", d);
    if (a->door)
        pm_consent_devices_changed(a);
}

static void on_detached(void *owner, const struct pm_device *d)
{
    struct pm_api *a = owner;
    tell_device(a, "device-detached", d);
    pm_hub_detached(a->hub, d);
    if (a->door) {
        pm_door_unplugged(a->door, d->id);
        pm_consent_devices_changed(a);
    }
}

static const struct pm_devices_ops devices_ops = {on_attached, on_detached};

/* ---- life ---- */

static void on_timer_closed(void *owner)
{
    struct pm_api *a = owner;
    if (--a->n_timers > 0)
        return;
    pm_bytes_fini(&a->text);
    free(a);
}

static void close_timers(struct pm_api *a)
{
    a->n_timers = 2;
    pm_turn_cancel(&a->serve);
    pm_timer_close(&a->stall, on_timer_closed);
    pm_timer_close(&a->crowd, on_timer_closed);
}

int pm_api_new(struct pm_loop *loop, const struct pm_devices_options *devices, struct pm_door *door,
               struct pm_api **ret)
{
    struct pm_api *a = calloc(1, sizeof(*a));
    if (!a)
        return -ENOMEM;
    a->loop = loop;
    a->door = door;
    a->text = pm_bytes_empty(PM_API_TEXT_MAX);
    if (door)
        pm_door_listen(door, &pm_sight_ops, a);
    pm_list_init(&a->clients);
    pm_list_init(&a->plays);
    pm_list_init(&a->choosers);
    pm_list_init(&a->onlookers);
    pm_list_init(&a->served);
    pm_timer_init(&a->stall, loop, pm_readers_on_stall, a);
    pm_timer_init(&a->crowd, loop, pm_readers_on_crowd, a);
    pm_turn_init(&a->serve, pm_readers_on_serve);
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
    close_timers(a);
    return r;
}

struct pm_api *pm_api_free(struct pm_api *a)
{
    if (!a)
        return NULL;
    if (a->door)
        pm_door_stop_saving(a->door);
    pm_inspect_end(a);
    pm_devices_stop_looking(a->devices); /* their answers still need the hub */
    pm_saved_close(a->saved);
    a->saved = NULL;
    pm_hub_free(a->hub);
    pm_profiles_close(a->profiles);
    pm_recorder_free(a->recorder); /* the connections' ends are in their recordings */
    pm_devices_free(a->devices);
    close_timers(a);
    return NULL;
}

int pm_api_know_profiles(struct pm_api *a, const char *folder)
{
    return pm_profiles_new(a->loop, folder, &a->profiles);
}

int pm_api_keep(struct pm_api *a, const char *folder)
{
    return pm_saved_new(a, folder, &a->saved);
}

struct pm_recorder *pm_api_recorder(struct pm_api *a)
{
    return a->recorder;
}

struct pm_door *pm_api_door(struct pm_api *a)
{
    return a->door;
}

struct pm_devices *pm_api_devices(struct pm_api *a)
{
    return a->devices;
}

struct pm_hub *pm_api_hub(struct pm_api *a)
{
    return a->hub;
}

void pm_api_watch(struct pm_api *a, struct pm_api_client *c)
{
    c->api = a;
    c->waits = false;
    c->away = false;
    c->watches = true;
    c->wants_all = false;
    c->inspects = false;
    c->misspells = false;
    c->asked = (struct pm_mono){-PM_ANSWER_US};
    c->number = ++a->n_clients;
    pm_list_init(&c->subscriptions);
    pm_list_init(&c->requests);
    pm_list_append(&a->clients, &c->link);
}

int pm_api_join(struct pm_api *a, struct pm_api_client *c)
{
    const struct pm_link *list = pm_hub_connections(a->hub);
    pm_api_watch(a, c);
    c->watches = false;
    c->wants_all = true;
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        struct pm_connection *connection = pm_container(link, struct pm_connection, link);
        if (pm_sees_connection(a, c->who, connection) && !pm_subscribe(c, connection)) {
            pm_api_leave(c);
            return -ENOMEM;
        }
    }
    if (a->inspector)
        pm_inspect_presence(c, PM_INSPECT_COMES);
    return 0;
}

bool pm_api_has_origin(const struct pm_api *a, const char *origin)
{
    for (struct pm_link *link = a->clients.next; link != &a->clients; link = link->next) {
        if (strcmp(pm_container(link, struct pm_api_client, link)->who->origin, origin) == 0)
            return true;
    }
    return false;
}

/* With the last connection of an origin end the grants that were given for so long. */
void pm_api_origin_left(struct pm_api *a, const struct pm_who *who)
{
    if (who->kind == PM_WHO_PAGE && !pm_api_has_origin(a, who->origin))
        pm_door_origin_left(a->door, who->origin);
}

void pm_api_leave(struct pm_api_client *c)
{
    pm_list_remove(&c->link);
    if (c->inspects)
        pm_inspect_drop(c);
    if (c->api->inspector)
        pm_inspect_presence(c, PM_INSPECT_LEAVES);
    pm_claims_drop(c);
    pm_choosers_drop(c);
    pm_plays_drop(c);
    while (!pm_list_empty(&c->subscriptions))
        pm_unsubscribe(pm_container(c->subscriptions.next, struct pm_subscription, of_client));
    pm_list_for_each (link, &c->requests) {
        struct pm_api_request *r = pm_container(link, struct pm_api_request, link);
        r->client = NULL;
        r->who = &pm_who_left;
        pm_list_remove(link);
    }
    pm_api_origin_left(c->api, c->who);
}

void pm_api_set_away(struct pm_api_client *c, bool away)
{
    c->away = away;
    if (c->api->inspector)
        pm_inspect_presence(c, away ? PM_INSPECT_AWAY : PM_INSPECT_BACK);
    if (away)
        pm_claims_drop(c);
    else if (c->waits)
        c->ops->set_paused(c, true);
    pm_api_drained(c); /* one that is away takes nothing, but its devices go on */
}

void pm_api_rewind(struct pm_api_client *c, uint32_t connection, uint64_t offset)
{
    struct pm_subscription *s = pm_subscription_of(c, connection);
    if (s)
        pm_subscription_rewind(s, offset);
}

void pm_api_rewind_gap(struct pm_api_client *c, uint32_t connection, const struct pm_api_gap *gap)
{
    struct pm_subscription *s = pm_subscription_of(c, connection);
    if (s)
        pm_subscription_rewind_gap(s, gap);
}
