/* engine.c - see engine.h; sessions: their queues, heartbeats and ends. */
#include "net/engine_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct pm_engine_options pm_engine_defaults(void)
{
    return (struct pm_engine_options){
        .ping_interval_ms = 25000,
        .ping_timeout_ms = 20000,
        .upgrade_timeout_ms = 10000,
        .connect_timeout_ms = 45000,
        .farewell_ms = 30000,
        .max_payload = 1000000,
        .sessions = 256,
        .strangers = 32,
        .packets_in = 500000, /* as many as the largest post has room for */
        .packets_out = 16,
        .answer_bytes = 256 * 1024,
        .queue_low = 16 * 1024,
        .queue_high = 1024 * 1024,
        .queue_max = 16 * 1024 * 1024,
        .allow_v3 = true,
    };
}

int pm_engine_new(struct pm_server *server, const char *path, const struct pm_engine_options *options,
                  const struct pm_engine_ops *ops, void *owner, struct pm_engine **ret)
{
    struct pm_engine *e = calloc(1, sizeof(*e));
    if (!e)
        return -ENOMEM;
    *e = (struct pm_engine){.server = server, .options = *options, .ops = ops, .owner = owner};
    pm_list_init(&e->sessions);
    pm_server_route(server, path, pm_engine_on_request, e);
    *ret = e;
    return 0;
}

struct pm_engine *pm_engine_free(struct pm_engine *e)
{
    if (!e)
        return NULL;
    while (!pm_list_empty(&e->sessions)) {
        struct pm_session *s = pm_container(e->sessions.next, struct pm_session, link);
        pm_session_close(s, PM_CLOSED_BY_SERVER);
        pm_session_end(s);
    }
    pm_ident_table_fini(&e->by_id);
    pm_bytes_fini(&e->payload);
    free(e);
    return NULL;
}

enum {
    TIMERS_ROUND_MS = 2, /* a client that counts our times to their end may be this early by its own, coarser clock */
};

/* ---- deadlines: one timer a session, set lazily; the truth is in the session's times ---- */

static struct pm_mono earliest(const struct pm_session *s)
{
    return s->connect_by.us && s->connect_by.us < s->deadline.us ? s->connect_by : s->deadline;
}

static void wait_for(struct pm_session *s, uint32_t ms)
{
    s->deadline = pm_mono_add_ms(pm_loop_now(), ms);
    s->extended = false;
}

/* The pong is due a time after the ping was, not after it went out: on a busy machine a timer fires late, and a silent
 * session would outlive its time by as much. If this process did not run at all (the machine slept), the client gets
 * its whole time from now. */
static void wait_for_pong(struct pm_session *s)
{
    uint32_t ms = s->engine->options.ping_timeout_ms;
    struct pm_mono promised = pm_mono_add_ms(s->deadline, ms);
    bool slept = pm_mono_reached(pm_mono_add_ms(pm_loop_now(), ms / 2), promised);
    wait_for(s, ms);
    if (!slept)
        s->deadline = promised;
}

/* Pings go out up to a sixty-fourth of their interval early, so that those of many idle clients share one waking; never
 * late, for a session must not outlive its time. */
static void start_heartbeat(struct pm_session *s)
{
    const struct pm_engine_options *o = &s->engine->options;
    const int64_t step_us = (int64_t)o->ping_interval_ms * 1000 / 64;
    s->pong_due = false;
    wait_for(s, s->version == PM_EIO_4 ? o->ping_interval_ms : o->ping_interval_ms + o->ping_timeout_ms);
    if (s->version == PM_EIO_4 && step_us > 0)
        s->deadline.us -= s->deadline.us % step_us;
}

/* Act on deadlines that have passed. False if the session ended. */
static bool check_deadlines(struct pm_session *s)
{
    struct pm_mono now = pm_mono_add_ms(pm_loop_now(), TIMERS_ROUND_MS);
    if (s->overflow) {
        pm_server_met_limit(s->engine->server, s->ws, "client-queue");
        pm_session_close(s, PM_CLOSED_OVERFLOW);
        pm_session_end(s);
        return false;
    }
    if (!pm_mono_reached(now, earliest(s)))
        return true;
    if (s->paused && !s->closed) {
        wait_for(s, s->engine->options.ping_timeout_ms); /* what it says lies unread, on our account */
        return true;
    }
    bool ping_due = s->version == PM_EIO_4 && !s->pong_due && !s->closed && pm_mono_reached(now, s->deadline);
    if (!ping_due || (s->connect_by.us && pm_mono_reached(now, s->connect_by))) {
        pm_session_close(s, PM_CLOSED_TIMEOUT);
        pm_session_end(s);
        return false;
    }
    wait_for_pong(s);
    s->pong_due = true;
    pm_session_queue(s, PM_EIO_PING, NULL);
    return true;
}

