/* conn_ws.c - see conn.h; frames in and out. A message that comes whole in one read is handed over where it lies. */
#include "net/conn_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pm_conn_ws_start(struct pm_conn *c, bool deflate)
{
    const struct pm_server_options *o = &c->server->options;
    c->state = PM_CONN_WEBSOCKET;
    c->message = pm_bytes_empty(o->ws.message);
    c->ping = pm_bytes_empty(PM_WS_CONTROL_MAX);
    pm_ws_reader_init(&c->ws, PM_WS_SERVER, o->ws);
    c->ws.may_deflate = deflate;
    pm_conn_deadline(c, 0);
    pm_conn_update(c);
}

static void send_frame(struct pm_conn *c, enum pm_ws_opcode opcode, const void *p, size_t n)
{
    uint8_t head[PM_WS_HEAD_MAX];
    size_t head_n = pm_ws_frame_head(head, opcode, false, n);
    pm_conn_queue(c, head, head_n);
    pm_conn_queue(c, p, n);
}

void pm_conn_send_text(struct pm_conn *c, const void *p, size_t n)
{
    if (c->state == PM_CONN_WEBSOCKET)
        send_frame(c, PM_WS_TEXT, p, n);
}

void pm_conn_send_message(struct pm_conn *c, enum pm_eio_version version, struct pm_message *m)
{
    if (c->state != PM_CONN_WEBSOCKET)
        return;
    const struct pm_block *packed = c->ws.may_deflate ? pm_message_deflated(m, version, c->server->deflate) : NULL;
    if (packed) {
        pm_conn_queue(c, packed->bytes, packed->n);
        return;
    }
    const uint8_t *from = m->bytes + m->frame_at;
    if (m->binary && version == PM_EIO_3) {
        uint8_t head[PM_WS_HEAD_MAX + 1];
        size_t n = pm_ws_frame_head(head, PM_WS_BINARY, false, m->n + 1);
        head[n++] = PM_EIO_MESSAGE;
        pm_conn_queue(c, head, n);
        from = pm_message_payload(m);
    }
    size_t n = (size_t)(pm_message_payload(m) + m->n - from);
    pm_conn_queued(c, pm_outq_share(&c->out, &c->server->pool, m, from, n));
}

bool pm_conn_sends_plain(const struct pm_conn *c)
{
    return c->state == PM_CONN_WEBSOCKET && !c->ws.may_deflate;
}

void pm_conn_send_base64(struct pm_conn *c, enum pm_eio_version version, struct pm_message *m)
{
    if (c->state != PM_CONN_WEBSOCKET)
        return;
    char *text = malloc(pm_eio_base64_bound(m->n));
    if (text)
        send_frame(c, PM_WS_TEXT, text, pm_eio_base64_write(version, pm_message_payload(m), m->n, text));
    else
        pm_conn_queued(c, -ENOMEM);
    free(text);
}

static void send_close(struct pm_conn *c, enum pm_ws_status status, const char *reason)
{
    uint8_t body[PM_WS_CONTROL_MAX] = {(uint8_t)(status >> 8), (uint8_t)status};
    size_t n = strnlen(reason, sizeof(body) - 2);
    memcpy(body + 2, reason, n);
    send_frame(c, PM_WS_CLOSE, body, status == PM_WS_NO_STATUS ? 0 : n + 2);
}

/* When it is we who close. */
static void note_limit(struct pm_conn *c, enum pm_ws_status status, const char *reason)
{
    if (status == PM_WS_POLICY || status == PM_WS_TOO_BIG)
        pm_server_met_limit(c->server, c, reason);
}

void pm_conn_close_ws(struct pm_conn *c, enum pm_ws_status status, const char *reason)
{
    if (c->state != PM_CONN_WEBSOCKET || c->closing)
        return;
    note_limit(c, status, reason);
    send_close(c, status, reason);
    c->owner = NULL;
    c->closing = true;
    pm_bytes_fini(&c->message);
    pm_conn_deadline(c, c->server->options.close_ms);
}

void pm_conn_set_ws_owner(struct pm_conn *c, const struct pm_ws_ops *ops, void *owner)
{
    c->ops.socket = ops;
    c->owner = owner;
}

void pm_conn_expire(struct pm_conn *c, struct pm_mono when)
{
    pm_timer_set(&c->timer, when);
}

void pm_conn_expire_cancel(struct pm_conn *c)
{
    pm_timer_stop(&c->timer);
}

/* The end of the WebSocket, begun by the client or forced by what it sent. */
static void finish(struct pm_conn *c, enum pm_ws_status status, const char *reason)
{
    const struct pm_ws_ops *ops = c->ops.socket;
    void *owner = c->owner;
    if (!c->closing)
        send_close(c, status, reason);
    pm_conn_linger(c);
    if (owner)
        ops->on_gone(owner, c);
}

