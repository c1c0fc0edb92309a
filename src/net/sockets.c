/* sockets.c - see sockets.h; sockets from the door to the end, and what is sent to them. */
#include "net/sockets_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pm_sockets_options pm_sockets_defaults(void)
{
    return (struct pm_sockets_options){
        .packet = {.attachments = 10, .json = {.depth = 32, .members = 4096}, .name_space = 256, .event_name = 128},
        .namespaces = 8,
        .attachments_ms = 20000,
        .open_questions = 256,
        .recovery_ms = 0,
        .recovery_bytes = 1024 * 1024,
        .events_per_second = 20000,
        .event_burst = 40000,
        .flood_ms = 10000,
    };
}

int pm_sockets_new(struct pm_server *server, const char *path, const struct pm_engine_options *engine,
                   const struct pm_sockets_options *options, const struct pm_sockets_ops *ops, void *owner,
                   struct pm_sockets **ret)
{
    assert(options->packet.attachments <= PM_EVENT_ATTACHMENTS_MAX);
    struct pm_sockets *all = calloc(1, sizeof(*all));
    if (!all)
        return -ENOMEM;
    *all = (struct pm_sockets){.server = server, .loop = server->loop, .options = *options, .ops = ops, .owner = owner};
    int r = pm_engine_new(server, path, engine, &pm_client_ops, all, &all->engine);
    if (r < 0) {
        free(all);
        return r;
    }
    all->away_max = engine->sessions;
    pm_list_init(&all->away);
    pm_list_init(&all->slowed);
    pm_timer_init(&all->expiry, server->loop, pm_recovery_expire, all);
    pm_timer_init(&all->rate_tick, server->loop, pm_rate_tick, all);
    all->handles = 2;
    *ret = all;
    return 0;
}

static void on_timer_closed(void *owner)
{
    struct pm_sockets *all = owner;
    if (--all->handles == 0)
        free(all);
}

struct pm_sockets *pm_sockets_free(struct pm_sockets *all)
{
    if (!all)
        return NULL;
    all->options.recovery_ms = 0; /* nobody will come back */
    pm_engine_free(all->engine);
    while (!pm_list_empty(&all->away))
        pm_socket_gone(pm_container(all->away.next, struct pm_socket, link));
    pm_ident_table_fini(&all->by_pid);
    all->newest_who = pm_shared_who_unref(all->newest_who);
    pm_timer_close(&all->expiry, on_timer_closed);
    pm_timer_close(&all->rate_tick, on_timer_closed);
    return NULL;
}

/* ---- life ---- */

struct pm_socket *pm_socket_new(struct pm_client *c, const char *name_space, size_t n)
{
    struct pm_socket *s = calloc(1, sizeof(*s) + n + 1);
    if (!s)
        return NULL;
    s->refs = 1;
    s->all = c->all;
    s->client = c;
    memcpy(s->name_space, name_space, n);
    pm_list_init(&s->questions);
    if (pm_ident_make(&s->id) < 0 || pm_ident_make(&s->pid.id) < 0) {
        free(s);
        return NULL;
    }
    s->who = pm_shared_who_ref(c->who);
    s->joined_at = s->lost_through = c->all->next_offset;
    pm_list_append(&c->sockets, &s->link);
    c->n_sockets++;
    return s;
}

struct pm_socket *pm_socket_ref(struct pm_socket *s)
{
    s->refs++;
    return s;
}

struct pm_socket *pm_socket_unref(struct pm_socket *s)
{
    if (s && --s->refs == 0) {
        pm_shared_who_unref(s->who);
        free(s);
    }
    return NULL;
}

static void drop_questions(struct pm_socket *s)
{
    while (!pm_list_empty(&s->questions)) {
        struct pm_question *q = pm_container(s->questions.next, struct pm_question, link);
        pm_list_remove(&q->link);
        s->n_questions--;
        q->on_answer(q->owner, s, NULL);
        free(q);
    }
}

/* Tell the application that the socket is at its end, once. */
static void tell_end(struct pm_socket *s, enum pm_socket_state state)
{
    bool known = s->state == PM_SOCKET_WAITING || s->state == PM_SOCKET_JOINED || s->state == PM_SOCKET_AWAY;
    s->state = state;
    pm_recovery_forget(s);
    drop_questions(s);
    if (known)
        s->all->ops->on_disconnect(s->all->owner, s);
}

