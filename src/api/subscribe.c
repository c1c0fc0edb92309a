/* subscribe.c - who reads which connection's bytes, from where, and when a device waits for its readers. */
#include "api/api_private.h"
#include "api/deliver.h"
#include "api/inspect.h"
#include "api/pauses.h"

#include <errno.h>
#include <stdlib.h>

enum {
    SLICE = 64 * 1024, /* bytes in one event */
    STALL_MS = 10000,  /* a reader that took nothing for so long does not hold its device up */
    LOOK_MS = 1000,
    CROWD = 16,       /* more readers than these are one: writing to all of them takes longer than a device's answer */
    CROWD_MS = 1,     /* how much later its onlookers get bytes, */
    CROWD_MAX = 4096, /* unless it is more than these, which gains nothing by waiting; */
    CROWD_STEP = 4,   /* and so many of them in each pass of a turn's end, before the descriptors are looked at again */
};

/* ---- reading ---- */

static void tell_gap(struct pm_subscription *s, uint64_t to, enum pm_gap reason, uint64_t bytes)
{
    json_t *gap = pm_describe_gap(s->connection, s->cursor, to, reason, bytes);
    pm_deliver_cut(s);
    if (s->deliver) /* lines are events that are sent again, and so is this among them */
        pm_api_tell(s->client, "rx-gap", gap, 0);
    else
        pm_api_tell_gap(s, &(struct pm_api_gap){s->cursor, to, reason == PM_GAP_EPOCH}, gap);
    json_decref(gap);
    s->client->api->counts.gaps[reason]++;
    s->client->api->counts.gap_bytes += to > s->cursor ? to - s->cursor : bytes;
    s->cursor = to;
}

/* Go on at `to`; the gap is told with the next bytes, so that it comes behind the answer to whoever asked. */
static void owe_gap(struct pm_subscription *s, uint64_t to, enum pm_gap reason)
{
    s->owes_gap = true;
    s->owed_from = s->cursor;
    s->owed = reason;
    s->cursor = to;
}

static void tell_owed(struct pm_subscription *s)
{
    uint64_t to = s->cursor;
    s->owes_gap = false;
    s->cursor = s->owed_from;
    tell_gap(s, to, s->owed, 0);
}

/* Tell what is missing at the reader's place. Returns the offset up to which nothing is. */
static uint64_t tell_missing(struct pm_subscription *s)
{
    struct pm_connection *c = s->connection;
    uint64_t start = pm_journal_start(&c->journal);
    struct pm_mark forgotten;
    const struct pm_mark *mark;
    if (s->owes_gap)
        tell_owed(s);
    if (s->cursor < start)
        tell_gap(s, start, PM_GAP_SLOW, 0);
    if (pm_marks_forgot(&c->marks, s->mark, &forgotten))
        tell_gap(s, forgotten.at > s->cursor ? forgotten.at : s->cursor, forgotten.reason, 0);
    while ((mark = pm_marks_get(&c->marks, &s->mark)) && mark->at <= s->cursor) {
        s->mark++;
        tell_gap(s, s->cursor, mark->reason, mark->bytes);
    }
    return mark && mark->at < c->journal.end ? mark->at : c->journal.end;
}

/* Hand over one piece. False if there is none or no room for it. */
static bool feed_piece(struct pm_subscription *s)
{
    struct pm_connection *c = s->connection;
    const uint8_t *p;
    if (!s->client->ops->has_room(s->client))
        return false;
    uint64_t limit = tell_missing(s);
    if (s->deliver)
        limit = pm_deliver_limit(s, limit);
    size_t n = pm_journal_peek(&c->journal, s->cursor, &p);
    n = n > limit - s->cursor ? (size_t)(limit - s->cursor) : n;
    n = n > SLICE ? SLICE : n;
    if (n == 0 || (s->deliver ? pm_deliver_feed(s, p, n) : s->client->ops->on_rx(s->client, c, s->cursor, p, n)) < 0)
        return false;
    if (s->client->api->inspector && !s->deliver)
        pm_inspect_bytes(s->client, c->name, p, n);
    s->cursor += n;
    s->client->api->counts.delivered += n;
    return true;
}

/* Whether there is more to tell: bytes, or what happened behind the last one. */
static bool is_owed(const struct pm_subscription *s)
{
    const struct pm_connection *c = s->connection;
    return s->cursor < c->journal.end || s->mark < c->marks.next;
}

