/* engine_http.c - see engine.h; the requests under the engine's path: handshake, polls and posts. */
#include "net/engine_private.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum {
    PAYLOAD_MAX = INT32_MAX, /* of an answer; what bounds it is the queue */
    PAYLOAD_KEPT = 64 * 1024,
};

/* Error codes of Engine.IO, which clients read from the body. */
enum eio_error { UNKNOWN_TRANSPORT, UNKNOWN_SID, BAD_METHOD, BAD_REQUEST, FORBIDDEN, UNSUPPORTED_VERSION };

static const char *const error_texts[] = {
    [UNKNOWN_TRANSPORT] = "Transport unknown",
    [UNKNOWN_SID] = "Session ID unknown",
    [BAD_METHOD] = "Bad handshake method",
    [BAD_REQUEST] = "Bad request",
    [FORBIDDEN] = "Forbidden",
    [UNSUPPORTED_VERSION] = "Unsupported protocol version",
};

static const char *const error_bodies[] = {
    [UNKNOWN_TRANSPORT] = "{\"code\":0,\"message\":\"Transport unknown\"}",
    [UNKNOWN_SID] = "{\"code\":1,\"message\":\"Session ID unknown\"}",
    [BAD_METHOD] = "{\"code\":2,\"message\":\"Bad handshake method\"}",
    [BAD_REQUEST] = "{\"code\":3,\"message\":\"Bad request\"}",
    [FORBIDDEN] = "{\"code\":4,\"message\":\"Forbidden\"}",
    [UNSUPPORTED_VERSION] = "{\"code\":5,\"message\":\"Unsupported protocol version\"}",
};

/* What the query of a request says. */
struct query {
    bool polling, websocket, odd_transport; /* odd: missing or unknown */
    enum pm_eio_version version;            /* 0 if not exactly 3 or 4, once */
    bool base64, jsonp;
    char sid[PM_IDENT_LENGTH];
    size_t sid_n; /* 0: none given */
    bool sid_odd; /* of a length that no id has */
};

static bool is_text(const char *p, size_t n, const char *text)
{
    return n == strlen(text) && memcmp(p, text, n) == 0;
}

static void read_query(struct pm_http_text text, struct query *q)
{
    char value[64];
    size_t n = 0;
    *q = (struct query){0};
    if (pm_http_query(text, "transport", value, sizeof(value), &n) > 0) {
        q->polling = is_text(value, n, "polling");
        q->websocket = is_text(value, n, "websocket");
    }
    q->odd_transport = !q->polling && !q->websocket;
    if (pm_http_query(text, "EIO", value, sizeof(value), &n) == 1)
        q->version = is_text(value, n, "3") ? PM_EIO_3 : is_text(value, n, "4") ? PM_EIO_4 : 0;
    int r = pm_http_query(text, "sid", value, sizeof(value), &n);
    q->sid_odd = r < 0 || (r > 0 && n > 0 && n != PM_IDENT_LENGTH);
    if (r > 0 && n == PM_IDENT_LENGTH) {
        memcpy(q->sid, value, n);
        q->sid_n = n;
    }
    r = pm_http_query(text, "b64", value, sizeof(value), &n);
    q->base64 = r < 0 || (r > 0 && n > 0);
    q->jsonp = pm_http_query(text, "j", value, sizeof(value), &n) != 0;
}

/* On an upgrade the same errors are text, and always 400: browsers show neither status nor body to the page. */
static void refuse(struct pm_conn *c, const struct pm_http_head *head, enum eio_error error)
{
    bool upgrade = head->upgrade_websocket;
    const char *body = upgrade ? error_texts[error] : error_bodies[error];
    pm_conn_respond(c, &(struct pm_response){.status = error == FORBIDDEN && !upgrade ? 403 : 400,
                                             .content_type = upgrade ? "text/html" : "application/json",
                                             .body = body,
                                             .n = strlen(body),
                                             .cors = !upgrade,
                                             .close = upgrade});
}

static void respond_empty(struct pm_conn *c, unsigned status)
{
    pm_conn_respond(c, &(struct pm_response){.status = status, .cors = true});
}

/* ---- polls ---- */