void pm_socket_leave(struct pm_socket *s)
{
    tell_end(s, PM_SOCKET_LEFT);
}

void pm_socket_gone(struct pm_socket *s)
{
    if (s->state == PM_SOCKET_GONE)
        return;
    if (s->state == PM_SOCKET_AWAY)
        pm_recovery_remove(s);
    pm_list_remove(&s->link);
    if (s->client)
        s->client->n_sockets--;
    s->client = NULL;
    tell_end(s, PM_SOCKET_GONE);
    pm_socket_unref(s);
}

void pm_socket_set_app(struct pm_socket *s, void *app)
{
    s->app = app;
}

void *pm_socket_app(const struct pm_socket *s)
{
    return s->app;
}

const char *pm_socket_namespace(const struct pm_socket *s)
{
    return s->name_space;
}

/* ---- the door ---- */

const struct pm_who *pm_socket_who(const struct pm_socket *s)
{
    return &s->who->who;
}

int pm_socket_set_who(struct pm_socket *s, const struct pm_who *who)
{
    struct pm_shared_who *w = pm_shared_who_get(s->all, who);
    if (!w)
        return -ENOMEM;
    pm_shared_who_unref(s->who);
    s->who = w;
    return 0;
}

static bool is_version_3(const struct pm_socket *s)
{
    return pm_session_version(s->client->session) == PM_EIO_3;
}

/* A packet that is a head and some JSON; a client that has no memory left for it is cut. */
static void send_simple(struct pm_socket *s, enum pm_sio_type type, const char *json, size_t n)
{
    size_t space_n = strlen(s->name_space);
    char head[PM_SIO_HEAD_MAX + 1 + PM_SIO_EVENT_NAME_MAX];
    assert(space_n <= PM_SIO_EVENT_NAME_MAX);
    size_t head_n = pm_sio_write_head(head, type, 0, s->name_space, space_n, PM_SIO_NO_ID);
    struct pm_message *m = pm_text_message(&s->all->loop->spare, head, head_n, json, n);
    if (m)
        pm_session_send(s->client->session, m);
    else
        pm_session_abandon(s->client->session);
    pm_message_unref(m);
}

void pm_socket_greet(struct pm_socket *s)
{
    char json[128];
    size_t n = 0;
    if (!is_version_3(s)) {
        memcpy(json, "{\"sid\":\"", 8);
        memcpy(json + 8, s->id.text, PM_IDENT_LENGTH);
        n = 8 + PM_IDENT_LENGTH;
        if (pm_recovery_covers(s)) {
            memcpy(json + n, "\",\"pid\":\"", 9);
            memcpy(json + n + 9, s->pid.id.text, PM_IDENT_LENGTH);
            n += 9 + PM_IDENT_LENGTH;
        }
        memcpy(json + n, "\"}", 2);
        n += 2;
    }
    send_simple(s, PM_SIO_CONNECT, json, n);
}

void pm_socket_accept(struct pm_socket *s)
{
    if (s->state != PM_SOCKET_WAITING)
        return;
    s->state = PM_SOCKET_JOINED;
    pm_socket_greet(s);
}

/* An object with message and data. Version 3 has no such form: its clients get what the application calls data as it
 * is, and the object if there is none. */
static size_t write_refusal(char *out, bool version_3, const char *message, const char *data)
{
    if (version_3 && data)
        return (size_t)(stpcpy(out, data) - out);
    size_t at = (size_t)(stpcpy(out, "{\"message\":") - out);
    at += pm_json_quote(message, strlen(message), out + at);
    if (data)
        at = (size_t)(stpcpy(stpcpy(out + at, ",\"data\":"), data) - out);
    out[at++] = '}';
    return at;
}

void pm_socket_refuse(struct pm_socket *s, const char *message, const char *data)
{
    if (s->state != PM_SOCKET_WAITING)
        return;
    char *json = malloc(32 + pm_json_quoted_max(strlen(message)) + (data ? strlen(data) : 0));
    if (json)
        send_simple(s, PM_SIO_CONNECT_ERROR, json, write_refusal(json, is_version_3(s), message, data));
    else
        pm_session_abandon(s->client->session);
    free(json);
    s->state = PM_SOCKET_LEFT; /* the application knows: on_disconnect is not for what never joined */
    pm_socket_gone(s);
}

