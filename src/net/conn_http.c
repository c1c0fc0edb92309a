/* conn_http.c - see conn.h; requests in, answers out, strictly in order. */
#include "net/conn_private.h"
#include "net/origins.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RESPONSE_HEAD_MAX = 2048,
    ORIGIN_MAX = 512,
    PIPELINE_MAX = 2 * PM_READ_BUFFER, /* bytes of later requests that wait while one is answered */
};

int pm_conn_http_new(struct pm_conn *c)
{
    struct pm_conn_http *h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    h->in = pm_bytes_empty(c->server->options.http.head + PIPELINE_MAX);
    h->body = pm_bytes_empty(c->server->options.http.body);
    h->origin = pm_bytes_empty(ORIGIN_MAX);
    c->http = h;
    return 0;
}

void pm_conn_http_free(struct pm_conn *c)
{
    if (!c->http)
        return;
    pm_bytes_fini(&c->http->in);
    pm_bytes_fini(&c->http->body);
    pm_bytes_fini(&c->http->origin);
    free(c->http);
    c->http = NULL;
}

/* ---- answers ---- */

static size_t put(char *out, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
static size_t put(char *out, size_t at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out + at, RESPONSE_HEAD_MAX - at, format, args);
    va_end(args);
    assert(n >= 0 && (size_t)n < RESPONSE_HEAD_MAX - at);
    return at + (size_t)n;
}

static size_t put_cors(const struct pm_conn_http *h, char *head, size_t at)
{
    if (h->origin.n == 0)
        return put(head, at, "Access-Control-Allow-Origin: *\r\n");
    at =
        put(head, at, "Access-Control-Allow-Origin: %.*s\r\nAccess-Control-Allow-Credentials: true\r\nVary: Origin\r\n",
            (int)h->origin.n, (const char *)h->origin.p);
    if (h->private_network)
        at = put(head, at, "Access-Control-Allow-Private-Network: true\r\n");
    return at;
}

/* `length` is the field that says how long the body is; "" for none. */
static void queue_head(struct pm_conn *c, const struct pm_response *r, const char *length)
{
    const struct pm_conn_http *h = c->http;
    char head[RESPONSE_HEAD_MAX];
    size_t at = put(head, 0, "HTTP/1.1 %u %s\r\n", r->status, pm_http_reason(r->status));
    if (r->content_type)
        at = put(head, at, "Content-Type: %s\r\n", r->content_type);
    at = put(head, at, "%s", length);
    if (r->cors)
        at = put_cors(h, head, at);
    at = put(head, at,
             "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
             "Cross-Origin-Resource-Policy: same-origin\r\n");
    if (r->fields)
        at = put(head, at, "%s", r->fields);
    at = put(head, at, "%s\r\n", h->keep_alive ? "" : "Connection: close\r\n");
    pm_conn_queue(c, head, at);
}

/* The answer is queued whole: on to the next request, or to the end. */
static void end_answer(struct pm_conn *c)
{
    struct pm_conn_http *h = c->http;
    c->owner = NULL;
    pm_bytes_fini(&h->body);
    h->phase = PM_PHASE_HEAD;
    h->origin.n = 0;
    h->unread_body = false;
    if (!h->keep_alive)
        pm_conn_linger(c);
    else
        pm_conn_deadline(c, c->server->options.idle_ms);
}

void pm_conn_respond(struct pm_conn *c, const struct pm_response *r)
{
    struct pm_conn_http *h = c->http;
    char length[48] = "";
    assert(c->state == PM_CONN_HTTP && h->phase != PM_PHASE_HEAD);
    h->keep_alive = h->keep_alive && !r->close && !h->unread_body;
    if (r->status != 204)
        snprintf(length, sizeof(length), "Content-Length: %zu\r\n", r->n);
    queue_head(c, r, length);
    if (r->n > 0 && !h->head_only)
        pm_conn_queue(c, r->body, r->n);
    end_answer(c);
}

bool pm_conn_stream(struct pm_conn *c, const struct pm_response *r, const struct pm_exchange_ops *ops, void *owner)
{
    struct pm_conn_http *h = c->http;
    assert(c->state == PM_CONN_HTTP && h->phase != PM_PHASE_HEAD);
    h->keep_alive = h->keep_alive && !r->close && !h->unread_body && h->takes_chunks;
    queue_head(c, r, h->takes_chunks ? "Transfer-Encoding: chunked\r\n" : "");
    if (h->head_only) {
        end_answer(c);
        return false;
    }
    pm_conn_hold(c, ops, owner);
    return true;
}

