/* requests_history.c - bytes from a device: which ones a client gets from now on, and those of earlier. */
#include "api/api_private.h"
#include "api/deliver.h"
#include "api/profiled.h"
#include "api/table.h"

#include <errno.h>
#include <string.h>

enum { LIMIT = 64 * 1024 };

/* ---- subscribe ---- */

/* An integer for all, or an object with one for each name. False: none for this one. */
static bool offset_for(const struct pm_call *call, const char *arg, const char *name, uint64_t *ret)
{
    const json_t *v = json_object_get(call->data, arg);
    if (json_is_object(v))
        v = json_object_get(v, name);
    *ret = json_is_integer(v) ? (uint64_t)json_integer_value(v) : 0;
    return json_is_integer(v);
}

static bool chooses(const struct pm_call *call)
{
    return pm_call_has(call, "deliver") || pm_call_has(call, "framing");
}

/* What it gets of a connection from now on. */
static int set_delivery(const struct pm_call *call, struct pm_subscription *s)
{
    struct pm_delivery d = {0};
    s->chooses = chooses(call);
    pm_call_delivery(call, &d);
    if (s->chooses)
        return pm_deliver_set(s, &d);
    return pm_deliver_default(s) == -ENOMEM ? -ENOMEM : 0;
}

static json_t *subscribe_one(const struct pm_call *call, struct pm_connection *c)
{
    uint64_t since, epoch;
    struct pm_subscription *s = pm_subscribe(call->request->client, c);
    if (!s || set_delivery(call, s) < 0)
        return NULL;
    if (offset_for(call, "since", c->name, &since)) {
        offset_for(call, "epoch", c->name, &epoch);
        pm_subscription_seek(s, epoch, since);
    }
    return json_pack("{s:I, s:I}", "epoch", (json_int_t)c->epoch, "offset", (json_int_t)s->cursor);
}

static json_t *no_such(const char *name)
{
    return json_pack("{s:{s:s, s:s+}}", "error", "code", pm_error_code(PM_NO_SUCH_CONNECTION), "message",
                     "There is no connection of this name: ", name);
}

static bool is_named(const json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        if (strcmp(json_string_value(json_array_get(names, i)), name) == 0)
            return true;
    }
    return json_is_string(names); /* "*" */
}

/* Names that are none of a connection. */
static void add_unknown(const struct pm_call *call, const json_t *names, json_t *answers)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!pm_sight_find(call->api, call->request->who, name))
            json_object_set_new(answers, name, no_such(name));
    }
}

/* One that says for the first time what it wants gets nothing else from now on. */
static void drop_others(struct pm_api_client *client, const json_t *names)
{
    pm_list_for_each (link, &client->subscriptions) {
        struct pm_subscription *s = pm_container(link, struct pm_subscription, of_client);
        if (!is_named(names, s->connection->name))
            pm_unsubscribe(s);
    }
}

/* Before anything changes: can all of them be cut so? */
static bool can_deliver(const struct pm_call *call, const json_t *names)
{
    const struct pm_link *list = pm_hub_connections(call->api->hub);
    struct pm_delivery d = {0};
    pm_call_delivery(call, &d);
    for (struct pm_link *link = list->next; link != list && chooses(call); link = link->next) {
        struct pm_connection *c = pm_container(link, struct pm_connection, link);
        bool meant = is_named(names, c->name) && pm_sees_connection(call->api, call->request->who, c);
        if (meant && !pm_call_can_deliver(call, &d, c->options.profile))
            return false;
    }
    return true;
}

