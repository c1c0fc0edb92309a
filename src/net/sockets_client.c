/* sockets_client.c - what a client says: packets are read, attachments gathered, and handed to the namespace's socket.
 */
#include "net/sockets_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct pm_socket *find_socket(struct pm_client *c, const char *name_space, size_t n)
{
    pm_list_for_each (link, &c->sockets) {
        struct pm_socket *s = pm_container(link, struct pm_socket, link);
        if (strlen(s->name_space) == n && memcmp(s->name_space, name_space, n) == 0)
            return s;
    }
    return NULL;
}

static void free_pending(struct pm_spare *spare, struct pm_pending *pending)
{
    for (unsigned i = 0; i < pending->have; i++)
        pm_spare_give(spare, (void *)(uintptr_t)pending->attachments[i].p, pending->attachments[i].n);
    pm_spare_give(spare, pending, sizeof(*pending) + pending->text_n);
}

static void violation(struct pm_client *c)
{
    pm_session_close(c->session, PM_CLOSED_PARSE);
}

/* ---- CONNECT ---- */

/* Turn a client away that has no socket in the namespace. */
static void refuse_connect(struct pm_client *c, const struct pm_sio_packet *packet, const char *message,
                           const char *data)
{
    struct pm_socket *s = pm_socket_new(c, packet->name_space, packet->name_space_n);
    if (s)
        pm_socket_refuse(s, message, data);
    else
        pm_session_abandon(c->session);
}

static void ask_door(struct pm_client *c, const struct pm_sio_packet *packet)
{
    char from_query[1024];
    const char *auth = packet->has_data ? packet->data.p : "{}";
    size_t n = packet->has_data ? packet->data.n : 2;
    if (packet->query) {
        ssize_t length = pm_sio_query_to_json(packet->query, packet->query_n, from_query, sizeof(from_query));
        if (length < 0) {
            refuse_connect(c, packet, "bad-auth", NULL);
            return;
        }
        auth = from_query;
        n = (size_t)length;
    }
    struct pm_socket *s = pm_socket_new(c, packet->name_space, packet->name_space_n);
    if (!s) {
        pm_session_abandon(c->session);
        return;
    }
    pm_socket_ref(s); /* the application may end it and go on using it until it returns */
    c->all->ops->on_connect(c->all->owner, s, auth, n);
    pm_socket_unref(s);
}

static void on_connect_packet(struct pm_client *c, const struct pm_sio_packet *packet)
{
    static const char crowded[] = "{\"code\":\"too-many-namespaces\",\"message\":\"This client uses as many namespaces "
                                  "as it may. Start peripheral-manager with a larger --namespaces.\"}";
    struct pm_socket *s = find_socket(c, packet->name_space, packet->name_space_n);
    uint64_t offset;
    pm_session_established(c->session);
    if (s && s->state != PM_SOCKET_LEFT) {
        if (pm_session_version(c->session) == PM_EIO_4) /* clients of version 3 are in "/" before they can ask */
            violation(c);
        return;
    }
    if (s)
        pm_socket_gone(s); /* it left earlier and comes anew */
    if (c->n_sockets >= c->all->options.namespaces) {
        refuse_connect(c, packet, "too-many-namespaces", crowded);
        return;
    }
    s = pm_recovery_find(c, packet, &offset);
    if (s)
        pm_recovery_return(s, c, offset);
    else
        ask_door(c, packet);
}

/* ---- events and acknowledgements ---- */

static void dispatch(struct pm_client *c, const struct pm_sio_packet *packet, const struct pm_span *attachments)
{
    struct pm_socket *s = find_socket(c, packet->name_space, packet->name_space_n);
    struct pm_args args = {packet->args, packet->args_n, attachments, packet->attachments};
    if (s && s->state == PM_SOCKET_LEFT)
        return; /* sent before the client knew, or to nobody: it left */
    if (packet->type == PM_SIO_EVENT && !pm_rate_admits(c))
        return;
    if (!s || s->state != PM_SOCKET_JOINED) {
        violation(c);
    } else if (packet->type == PM_SIO_DISCONNECT) {
        pm_socket_leave(s);
    } else if (packet->type == PM_SIO_ACK) {
        if (packet->id >= 0 && packet->has_data)
            pm_socket_answered(s, packet->id, &args);
    } else {
        struct pm_event event = {packet->event, packet->event_n, args, packet->id};
        pm_socket_ref(s);
        c->all->ops->on_event(c->all->owner, s, &event);
        pm_socket_unref(s);
    }
}

/* A binary packet waits for its attachments; its text is kept, and read where it is kept. */
static void begin_pending(struct pm_client *c, const uint8_t *p, size_t n)
{
    struct pm_spare *spare = &c->all->loop->spare;
    struct pm_pending *pending = pm_spare_take(spare, sizeof(*pending) + n);
    if (!pending) {
        pm_session_abandon(c->session);
        return;
    }
    memcpy(pending->text, p, n);
    pending->text_n = n;
    pending->have = 0;
    int r = pm_sio_read(pending->text, n, &c->all->options.packet, &pending->packet);
    if (r == 0 && pending->packet.attachments > 0) {
        pending->since = pm_loop_now();
        c->pending = pending;
        return;
    }
    if (r < 0)
        violation(c);
    else
        dispatch(c, &pending->packet, NULL);
    free_pending(spare, pending);
}