void pm_socket_disconnect(struct pm_socket *s)
{
    if (s->state == PM_SOCKET_JOINED)
        send_simple(s, PM_SIO_DISCONNECT, NULL, 0);
    if (s->state == PM_SOCKET_JOINED || s->state == PM_SOCKET_AWAY)
        pm_socket_gone(s);
}

void pm_socket_cut(struct pm_socket *s)
{
    if (s->client)
        pm_session_cut(s->client->session);
}

/* ---- sending ---- */

int pm_socket_send_now(struct pm_socket *s, struct pm_packet *p)
{
    struct pm_session *session = s->client->session;
    bool with_offset = pm_recovery_covers(s);
    struct pm_message *joined = pm_session_sends_frames(session) ? pm_packet_joined(p, with_offset) : NULL;
    if (joined) {
        pm_session_send(session, joined);
        return 0;
    }
    struct pm_message *text = pm_packet_text(p, with_offset);
    if (!text)
        return -ENOMEM;
    pm_session_send(session, text);
    for (unsigned i = 0; i < p->n_attachments; i++)
        pm_session_send(session, p->attachments[i]);
    return 0;
}

int pm_socket_send(struct pm_socket *s, struct pm_packet *p)
{
    if (s->state != PM_SOCKET_JOINED && s->state != PM_SOCKET_AWAY)
        return -ENOTCONN;
    pm_recovery_keep(s, p);
    return s->state == PM_SOCKET_JOINED ? pm_socket_send_now(s, p) : 0;
}

int pm_socket_emit(struct pm_socket *s, const char *name, const struct pm_args *args)
{
    if (s->state != PM_SOCKET_JOINED && s->state != PM_SOCKET_AWAY)
        return -ENOTCONN;
    struct pm_packet *p = pm_packet_new(s->all, s->name_space, name, args);
    if (!p)
        return -ENOMEM;
    int r = pm_socket_send(s, p);
    pm_packet_unref(p);
    return r;
}

int pm_socket_ask(struct pm_socket *s, const char *name, const struct pm_args *args, pm_answer_fn *on_answer,
                  void *owner)
{
    if (s->state != PM_SOCKET_JOINED)
        return -ENOTCONN;
    if (s->n_questions >= s->all->options.open_questions)
        return -EAGAIN;
    struct pm_question *q = calloc(1, sizeof(*q));
    struct pm_packet *p =
        q ? pm_packet_make(s->all, PM_SIO_EVENT, s->name_space, s->next_question, name, args, NULL) : NULL;
    int r = p ? pm_socket_send_now(s, p) : -ENOMEM;
    pm_packet_unref(p);
    if (r < 0) {
        free(q);
        return r;
    }
    *q = (struct pm_question){.id = s->next_question, .on_answer = on_answer, .owner = owner};
    s->next_question = (s->next_question + 1) & INT32_MAX; /* some clients read it into an int */
    pm_list_append(&s->questions, &q->link);
    s->n_questions++;
    return 0;
}

void pm_socket_answered(struct pm_socket *s, int64_t id, const struct pm_args *args)
{
    pm_list_for_each (link, &s->questions) {
        struct pm_question *q = pm_container(link, struct pm_question, link);
        if (q->id != id)
            continue;
        pm_list_remove(&q->link);
        s->n_questions--;
        pm_socket_ref(s);
        q->on_answer(q->owner, s, args);
        pm_socket_unref(s);
        free(q);
        return;
    }
}

int pm_socket_ack(struct pm_socket *s, int64_t id, const struct pm_args *args)
{
    if (id == PM_SIO_NO_ID)
        return 0;
    if (s->state != PM_SOCKET_JOINED)
        return -ENOTCONN;
    struct pm_packet *p = pm_packet_make(s->all, PM_SIO_ACK, s->name_space, id, NULL, args, NULL);
    int r = p ? pm_socket_send_now(s, p) : -ENOMEM;
    pm_packet_unref(p);
    return r;
}

void pm_socket_pause(struct pm_socket *s, bool paused)
{
    if (s->client)
        pm_session_pause(s->client->session, PM_PAUSED_APPLICATION, paused);
}

bool pm_socket_recovers(const struct pm_socket *s)
{
    return pm_recovery_covers(s);
}

bool pm_socket_has_room(struct pm_socket *s)
{
    return !s->client || pm_session_has_room(s->client->session);
}