static void on_check(struct pm_turn *t)
{
    struct pm_session *s = pm_container(t, struct pm_session, check);
    if (check_deadlines(s))
        pm_timer_set(&s->timer, earliest(s));
}

/* Timers fire before descriptors are read. A pong that lies unread, because this process was not running, still counts:
 * so look again at the end of the turn. */
static void on_time(struct pm_timer *t)
{
    struct pm_session *s = t->owner;
    pm_turn_ask(&s->check, s->engine->server->loop);
}

void pm_session_pause(struct pm_session *s, enum pm_paused why, bool paused)
{
    bool was = s->paused;
    s->paused = (uint8_t)(paused ? s->paused | why : s->paused & ~why);
    if (was == (s->paused != 0))
        return;
    if (s->ws)
        pm_conn_pause(s->ws, paused);
    if (paused)
        return;
    start_heartbeat(s);
    pm_turn_ask(&s->check, s->engine->server->loop); /* the timer goes by the new deadline */
    if (!s->congested)
        pm_session_release_post(s);
}

void pm_session_established(struct pm_session *s)
{
    s->engine->n_strangers -= s->connect_by.us != 0;
    s->connect_by.us = 0;
}

/* Whether a newcomer is refused for the many before it that never went on. From half of the limit on chance decides,
 * more often against it the fuller it is: who fills the limit on purpose cannot keep everybody else out. */
static bool is_crowded(const struct pm_engine *e)
{
    unsigned half = e->options.strangers / 2, over = e->n_strangers > half ? e->n_strangers - half : 0;
    uint16_t chance;
    if (e->options.connect_timeout_ms == 0 || over == 0)
        return false;
    return e->n_strangers >= e->options.strangers || getrandom(&chance, sizeof(chance), 0) != sizeof(chance) ||
           chance % (e->options.strangers - half) < over;
}

/* A packet came: what that means for the deadline. */
static void note_life(struct pm_session *s, enum pm_eio_type type)
{
    const struct pm_engine_options *o = &s->engine->options;
    if (s->version == PM_EIO_3 || (type == PM_EIO_PONG && s->pong_due)) {
        start_heartbeat(s);
    } else if (s->pong_due && !s->extended) {
        s->deadline = pm_mono_add_ms(pm_loop_now(), o->ping_timeout_ms);
        s->extended = true;
    }
}

/* ---- birth and end ---- */

static void on_flush(struct pm_turn *t)
{
    struct pm_session *s = pm_container(t, struct pm_session, flush);
    if (s->poll && s->first)
        pm_session_answer_poll(s);
}

/* Where a request comes from, as far as it matters: nowhere for programs and for pages that this server serves itself
 * (their polls carry no Origin, their WebSockets do). */
static struct pm_http_text foreign_origin(const struct pm_http_head *head)
{
    static const char *const schemes[] = {"http://", "https://"}; /* of this server; the gate knows which one it is */
    const struct pm_http_text *o = &head->origin, *host = &head->host;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t skip = strlen(schemes[i]);
        if (o->n == skip + host->n && memcmp(o->p, schemes[i], skip) == 0 && memcmp(o->p + skip, host->p, host->n) == 0)
            return (struct pm_http_text){0};
    }
    return *o;
}

int pm_session_keep_origin(struct pm_session *s, const struct pm_http_head *head)
{
    struct pm_http_text origin = foreign_origin(head);
    if (origin.n == 0)
        return 0;
    s->origin = strndup(origin.p, origin.n);
    return s->origin ? 0 : -ENOMEM;
}

bool pm_session_same_origin(const struct pm_session *s, const struct pm_http_head *head)
{
    struct pm_http_text origin = foreign_origin(head);
    size_t n = s->origin ? strlen(s->origin) : 0;
    return n == origin.n && (n == 0 || memcmp(s->origin, origin.p, n) == 0);
}

