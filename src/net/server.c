/* server.c - see server.h. */
#include "net/server.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "net/conn_private.h"
#include "net/origins.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    ACCEPTS_A_TURN = 64,
    TURNED_AWAY = 32,     /* connections too many that are heard, to be told so */
    REST_MS = 100,        /* without descriptors: until the next attempt to accept */
    QUIET_MS = 60000,     /* between two complaints of one listener */
    CONTROL_RESERVE = 16, /* connections kept free of pages, so that the person always gets in */
};

struct pm_server_options pm_server_defaults(size_t payload)
{
    return (struct pm_server_options){
        .http = {.head = 16 * 1024, .fields = 100, .target = 4096, .body = payload},
        .ws = {.message = payload, .fragments = 1024},
        .json = {.depth = 32, .members = 4096},
        .first_byte_ms = 60000,
        .handshake_ms = 10000,
        .head_ms = 10000,
        .body_ms = 20000,
        .idle_ms = 60000,
        .stall_ms = 30000,
        .close_ms = 5000,
        .queue_low = 16 * 1024,
        .queue_high = 1024 * 1024,
        .queue_max = 16 * 1024 * 1024,
        .control_frames = 50,
        .handshakes = 50,
        .connections = 256,
        .per_origin = 32,
        .per_user = 128,
        .silent_connections = 64,
        .unsent_kernel = 128 * 1024,
    };
}

int pm_server_new(struct pm_loop *loop, const struct pm_server_options *options, struct pm_server **ret)
{
    struct pm_server *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    if (options->deflate && pm_deflate_new(&s->deflate) < 0) {
        free(s);
        return -ENOMEM;
    }
    s->loop = loop;
    s->options = *options;
    pm_list_init(&s->connections);
    pm_list_init(&s->silent);
    pm_list_init(&s->origins);
    pm_list_init(&s->users);
    *ret = s;
    return 0;
}

static void on_listener_closed(void *owner)
{
    struct pm_listener *l = owner;
    struct pm_server *s = l->server;
    if (--s->open_handles == 0)
        free(s);
}

static void drop_all(struct pm_link *list)
{
    while (!pm_list_empty(list))
        pm_conn_lost(pm_container(list->next, struct pm_conn, link));
}

struct pm_server *pm_server_free(struct pm_server *s)
{
    if (!s)
        return NULL;
    drop_all(&s->silent);
    drop_all(&s->connections);
    pm_out_pool_fini(&s->pool);
    s->deflate = pm_deflate_free(s->deflate);
    if (s->open_handles == 0) {
        free(s);
        return NULL;
    }
    for (unsigned i = 0; i < s->n_listeners; i++) {
        close(s->listeners[i].fd);
        pm_watch_close(&s->listeners[i].watch, on_listener_closed);
        pm_timer_close(&s->listeners[i].rest, on_listener_closed);
    }
    return NULL;
}

void pm_server_route(struct pm_server *s, const char *path,
                     void (*on_request)(void *owner, struct pm_conn *c, const struct pm_http_head *head), void *owner)
{
    assert(s->n_routes < PM_ROUTES_MAX);
    s->routes[s->n_routes++] = (struct pm_route){path, on_request, owner};
}

/* ---- connections ---- */

void pm_server_heard(struct pm_server *s, struct pm_conn *c)
{
    pm_list_remove(&c->link);
    pm_list_append(&s->connections, &c->link);
    s->n_silent--;
}

void pm_server_forget(struct pm_server *s, struct pm_conn *c)
{
    pm_list_remove(&c->link);
    pm_origin_leave(&c->origin);
    pm_origin_leave(&c->user);
    s->n_connections--;
    s->n_network -= c->peer.network;
    if (!c->had_input)
        s->n_silent--;
}

/* This process's user may have all there are: it is whom they are for. False: another one has as many as it may. */
static bool count_user(struct pm_server *s, struct pm_conn *c)
{
    char text[16];
    if (c->peer.control || c->peer.network || c->peer.unknown || c->peer.uid == geteuid())
        return true;
    int n = snprintf(text, sizeof(text), "%u", c->peer.uid);
    return pm_origin_enter(&s->users, &c->user, text, (size_t)n, s->options.per_user);
}

