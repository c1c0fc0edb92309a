/* face_socketio.c - see faces.h; clients that come, go and come back, and what they ask for: events with or without
 * acknowledgement. */
#include "net/face_socketio_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    struct pm_api_request api; /* first */
    struct pm_spare *spare;    /* where its memory comes from */
    struct pm_socket *socket;
    int64_t id;
    char event[PM_SIO_EVENT_NAME_MAX + 1]; /* whatever the client calls it: each is answered */
};

static void end(struct request *r)
{
    pm_socket_unref(r->socket);
    pm_spare_give(r->spare, r, sizeof(*r));
}

static void acknowledge(struct request *r, const json_t *answer)
{
    char *text = json_dumps(answer, JSON_COMPACT);
    struct pm_args args = {.json = text, .n = text ? strlen(text) : 0};
    if (!text || pm_socket_ack(r->socket, r->id, &args) == -ENOMEM)
        pm_socket_cut(r->socket);
    free(text);
}

/* Applications of the original ask for no acknowledgement: they get its reply event, and failures as an event. */
static void on_answer(struct pm_api_request *api, const json_t *answer, const char *legacy_event, const json_t *legacy,
                      enum pm_error error)
{
    struct request *r = (struct request *)api;
    if (r->id != PM_SIO_NO_ID) {
        acknowledge(r, answer);
    } else {
        struct pm_face_client *c = pm_socket_app(r->socket);
        if (c && legacy)
            pm_face_emit(c, legacy_event, legacy);
        if (c && error != PM_OK) {
            json_t *failed = json_pack("{s:s, s:O}", "event", r->event, "error", json_object_get(answer, "error"));
            if (api->name[0])
                json_object_set_new(failed, "name", json_string(api->name));
            pm_face_emit(c, "request-failed", failed);
            json_decref(failed);
        }
    }
    end(r);
}

static void on_sent(struct pm_api_request *api, size_t bytes)
{
    struct request *r = (struct request *)api;
    char text[64];
    struct pm_args args = {.json = text};
    if (r->id != PM_SIO_NO_ID) {
        args.n = (size_t)snprintf(text, sizeof(text), "{\"ok\":true,\"bytes\":%zu}", bytes);
        if (pm_socket_ack(r->socket, r->id, &args) == -ENOMEM)
            pm_socket_cut(r->socket);
    }
    end(r);
}

/* NULL without memory. */
static struct request *begin(struct pm_face_client *c, int64_t id, const char *event, size_t n)
{
    struct request *r = pm_spare_take(c->face->spare, sizeof(*r));
    if (!r)
        return NULL;
    *r = (struct request){.spare = c->face->spare};
    r->api.client = &c->api;
    r->api.who = c->api.who;
    r->api.on_answer = on_answer;
    r->api.on_sent = on_sent;
    r->socket = pm_socket_ref(c->socket);
    r->id = id;
    r->api.unheard = id == PM_SIO_NO_ID;
    assert(n < sizeof(r->event));
    memcpy(r->event, event, n);
    return r;
}

static void on_event(void *owner, struct pm_socket *s, const struct pm_event *e)
{
    struct pm_face_socketio *f = owner;
    struct pm_face_client *client = pm_socket_app(s);
    struct request *r = client ? begin(client, e->id, e->name, e->name_n) : NULL;
    if (!r)
        return;
    struct pm_api_blob blobs[PM_EVENT_ATTACHMENTS_MAX];
    for (unsigned i = 0; i < e->args.n_attachments; i++)
        blobs[i] = (struct pm_api_blob){e->args.attachments[i].p, e->args.attachments[i].n};
    pm_api_run_text(f->api, &r->api, r->event, e->args.json, e->args.n, blobs, e->args.n_attachments);
}

static void forget(struct pm_face_client *c)
{
    pm_socket_set_app(c->socket, NULL);
    pm_sent_fini(&c->sent);
    free(c->subscribe);
    free(c);
}