void pm_subscription_feed(struct pm_subscription *s)
{
    uint64_t before = s->cursor;
    if (s->held > 0)
        return;
    while (feed_piece(s) && is_owed(s))
        ;
    bool behind = s->cursor < s->connection->journal.end;
    if (!behind && s->connection->state == PM_CONNECTION_IS_LOST && s->client->ops->has_room(s->client))
        pm_deliver_lost(s);
    if (behind && (!s->behind || s->cursor != before))
        s->since = pm_loop_now();
    s->behind = behind;
}

/* ---- who waits for whom ---- */

static bool is_live(const struct pm_subscription *s, struct pm_mono now)
{
    return !s->client->away && (!s->behind || !pm_mono_reached(now, pm_mono_add_ms(s->since, STALL_MS)));
}

static void look_later(struct pm_api *a)
{
    if (!a->looks)
        pm_timer_set(&a->stall, pm_mono_add_ms(pm_loop_now(), LOOK_MS));
    a->looks = true;
}

/* The most advanced live reader decides whether the device waits: a stalled one must not starve it. */
void pm_readers_balance(struct pm_api *a, struct pm_connection *c)
{
    size_t high = c->options.history / 2, low = c->options.history / 8;
    uint64_t lag = UINT64_MAX;
    struct pm_mono now = {0};
    pm_list_for_each (link, &c->readers) {
        const struct pm_subscription *s = pm_container(link, struct pm_subscription, of_connection);
        uint64_t behind = c->journal.end - s->cursor;
        if (behind > low && now.us == 0)
            now = pm_loop_now();
        if (behind < lag && (behind <= low ? !s->client->away : is_live(s, now)))
            lag = behind;
    }
    if (lag == UINT64_MAX || lag <= low) {
        pm_hub_pause(c, false);
    } else if (lag > high) {
        pm_hub_pause(c, true);
        look_later(a);
    }
}

/* Time passes for readers that take nothing. */
void pm_readers_on_stall(struct pm_timer *t)
{
    struct pm_api *a = t->owner;
    const struct pm_link *list = pm_hub_connections(a->hub);
    a->looks = false;
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        struct pm_connection *c = pm_container(link, struct pm_connection, link);
        if (c->paused)
            pm_readers_balance(a, c);
    }
}

/* Of a crowd, those who ask get the answer before all who look on. These would be a write each for every answer, and
 * the next question would wait behind them; they get the same bytes a moment later, those of several answers in one. */
static bool is_crowd_that_asks(const struct pm_connection *c, struct pm_mono now)
{
    return c->n_readers > CROWD && !c->pauses && now.us - c->written.us <= PM_ANSWER_US;
}

static bool is_onlooker(const struct pm_subscription *s, struct pm_mono now)
{
    const struct pm_api_client *c = s->client;
    bool asks = !pm_list_empty(&c->requests) || now.us - c->asked.us <= PM_ANSWER_US;
    return !asks && s->connection->journal.end - s->cursor <= CROWD_MAX;
}

static bool somebody_waits(const struct pm_api *a)
{
    return !pm_list_empty(&a->onlookers) || !pm_list_empty(&a->served);
}

static void wait_as_onlooker(struct pm_subscription *s)
{
    struct pm_api *a = s->client->api;
    if (!pm_list_empty(&s->waits))
        return;
    if (!somebody_waits(a))
        pm_timer_set(&a->crowd, pm_mono_add_ms(pm_loop_now(), CROWD_MS));
    pm_list_append(&a->onlookers, &s->waits);
}

static void feed_now(struct pm_subscription *s)
{
    pm_list_remove(&s->waits);
    pm_subscription_feed(s);
}

void pm_readers_on_crowd(struct pm_timer *t)
{
    struct pm_api *a = t->owner;
    pm_list_take(&a->served, &a->onlookers);
    pm_turn_ask(&a->serve, a->loop);
}

/* Some at each turn's end, so that whoever asks meanwhile is heard. */
void pm_readers_on_serve(struct pm_turn *t)
{
    struct pm_api *a = pm_container(t, struct pm_api, serve);
    for (int i = 0; i < CROWD_STEP && !pm_list_empty(&a->served); i++)
        feed_now(pm_container(a->served.next, struct pm_subscription, waits));
    if (!pm_list_empty(&a->served))
        pm_turn_ask(t, a->loop);
    else if (!pm_list_empty(&a->onlookers))
        pm_timer_set(&a->crowd, pm_mono_add_ms(pm_loop_now(), CROWD_MS));
}

static void feed_all(struct pm_api *a, struct pm_connection *c)
{
    pm_list_for_each (link, &c->readers)
        feed_now(pm_container(link, struct pm_subscription, of_connection));
    pm_readers_balance(a, c);
}