int pm_session_new(struct pm_engine *e, enum pm_eio_version version, struct pm_session **ret)
{
    if (e->by_id.n >= e->options.sessions || is_crowded(e))
        return -EAGAIN;
    struct pm_session *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->engine = e;
    s->version = version;
    int r = pm_ident_make(&s->node.id);
    if (r == 0)
        r = pm_ident_table_add(&e->by_id, &s->node);
    if (r < 0) {
        free(s);
        return r;
    }
    pm_list_append(&e->sessions, &s->link);
    pm_turn_init(&s->check, on_check);
    pm_turn_init(&s->flush, on_flush);
    pm_timer_init(&s->timer, e->server->loop, on_time, s);
    start_heartbeat(s);
    if (e->options.connect_timeout_ms) {
        s->connect_by = pm_mono_add_ms(pm_loop_now(), e->options.connect_timeout_ms);
        e->n_strangers++;
    }
    pm_timer_set(&s->timer, earliest(s));
    *ret = s;
    return 0;
}

struct pm_session *pm_session_find(struct pm_engine *e, const char *id, size_t n)
{
    struct pm_ident_node *node = pm_ident_table_find(&e->by_id, id, n);
    struct pm_session *s = node ? pm_container(node, struct pm_session, node) : NULL;
    return s && check_deadlines(s) ? s : NULL;
}

size_t pm_session_handshake(const struct pm_session *s, bool can_upgrade, char out[PM_EIO_HANDSHAKE_MAX])
{
    const struct pm_engine_options *o = &s->engine->options;
    struct pm_eio_handshake h = {.sid = s->node.id.text,
                                 .sid_n = PM_IDENT_LENGTH,
                                 .can_upgrade = can_upgrade,
                                 .ping_interval_ms = o->ping_interval_ms,
                                 .ping_timeout_ms = o->ping_timeout_ms,
                                 .max_payload = o->max_payload};
    return pm_eio_handshake_write(&h, out);
}

static void on_timer_closed(void *owner)
{
    free(owner);
}

void pm_session_end(struct pm_session *s)
{
    if (pm_list_empty(&s->link))
        return;
    assert(s->closed);
    pm_list_remove(&s->link);
    pm_ident_table_remove(&s->engine->by_id, &s->node);
    pm_turn_cancel(&s->check);
    pm_turn_cancel(&s->flush);
    free(s->origin);
    s->origin = NULL;
    while (s->first)
        pm_session_unqueue(s);
    pm_timer_close(&s->timer, on_timer_closed);
}

/* Let the connections go, each with the goodbye of its transport. */
static void say_goodbye(struct pm_session *s, enum pm_close_reason reason)
{
    if (s->ws)
        pm_conn_close_ws(s->ws, reason == PM_CLOSED_FLOOD ? PM_WS_POLICY : PM_WS_NO_STATUS,
                         "More events came than --event-rate allows, for longer than --flood-time.");
    if (s->probe)
        pm_conn_close_ws(s->probe, PM_WS_NO_STATUS, "");
    s->ws = s->probe = NULL;
    s->probe_answered = false;
    if (s->post)
        pm_conn_drop(s->post); /* in the middle of its body, or put off */
    s->post = NULL;
    if (reason != PM_CLOSED_BY_CLIENT && s->transport == PM_TRANSPORT_POLLING)
        pm_session_queue(s, PM_EIO_CLOSE, NULL);
    if (s->poll)
        pm_session_answer_poll(s); /* a noop if the client closed by post: its poll needs no close packet */
}

void pm_session_close(struct pm_session *s, enum pm_close_reason reason)
{
    if (s->closed)
        return;
    s->closed = true;
    s->reason = reason;
    void *app = s->app;
    s->app = NULL;
    if (app)
        s->engine->ops->on_close(app, s, reason);
    say_goodbye(s, reason);
    pm_session_established(s);
    if (s->transport == PM_TRANSPORT_WEBSOCKET || reason != PM_CLOSED_BY_SERVER || !s->first) {
        pm_session_told(s);
    } else {
        wait_for(s, s->engine->options.farewell_ms);
        pm_timer_set(&s->timer, s->deadline);
    }
}

void pm_session_told(struct pm_session *s)
{
    wait_for(s, 0);
    pm_turn_ask(&s->check, s->engine->server->loop); /* not now: callers may still look at the session */
}