static void on_poll_gone(void *owner, struct pm_conn *c)
{
    struct pm_session *s = owner;
    (void)c;
    s->poll = NULL;
    pm_session_close(s, PM_CLOSED_TRANSPORT);
}

static void on_no_body(void *owner, struct pm_conn *c, uint8_t *p, size_t n)
{
    (void)owner, (void)c, (void)p, (void)n; /* a poll's body is never awaited */
}

static const struct pm_exchange_ops poll_ops = {.on_body = on_no_body, .on_gone = on_poll_gone};

static struct pm_eio_packet packet_of(const struct pm_queued *q)
{
    if (!q->message)
        return (struct pm_eio_packet){.type = q->type};
    return (struct pm_eio_packet){q->type, q->message->binary, pm_message_payload(q->message), q->message->n};
}

/* Version 3 clients that take raw binary get it raw, if there is any among the packets of this answer. */
static enum pm_eio_form choose_form(const struct pm_session *s)
{
    if (s->version == PM_EIO_4 || s->base64)
        return PM_EIO_FORM_TEXT;
    const struct pm_queued *q = s->first;
    for (unsigned i = 0; q && i < s->engine->options.packets_out; i++, q = q->next) {
        if (q->message && q->message->binary)
            return PM_EIO_FORM_BINARY;
    }
    return PM_EIO_FORM_TEXT;
}

/* Move packets from the queue to the payload, as many as one answer may hold; one at least. */
static enum pm_eio_form take_queued(struct pm_session *s, struct pm_bytes *payload)
{
    const struct pm_engine_options *o = &s->engine->options;
    enum pm_eio_form form = choose_form(s);
    unsigned count = 0;
    while (s->first && count < o->packets_out) {
        struct pm_eio_packet packet = packet_of(s->first);
        if (count > 0 && payload->n + packet.n > o->answer_bytes)
            break;
        if (pm_eio_payload_append(payload, s->version, form, &packet) < 0) {
            pm_session_abandon(s);
            break;
        }
        pm_session_unqueue(s);
        count++;
    }
    return form;
}

static void respond_payload(struct pm_conn *c, const struct pm_bytes *payload, enum pm_eio_form form)
{
    bool binary = form == PM_EIO_FORM_BINARY;
    pm_conn_respond(
        c, &(struct pm_response){.status = 200,
                                 .content_type = binary ? "application/octet-stream" : "text/plain; charset=UTF-8",
                                 .body = payload->p,
                                 .n = payload->n,
                                 .cors = true});
}

void pm_session_release_poll(struct pm_session *s)
{
    struct pm_bytes noop = pm_bytes_empty(64);
    struct pm_eio_packet packet = {.type = PM_EIO_NOOP};
    struct pm_conn *c = s->poll;
    s->poll = NULL;
    if (!c)
        return;
    if (pm_eio_payload_append(&noop, s->version, PM_EIO_FORM_TEXT, &packet) == 0)
        respond_payload(c, &noop, PM_EIO_FORM_TEXT);
    else
        pm_conn_drop(c);
    pm_bytes_fini(&noop);
}

static void keep_payload(struct pm_engine *e, struct pm_bytes *payload)
{
    if (payload->room > PAYLOAD_KEPT || e->payload.room > 0)
        pm_bytes_fini(payload);
    else
        e->payload = *payload;
}

void pm_session_answer_poll(struct pm_session *s)
{
    if (!s->first) {
        pm_session_release_poll(s);
        return;
    }
    struct pm_conn *c = s->poll;
    struct pm_engine *e = s->engine;
    struct pm_bytes payload = e->payload; /* taken out: what is told meanwhile may answer another poll */
    e->payload = pm_bytes_empty(PAYLOAD_MAX);
    payload.max = PAYLOAD_MAX;
    payload.n = 0;
    s->poll = NULL;
    enum pm_eio_form form = take_queued(s, &payload);
    if (payload.n > 0)
        respond_payload(c, &payload, form);
    else
        pm_conn_drop(c);
    keep_payload(e, &payload);
}

/* Two requests of one kind at once: the client lost track, and order could not be kept. */
static void refuse_overlap(struct pm_session *s, struct pm_conn *c)
{
    pm_session_close(s, PM_CLOSED_PARSE);
    respond_empty(c, 400);
}

