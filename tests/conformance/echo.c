/* echo.c - see echo.h. */
#include "echo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- /engine.io: every message comes back as it was ---- */

static int on_engine_open(void *owner, struct pm_session *s, const struct pm_http_head *head, void **ret_app)
{
    (void)s, (void)head;
    *ret_app = owner;
    return 0;
}

static void on_engine_message(void *app, struct pm_session *s, bool binary, uint8_t *p, size_t n)
{
    struct pm_message *m = pm_message_new(&((struct pm_echo *)app)->loop->spare, binary, n);
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

static void start_ticks(struct pm_loop *loop, struct pm_socket *s, const struct pm_args *args)
{
    long count = strtol(args->n > 0 ? args->json : "0", NULL, 10);
    struct ticks *t = count > 0 && count <= TICKS_MAX && !pm_socket_app(s) ? calloc(1, sizeof(*t)) : NULL;
    if (!t)
        return;
    t->socket = pm_socket_ref(s);
    t->count = count;
    pm_timer_init(&t->timer, loop, on_tick, t);
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
        start_ticks(((struct pm_echo *)owner)->loop, s, &e->args);
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

static const struct pm_sockets_ops sockets_ops = {on_connect, on_event, on_socket, on_socket,
                                                  on_socket,  NULL,     NULL,      on_disconnect};

int pm_echo_start(struct pm_echo *echo, struct pm_loop *loop, struct pm_server *server,
                  const struct pm_engine_options *engine, const struct pm_sockets_options *sockets)
{
    struct pm_engine_options bare = *engine;
    bare.connect_timeout_ms = 0; /* nobody connects to anything on a bare engine */
    *echo = (struct pm_echo){.loop = loop};
    int r = pm_engine_new(server, "/engine.io", &bare, &engine_ops, echo, &echo->engine);
    if (r == 0)
        r = pm_sockets_new(server, "/socket.io", engine, sockets, &sockets_ops, echo, &echo->sockets);
    return r;
}

void pm_echo_stop(struct pm_echo *echo)
{
    echo->sockets = pm_sockets_free(echo->sockets);
    echo->engine = pm_engine_free(echo->engine);
}
