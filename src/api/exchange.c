/* exchange.c - see exchange.h. */
#include "api/exchange.h"

#include "api/api_private.h"

#include <errno.h>
#include <stdlib.h>

enum state {
    IDLE,
    SETTLING, /* a late answer may still come: the next question waits for silence */
    PAUSING,  /* between two questions, or between two pieces of one */
    SENDING,
    WAITING, /* for the answer */
};

/* The questions of one connection, or those that are urgent; made with the first one. */
struct pm_talk {
    struct pm_connection *connection;
    struct pm_link queue; /* struct pm_exchange; the first is the one under way */
    unsigned n;
    enum state state;
    uint64_t cursor;          /* up to where the present question has seen the journal */
    struct pm_mono deadline;  /* of the answer */
    struct pm_mono silent_at; /* when silence ends it; 0: not yet */
    struct pm_timer timer;
    struct pm_mono rested; /* from when on the next question may be sent, */
    bool has_rested;       /* and it is so */
    size_t sent;           /* bytes of the present one that were handed over */
    bool stale;            /* an answer may come for a question that is over */
    unsigned settled;      /* how often there was no silence yet */
    uint8_t sequence;
    bool cancelled; /* the present one ends as soon as it is sent */
    bool running;   /* run() is on the stack */
};

static struct pm_exchange *first(const struct pm_talk *t)
{
    return pm_container(t->queue.next, struct pm_exchange, link);
}

static void run(struct pm_talk *t);

/* ---- one question ---- */

static void end(struct pm_exchange *x, int error)
{
    free(x->bytes);
    x->bytes = NULL;
    x->ops->end(x, error);
}

static void finish(struct pm_talk *t, int error)
{
    struct pm_exchange *x = first(t);
    pm_timer_stop(&t->timer);
    t->rested = pm_mono_add_ms(pm_loop_now(), x->gap_ms);
    t->has_rested = x->gap_ms == 0;
    t->stale = !x->sequenced && (error == -ETIMEDOUT || error == -EINTR || x->sent_again || x->stray);
    t->cancelled = false;
    t->state = IDLE;
    t->sent = 0;
    t->n--;
    pm_list_remove(&x->link);
    end(x, error);
}

static void arm(struct pm_talk *t)
{
    bool silence = t->silent_at.us != 0 && t->silent_at.us < t->deadline.us;
    pm_timer_set(&t->timer, silence ? t->silent_at : t->deadline);
}

/* Hand over what came. */
static void feed(struct pm_talk *t)
{
    struct pm_exchange *x = first(t);
    const struct pm_journal *j = &t->connection->journal;
    uint64_t start = pm_journal_start(j), before = t->cursor;
    const uint8_t *p;
    size_t n;
    int r = 0;
    t->cursor = t->cursor < start ? start : t->cursor;
    while (r == 0 && (n = pm_journal_peek(j, t->cursor, &p)) > 0) {
        t->cursor += n;
        r = x->ops->take(x, p, n);
    }
    if (r != 0) {
        finish(t, r < 0 ? r : 0);
    } else if ((x->silence_ms > 0 || x->renews) && t->cursor > before) {
        struct pm_mono now = pm_loop_now();
        if (x->silence_ms > 0)
            t->silent_at = pm_mono_add_ms(now, x->silence_ms);
        if (x->renews)
            t->deadline = pm_mono_add_ms(now, x->timeout_ms);
        arm(t);
    }
}

static void on_written(void *owner, size_t bytes, int error);

/* Hand over the question, or the next piece of it. */
static void send_piece(struct pm_talk *t)
{
    struct pm_exchange *x = first(t);
    size_t left = x->n - t->sent, n = x->piece > 0 && x->piece < left ? x->piece : left;
    const uint8_t *p = x->bytes + t->sent;
    t->state = SENDING;
    t->sent += n;
    int r = pm_hub_write(t->connection, p, n, on_written, t);
    if (r < 0)
        finish(t, r);
}

static void pause_until(struct pm_talk *t, struct pm_mono when)
{
    t->state = PAUSING;
    pm_timer_set(&t->timer, when);
}

static void on_written(void *owner, size_t bytes, int error)
{
    struct pm_talk *t = owner;
    struct pm_exchange *x = first(t);
    (void)bytes;
    if (error == 0 && t->sent < x->n && !t->cancelled) {
        pause_until(t, pm_mono_add_ms(pm_loop_now(), x->piece_ms));
        return;
    }
    x->sent = x->sent || error == 0;
    if (error == 0 && t->cancelled)
        error = -EINTR;
    if (error < 0 || !x->answers) {
        finish(t, error);
    } else {
        t->state = WAITING;
        t->deadline = pm_mono_add_ms(pm_loop_now(), x->timeout_ms);
        t->silent_at = (struct pm_mono){0};
        arm(t);
        feed(t);
    }
    run(t);
}