static void on_poll(struct pm_session *s, struct pm_conn *c)
{
    if (s->poll) {
        refuse_overlap(s, c);
        return;
    }
    s->poll = c;
    pm_conn_hold(c, &poll_ops, s);
    if (s->first || s->probe_answered) /* while probing no poll may wait: the client would not go on */
        pm_session_answer_poll(s);
    if (s->closed && !s->first)
        pm_session_told(s);
}

/* ---- posts ---- */

static void respond_ok(struct pm_conn *c)
{
    pm_conn_respond(
        c, &(struct pm_response){.status = 200, .content_type = "text/html", .body = "ok", .n = 2, .cors = true});
}

static void respond_bad(struct pm_conn *c)
{
    const char *body = error_bodies[BAD_REQUEST];
    pm_conn_respond(
        c, &(struct pm_response){
               .status = 400, .content_type = "application/json", .body = body, .n = strlen(body), .cors = true});
}

void pm_session_release_post(struct pm_session *s)
{
    struct pm_conn *c = s->post;
    s->post = NULL;
    if (c)
        respond_ok(c);
}

static const struct pm_exchange_ops post_ops;

static void on_post_body(void *owner, struct pm_conn *c, uint8_t *p, size_t n)
{
    struct pm_session *s = owner;
    struct pm_eio_payload payload;
    struct pm_eio_packet packet;
    int r = 0;
    s->post = NULL; /* whatever the packets do to the session, this request is answered below */
    pm_eio_payload_init(&payload, s->version, s->binary_post, p, n, s->engine->options.packets_in);
    while (!s->closed && (r = pm_eio_payload_next(&payload, &packet)) > 0)
        pm_session_take(s, &packet);
    bool good = r >= 0 && (!s->closed || s->reason != PM_CLOSED_PARSE);
    if (r < 0)
        pm_session_close(s, PM_CLOSED_PARSE);
    if (!good) {
        respond_bad(c);
    } else if ((s->congested || s->paused) && !s->closed) {
        s->post = c;
        pm_conn_hold(c, &post_ops, s); /* answered when the queue is down: that slows this client, and only it */
    } else {
        respond_ok(c);
    }
}

static void on_post_gone(void *owner, struct pm_conn *c)
{
    struct pm_session *s = owner;
    (void)c;
    s->post = NULL;
    pm_session_close(s, PM_CLOSED_TRANSPORT);
}

static const struct pm_exchange_ops post_ops = {.on_body = on_post_body, .on_gone = on_post_gone};

static bool is_octet_stream(const struct pm_http_head *head)
{
    static const char type[] = "application/octet-stream";
    return head->content_type.n >= sizeof(type) - 1 && strncasecmp(head->content_type.p, type, sizeof(type) - 1) == 0;
}

static void on_post(struct pm_session *s, struct pm_conn *c, const struct pm_http_head *head)
{
    if (s->post || s->closed) {
        refuse_overlap(s, c);
        return;
    }
    s->binary_post = is_octet_stream(head);
    if (s->binary_post && s->version == PM_EIO_4) {
        pm_session_close(s, PM_CLOSED_PARSE);
        respond_empty(c, 400);
        return;
    }
    s->post = c;
    pm_conn_await_body(c, &post_ops, s);
}

/* ---- dispatch ---- */

/* The handshake alone, whatever was queued on opening: there are clients that read one packet from this answer. */
static void answer_handshake(struct pm_session *s, struct pm_conn *c)
{
    char handshake[PM_EIO_HANDSHAKE_MAX];
    struct pm_eio_packet open = {.type = PM_EIO_OPEN, .data = (uint8_t *)handshake};
    open.n = pm_session_handshake(s, true, handshake);
    struct pm_bytes payload = pm_bytes_empty(PAYLOAD_MAX);
    if (pm_eio_payload_append(&payload, s->version, PM_EIO_FORM_TEXT, &open) < 0) {
        pm_session_abandon(s);
        pm_conn_drop(c);
        return;
    }
    respond_payload(c, &payload, PM_EIO_FORM_TEXT);
    pm_bytes_fini(&payload);
}