static void subscribe(struct pm_call *call)
{
    struct pm_api_client *client = call->request->client;
    const json_t *names = json_object_get(call->data, "names");
    const struct pm_link *list = pm_hub_connections(call->api->hub);
    if (!client) {
        pm_api_fail(call->request, PM_UNSUPPORTED, "Bytes come as events: use Socket.IO, or read-history.");
        return;
    }
    if (!can_deliver(call, names))
        return;
    if (client->wants_all)
        drop_others(client, names);
    client->wants_all = json_is_string(names);
    json_t *answers = json_object();
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        struct pm_connection *c = pm_container(link, struct pm_connection, link);
        if (is_named(names, c->name) && pm_sees_connection(call->api, call->request->who, c))
            json_object_set_new(answers, c->name, subscribe_one(call, c));
    }
    add_unknown(call, names, answers);
    json_t *result = json_pack("{s:o}", "subscriptions", answers);
    pm_api_answer(call->request, result, json_incref(result));
    pm_api_drained(client); /* the answer comes before the first bytes */
}

static void unsubscribe(struct pm_call *call)
{
    struct pm_api_client *client = call->request->client;
    const json_t *names = json_object_get(call->data, "names");
    json_t *answers = json_object();
    if (client && json_is_string(names))
        client->wants_all = false;
    if (client) {
        pm_list_for_each (link, &client->subscriptions) {
            struct pm_subscription *s = pm_container(link, struct pm_subscription, of_client);
            const struct pm_connection *c = s->connection;
            if (!is_named(names, c->name))
                continue;
            json_object_set_new(
                answers, c->name,
                json_pack("{s:I, s:I}", "epoch", (json_int_t)c->epoch, "offset", (json_int_t)pm_deliver_place(s)));
            pm_unsubscribe(s);
        }
    }
    add_unknown(call, names, answers);
    pm_api_answer(call->request, json_pack("{s:o}", "subscriptions", answers), NULL);
}

/* ---- read-history ---- */

/* What is answered: the bytes behind `from`, and where bytes are missing. */
struct history {
    uint64_t from, mark; /* number of the first mark that is told among the bytes, or at `from` if it was before */
    json_t *gaps;
};

static void add_gap(struct history *h, const struct pm_connection *c, uint64_t from, const struct pm_mark *mark)
{
    json_array_append_new(h->gaps, pm_describe_gap(c, from, mark->at, mark->reason, mark->bytes));
}

/* What is missing among n bytes, in order, behind what is missing before them. */
static void add_marks(struct history *h, const struct pm_connection *c, size_t n)
{
    for (const struct pm_mark *mark; (mark = pm_marks_get(&c->marks, &h->mark)); h->mark++) {
        struct pm_mark at = *mark;
        if (at.at > h->from && at.at >= h->from + n)
            break;
        at.at = at.at > h->from ? at.at : h->from;
        add_gap(h, c, at.at, &at);
    }
}

static void answer_history(struct pm_call *call, struct history *h, json_t *lost)
{
    struct pm_connection *c = call->connection;
    uint8_t bytes[LIMIT];
    uint64_t from = h->from;
    json_t *gaps = h->gaps;
    size_t n = pm_journal_read(&c->journal, from, bytes, (size_t)pm_call_integer(call, "limit", LIMIT));
    add_marks(h, c, n);
    json_t *result = json_pack("{s:I, s:I, s:I, s:o, s:o}", "epoch", (json_int_t)c->epoch, "offset", (json_int_t)from,
                               "end", (json_int_t)c->journal.end, "lost", lost, "payload", pm_describe_bytes(bytes, n));
    if (json_array_size(gaps) > 0)
        json_object_set(result, "gap", json_array_get(gaps, 0));
    json_object_set_new(result, "gaps", gaps);
    pm_api_answer(call->request, result, NULL);
}

/* Go on where the journal, and what it knows of gaps, begins. */
static void skip_lost(struct history *h, const struct pm_connection *c)
{
    struct pm_mark lost = {pm_journal_start(&c->journal), PM_GAP_SLOW, 0};
    h->mark = pm_marks_from(&c->marks, h->from);
    if (h->from < lost.at) {
        add_gap(h, c, h->from, &lost);
        h->from = lost.at;
    }
    if (pm_marks_forgot(&c->marks, h->mark, &lost)) {
        lost.at = lost.at > h->from ? lost.at : h->from;
        add_gap(h, c, h->from, &lost);
        h->from = lost.at;
    }
}

