/* sockets.h - a Socket.IO server on an engine: namespaces with a door, events, acknowledgements, state recovery. */
#ifndef PM_NET_SOCKETS_H
#define PM_NET_SOCKETS_H

#include "net/engine.h"
#include "proto/socketio.h"

struct pm_sockets; /* the server */
struct pm_socket;  /* one client in one namespace; counted references */
struct pm_packet;  /* one outgoing event, encoded once; counted references */

struct pm_sockets_options {
    struct pm_sio_limits packet;
    unsigned namespaces;     /* of one client */
    uint32_t attachments_ms; /* how long a binary event may wait for its attachments */
    unsigned open_questions; /* acknowledgements of one socket that we wait for */
    uint32_t recovery_ms;    /* how long a lost client may come back and miss nothing; 0: no state recovery. As many
                                may as the engine has sessions: beyond, the one that is away the longest is given up */
    size_t recovery_bytes;   /* kept for each socket; one who missed more starts afresh */
    uint32_t events_per_second, event_burst; /* of one client, then it is read from more slowly; 0: as many as come */
    uint32_t flood_ms;                       /* and closed if it goes on for so long */
};

struct pm_sockets_options pm_sockets_defaults(void);

/* Bytes that belong to somebody else. */
struct pm_span {
    const uint8_t *p;
    size_t n;
};

/* The arguments of an event or acknowledgement: JSON values with commas between ("" for none), in which
 * {"_placeholder":true,"num":i} stands for attachment i. */
struct pm_args {
    const char *json;
    size_t n;
    const struct pm_span *attachments;
    unsigned n_attachments;
};

enum { PM_EVENT_ATTACHMENTS_MAX = 32 }; /* the most that options.packet.attachments may say */

/* An event from a client; all of it borrowed for the call. */
struct pm_event {
    const char *name; /* not terminated */
    size_t name_n;
    struct pm_args args;
    int64_t id; /* what pm_socket_ack() takes; PM_SIO_NO_ID: no acknowledgement is wanted */
};

/* Told to the application, always from the loop. */
struct pm_sockets_ops {
    /* A client wants into a namespace. Answer with pm_socket_accept() or pm_socket_refuse(), now or minutes later: the
     * client waits (take a reference for that; on_disconnect comes if it does not). `auth` is a JSON object. */
    void (*on_connect)(void *owner, struct pm_socket *s, const char *auth, size_t n);
    void (*on_event)(void *owner, struct pm_socket *s, const struct pm_event *event);
    void (*on_drained)(void *owner, struct pm_socket *s); /* pm_socket_has_room() became true */
    void (*on_away)(void *owner, struct pm_socket *s);    /* lost, may come back: what is sent meanwhile is kept */
    void (*on_back)(void *owner, struct pm_socket *s);    /* came back, and missed nothing */

    /* May be NULL: then what a lost client misses is kept here, within options.recovery_bytes. Else the application
     * keeps it. It is asked when a client that is away comes back and names the offset of its last event, as it was
     * given to pm_packet_new_at() (n is 0: it got none): can everything behind it be sent again? True: on_back follows,
     * and there it is to be sent. False: the client starts afresh, and this socket is gone. */
    bool (*on_return)(void *owner, struct pm_socket *s, const char *offset, size_t n);

    /* May be NULL. A client wants to come back: what it shows in `auth`, as on_connect gets it, may make *who more.
     * Without effect but for that. */
    void (*on_show)(void *owner, const char *auth, size_t n, struct pm_who *who);
    void (*on_disconnect)(void *owner, struct pm_socket *s); /* gone for good; the last call */
};

/* Serve Socket.IO under `path`. The caller owns *ret. 0 or a negative errno. */
int pm_sockets_new(struct pm_server *server, const char *path, const struct pm_engine_options *engine,
                   const struct pm_sockets_options *options, const struct pm_sockets_ops *ops, void *owner,
                   struct pm_sockets **ret);
struct pm_sockets *pm_sockets_free(struct pm_sockets *all);

/* ---- one client in one namespace ---- */

struct pm_socket *pm_socket_ref(struct pm_socket *s);
struct pm_socket *pm_socket_unref(struct pm_socket *s);

/* The application's own pointer. */
void pm_socket_set_app(struct pm_socket *s, void *app);
void *pm_socket_app(const struct pm_socket *s);

/* The namespace, from its '/'; terminated. */
const char *pm_socket_namespace(const struct pm_socket *s);

/* Who it is, as the gate found when its session began. */
const struct pm_who *pm_socket_who(const struct pm_socket *s);

/* It showed something that makes it somebody else: ask pm_socket_who() again. Before it is let in. 0 or -ENOMEM. */
int pm_socket_set_who(struct pm_socket *s, const struct pm_who *who);

/* Let a waiting client in, or not: `message` is for a person, `data` a JSON value or NULL. Without effect on one that
 * is not waiting (any more). */
void pm_socket_accept(struct pm_socket *s);
void pm_socket_refuse(struct pm_socket *s, const char *message, const char *data);

/* Make a client leave the namespace (its connection stays), or cut its connection without a word, as a fault would. */
void pm_socket_disconnect(struct pm_socket *s);
void pm_socket_cut(struct pm_socket *s);

/* Emit an event to one client. 0, -ENOTCONN (it is not in the namespace), -ENOMEM. */
int pm_socket_emit(struct pm_socket *s, const char *name, const struct pm_args *args);

/* The same, and ask for an acknowledgement. on_answer is called at most once: with the client's arguments, or with NULL
 * when it leaves without an answer. -EAGAIN: too many questions are open. */
typedef void pm_answer_fn(void *owner, struct pm_socket *s, const struct pm_args *args);
int pm_socket_ask(struct pm_socket *s, const char *name, const struct pm_args *args, pm_answer_fn *on_answer,
                  void *owner);

/* Acknowledge an event, once; PM_SIO_NO_ID does nothing. 0, -ENOTCONN, -ENOMEM. */
int pm_socket_ack(struct pm_socket *s, int64_t id, const struct pm_args *args);

/* Do not read from this client for now (all its namespaces), or go on: how one that sends faster than its device takes
 * is slowed down, and only it. Its heartbeat is not missed meanwhile. */
void pm_socket_pause(struct pm_socket *s, bool paused);

/* Whether little waits for this client; if not, on_drained follows. What can wait elsewhere is sent only then. */
bool pm_socket_has_room(struct pm_socket *s);

/* ---- one event for many clients ---- */

/* Encode an event for a namespace. NULL without memory. The caller owns the reference. */
struct pm_packet *pm_packet_new(struct pm_sockets *all, const char *name_space, const char *name,
                                const struct pm_args *args);
struct pm_packet *pm_packet_unref(struct pm_packet *p);

/* The same, with an offset of the application's own (at most PM_OFFSET_MAX bytes of ASCII without quotes or
 * backslashes), which clients that take part in state recovery get behind the arguments. */
enum { PM_OFFSET_MAX = 64 };
struct pm_packet *pm_packet_new_at(struct pm_sockets *all, const char *name_space, const char *name,
                                   const struct pm_args *args, const char *offset);
struct pm_packet *pm_packet_ref(struct pm_packet *p);

/* Does this client take part in state recovery? */
bool pm_socket_recovers(const struct pm_socket *s);

/* Send it to a client of that namespace. 0, -ENOTCONN, -ENOMEM. */
int pm_socket_send(struct pm_socket *s, struct pm_packet *p);

#endif