static void send_question(struct pm_talk *t)
{
    struct pm_exchange *x = first(t);
    t->cursor = t->connection->journal.end;
    t->sent = 0;
    if (x->ops->begin)
        x->ops->begin(x);
    send_piece(t);
}

/* ---- one after another ---- */

static void settle(struct pm_talk *t)
{
    t->state = SETTLING;
    t->cursor = t->connection->journal.end;
    pm_timer_set(&t->timer, pm_mono_add_ms(pm_loop_now(), PM_EXCHANGE_SETTLE_MS));
}

static void run(struct pm_talk *t)
{
    if (t->running)
        return;
    t->running = true;
    while (t->state == IDLE && !pm_list_empty(&t->queue)) {
        struct pm_exchange *x = first(t);
        t->settled = 0;
        if (x->of_client && !x->request->client)
            finish(t, -ECANCELED); /* whoever asked has left */
        else if (t->stale && !x->sequenced)
            settle(t);
        else if (!t->has_rested && !pm_mono_reached(pm_loop_now(), t->rested))
            pause_until(t, t->rested);
        else
            send_question(t);
    }
    t->running = false;
}

static void on_deadline(struct pm_talk *t)
{
    struct pm_exchange *x = first(t);
    struct pm_mono now = pm_loop_now();
    if (t->silent_at.us != 0 && pm_mono_reached(now, t->silent_at)) {
        t->silent_at = (struct pm_mono){0};
        x->is_silent = true;
        int r = x->ops->take(x, NULL, 0);
        x->is_silent = false;
        if (r != 0)
            finish(t, r < 0 ? r : 0);
        else
            arm(t);
    } else if (!pm_mono_reached(now, t->deadline)) {
        arm(t);
    } else if (x->retries > 0) {
        x->retries--;
        x->sent_again = true;
        send_question(t);
    } else {
        finish(t, -ETIMEDOUT);
    }
}

static void on_time(struct pm_timer *timer)
{
    struct pm_talk *t = timer->owner;
    if (t->state == WAITING) {
        on_deadline(t);
    } else if (t->state == PAUSING) {
        t->has_rested = true;
        if (t->sent > 0 && t->sent < first(t)->n)
            send_piece(t);
        else
            send_question(t);
    } else if (t->state == SETTLING) {
        if (t->cursor == t->connection->journal.end || ++t->settled == PM_EXCHANGE_SETTLE_MAX)
            send_question(t);
        else
            settle(t);
    }
    run(t);
}

static struct pm_talk *talk_of(struct pm_api *a, struct pm_connection *c, bool urgent)
{
    struct pm_talk **place = urgent ? &c->urgent_talk : &c->talk, *t = *place ? *place : calloc(1, sizeof(*t));
    if (!t || *place)
        return t;
    t->connection = c;
    pm_list_init(&t->queue);
    pm_timer_init(&t->timer, a->loop, on_time, t);
    *place = t;
    return t;
}

/* End what is under way and what waits; what is being handed over to the driver, a moment later. */
static void cancel(struct pm_talk *t)
{
    struct pm_exchange *sending = t && t->state == SENDING ? first(t) : NULL;
    if (!t)
        return;
    if (sending) {
        pm_list_remove(&sending->link);
        t->n--;
    }
    while (!pm_list_empty(&t->queue))
        finish(t, -EINTR);
    if (!sending)
        return;
    pm_list_append(&t->queue, &sending->link);
    t->n++;
    t->state = SENDING;
    t->cancelled = true;
}

void pm_exchange_start(struct pm_api *a, struct pm_exchange *x)
{
    if (x->cancels)
        cancel(x->connection->talk);
    struct pm_talk *t = talk_of(a, x->connection, x->urgent);
    x->of_client = x->request->client != NULL;
    pm_list_init(&x->link);
    if (x->of_client)
        pm_list_append(&x->request->client->requests, &x->request->link);
    if (!t || t->n == PM_EXCHANGES_MAX) {
        end(x, t ? -ENOBUFS : -ENOMEM);
        return;
    }
    pm_list_append(&t->queue, &x->link);
    t->n++;
    run(t);
}

