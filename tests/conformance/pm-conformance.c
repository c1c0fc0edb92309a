/* pm-conformance.c - an echo server on the daemon's own network library, for protocol suites, client matrices and
 * benchmarks. */
#include "net/server.h"
#include "net/sockets.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct conformance {
    struct pm_loop loop;
    struct pm_server *server;
    struct pm_engine *engine;
    struct pm_sockets *sockets;
    struct pm_signal interrupt, terminate;
};

/* ---- /engine.io: every message comes back as it was ---- */

static int on_engine_open(void *owner, struct pm_session *s, const struct pm_http_head *head, void **ret_app)
{
    (void)s, (void)head;
    *ret_app = owner;
    return 0;
}

static void on_engine_message(void *app, struct pm_session *s, bool binary, uint8_t *p, size_t n)
{
    (void)app;
    struct pm_message *m = pm_message_new(binary, n);
    if (!m) {
        pm_session_close(s, PM_CLOSED_OVERFLOW);
        return;
    }
    if (n > 0)
        memcpy(pm_message_payload(m), p, n);
    pm_session_send(s, m);
    pm_message_unref(m);
}

static void on_engine_drained(void *app, struct pm_session *s)
{
    (void)app, (void)s; /* the engine itself stops reading from a client that does not read */
}

static void on_engine_close(void *app, struct pm_session *s, enum pm_close_reason reason)
{
    (void)app, (void)s, (void)reason;
}

static const struct pm_engine_ops engine_ops = {on_engine_open, on_engine_message, on_engine_drained, on_engine_close};

/* ---- /socket.io ---- */

/* Events that a client asked for with `count`, 5 ms apart. */
struct ticks {
    struct pm_socket *socket;
    struct pm_timer timer;
    long next, count;
};

enum { TICK_MS = 5, TICKS_MAX = 100000 };

static void on_ticks_closed(void *owner)
{
    struct ticks *t = owner;
    pm_socket_unref(t->socket);
    free(t);
}

static void stop_ticks(struct pm_socket *s)
{
    struct ticks *t = pm_socket_app(s);
    if (t)
        pm_timer_close(&t->timer, on_ticks_closed);
    pm_socket_set_app(s, NULL);
}

static void on_tick(struct pm_timer *timer)
{
    struct ticks *t = timer->owner;
    char json[24];
    struct pm_args args = {.json = json, .n = (size_t)snprintf(json, sizeof(json), "%ld", t->next)};
    pm_socket_emit(t->socket, "tick", &args);
    if (++t->next < t->count)
        pm_timer_set(timer, pm_mono_add_ms(pm_loop_now(), TICK_MS));
    else
        stop_ticks(t->socket);
}

static void start_ticks(struct conformance *c, struct pm_socket *s, const struct pm_args *args)
{
    long count = strtol(args->n > 0 ? args->json : "0", NULL, 10);
    struct ticks *t = count > 0 && count <= TICKS_MAX && !pm_socket_app(s) ? calloc(1, sizeof(*t)) : NULL;
    if (!t)
        return;
    t->socket = pm_socket_ref(s);
    t->count = count;
    pm_timer_init(&t->timer, &c->loop, on_tick, t);
    pm_socket_set_app(s, t);
    pm_timer_set(&t->timer, pm_mono_add_ms(pm_loop_now(), TICK_MS));
}

static void on_connect(void *owner, struct pm_socket *s, const char *auth, size_t n)
{
    (void)owner;
    const char *name_space = pm_socket_namespace(s);
    if (strcmp(name_space, "/") != 0 && strcmp(name_space, "/custom") != 0) {
        pm_socket_refuse(s, "Invalid namespace", NULL);
        return;
    }
    struct pm_args args = {.json = auth, .n = n};
    pm_socket_accept(s);
    pm_socket_emit(s, "auth", &args);
}

static void on_answer(void *owner, struct pm_socket *s, const struct pm_args *args)
{
    (void)owner;
    if (args)
        pm_socket_emit(s, "answer", args);
}

static bool is_named(const struct pm_event *e, const char *name)
{
    return e->name_n == strlen(name) && memcmp(e->name, name, e->name_n) == 0;
}

static void on_event(void *owner, struct pm_socket *s, const struct pm_event *e)
{
    if (strcmp(pm_socket_namespace(s), "/") != 0)
        return;
    if (is_named(e, "message"))
        pm_socket_emit(s, "message-back", &e->args);
    else if (is_named(e, "message-with-ack"))
        pm_socket_ack(s, e->id, &e->args);
    else if (is_named(e, "ask-me"))
        pm_socket_ask(s, "question", &e->args, on_answer, NULL);
    else if (is_named(e, "count"))
        start_ticks(owner, s, &e->args);
    else if (is_named(e, "drop-me"))
        pm_socket_cut(s);
}