static void on_text(struct pm_client *c, const uint8_t *p, size_t n)
{
    struct pm_sio_packet packet;
    if (c->pending) {
        violation(c);
        return;
    }
    if (n > 0 && (*p == '0' + PM_SIO_BINARY_EVENT || *p == '0' + PM_SIO_BINARY_ACK)) {
        begin_pending(c, p, n);
        return;
    }
    int r = pm_sio_read((const char *)p, n, &c->all->options.packet, &packet);
    if (r == -EINVAL) {
        struct pm_session *session = c->session; /* outlives the client within this turn */
        refuse_connect(c, &packet, "bad-auth", NULL);
        pm_session_close(session, PM_CLOSED_PARSE);
    } else if (r < 0) {
        violation(c);
    } else if (packet.type == PM_SIO_CONNECT) {
        on_connect_packet(c, &packet);
    } else {
        dispatch(c, &packet, NULL);
    }
}

static void on_binary(struct pm_client *c, const uint8_t *p, size_t n)
{
    struct pm_pending *pending = c->pending;
    if (!pending || pm_mono_reached(pm_loop_now(), pm_mono_add_ms(pending->since, c->all->options.attachments_ms))) {
        violation(c);
        return;
    }
    struct pm_spare *spare = &c->all->loop->spare;
    uint8_t *copy = pm_spare_take(spare, n);
    if (!copy) {
        pm_session_abandon(c->session);
        return;
    }
    if (n > 0)
        memcpy(copy, p, n);
    pending->attachments[pending->have++] = (struct pm_span){copy, n};
    if (pending->have < pending->packet.attachments)
        return;
    c->pending = NULL; /* the handler may close the client */
    dispatch(c, &pending->packet, pending->attachments);
    free_pending(spare, pending);
}

/* ---- the engine's calls ---- */

/* python-engineio writes the transport before the version, all others after it. Its applications know nothing of state
 * recovery, and their handlers take no argument too many: they are spared the offset. */
static bool knows_recovery(struct pm_http_text query)
{
    const char *version = query.n ? memmem(query.p, query.n, "EIO=", 4) : NULL;
    const char *transport = query.n ? memmem(query.p, query.n, "transport=", 10) : NULL;
    return !version || !transport || version < transport;
}

/* Clients of version 3 are in "/" before they can say anything but the query. */
static bool asks_not_to_wait(struct pm_http_text query)
{
    char value[8];
    size_t n = 0;
    return pm_http_query(query, "pm-wait", value, sizeof(value), &n) == 1 && n == 5 && memcmp(value, "false", 5) == 0;
}

static int on_open(void *owner, struct pm_session *session, const struct pm_http_head *head, void **ret_app)
{
    struct pm_sockets *all = owner;
    struct pm_client *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->all = all;
    c->who = pm_shared_who_get(all, &all->server->who);
    if (!c->who) {
        free(c);
        return -ENOMEM;
    }
    c->recovers =
        all->options.recovery_ms > 0 && pm_session_version(session) == PM_EIO_4 && knows_recovery(head->query);
    c->session = session;
    pm_list_init(&c->sockets);
    pm_list_init(&c->slowed);
    *ret_app = c;
    if (pm_session_version(session) == PM_EIO_3) {
        struct pm_sio_packet root = {.type = PM_SIO_CONNECT, .name_space = "/", .name_space_n = 1};
        if (asks_not_to_wait(head->query)) {
            root.query = "pm-wait=false";
            root.query_n = strlen(root.query);
        }
        on_connect_packet(c, &root);
    }
    return 0;
}

static void on_message(void *app, struct pm_session *session, bool binary, uint8_t *p, size_t n)
{
    (void)session;
    if (binary)
        on_binary(app, p, n);
    else
        on_text(app, p, n);
}

static void on_drained(void *app, struct pm_session *session)
{
    struct pm_client *c = app;
    bool gone = false; /* who has no memory for what it is to get is cut off */
    (void)session;
    c->gone = &gone;
    pm_list_for_each (link, &c->sockets) {
        struct pm_socket *s = pm_container(link, struct pm_socket, link);
        if (s->state == PM_SOCKET_JOINED)
            c->all->ops->on_drained(c->all->owner, s);
        if (gone)
            return;
    }
    c->gone = NULL;
}

static void on_close(void *app, struct pm_session *session, enum pm_close_reason reason)
{
    struct pm_client *c = app;
    (void)session;
    bool may_return = reason != PM_CLOSED_PARSE && c->all->options.recovery_ms > 0;
    while (!pm_list_empty(&c->sockets)) {
        struct pm_socket *s = pm_container(c->sockets.next, struct pm_socket, link);
        if (may_return && s->state == PM_SOCKET_JOINED && pm_recovery_covers(s))
            pm_recovery_leave(s);
        else
            pm_socket_gone(s);
    }
    pm_list_remove(&c->slowed);
    if (c->gone)
        *c->gone = true;
    if (c->pending)
        free_pending(&c->all->loop->spare, c->pending);
    pm_shared_who_unref(c->who);
    free(c);
}

const struct pm_engine_ops pm_client_ops = {on_open, on_message, on_drained, on_close};