static void refuse(struct pm_conn *c, enum pm_ws_status status, const char *reason)
{
    note_limit(c, status, reason);
    finish(c, status, reason);
}

/* The codec refuses for the limits of messages alone. */
static void refuse_message(struct pm_conn *c, enum pm_ws_status status)
{
    refuse(c, status,
           status == PM_WS_TOO_BIG  ? "The message is larger than --message-size allows."
           : status == PM_WS_POLICY ? "The message has more --fragments than are allowed."
                                    : "");
}

/* False if the client sends more pings and pongs than anybody needs. */
static bool count_control(struct pm_conn *c)
{
    int64_t second = pm_loop_now().us / 1000000;
    if (second != c->control_second) {
        c->control_second = second;
        c->control_frames = 0;
    }
    return ++c->control_frames <= c->server->options.control_frames;
}

static void send_pong(struct pm_conn *c, const void *p, size_t n)
{
    send_frame(c, PM_WS_PONG, p, n);
    c->pong_behind = c->blocked ? c->out.queued : 0;
}

/* While the client does not read, one pong waits for it, and then the newest ping gets the next one (5.5.3). */
static void on_ping(struct pm_conn *c, const void *p, size_t n)
{
    if (c->pong_behind == 0) {
        send_pong(c, p, n);
        return;
    }
    c->ping.n = 0;
    c->pinged = pm_bytes_append(&c->ping, p, n) == 0;
}

void pm_conn_ws_written(struct pm_conn *c, size_t n)
{
    c->pong_behind -= n < c->pong_behind ? n : c->pong_behind;
    if (c->pong_behind > 0 || !c->pinged || c->state != PM_CONN_WEBSOCKET || c->closing)
        return;
    c->pinged = false;
    send_pong(c, c->ping.p, c->ping.n);
    pm_bytes_fini(&c->ping);
}

static void on_control(struct pm_conn *c, const struct pm_ws_event *ev)
{
    if (ev->opcode == PM_WS_CLOSE)
        finish(c, (enum pm_ws_status)ev->status, "");
    else if (!count_control(c))
        refuse(c, PM_WS_POLICY, "More pings and pongs came than --control-frames allows.");
    else if (ev->opcode == PM_WS_PING && !c->closing)
        on_ping(c, ev->data, ev->n);
}

static void deliver_inflated(struct pm_conn *c, bool binary, const struct pm_bytes *packed)
{
    struct pm_bytes message = pm_bytes_empty(packed->max); /* the limit is for what it becomes */
    int r = pm_inflate_message(c->server->deflate, packed->p, packed->n, &message);
    if (r < 0)
        refuse_message(c, r == -EPROTO ? PM_WS_PROTOCOL_ERROR : PM_WS_TOO_BIG);
    else if (!binary && !pm_utf8_valid(message.p, message.n))
        refuse_message(c, PM_WS_BAD_DATA);
    else
        c->ops.socket->on_message(c->owner, c, binary, message.p, message.n);
    pm_bytes_fini(&message);
}

static void deliver(struct pm_conn *c, const struct pm_ws_event *ev)
{
    bool binary = ev->opcode == PM_WS_BINARY;
    if (c->closing)
        return;
    if (c->message.n == 0 && ev->last && !ev->deflated) {
        c->ops.socket->on_message(c->owner, c, binary, (uint8_t *)(uintptr_t)ev->data, ev->n);
        return;
    }
    if (c->message.n == 0 && pm_bytes_reserve(&c->message, ev->expect < PM_READ_BUFFER ? ev->expect : ev->n) < 0) {
        refuse_message(c, PM_WS_TOO_BIG);
        return;
    }
    if (pm_bytes_append(&c->message, ev->data, ev->n) < 0) {
        refuse_message(c, PM_WS_TOO_BIG);
        return;
    }
    if (!ev->last)
        return;
    struct pm_bytes whole = c->message; /* its reader may close the connection, or send us into the next message */
    c->message = pm_bytes_empty(whole.max);
    if (ev->deflated)
        deliver_inflated(c, binary, &whole);
    else
        c->ops.socket->on_message(c->owner, c, binary, whole.p, whole.n);
    pm_bytes_fini(&whole);
}

void pm_conn_ws_input(struct pm_conn *c, uint8_t *p, size_t n)
{
    while (c->state == PM_CONN_WEBSOCKET) {
        struct pm_ws_event ev;
        ssize_t used = pm_ws_read(&c->ws, p, n, &ev);
        if (used < 0) {
            refuse_message(c, (enum pm_ws_status)c->ws.fail_status);
            return;
        }
        p += used;
        n -= (size_t)used;
        if (ev.type == PM_WS_NOTHING)
            return;
        if (ev.type == PM_WS_CONTROL)
            on_control(c, &ev);
        else
            deliver(c, &ev);
    }
}