static void on_socket(void *owner, struct pm_socket *s)
{
    (void)owner, (void)s; /* nothing waits for this news */
}

static void on_disconnect(void *owner, struct pm_socket *s)
{
    (void)owner;
    stop_ticks(s);
}

static const struct pm_sockets_ops sockets_ops = {on_connect, on_event, on_socket, on_socket, on_socket, on_disconnect};

/* ---- start and end ---- */

static void on_signal(struct pm_signal *s, int number)
{
    (void)number;
    pm_loop_stop(s->owner);
}

/* Many clients need many descriptors; a soft limit is no reason to refuse them. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

struct settings {
    struct pm_server_options server;
    struct pm_engine_options engine;
    struct pm_sockets_options sockets;
    unsigned long port;
};

static int start(struct conformance *c, const struct settings *o)
{
    struct pm_engine_options bare = o->engine;
    bare.connect_timeout_ms = 0;
    int r = pm_server_new(&c->loop, &o->server, &c->server);
    if (r == 0)
        r = pm_engine_new(c->server, "/engine.io", &bare, &engine_ops, c, &c->engine);
    if (r == 0)
        r = pm_sockets_new(c->server, "/socket.io", &o->engine, &o->sockets, &sockets_ops, c, &c->sockets);
    if (r == 0)
        r = pm_server_listen(c->server, (uint16_t)o->port);
    return r;
}

static int usage(void)
{
    fputs("usage: pm-conformance [--port N] [--ping-interval MS] [--ping-timeout MS] [--connect-timeout MS]\n"
          "                      [--max-payload BYTES] [--recovery MS] [--max-connections N]\n"
          "Port 0 takes a free one. Listens on 127.0.0.1 and ::1.\n",
          stderr);
    return 2;
}

static int parse(int argc, char **argv, struct settings *o)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"ping-interval", required_argument, NULL, 'i'},
        {"ping-timeout", required_argument, NULL, 't'},
        {"connect-timeout", required_argument, NULL, 'c'},
        {"max-payload", required_argument, NULL, 'm'},
        {"recovery", required_argument, NULL, 'r'},
        {"max-connections", required_argument, NULL, 'n'},
        {0},
    };
    unsigned long payload = 1000000, connections = 60000;
    o->port = 3000;
    o->engine = pm_engine_defaults();
    o->sockets = pm_sockets_defaults();
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        char *end = NULL;
        unsigned long value = option == '?' ? 0 : strtoul(optarg, &end, 10);
        if (!end || *end || end == optarg || value > 1u << 30)
            return -EINVAL;
        switch (option) {
        case 'p':
            o->port = value;
            break;
        case 'i':
            o->engine.ping_interval_ms = (uint32_t)value;
            break;
        case 't':
            o->engine.ping_timeout_ms = (uint32_t)value;
            break;
        case 'c':
            o->engine.connect_timeout_ms = (uint32_t)value;
            break;
        case 'm':
            payload = value;
            break;
        case 'r':
            o->sockets.recovery_ms = (uint32_t)value;
            break;
        default:
            connections = value;
        }
    }
    o->server = pm_server_defaults(payload);
    o->engine.max_payload = payload;
    o->server.connections = o->server.silent_connections = (unsigned)connections;
    o->engine.sessions = (unsigned)connections;
    return optind == argc && o->port <= UINT16_MAX ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
    struct conformance c = {0};
    struct settings settings;
    if (parse(argc, argv, &settings) < 0)
        return usage();
    raise_file_limit();
    if (pm_loop_init(&c.loop) < 0)
        return 1;
    pm_signal_init(&c.interrupt, &c.loop, SIGINT, on_signal, &c.loop);
    pm_signal_init(&c.terminate, &c.loop, SIGTERM, on_signal, &c.loop);
    int port = start(&c, &settings);
    if (port >= 0) {
        printf("listening on 127.0.0.1:%d\n", port);
        fflush(stdout);
        pm_loop_run(&c.loop);
    } else {
        fprintf(stderr, "Cannot listen on port %lu: %s\n", settings.port, strerror(-port));
    }
    pm_sockets_free(c.sockets);
    pm_engine_free(c.engine);
    pm_server_free(c.server);
    pm_signal_close(&c.interrupt);
    pm_signal_close(&c.terminate);
    pm_loop_fini(&c.loop);
    return port >= 0 ? 0 : 1;
}
