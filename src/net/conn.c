/* conn.c - see conn.h; the life of a connection and the way of its bytes to and from the socket. */
#include "net/conn_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TLS_HANDSHAKE = 22 }; /* the type of a record */

static void on_handle_closed(void *owner)
{
    struct pm_conn *c = owner;
    if (--c->handles == 0)
        free(c);
}

void pm_conn_drop(struct pm_conn *c)
{
    if (c->state == PM_CONN_CLOSED)
        return;
    c->state = PM_CONN_CLOSED;
    pm_turn_cancel(&c->flush);
    pm_conn_http_free(c);
    pm_bytes_fini(&c->message);
    pm_bytes_fini(&c->ping);
    pm_outq_clear(&c->out, &c->server->pool);
    pm_server_forget(c->server, c);
    pm_watch_close(&c->watch, on_handle_closed);
    pm_timer_close(&c->timer, on_handle_closed);
    pm_wire_close(&c->wire);
}

void pm_conn_lost(struct pm_conn *c)
{
    void *owner = c->owner;
    enum pm_conn_state state = c->state;
    bool waiting = state == PM_CONN_HTTP && owner;
    pm_conn_drop(c);
    c->owner = NULL;
    if (waiting)
        c->ops.exchange->on_gone(owner, c);
    else if (state == PM_CONN_WEBSOCKET && owner)
        c->ops.socket->on_gone(owner, c);
}

void pm_conn_deadline(struct pm_conn *c, uint32_t ms)
{
    if (ms == 0)
        pm_timer_stop(&c->timer);
    else
        pm_timer_set(&c->timer, pm_mono_add_ms(pm_loop_now(), ms));
}

/* What the timer means follows from what the connection waits for. */
static void on_time(struct pm_timer *t)
{
    struct pm_conn *c = t->owner;
    if (c->state == PM_CONN_HTTP && !c->blocked)
        pm_conn_http_late(c);
    else
        pm_conn_lost(c); /* it takes nothing, does not answer our close, or its owner's time is over */
}

void pm_conn_update(struct pm_conn *c)
{
    bool held = c->state == PM_CONN_HTTP && c->http->phase == PM_PHASE_ANSWER;
    bool full = (c->congested || c->paused) && c->state != PM_CONN_LINGER;
    unsigned wanted = (held || full || c->ended ? 0 : PM_LOOP_READ) | (held && !c->half_open ? PM_LOOP_HANGUP : 0) |
                      (c->blocked ? PM_LOOP_WRITE : 0);
    if (wanted == c->watched)
        return;
    c->watched = wanted;
    pm_watch_set(&c->watch, wanted);
}

void pm_conn_pause(struct pm_conn *c, bool paused)
{
    c->paused = paused;
    if (c->state != PM_CONN_CLOSED)
        pm_conn_update(c);
}

void pm_conn_linger(struct pm_conn *c)
{
    c->state = PM_CONN_LINGER;
    c->owner = NULL;
    pm_conn_deadline(c, c->server->options.close_ms);
    pm_turn_ask(&c->flush, c->server->loop);
}

/* The queue went down: let the sources go on. */
static void check_marks(struct pm_conn *c)
{
    const struct pm_server_options *o = &c->server->options;
    if ((!c->congested && !c->awaited) || c->out.queued > o->queue_low)
        return;
    c->congested = c->awaited = false;
    if (c->state == PM_CONN_WEBSOCKET && c->owner)
        c->ops.socket->on_drained(c->owner, c);
    else if (c->state == PM_CONN_HTTP && c->owner && c->ops.exchange->on_drained)
        c->ops.exchange->on_drained(c->owner, c);
}

/* How long the client may take for what comes next, now that it has everything that was queued. */
static uint32_t time_unblocked(const struct pm_conn *c)
{
    if (c->state == PM_CONN_LINGER || c->closing)
        return c->server->options.close_ms;
    return c->state == PM_CONN_HTTP && c->http->phase == PM_PHASE_HEAD ? c->server->options.idle_ms : 0;
}

bool pm_conn_has_room(struct pm_conn *c)
{
    c->awaited = c->out.queued > c->server->options.queue_low;
    return !c->awaited;
}

