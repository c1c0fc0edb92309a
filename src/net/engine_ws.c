/* engine_ws.c - see engine.h; the WebSocket as a session's transport, and the upgrade from polling to it. */
#include "net/engine_private.h"

#include <string.h>

void pm_session_send_ws(struct pm_session *s, enum pm_eio_type type, struct pm_message *m)
{
    if (!s->ws)
        return;
    if (!m) {
        char digit = (char)('0' + type);
        pm_conn_send_text(s->ws, &digit, 1);
    } else if (m->binary && s->base64) {
        pm_conn_send_base64(s->ws, s->version, m);
    } else {
        pm_conn_send_message(s->ws, s->version, m);
    }
}

static void on_message(void *owner, struct pm_conn *c, bool binary, uint8_t *p, size_t n)
{
    struct pm_session *s = owner;
    struct pm_eio_packet packet;
    (void)c;
    int r = binary ? pm_eio_read_binary(s->version, p, n, &packet) : pm_eio_read_text(s->version, p, n, &packet);
    if (r < 0)
        pm_session_close(s, PM_CLOSED_PARSE);
    else
        pm_session_take(s, &packet);
}

static void on_drained(void *owner, struct pm_conn *c)
{
    struct pm_session *s = owner;
    (void)c;
    if (s->app)
        s->engine->ops->on_drained(s->app, s);
}

static void on_gone(void *owner, struct pm_conn *c)
{
    struct pm_session *s = owner;
    (void)c;
    s->ws = NULL;
    pm_session_close(s, PM_CLOSED_TRANSPORT);
}

static const struct pm_ws_ops transport_ops = {on_message, on_drained, on_gone};

/* What waited for the transport goes out on it, once and in order: nobody is asked for more before all of it has. */
static void send_queued(struct pm_session *s)
{
    while (s->first) {
        pm_session_send_ws(s, s->first->type, s->first->message);
        pm_session_shift(s);
    }
    pm_session_check_drained(s);
}

void pm_session_on_websocket(struct pm_session *s, struct pm_conn *c, const struct pm_http_head *head)
{
    char open[1 + PM_EIO_HANDSHAKE_MAX];
    if (!pm_conn_upgrade(c, head, &transport_ops, s)) {
        pm_session_close(s, PM_CLOSED_TRANSPORT);
        return;
    }
    s->transport = PM_TRANSPORT_WEBSOCKET;
    s->ws = c;
    open[0] = '0' + PM_EIO_OPEN;
    pm_conn_send_text(c, open, 1 + pm_session_handshake(s, false, open + 1));
    send_queued(s);
}

/* ---- upgrade ---- */

static void end_probe(struct pm_session *s)
{
    s->probe = NULL;
    s->probe_answered = false;
}

static void take_over(struct pm_session *s, struct pm_conn *c)
{
    end_probe(s);
    pm_conn_expire_cancel(c);
    pm_conn_set_ws_owner(c, &transport_ops, s);
    s->transport = PM_TRANSPORT_WEBSOCKET;
    s->ws = c;
    pm_conn_pause(c, s->paused != 0);
    pm_session_release_poll(s);
    send_queued(s);
}

static void on_probe_message(void *owner, struct pm_conn *c, bool binary, uint8_t *p, size_t n)
{
    struct pm_session *s = owner;
    if (!binary && n == 6 && memcmp(p, "2probe", 6) == 0) {
        pm_conn_send_text(c, "3probe", 6);
        s->probe_answered = true;
        if (s->poll)
            pm_session_answer_poll(s); /* the client waits for its poll before it goes on */
    } else if (!binary && n == 1 && *p == '0' + PM_EIO_UPGRADE) {
        take_over(s, c);
    } else {
        end_probe(s);
        pm_conn_close_ws(c, PM_WS_NO_STATUS, "");
    }
}

static void on_probe_drained(void *owner, struct pm_conn *c)
{
    (void)owner, (void)c; /* nothing is sent on a probe that could fill it */
}

static void on_probe_gone(void *owner, struct pm_conn *c)
{
    (void)c;
    end_probe(owner);
}

static const struct pm_ws_ops probe_ops = {on_probe_message, on_probe_drained, on_probe_gone};

void pm_session_on_upgrade(struct pm_session *s, struct pm_conn *c, const struct pm_http_head *head)
{
    static const struct pm_http_refusal foreign = {403, "origin-bad",
                                                   "The upgrade comes from another origin than the handshake."};
    if (!pm_session_same_origin(s, head)) {
        pm_conn_refuse(c, &foreign);
    } else if (pm_conn_upgrade(c, head, &probe_ops, s)) {
        s->probe = c;
        pm_conn_expire(c, pm_mono_add_ms(pm_loop_now(), s->engine->options.upgrade_timeout_ms));
    }
}