/* As if it were its first event, but before it gets any bytes. False without memory. */
static bool subscribe(struct pm_face_client *c)
{
    static const char event[] = "subscribe";
    struct request *r = begin(c, PM_SIO_NO_ID, event, strlen(event));
    if (!r)
        return false;
    pm_api_run_text(c->face->api, &r->api, r->event, c->subscribe, strlen(c->subscribe), NULL, 0);
    free(c->subscribe);
    c->subscribe = NULL;
    return true;
}

void pm_face_admit(struct pm_face_client *c)
{
    struct pm_socket *s = c->socket;
    pm_socket_accept(s);
    c->joined = pm_api_join(c->face->api, &c->api) == 0;
    if (c->joined && (!c->subscribe || subscribe(c)))
        return;
    if (c->joined)
        pm_api_leave(&c->api);
    forget(c);
    pm_socket_disconnect(s);
}

static void on_connect(void *owner, struct pm_socket *s, const char *auth, size_t n)
{
    struct pm_face_socketio *f = owner;
    if (strcmp(pm_socket_namespace(s), "/") != 0) {
        pm_socket_refuse(s, "Invalid namespace", NULL);
        return;
    }
    struct pm_face_client *c = calloc(1, sizeof(*c));
    if (!c) {
        pm_socket_refuse(s, "busy", NULL);
        return;
    }
    c->api.ops = &pm_face_client_ops;
    c->api.who = pm_socket_who(s);
    c->face = f;
    c->socket = s;
    c->sent = pm_sent_begin(f->clock);
    pm_socket_set_app(s, c);
    if (!pm_face_knock(c, auth, n))
        forget(c);
}

static void on_drained(void *owner, struct pm_socket *s)
{
    (void)owner;
    struct pm_face_client *c = pm_socket_app(s);
    if (c)
        pm_api_drained(&c->api);
}

/* What it misses while it is away stays in the journals, and its events in what it was sent. */
static void on_away(void *owner, struct pm_socket *s)
{
    (void)owner;
    struct pm_face_client *c = pm_socket_app(s);
    pm_api_set_away(&c->api, true);
}

static bool on_return(void *owner, struct pm_socket *s, const char *offset, size_t n)
{
    (void)owner;
    return pm_face_rewind(pm_socket_app(s), offset, n);
}

static void on_show(void *owner, const char *auth, size_t n, struct pm_who *who)
{
    pm_face_show(owner, auth, n, who);
}

static void on_back(void *owner, struct pm_socket *s)
{
    (void)owner;
    struct pm_face_client *c = pm_socket_app(s);
    pm_face_resend(c);
    pm_api_set_away(&c->api, false);
}

static void on_disconnect(void *owner, struct pm_socket *s)
{
    (void)owner;
    struct pm_face_client *c = pm_socket_app(s);
    if (!c)
        return;
    if (c->joined)
        pm_api_leave(&c->api);
    else
        pm_face_walk_off(c);
    forget(c);
}

static const struct pm_sockets_ops sockets_ops = {on_connect, on_event,  on_drained, on_away,
                                                  on_back,    on_return, on_show,    on_disconnect};

int pm_face_socketio_new(struct pm_server *server, struct pm_api *api, const struct pm_engine_options *engine,
                         const struct pm_sockets_options *options, struct pm_face_socketio **ret)
{
    struct pm_face_socketio *f = calloc(1, sizeof(*f));
    if (!f)
        return -ENOMEM;
    f->api = api;
    f->spare = &server->loop->spare;
    int r = pm_sockets_new(server, "/socket.io", engine, options, &sockets_ops, f, &f->sockets);
    if (r < 0) {
        free(f);
        return r;
    }
    *ret = f;
    return 0;
}

struct pm_face_socketio *pm_face_socketio_free(struct pm_face_socketio *f)
{
    if (!f)
        return NULL;
    pm_sockets_free(f->sockets);
    pm_packet_unref(f->rx.packet);
    pm_packet_unref(f->broadcast.packet);
    free(f);
    return NULL;
}
