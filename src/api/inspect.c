/* inspect.c - see inspect.h. Entries wait for the end of a tenth of a second and go out together, at most so many:
 * whoever looks on is told how many more there were, and costs the same whatever the traffic. */
#include "api/inspect.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ENTRIES_MAX = 100, /* of a batch */
    BATCH_MS = 100,
    TEXT_MAX = 300, /* bytes of the JSON of one entry */
    HEAD_MAX = 48,  /* bytes of a payload */
};

struct pm_inspector {
    struct pm_api *api;
    struct pm_timer timer;
    json_t *batch;   /* an array */
    uint64_t missed; /* entries that found no room in it */
};

/* ---- entries ---- */

/* Text that is cut where it gets too long, between characters. */
struct cut {
    char text[TEXT_MAX + sizeof("…")];
    size_t n;
    bool full;
};

/* Called on after it has failed, as jansson does. */
static int add_text(const char *p, size_t n, void *owner)
{
    struct cut *cut = owner;
    if (cut->full)
        return -1;
    size_t room = TEXT_MAX - cut->n, end = n < room ? n : room;
    while (end < n && end > 0 && ((uint8_t)p[end] & 0xc0) == 0x80)
        end--;
    memcpy(cut->text + cut->n, p, end);
    cut->n += end;
    cut->full = end < n;
    if (!cut->full)
        return 0;
    memcpy(cut->text + cut->n, "…", strlen("…"));
    cut->n += strlen("…");
    return -1; /* the rest is not even written */
}

static json_t *short_json(const json_t *data)
{
    struct cut cut = {0};
    if (data)
        json_dump_callback(data, add_text, &cut, JSON_COMPACT | JSON_ENCODE_ANY);
    return json_stringn(cut.text, cut.n);
}

static json_t *short_text(const char *p, size_t n)
{
    struct cut cut = {0};
    add_text(p, n, &cut);
    return json_stringn(cut.text, cut.n);
}

static const char *kind_of(const struct pm_who *who)
{
    if (who->kind == PM_WHO_OWN_PAGE || who->session)
        return "console";
    return who->kind == PM_WHO_PAGE ? "page" : who->kind == PM_WHO_PROGRAM ? "program" : "person";
}

static json_t *describe(uint64_t number, const struct pm_who *who)
{
    json_t *o = json_pack("{s:I, s:s}", "client", (json_int_t)number, "kind", kind_of(who));
    if (who->origin[0])
        json_object_set_new(o, "origin", json_string(who->origin));
    return o;
}