static void on_handshake(struct pm_engine *e, struct pm_conn *c, const struct pm_http_head *head, const struct query *q)
{
    static const struct pm_http_refusal full = {
        503, "too-many-connections",
        "Too many clients have not said yet what they want. Try again, or start "
        "peripheral-manager with a larger --unadmitted."};
    struct pm_session *s;
    int r = pm_session_new(e, q->version, &s);
    if (r < 0) {
        pm_conn_refuse(c, &full);
        return;
    }
    s->base64 = q->base64;
    r = pm_session_keep_origin(s, head);
    if (r == 0)
        r = e->ops->on_open(e->owner, s, head, &s->app);
    if (r < 0) {
        pm_session_close(s, PM_CLOSED_TRANSPORT);
        refuse(c, head, FORBIDDEN);
        return;
    }
    if (head->upgrade_websocket)
        pm_session_on_websocket(s, c, head);
    else
        answer_handshake(s, c);
}

static void on_preflight(struct pm_conn *c)
{
    pm_conn_respond(c, &(struct pm_response){
                           .status = 204,
                           .fields = "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"
                                     "Access-Control-Allow-Headers: content-type, authorization, x-requested-with\r\n"
                                     "Access-Control-Max-Age: 600\r\n",
                           .cors = true});
}

/* A request for a session that exists already. */
static void on_session_request(struct pm_session *s, struct pm_conn *c, const struct pm_http_head *head,
                               const struct query *q)
{
    if (q->version != s->version) {
        refuse(c, head, BAD_REQUEST);
    } else if (head->upgrade_websocket) {
        if (s->transport == PM_TRANSPORT_POLLING && !s->probe && !s->closed)
            pm_session_on_upgrade(s, c, head);
        else
            refuse(c, head, BAD_REQUEST);
    } else if (!q->polling || s->transport != PM_TRANSPORT_POLLING) {
        refuse(c, head, BAD_REQUEST);
    } else if (head->method == PM_HTTP_GET) {
        on_poll(s, c);
    } else if (head->method == PM_HTTP_POST) {
        on_post(s, c, head);
    } else {
        pm_conn_refuse_method(c, "GET, POST");
    }
}

static void on_first_request(struct pm_engine *e, struct pm_conn *c, const struct pm_http_head *head,
                             const struct query *q)
{
    if (head->method != PM_HTTP_GET)
        refuse(c, head, BAD_METHOD);
    else if (q->websocket && !head->upgrade_websocket)
        refuse(c, head, BAD_REQUEST);
    else if (q->version == 0 || (q->version == PM_EIO_3 && !e->options.allow_v3))
        refuse(c, head, UNSUPPORTED_VERSION);
    else
        on_handshake(e, c, head, q);
}

/* The session a request names, if it lives and is the sender's; of others it learns nothing. The client of a waiting
 * request may have hung up, which ends the session, although the loop tells of it only later in this turn. */
static struct pm_session *named_session(struct pm_engine *e, const struct pm_http_head *head, const struct query *q)
{
    struct pm_session *s = q->sid_odd ? NULL : pm_session_find(e, q->sid, q->sid_n);
    if (s && !head->upgrade_websocket && !pm_session_same_origin(s, head))
        return NULL;
    if (!s || !((s->poll && pm_conn_hung_up(s->poll)) || (s->post && pm_conn_hung_up(s->post))))
        return s;
    pm_session_cut(s);
    return NULL;
}

/* The checks in the order of the references; the first that fails is answered. */
void pm_engine_on_request(void *owner, struct pm_conn *c, const struct pm_http_head *head)
{
    struct pm_engine *e = owner;
    struct query q;
    if (head->method == PM_HTTP_OPTIONS) {
        on_preflight(c);
        return;
    }
    read_query(head->query, &q);
    if (q.odd_transport || q.jsonp || (head->upgrade_websocket && !q.websocket)) {
        refuse(c, head, q.odd_transport ? UNKNOWN_TRANSPORT : BAD_REQUEST);
        return;
    }
    if (q.sid_n == 0 && !q.sid_odd) {
        on_first_request(e, c, head, &q);
        return;
    }
    struct pm_session *s = named_session(e, head, &q);
    if (s)
        on_session_request(s, c, head, &q);
    else
        refuse(c, head, UNKNOWN_SID);
}