/* A queue over its maximum ends the connection, also before it is written: it may have a hole. */
static void flush(struct pm_conn *c)
{
    size_t before = c->out.queued;
    int r = before > c->server->options.queue_max ? -ENOBUFS : pm_outq_write(&c->out, &c->server->pool, &c->wire);
    if (r < 0) {
        pm_conn_lost(c);
        return;
    }
    bool was_blocked = c->blocked;
    c->blocked = r == 1;
    if (c->pong_behind > 0)
        pm_conn_ws_written(c, before - c->out.queued);
    if (c->blocked && (!was_blocked || c->out.queued < before))
        pm_conn_deadline(c, c->server->options.stall_ms);
    else if (was_blocked && !c->blocked)
        pm_conn_deadline(c, time_unblocked(c));
    if (c->state == PM_CONN_LINGER && !c->blocked) {
        if (c->ended) {
            pm_conn_drop(c);
            return;
        }
        pm_wire_shutdown(&c->wire);
    }
    check_marks(c);
    if (c->state != PM_CONN_CLOSED)
        pm_conn_update(c);
}

static void on_flush(struct pm_turn *t)
{
    struct pm_conn *c = pm_container(t, struct pm_conn, flush);
    if (!c->blocked || c->out.queued > c->server->options.queue_max)
        flush(c);
    if (c->state == PM_CONN_HTTP && !c->congested)
        pm_conn_http_resume(c);
}

/* The socket takes bytes again. */
static void on_writable(struct pm_conn *c)
{
    flush(c);
    if (c->state == PM_CONN_HTTP && !c->congested)
        pm_conn_http_resume(c);
}

void pm_conn_queued(struct pm_conn *c, int r)
{
    const struct pm_server_options *o = &c->server->options;
    if (r < 0)
        c->out.queued = o->queue_max + 1; /* a frame with a hole in it: the connection cannot go on */
    if (c->out.queued > o->queue_high)
        c->congested = true;
    if (!c->busy)
        pm_turn_ask(&c->flush, c->server->loop);
}

void pm_conn_queue(struct pm_conn *c, const void *p, size_t n)
{
    pm_conn_queued(c, pm_outq_copy(&c->out, &c->server->pool, p, n));
}

static void take_input(struct pm_conn *c, size_t n)
{
    c->busy = true;
    if (!c->had_input) {
        c->server->counts.tls_for_plain += c->server->buffer[0] == TLS_HANDSHAKE;
        pm_server_heard(c->server, c);
    }
    c->had_input = true;
    if (c->state == PM_CONN_HTTP)
        pm_conn_http_input(c, c->server->buffer, n);
    else if (c->state == PM_CONN_WEBSOCKET)
        pm_conn_ws_input(c, c->server->buffer, n);
    c->busy = false;
    if (c->state != PM_CONN_CLOSED && c->out.queued > 0)
        on_flush(&c->flush);
    if (c->state != PM_CONN_CLOSED)
        pm_conn_update(c);
}

/* The client sent its FIN. It may have done so behind a request whose answer is still on its way; but in the middle of
 * one there is somebody who waits for the rest of its body, and is told that it will not come. */
static void on_end(struct pm_conn *c)
{
    c->ended = true;
    if (c->state == PM_CONN_WEBSOCKET || c->owner || c->out.queued == 0) {
        pm_conn_lost(c);
        return;
    }
    if (c->state == PM_CONN_HTTP)
        pm_conn_linger(c);
    pm_conn_update(c);
}

/* ---- TLS ---- */

/* A browser that was given the wrong address shows this. */
static void answer_plain(struct pm_conn *c)
{
    static const struct pm_http_refusal why = {400, "https-required",
                                               "This port speaks https: put https:// in front of its address."};
    c->server->counts.plain_for_tls++;
    c->secure = false;
    pm_conn_refuse(c, &why);
}

/* How many handshakes other machines have in a second is bounded: nobody else waits for them. */
static bool may_shake(const struct pm_conn *c)
{
    struct pm_server *s = c->server;
    int64_t second = pm_loop_now().us / 1000000;
    if (!c->peer.network)
        return true;
    if (second != s->handshake_second)
        s->handshakes = 0;
    s->handshake_second = second;
    return s->handshakes++ < s->options.handshakes;
}