bool pm_conn_stream_piece(struct pm_conn *c, const void *p, size_t n)
{
    char size[32];
    if (n == 0)
        return !c->congested; /* an empty chunk would be the last */
    if (c->http->takes_chunks)
        pm_conn_queue(c, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", n));
    pm_conn_queue(c, p, n);
    if (c->http->takes_chunks)
        pm_conn_queue(c, "\r\n", 2);
    return !c->congested;
}

void pm_conn_stream_end(struct pm_conn *c, bool whole)
{
    if (!whole)
        c->http->keep_alive = false;
    else if (c->http->takes_chunks)
        pm_conn_queue(c, "0\r\n\r\n", 5);
    end_answer(c);
}

static bool is_limit(unsigned status)
{
    return status == 408 || status == 413 || status == 414 || status == 431 || status == 503;
}

void pm_conn_refuse(struct pm_conn *c, const struct pm_http_refusal *why)
{
    char body[512];
    if (is_limit(why->status))
        pm_server_met_limit(c->server, c, why->code);
    int n = snprintf(body, sizeof(body), "{\"ok\":false,\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}", why->code,
                     why->message);
    assert(n > 0 && (size_t)n < sizeof(body)); /* both are constants of ours, without quotes */
    if (c->http->phase == PM_PHASE_HEAD)
        c->http->phase = PM_PHASE_DISPATCH;
    bool understood = why->status == 403 || why->status == 404; /* else who knows where the next request starts */
    const char *fields = why->status == 503 ? "Retry-After: 1\r\n" : NULL;
    pm_conn_respond(c, &(struct pm_response){.status = why->status,
                                             .content_type = "application/json",
                                             .fields = fields,
                                             .body = body,
                                             .n = (size_t)n,
                                             .cors = c->http->page,
                                             .close = !understood});
}

void pm_conn_refuse_method(struct pm_conn *c, const char *methods)
{
    static const char body[] =
        "{\"ok\":false,\"error\":{\"code\":\"bad-method\",\"message\":\"This address takes other methods: the "
        "field Allow names them.\"}}";
    char fields[64];
    assert(strlen(methods) < sizeof(fields) - sizeof("Allow: \r\n"));
    snprintf(fields, sizeof(fields), "Allow: %s\r\n", methods);
    pm_conn_respond(c, &(struct pm_response){.status = 405,
                                             .content_type = "application/json",
                                             .fields = fields,
                                             .body = body,
                                             .n = sizeof(body) - 1,
                                             .cors = c->http->page,
                                             .close = true});
}

/* ---- requests ---- */

static void refuse_and_tell(struct pm_conn *c, const struct pm_http_refusal *why)
{
    void *owner = c->owner;
    pm_conn_refuse(c, why);
    if (owner)
        c->ops.exchange->on_gone(owner, c);
}

void pm_conn_await_body(struct pm_conn *c, const struct pm_exchange_ops *ops, void *owner)
{
    struct pm_conn_http *h = c->http;
    assert(h->phase == PM_PHASE_DISPATCH);
    h->phase = PM_PHASE_BODY;
    c->ops.exchange = ops;
    c->owner = owner;
    pm_conn_deadline(c, c->server->options.body_ms);
    if (h->expects_continue)
        pm_conn_queue(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

void pm_conn_hold(struct pm_conn *c, const struct pm_exchange_ops *ops, void *owner)
{
    c->http->phase = PM_PHASE_ANSWER;
    c->ops.exchange = ops;
    c->owner = owner;
    pm_conn_deadline(c, 0);
}

static int stash(struct pm_conn *c, const uint8_t *p, size_t n)
{
    int r = pm_bytes_append(&c->http->in, p, n);
    if (r < 0)
        pm_conn_lost(c);
    return r;
}

static void start_request(struct pm_conn *c, const struct pm_http_head *head)
{
    struct pm_conn_http *h = c->http;
    h->phase = PM_PHASE_DISPATCH;
    h->scan = (struct pm_http_scan){0};
    h->head_only = head->method == PM_HTTP_HEAD;
    h->keep_alive = head->keep_alive;
    h->takes_chunks = head->minor == 1;
    h->unread_body = head->has_body;
    h->empty_body = !head->has_body;
    h->expects_continue = head->expects_continue && head->has_body;
    h->private_network = pm_http_has_token(head, "access-control-request-private-network", "true");
    h->origin.n = 0;
    h->page = false;
    static const struct pm_http_refusal
        bad_origin = {403, "origin-bad", "The Origin field of this request is malformed."},
        full =
            {503, "too-many-connections",
             "All connections are in use. Close other pages, or start peripheral-manager with a larger --max-clients; "
             "for programs of other users also --per-user."},
        crowded = {
            503, "too-many-connections",
            "The pages of this site hold too many connections. Close other tabs, or start peripheral-manager with "
            "a larger --per-origin."};
    if (head->n_origin > 1 || (head->n_origin == 1 && head->origin.n == 0) ||
        pm_bytes_append(&h->origin, head->origin.p, head->origin.n) < 0) {
        pm_conn_refuse(c, &bad_origin);
        return;
    }
    const struct pm_server_options *o = &c->server->options;
    const struct pm_http_refusal *why = o->gate ? o->gate(o->gate_owner, c, head, &c->server->who) : NULL;
    h->page = o->gate && c->server->who.kind == PM_WHO_PAGE;
    if (why) {
        pm_conn_refuse(c, why);
        return;
    }
    if (c->crowded) {
        pm_conn_refuse(c, &full);
        return;
    }
    if (!pm_origin_enter(&c->server->origins, &c->origin, head->origin.p, head->origin.n, o->per_origin)) {
        pm_conn_refuse(c, &crowded);
        return;
    }
    pm_http_body_init(&h->reader, head, &o->http);
    pm_server_dispatch(c->server, c, head);
}

/* Take a head from [p, p+n). Returns the bytes used; 0 if it is not complete or the connection has ended. */
static size_t input_head(struct pm_conn *c, uint8_t *p, size_t n)
{
    struct pm_http_refusal why;
    struct pm_http_head head;
    const struct pm_http_limits *limits = &c->server->options.http;
    ssize_t length = pm_http_scan(&c->http->scan, (char *)p, n, limits, &why);
    if (length > 0 && pm_http_parse((char *)p, (size_t)length, limits, &head, &why) < 0)
        length = -EPROTO;
    if (length < 0) {
        pm_conn_refuse(c, &why);
        return 0;
    }
    if (length > 0)
        start_request(c, &head);
    return (size_t)length;
}

static size_t input_body(struct pm_conn *c, uint8_t *p, size_t n)
{
    struct pm_conn_http *h = c->http;
    struct pm_http_text data;
    struct pm_http_refusal why;
    bool done;
    ssize_t used = pm_http_body_read(&h->reader, (char *)p, n, &data, &done, &why);
    bool whole = used >= 0 && done && h->body.n == 0 && data.n <= h->body.max; /* handed over where it lies */
    if (used >= 0 && !whole && pm_bytes_append(&h->body, data.p, data.n) < 0) {
        why = (struct pm_http_refusal){413, "too-large", PM_HTTP_TOO_LARGE};
        used = -EPROTO;
    }
    if (used < 0) {
        refuse_and_tell(c, &why);
        return 0;
    }
    if (done) {
        h->unread_body = false;
        h->phase = PM_PHASE_ANSWER;
        pm_conn_deadline(c, 0);
        if (whole)
            c->ops.exchange->on_body(c->owner, c, (uint8_t *)(uintptr_t)data.p, data.n);
        else
            c->ops.exchange->on_body(c->owner, c, h->body.p, h->body.n);
    }
    return (size_t)used;
}

void pm_conn_http_input(struct pm_conn *c, uint8_t *p, size_t n)
{
    struct pm_bytes earlier = {0};
    if (c->http->in.n > 0) {
        if (stash(c, p, n) < 0)
            return;
        earlier = c->http->in;
        c->http->in = pm_bytes_empty(earlier.max);
        p = earlier.p;
        n = earlier.n;
    }
    bool first = earlier.n == 0;
    while (c->state == PM_CONN_HTTP && c->http->phase != PM_PHASE_ANSWER && !c->congested &&
           (n > 0 || (c->http->phase == PM_PHASE_BODY && c->http->empty_body))) {
        size_t used = c->http->phase == PM_PHASE_HEAD ? input_head(c, p, n) : input_body(c, p, n);
        if (used == 0 && (c->state != PM_CONN_HTTP || c->http->phase == PM_PHASE_HEAD))
            break;
        p += used;
        n -= used;
    }
    if (c->state == PM_CONN_WEBSOCKET) {
        pm_conn_ws_input(c, p, n);
    } else if (c->state == PM_CONN_HTTP && n > 0) {
        if (first && c->http->phase == PM_PHASE_HEAD)
            pm_conn_deadline(c, c->server->options.head_ms);
        stash(c, p, n);
    }
    pm_bytes_fini(&earlier);
}

void pm_conn_http_resume(struct pm_conn *c)
{
    if (c->http->phase != PM_PHASE_HEAD || c->http->in.n == 0)
        return;
    c->busy = true;
    pm_conn_http_input(c, NULL, 0);
    c->busy = false;
    if (c->state == PM_CONN_CLOSED)
        return;
    pm_conn_update(c); /* what is held now must notice a client that hangs up, and nothing more is read for it */
    if (c->out.queued > 0)
        pm_turn_ask(&c->flush, c->server->loop);
}

void pm_conn_http_late(struct pm_conn *c)
{
    static const struct pm_http_refusal
        head = {408, "head-timeout",
                "The head of the request did not come in time. If the client is that slow, start peripheral-manager "
                "with a longer --head-time."},
        body = {408, "body-timeout",
                "The body of the request did not come in time. If the client is that slow, start peripheral-manager "
                "with a longer --body-time."};
    if (c->http->phase == PM_PHASE_BODY)
        refuse_and_tell(c, &body);
    else if (c->http->in.n > 0)
        pm_conn_refuse(c, &head);
    else
        pm_conn_drop(c); /* an idle connection: there is no request to answer */
}

/* ---- upgrade ---- */

/* The refusals that RFC 6455 4.2.2 and 4.4 ask for. */
static bool refuse_upgrade(struct pm_conn *c, unsigned status, const char *text)
{
    pm_conn_respond(c, &(struct pm_response){.status = status,
                                             .content_type = "text/html",
                                             .fields = status == 426
                                                           ? "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n"
                                                           : "Sec-WebSocket-Version: 13\r\n",
                                             .body = text,
                                             .n = strlen(text),
                                             .close = true});
    return false;
}

static bool offers_deflate(const struct pm_http_head *head)
{
    for (size_t i = 0; i < head->n_fields; i++) {
        const struct pm_http_field *f = &head->fields[i];
        if (pm_http_field_is(f, "sec-websocket-extensions") && pm_deflate_is_offered(f->value.p, f->value.n))
            return true;
    }
    return false;
}

bool pm_conn_upgrade(struct pm_conn *c, const struct pm_http_head *head, const struct pm_ws_ops *ops, void *owner)
{
    char accept[PM_WS_ACCEPT_LENGTH], answer[RESPONSE_HEAD_MAX];
    const struct pm_http_field *key = pm_http_field(head, "sec-websocket-key"),
                               *version = pm_http_field(head, "sec-websocket-version");
    if (head->method != PM_HTTP_GET || head->minor != 1 || head->has_body)
        return refuse_upgrade(c, 400, "An upgrade is a GET of HTTP/1.1 without a body");
    if (!version || pm_http_field_count(head, "sec-websocket-version") != 1 || version->value.n != 2 ||
        memcmp(version->value.p, "13", 2) != 0)
        return refuse_upgrade(c, 426, "Only version 13 of the WebSocket protocol is spoken here");
    if (!key || pm_http_field_count(head, "sec-websocket-key") != 1 ||
        !pm_ws_accept(key->value.p, key->value.n, accept))
        return refuse_upgrade(c, 400, "Sec-WebSocket-Key is missing or malformed");
    size_t at = put(answer, 0,
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: %.*s\r\n",
                    PM_WS_ACCEPT_LENGTH, accept);
    bool deflate = c->server->deflate && offers_deflate(head);
    if (deflate)
        at = put(answer, at, "Sec-WebSocket-Extensions: " PM_DEFLATE_ANSWER "\r\n");
    at = put_cors(c->http, answer, at);
    at = put(answer, at, "\r\n");
    pm_conn_queue(c, answer, at);
    pm_conn_http_free(c);
    c->ops.socket = ops;
    c->owner = owner;
    pm_conn_ws_start(c, deflate);
    return true;
}