void pm_readers_feed(struct pm_api *a, struct pm_connection *c)
{
    struct pm_mono now = pm_loop_turn(a->loop);
    if (c->pauses)
        pm_pauses_note(c);
    if (!is_crowd_that_asks(c, now)) {
        feed_all(a, c);
        return;
    }
    pm_list_for_each (link, &c->readers) {
        struct pm_subscription *s = pm_container(link, struct pm_subscription, of_connection);
        if (is_onlooker(s, now))
            wait_as_onlooker(s);
        else
            feed_now(s);
    }
    pm_readers_balance(a, c);
}

void pm_readers_catch_up(struct pm_api *a, struct pm_connection *c)
{
    if (somebody_waits(a))
        feed_all(a, c);
}

void pm_reader_asks(struct pm_api_client *client)
{
    client->asked = pm_loop_turn(client->api->loop);
    if (!somebody_waits(client->api))
        return;
    pm_list_for_each (link, &client->subscriptions) {
        struct pm_subscription *s = pm_container(link, struct pm_subscription, of_client);
        if (!pm_list_empty(&s->waits))
            feed_now(s);
    }
}

void pm_readers_reopened(struct pm_connection *c)
{
    pm_list_for_each (link, &c->readers) {
        struct pm_subscription *s = pm_container(link, struct pm_subscription, of_connection);
        if (s->cursor == c->journal.end && s->mark < c->marks.next)
            s->mark = pm_marks_pass_reopened(&c->marks, s->mark, s->cursor);
    }
}

/* ---- coming and going ---- */

struct pm_subscription *pm_subscription_of(const struct pm_api_client *client, uint32_t connection)
{
    for (struct pm_link *link = client->subscriptions.next; link != &client->subscriptions; link = link->next) {
        struct pm_subscription *s = pm_container(link, struct pm_subscription, of_client);
        if (s->connection->number == connection)
            return s;
    }
    return NULL;
}

struct pm_subscription *pm_subscription_find(const struct pm_api_client *client, const struct pm_connection *c)
{
    return pm_subscription_of(client, c->number);
}

struct pm_subscription *pm_subscribe(struct pm_api_client *client, struct pm_connection *c)
{
    struct pm_subscription *s = pm_subscription_find(client, c);
    if (s)
        return s;
    s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    *s = (struct pm_subscription){.client = client, .connection = c, .cursor = c->journal.end, .mark = c->marks.next};
    if (pm_deliver_default(s) == -ENOMEM) {
        free(s);
        return NULL;
    }
    pm_list_init(&s->waits);
    pm_list_append(&client->subscriptions, &s->of_client);
    pm_list_append(&c->readers, &s->of_connection);
    c->n_readers++;
    return s;
}

void pm_unsubscribe(struct pm_subscription *s)
{
    struct pm_connection *c = s->connection;
    struct pm_api *a = s->client->api;
    pm_deliver_drop(s);
    pm_list_remove(&s->of_client);
    pm_list_remove(&s->of_connection);
    pm_list_remove(&s->waits);
    c->n_readers--;
    free(s);
    pm_readers_balance(a, c);
}

void pm_subscription_seek(struct pm_subscription *s, uint64_t epoch, uint64_t offset)
{
    struct pm_connection *c = s->connection;
    uint64_t end;
    uint64_t start = pm_journal_start(&c->journal);
    s->owes_gap = false;
    s->cursor = offset;
    bool known = epoch == 0 || epoch == c->epoch || (pm_epoch_end(c, epoch, &end) && offset <= end);
    bool exists = known && offset <= c->journal.end;
    if (!exists)
        owe_gap(s, start, PM_GAP_EPOCH);
    if (s->cursor < start)
        owe_gap(s, start, PM_GAP_SLOW);
    /* A gap counts bytes: what no offset counts comes too. */
    s->mark = pm_marks_from(&c->marks, exists ? offset : s->cursor);
    if (!known) /* the gap says as much */
        s->mark = pm_marks_pass_reopened(&c->marks, s->mark, s->cursor);
}

void pm_subscription_rewind(struct pm_subscription *s, uint64_t offset)
{
    if (offset >= s->cursor)
        return;
    s->cursor = offset;
    s->mark = pm_marks_from(&s->connection->marks, offset);
}

void pm_subscription_rewind_gap(struct pm_subscription *s, const struct pm_api_gap *gap)
{
    uint64_t offset = gap->foreign ? gap->to : gap->from;
    if (offset > s->cursor)
        return;
    s->cursor = offset; /* the gap is found again there, */
    s->mark = pm_marks_from(&s->connection->marks, offset);
    s->owes_gap = gap->foreign; /* unless it lies behind a place that nobody else knows */
    s->owed_from = gap->from;
    s->owed = PM_GAP_EPOCH;
}