/* The first byte tells a handshake (RFC 8446 5.1) from a request that was meant for a plain port. Nothing is spent on
 * TLS before it has come. True if there is a session to read from. */
static bool begin_tls(struct pm_conn *c)
{
    uint8_t first;
    ssize_t n = recv(c->wire.fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n == 1 && first == TLS_HANDSHAKE && may_shake(c) &&
        pm_tls_accept(c->server->tls, c->wire.fd, &c->wire.tls) == 0) {
        pm_conn_deadline(c, c->server->options.handshake_ms);
        return true;
    }
    if (n == 1 && first >= 'A' && first <= 'Z')
        answer_plain(c);
    else
        pm_conn_lost(c);
    return false;
}

/* After reading, which does the handshake. Until there is a byte of the client's own it is one that says nothing. */
static void watch_handshake(struct pm_conn *c, ssize_t result)
{
    c->shaken = pm_tls_is_open(c->wire.tls);
    c->blocked = result == -EINPROGRESS;
    if (c->shaken)
        pm_conn_deadline(c, c->server->options.first_byte_ms);
    else if (result != -EAGAIN && result != -EINPROGRESS)
        c->server->counts.handshakes_failed++;
    pm_conn_update(c);
}

static void read_some(struct pm_conn *c)
{
    if (c->secure && !c->wire.tls && !begin_tls(c))
        return;
    ssize_t n = pm_wire_read(&c->wire, c->server->buffer, sizeof(c->server->buffer));
    if (c->secure && !c->shaken)
        watch_handshake(c, n);
    if (n > 0)
        take_input(c, (size_t)n);
    else if (n == 0)
        on_end(c);
    else if (n != -EAGAIN && n != -EINPROGRESS)
        pm_conn_lost(c);
}

bool pm_conn_speaks(struct pm_conn *c)
{
    read_some(c);
    return c->had_input || c->state == PM_CONN_CLOSED;
}

static void on_hangup(struct pm_conn *c)
{
    if (c->state == PM_CONN_HTTP && c->http->phase != PM_PHASE_ANSWER)
        return; /* answered in this very turn: the end is read behind that */
    if (c->state != PM_CONN_HTTP || !c->ops.exchange->soon) {
        pm_conn_lost(c);
        return;
    }
    c->half_open = true;
    pm_conn_update(c);
}

static void on_ready(struct pm_watch *w, unsigned events)
{
    struct pm_conn *c = w->owner;
    if (events & PM_LOOP_WRITE)
        on_writable(c);
    if ((events & PM_LOOP_WRITE) && c->secure && !c->shaken && c->state != PM_CONN_CLOSED)
        read_some(c);
    if (c->state == PM_CONN_CLOSED)
        return;
    if ((events & PM_LOOP_READ) && (c->watched & PM_LOOP_READ))
        read_some(c);
    else if (events & PM_LOOP_HANGUP)
        on_hangup(c);
}

bool pm_conn_hung_up(const struct pm_conn *c)
{
    return pm_wire_hung_up(&c->wire);
}

int pm_conn_new(struct pm_server *s, int fd, bool secure, struct pm_conn **ret)
{
    struct pm_conn *c = calloc(1, sizeof(*c));
    if (!c) {
        close(fd);
        return -ENOMEM;
    }
    c->server = s;
    c->wire.fd = fd;
    c->secure = secure;
    pm_list_init(&c->link);
    int one = 1, unsent = s->options.unsent_kernel;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
    int r = pm_conn_http_new(c);
    if (r == 0)
        r = pm_watch_init(&c->watch, s->loop, fd, on_ready, c);
    if (r < 0) {
        pm_conn_http_free(c);
        free(c);
        close(fd);
        return r;
    }
    pm_timer_init(&c->timer, s->loop, on_time, c);
    pm_turn_init(&c->flush, on_flush);
    c->handles = 2;
    pm_conn_deadline(c, s->options.first_byte_ms);
    pm_conn_update(c);
    *ret = c;
    return 0;
}