/* One more entry, or NULL if there is no room for it. */
static json_t *add(struct pm_inspector *i, uint64_t number, const struct pm_who *who, enum pm_inspected what,
                   const char *event)
{
    static const char *const words[] = {"comes", "away", "back", "leaves", "asks", "answered", "gets"};
    struct timespec now;
    if (json_array_size(i->batch) == 0)
        pm_timer_set(&i->timer, pm_mono_add_ms(pm_loop_now(), BATCH_MS));
    if (json_array_size(i->batch) >= ENTRIES_MAX) {
        i->missed++;
        return NULL;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    json_t *o = describe(number, who);
    json_object_set_new(o, "time", json_integer((json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000));
    json_object_set_new(o, "does", json_string(words[what]));
    json_object_set_new(o, "event", json_string(event));
    return json_array_append_new(i->batch, o) < 0 ? NULL : o;
}

static void add_bytes(json_t *entry, const uint8_t *p, size_t n)
{
    json_object_set_new(entry, "bytes", json_integer((json_int_t)n));
    json_object_set_new(entry, "head", pm_describe_bytes(p, n < HEAD_MAX ? n : HEAD_MAX));
}

/* ---- what clients say and get ---- */

/* Codes, sessions and tokens go over these: they are told by name only. */
static bool is_secret(const struct pm_request_kind *kind)
{
    return kind && (kind->needs == PM_NEEDS_ADMIN || strcmp(kind->event, "session") == 0);
}

static uint64_t number_of(const struct pm_api_request *r)
{
    return r->client ? r->client->number : 0;
}

void pm_inspect_request(struct pm_api *a, struct pm_api_request *r, const char *event, const json_t *data,
                        const struct pm_api_blob *first)
{
    json_t *o = add(a->inspector, number_of(r), r->who, PM_INSPECT_ASKS, event);
    r->inspected = a;
    if (!o || is_secret(r->kind))
        return;
    json_object_set_new(o, "data", short_json(data));
    if (first)
        add_bytes(o, first->p, first->n);
}

void pm_inspect_hot_request(struct pm_api *a, struct pm_api_request *r, const char *json, size_t n,
                            const struct pm_payload *payload)
{
    json_t *o = add(a->inspector, number_of(r), r->who, PM_INSPECT_ASKS, r->kind->event);
    r->inspected = a;
    if (!o)
        return;
    json_object_set_new(o, "data", short_text(json, n));
    add_bytes(o, payload->p, payload->n);
}

void pm_inspect_answer(struct pm_api_request *r, const json_t *answer)
{
    bool left = r->who->kind == PM_WHO_NOBODY;
    struct pm_inspector *i = left ? NULL : r->inspected->inspector;
    json_t *o = i ? add(i, number_of(r), r->who, PM_INSPECT_ANSWERED, r->kind ? r->kind->event : "unknown") : NULL;
    if (o && !is_secret(r->kind))
        json_object_set_new(o, "data", short_json(answer));
}

void pm_inspect_sent(struct pm_api_request *r, size_t bytes)
{
    json_t *answer = json_pack("{s:b, s:I}", "ok", 1, "bytes", (json_int_t)bytes);
    pm_inspect_answer(r, answer);
    json_decref(answer);
}

void pm_inspect_event(struct pm_api_client *c, const char *event, const json_t *data)
{
    json_t *o = c->watches ? NULL : add(c->api->inspector, c->number, c->who, PM_INSPECT_GETS, event);
    if (o)
        json_object_set_new(o, "data", short_json(data));
}

void pm_inspect_bytes(struct pm_api_client *c, const char *name, const uint8_t *p, size_t n)
{
    json_t *o = add(c->api->inspector, c->number, c->who, PM_INSPECT_GETS, name);
    if (o)
        add_bytes(o, p, n);
}

void pm_inspect_presence(struct pm_api_client *c, enum pm_inspected what)
{
    if (!c->watches)
        add(c->api->inspector, c->number, c->who, what, "");
}

/* ---- those who look on ---- */

static void on_closed(void *owner)
{
    free(owner);
}

void pm_inspect_end(struct pm_api *a)
{
    struct pm_inspector *i = a->inspector;
    a->inspector = NULL;
    if (!i)
        return;
    json_decref(i->batch);
    pm_timer_close(&i->timer, on_closed);
}

/* With the last of them it ends. */
static void end_if_unseen(struct pm_api *a)
{
    pm_list_for_each (link, &a->clients) {
        if (pm_container(link, struct pm_api_client, link)->inspects)
            return;
    }
    pm_inspect_end(a);
}

/* A console whose session is over sees no more. Who has no room for a batch is told with the next how many were in it.
 */
static void on_time(struct pm_timer *t)
{
    struct pm_inspector *i = t->owner;
    struct pm_api *a = i->api;
    size_t n = json_array_size(i->batch);
    json_t *data = json_pack("{s:o, s:I}", "entries", i->batch, "missed", (json_int_t)i->missed);
    i->batch = json_array();
    i->missed = 0;
    a->events++;
    pm_list_for_each (link, &a->clients) {
        struct pm_api_client *c = pm_container(link, struct pm_api_client, link);
        c->inspects = c->inspects && c->who->kind == PM_WHO_PERSON;
        if (c->inspects && c->ops->has_room(c))
            c->ops->on_event(c, "client-events", data, a->events);
        else if (c->inspects)
            i->missed += n;
    }
    json_decref(data);
    end_if_unseen(a);
}

void pm_inspect_drop(struct pm_api_client *c)
{
    c->inspects = false;
    end_if_unseen(c->api);
}

static bool begin(struct pm_api *a)
{
    struct pm_inspector *i = a->inspector ? a->inspector : calloc(1, sizeof(*i));
    if (!i || a->inspector)
        return i != NULL;
    i->api = a;
    i->batch = json_array();
    pm_timer_init(&i->timer, a->loop, on_time, i);
    a->inspector = i;
    return true;
}

static json_t *describe_clients(const struct pm_api *a)
{
    json_t *array = json_array();
    pm_list_for_each (link, &a->clients) {
        const struct pm_api_client *c = pm_container(link, struct pm_api_client, link);
        if (!c->watches)
            json_array_append_new(array, describe(c->number, c->who));
    }
    return array;
}

static void inspect_clients(struct pm_call *call)
{
    struct pm_api_client *c = call->request->client;
    if (!c) {
        pm_api_fail(call->request, PM_UNSUPPORTED, "What clients say comes as events: use Socket.IO.");
        return;
    }
    if (!pm_call_boolean(call, "on", true)) {
        pm_inspect_drop(c);
    } else if (begin(call->api)) {
        c->inspects = true;
    } else {
        pm_api_fail(call->request, PM_INTERNAL, "There is no memory left for this.");
        return;
    }
    pm_api_answer(call->request,
                  json_pack("{s:I, s:o}", "client", (json_int_t)c->number, "clients", describe_clients(call->api)),
                  NULL);
}

static const struct pm_arg inspect_args[] = {
    {"on", PM_ARG_BOOLEAN, .fallback = "true", .purpose = "false: no more of it"}, {0}};

const struct pm_request_kind pm_requests_inspect[] = {
    {"inspect-clients", inspect_args, PM_NEEDS_ADMIN, false, NULL, false, inspect_clients,
     "Look on: get what every client says and gets, shortened, as `client-events`. What requests with *Needs: admin* "
     "carry "
     "is not shown.",
     "client: the number of this one; clients: those that are there"},
    {0},
};