void pm_session_cut(struct pm_session *s)
{
    struct pm_conn *conns[] = {s->ws, s->probe, s->poll, s->post};
    s->ws = s->probe = s->poll = s->post = NULL;
    for (size_t i = 0; i < sizeof(conns) / sizeof(conns[0]); i++) {
        if (conns[i])
            pm_conn_drop(conns[i]);
    }
    pm_session_close(s, PM_CLOSED_TRANSPORT);
}

/* ---- packets ---- */

void pm_session_shift(struct pm_session *s)
{
    struct pm_queued *q = s->first;
    s->first = q->next;
    if (!s->first)
        s->last = NULL;
    s->queued -= q->message ? q->message->n : 0;
    pm_message_unref(q->message);
    pm_spare_give(&s->engine->server->loop->spare, q, sizeof(*q));
}

void pm_session_check_drained(struct pm_session *s)
{
    if ((!s->congested && !s->awaited) || s->queued > s->engine->options.queue_low)
        return;
    s->congested = s->awaited = false;
    if (!s->paused)
        pm_session_release_post(s);
    if (s->app)
        s->engine->ops->on_drained(s->app, s);
}

void pm_session_unqueue(struct pm_session *s)
{
    pm_session_shift(s);
    pm_session_check_drained(s);
}

void pm_session_abandon(struct pm_session *s)
{
    s->overflow = true;
    pm_turn_ask(&s->check, s->engine->server->loop);
}

/* Queued packets wait for a poll. If one waits already, it is answered at the end of the turn, with all that came. */
void pm_session_queue(struct pm_session *s, enum pm_eio_type type, struct pm_message *m)
{
    const struct pm_engine_options *o = &s->engine->options;
    if (s->transport == PM_TRANSPORT_WEBSOCKET) {
        pm_session_send_ws(s, type, m);
        return;
    }
    struct pm_queued *q = pm_spare_take(&s->engine->server->loop->spare, sizeof(*q));
    if (!q) {
        pm_session_abandon(s);
        return;
    }
    *q = (struct pm_queued){.message = m ? pm_message_ref(m) : NULL, .type = type};
    if (s->last)
        s->last->next = q;
    else
        s->first = q;
    s->last = q;
    s->queued += m ? m->n : 0;
    if (s->queued > o->queue_high)
        s->congested = true;
    if (s->queued > o->queue_max)
        pm_session_abandon(s);
    if (s->poll)
        pm_turn_ask(&s->flush, s->engine->server->loop);
}

void pm_session_send(struct pm_session *s, struct pm_message *m)
{
    if (!s->closed)
        pm_session_queue(s, PM_EIO_MESSAGE, m);
}

bool pm_session_sends_frames(const struct pm_session *s)
{
    return s->ws && s->version == PM_EIO_4 && !s->base64 && pm_conn_sends_plain(s->ws);
}

void pm_session_take(struct pm_session *s, const struct pm_eio_packet *packet)
{
    note_life(s, packet->type);
    switch (packet->type) {
    case PM_EIO_MESSAGE:
        s->engine->ops->on_message(s->app, s, packet->binary, (uint8_t *)(uintptr_t)packet->data, packet->n);
        break;
    case PM_EIO_CLOSE:
        pm_session_close(s, PM_CLOSED_BY_CLIENT);
        break;
    case PM_EIO_PING: /* the client's business in version 3, a violation in version 4 */
        if (s->version == PM_EIO_4)
            pm_session_close(s, PM_CLOSED_PARSE);
        else if (!s->last || s->last->type != PM_EIO_PONG)
            pm_session_queue(s, PM_EIO_PONG, NULL);
        break;
    case PM_EIO_PONG:
        if (s->version == PM_EIO_3)
            pm_session_close(s, PM_CLOSED_PARSE);
        break;
    case PM_EIO_OPEN:
    case PM_EIO_UPGRADE:
    case PM_EIO_NOOP:
        break; /* nothing a client could mean by them here */
    }
}

size_t pm_session_queued(const struct pm_session *s)
{
    return s->ws ? s->ws->out.queued : s->queued;
}

bool pm_session_has_room(struct pm_session *s)
{
    if (s->ws)
        return pm_conn_has_room(s->ws);
    s->awaited = s->queued > s->engine->options.queue_low;
    return !s->awaited;
}

enum pm_eio_version pm_session_version(const struct pm_session *s)
{
    return s->version;
}

const char *pm_session_id(const struct pm_session *s)
{
    return s->node.id.text;
}