/* The same for one who comes with an offset of another epoch: nothing that was before counts. */
static void skip_all(struct history *h, const struct pm_connection *c)
{
    struct pm_mark lost = {pm_journal_start(&c->journal), PM_GAP_EPOCH, 0}, forgotten;
    h->mark = pm_marks_from(&c->marks, lost.at);
    if (pm_marks_forgot(&c->marks, h->mark, &forgotten))
        lost.at = forgotten.at;
    add_gap(h, c, h->from, &lost);
    h->from = lost.at;
    h->mark = pm_marks_pass_reopened(&c->marks, h->mark, h->from); /* the gap says as much */
}

/* What the journal still has from an offset on, and what of it is lost. */
static void read_history(struct pm_call *call)
{
    struct pm_connection *c = call->connection;
    uint64_t since = (uint64_t)pm_call_integer(call, "since", 0), end;
    uint64_t epoch = (uint64_t)pm_call_integer(call, "epoch", (int64_t)c->epoch);
    bool known = epoch == c->epoch || (pm_epoch_end(c, epoch, &end) && since <= end);
    if (known && since > c->journal.end) {
        pm_api_fail(call->request, PM_BAD_REQUEST, "\"since\" lies behind the newest byte, %llu.",
                    (unsigned long long)c->journal.end);
        return;
    }
    struct history h = {.from = since, .gaps = json_array()};
    if (known)
        skip_lost(&h, c);
    else
        skip_all(&h, c);
    answer_history(call, &h, known ? json_integer((json_int_t)(h.from - since)) : json_null());
}

static const struct pm_arg subscribe_args[] = {
    {"names", PM_ARG_NAMES, .required = true},
    {"since", PM_ARG_OFFSETS, .fallback = "the newest byte", .purpose = "offset of the first byte that is wanted"},
    {"epoch", PM_ARG_OFFSETS, .fallback = "the present one",
     .purpose = "the epoch that `since` was told with: one that is over is answered with a gap"},
    PM_ARGS_DELIVER("what the connection says",
                    "what the event of the connection carries: its bytes, or an array of the lines, frames or parsed "
                    "objects that came together. What is none stands there as {fault, received: {base64}}; the fault "
                    "is \"too-long\", \"damaged\", or \"incomplete\": then its end is missing, since bytes are, or "
                    "the device went away, or the connection was closed"),
    {0},
};
static const struct pm_arg unsubscribe_args[] = {{"names", PM_ARG_NAMES, .required = true}, {0}};
static const struct pm_arg read_args[] = {
    {"name", PM_ARG_CONNECTION, .required = true},
    {"since", PM_ARG_INTEGER, .min = 0, .max = PM_INTEGER_MAX, .fallback = "0", .purpose = "offset of the first byte"},
    {"epoch", PM_ARG_INTEGER, .min = 0, .max = PM_INTEGER_MAX, .fallback = "the present one"},
    {"limit", PM_ARG_INTEGER, .min = 0, .max = LIMIT, .unit = "bytes", .fallback = "65536"},
    {0},
};

const struct pm_request_kind pm_requests_history[] = {
    {"subscribe", subscribe_args, PM_NEEDS_READ, false, "subscribed", false, subscribe,
     "Get the bytes of these connections and of no others. A client that never asks gets all; one that asks as it "
     "connects, by `auth: {pm: {subscribe: {…}}}`, gets none before: see reconnect.md.",
     "subscriptions: for each name the epoch, and the offset of the first byte that follows; or an error"},
    {"unsubscribe", unsubscribe_args, PM_NEEDS_READ, false, NULL, false, unsubscribe,
     "Get no more bytes of these connections.", "subscriptions: for each name where it ended"},
    {"read-history", read_args, PM_NEEDS_READ, true, NULL, false, read_history,
     "Bytes that were received earlier. `lost` is how many of those asked for are gone; null if nobody knows. `gaps` "
     "are the places before and among them where bytes are missing, as rx-gap tells them; `gap` is the first.",
     "epoch, offset, end, lost, gap, gaps, payload"},
    {0},
};