static int adopt(struct pm_server *s, int fd, struct pm_peer peer, bool secure, bool crowded)
{
    while (s->n_silent >= s->options.silent_connections) {
        struct pm_conn *oldest = pm_container(s->silent.next, struct pm_conn, link);
        if (!pm_conn_speaks(oldest))
            pm_conn_drop(oldest);
    }
    struct pm_conn *c;
    int r = pm_conn_new(s, fd, secure, &c);
    if (r < 0)
        return r;
    pm_list_append(&s->silent, &c->link);
    s->n_connections++;
    s->n_silent++;
    s->n_network += peer.network;
    c->peer = peer;
    c->crowded = !count_user(s, c) || crowded;
    return 0;
}

void pm_server_stop_accepting(struct pm_server *s)
{
    for (unsigned i = 0; i < s->n_listeners; i++) {
        pm_watch_set(&s->listeners[i].watch, 0);
        pm_timer_stop(&s->listeners[i].rest);
    }
}

size_t pm_server_unsent(const struct pm_server *s)
{
    size_t sum = 0;
    for (struct pm_link *link = s->connections.next; link != &s->connections; link = link->next)
        sum += pm_container(link, struct pm_conn, link)->out.queued;
    return sum;
}

int pm_server_adopt(struct pm_server *s, int fd)
{
    return adopt(s, fd, (struct pm_peer){0}, false, false);
}

/* Who waits stays ready, so that asking again at once would be a busy loop. */
static void rest(struct pm_listener *l, int error)
{
    struct pm_mono now = pm_loop_now();
    if (pm_mono_reached(now, l->quiet_until)) {
        l->quiet_until = pm_mono_add_ms(now, QUIET_MS);
        pm_log(PM_LOG_WARNING, "Cannot accept connections: %s. Raise the limit of open files (ulimit -n).",
               strerror(error));
    }
    pm_watch_set(&l->watch, 0);
    pm_timer_set(&l->rest, pm_mono_add_ms(pm_loop_now(), REST_MS));
}

static void on_rested(struct pm_timer *t)
{
    struct pm_listener *l = t->owner;
    pm_watch_set(&l->watch, PM_LOOP_READ);
}

/* Asked before a byte of it is read. */
static bool is_welcome(const struct pm_listener *l, int fd, struct pm_peer *ret)
{
    const struct pm_server_options *o = &l->server->options;
    return l->kind == PM_LISTENER_CONTROL ? pm_control_admits(fd, ret)
                                          : !o->admits || o->admits(o->gate_owner, fd, ret);
}

/* Other machines leave room for this one's. */
static bool is_crowded(const struct pm_listener *l)
{
    const struct pm_server *s = l->server;
    return l->kind != PM_LISTENER_CONTROL &&
           (s->n_connections >= s->options.connections ||
            (l->kind == PM_LISTENER_NETWORK && s->n_network >= (s->options.connections + 1) / 2));
}

static void on_listener_ready(struct pm_watch *w, unsigned events)
{
    struct pm_listener *l = w->owner;
    struct pm_server *s = l->server;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE)
                rest(l, errno);
            return;
        }
        struct pm_peer peer = {.network = l->kind == PM_LISTENER_NETWORK};
        bool control = l->kind == PM_LISTENER_CONTROL, crowded = is_crowded(l);
        if (!is_welcome(l, fd, &peer) ||
            s->n_connections >= s->options.connections + TURNED_AWAY + (control ? CONTROL_RESERVE : 0))
            close(fd);
        else
            adopt(s, fd, peer, l->kind >= PM_LISTENER_TLS, crowded); /* no memory: the client sees it closed */
    }
}

/* ---- listening ---- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* From text, a number. False if it is none. */
static bool read_address(const char *text, uint16_t port, union address *ret)
{
    union address a = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
    bool good = inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1;
    if (!good) {
        a = (union address){.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
        good = inet_pton(AF_INET, text, &a.v4.sin_addr) == 1;
    }
    *ret = a;
    return good;
}

static int open_listener(union address a, int *ret_fd, uint16_t *ret_port)
{
    int family = a.any.sa_family;
    socklen_t length = family == AF_INET ? sizeof(a.v4) : sizeof(a.v6);
    PM_AUTO_CLOSE int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, &a.any, length) < 0 || listen(fd, BACKLOG) < 0 || getsockname(fd, &a.any, &length) < 0)
        return -errno;
    *ret_port = ntohs(family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
    *ret_fd = pm_take_fd(&fd);
    return 0;
}