uint8_t pm_exchange_sequence(struct pm_api *a, struct pm_connection *c)
{
    struct pm_talk *t = talk_of(a, c, false);
    return t ? t->sequence++ : 0;
}

/* ---- what failed ---- */

void pm_exchange_fail(const struct pm_exchange *x, int error)
{
    struct pm_api_request *r = x->request;
    const char *name = x->connection->name;
    json_t *sent = json_pack("{s:I}", "bytes", (json_int_t)(x->sent ? x->n : 0));
    if (error == -ETIMEDOUT)
        pm_api_fail_with(r, PM_TIMEOUT, sent, "\"%s\" did not answer within %u ms%s.", name, (unsigned)x->timeout_ms,
                         x->sent_again ? ", each time it was asked" : "");
    else if (error == -ENODEV)
        pm_api_fail_with(r, PM_DEVICE_GONE, sent, "The device of \"%s\" is not there, or went away.", name);
    else if (error == -ENOBUFS)
        pm_api_fail_with(r, PM_QUEUE_FULL, sent, "Too much waits for the device of \"%s\" already.", name);
    else if (error == -EINTR)
        pm_api_fail_with(r, PM_DISCARDED, sent, "Another command to \"%s\" ended this one.", name);
    else if (error == -ECANCELED)
        pm_api_fail_with(r, PM_DISCARDED, sent, "Somebody discarded what was to be sent to \"%s\".", name);
    else
        pm_api_fail_with(r, pm_error_of(error), sent, "The exchange with \"%s\" failed.", name);
}

void pm_wrong_note(struct pm_wrong *w, enum pm_error error, const uint8_t *p, size_t n)
{
    w->error = error;
    w->came.n = 0;
    pm_bytes_append(&w->came, p, n < w->came.max ? n : w->came.max);
}

void pm_wrong_fail(struct pm_wrong *w, const struct pm_exchange *x, int error, const uint8_t *held, size_t n)
{
    static const char *const says[PM_ERRORS] = {
        [PM_BAD_CHECKSUM] = "is damaged: its checksum is wrong",
        [PM_TRUNCATED] = "is not complete",
        [PM_UNEXPECTED_ANSWER] = "is none to this command, or not of a known form",
    };
    if (w->error == PM_OK && n > 0)
        pm_wrong_note(w, PM_TRUNCATED, held, n);
    if (error != -ETIMEDOUT || w->error == PM_OK) {
        pm_exchange_fail(x, error);
        return;
    }
    pm_api_fail_with(x->request, w->error, json_pack("{s:o}", "received", pm_hex_json(w->came.p, w->came.n)),
                     "The answer of \"%s\" %s. No other came within %u ms.", x->connection->name, says[w->error],
                     (unsigned)x->timeout_ms);
}

void pm_wrong_fini(struct pm_wrong *w)
{
    pm_bytes_fini(&w->came);
}

json_t *pm_hex_json(const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * PM_HEX_SHOWN];
    n = n < PM_HEX_SHOWN ? n : PM_HEX_SHOWN;
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[p[i] >> 4];
        text[2 * i + 1] = digits[p[i] & 15];
    }
    return json_stringn(text, 2 * n);
}

/* ---- news of the connection ---- */

static void on_rx(struct pm_talk *t)
{
    if (!t || t->state != WAITING)
        return;
    feed(t);
    run(t);
}

void pm_exchanges_rx(struct pm_connection *c)
{
    on_rx(c->urgent_talk);
    on_rx(c->talk);
}

static void on_gone(struct pm_talk *t)
{
    if (!t)
        return;
    if (t->state == WAITING || t->state == SETTLING || t->state == PAUSING)
        finish(t, -ENODEV);
    t->stale = false;
    run(t); /* what is queued fails to be written */
}

void pm_exchanges_fail(struct pm_connection *c)
{
    on_gone(c->urgent_talk);
    on_gone(c->talk);
}

static void on_closed(void *owner)
{
    free(owner);
}

static void close_talk(struct pm_talk *t)
{
    if (!t)
        return;
    while (!pm_list_empty(&t->queue)) /* also those that would have to wait for their turn: it does not come */
        finish(t, -ENODEV);
    pm_timer_close(&t->timer, on_closed);
}

void pm_exchanges_close(struct pm_connection *c)
{
    struct pm_talk *urgent = c->urgent_talk, *talk = c->talk;
    c->urgent_talk = c->talk = NULL;
    close_talk(urgent);
    close_talk(talk);
}