void pm_server_set_tls(struct pm_server *s, struct pm_tls *tls)
{
    s->tls = tls;
}

int pm_server_add_listener(struct pm_server *s, int fd, enum pm_listener_kind kind)
{
    assert(s->n_listeners < PM_LISTENERS_MAX);
    struct pm_listener *l = &s->listeners[s->n_listeners];
    *l = (struct pm_listener){.server = s, .fd = fd, .kind = kind};
    int r = pm_watch_init(&l->watch, s->loop, fd, on_listener_ready, l);
    if (r < 0) {
        close(fd);
        return r;
    }
    pm_timer_init(&l->rest, s->loop, on_rested, l);
    pm_watch_set(&l->watch, PM_LOOP_READ);
    s->n_listeners++;
    s->open_handles += 2;
    return 0;
}

static bool is_absent_family(int error)
{
    return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

static int open_loopback(const char *text, uint16_t port, int *ret_fd, uint16_t *ret_port)
{
    union address a;
    return read_address(text, port, &a) ? open_listener(a, ret_fd, ret_port) : -EINVAL;
}

int pm_server_listen_beyond(struct pm_server *s, const char *address, uint16_t port)
{
    union address a;
    int fd = -1;
    bool good =
        read_address(address, port, &a) && (a.any.sa_family == AF_INET ? a.v4.sin_addr.s_addr != htonl(INADDR_ANY)
                                                                       : !IN6_IS_ADDR_UNSPECIFIED(&a.v6.sin6_addr));
    if (!good)
        return -EINVAL;
    if (s->n_listeners == PM_LISTENERS_MAX)
        return -ENOSPC;
    int r = open_listener(a, &fd, &port);
    return r < 0 ? r : pm_server_add_listener(s, fd, PM_LISTENER_NETWORK);
}

int pm_server_listen(struct pm_server *s, uint16_t port, enum pm_listener_kind kind)
{
    enum { TRIES = 16 }; /* a free port of one family may be taken in the other */
    for (int i = 0; i < TRIES; i++) {
        uint16_t chosen = 0;
        int v4 = -1, v6 = -1;
        int r = open_loopback("127.0.0.1", port, &v4, &chosen);
        if (r < 0)
            return r;
        uint16_t same;
        r = open_loopback("::1", chosen, &v6, &same);
        if (r == -EADDRINUSE && port == 0) {
            close(v4);
            continue;
        }
        if (r < 0 && !is_absent_family(r)) {
            close(v4);
            return r;
        }
        r = pm_server_add_listener(s, v4, kind);
        if (r == 0 && v6 >= 0)
            r = pm_server_add_listener(s, v6, kind);
        return r < 0 ? r : chosen;
    }
    return -EADDRINUSE;
}

/* ---- routes ---- */

static bool matches(const char *path, struct pm_http_text wanted)
{
    size_t n = strlen(path);
    return wanted.n >= n && memcmp(wanted.p, path, n) == 0 && (wanted.n == n || wanted.p[n] == '/' || n == 1);
}

void pm_server_met_limit(const struct pm_server *s, const struct pm_conn *c, const char *what)
{
    if (s->options.on_limit)
        s->options.on_limit(s->options.gate_owner, c, what);
}

void pm_server_dispatch(struct pm_server *s, struct pm_conn *c, const struct pm_http_head *head)
{
    static const struct pm_http_refusal not_found = {404, "not-found", "There is nothing at this address."};
    const struct pm_route *best = NULL;
    if (head->method == PM_HTTP_OTHER) {
        pm_conn_refuse_method(c, "GET, HEAD, POST, OPTIONS");
        return;
    }
    if (head->path.n == 1 && *head->path.p == '*') {
        pm_conn_respond(c, &(struct pm_response){.status = 200, .fields = "Allow: GET, HEAD, POST, OPTIONS\r\n"});
        return;
    }
    for (unsigned i = 0; i < s->n_routes; i++) {
        const struct pm_route *route = &s->routes[i];
        if (matches(route->path, head->path) && (!best || strlen(route->path) > strlen(best->path)))
            best = route;
    }
    if (best)
        best->on_request(best->owner, c, head);
    else
        pm_conn_refuse(c, &not_found);
}
