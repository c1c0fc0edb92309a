/* sockets_private.h - what the files of the Socket.IO server share: sockets.c (sockets, sending), sockets_client.c
 * (what clients say), sockets_packet.c (encoding), sockets_rate.c (how fast), sockets_recovery.c (clients that come
 * back), sockets_who.c (who they are). */
#ifndef PM_NET_SOCKETS_PRIVATE_H
#define PM_NET_SOCKETS_PRIVATE_H

#include "base/ident.h"
#include "net/sockets.h"

struct pm_packet {
    uint32_t refs;
    unsigned room;                /* for attachments */
    struct pm_spare *spare;       /* where its memory comes from */
    uint64_t offset;              /* place among all events of the server; 0: none */
    struct pm_message *plain;     /* the text message for clients without recovery, made when first needed */
    struct pm_message *text;      /* with the offset, if the server has recovery */
    size_t offset_n;              /* bytes at the end of `text` that `plain` has not, before the bracket */
    size_t bytes;                 /* in all messages */
    struct pm_message *joined[2]; /* all messages in one piece, made when first needed: without the offset, with it */
    unsigned n_attachments;
    struct pm_message *attachments[];
};

/* One event in a socket's memory of what it was sent. */
struct pm_kept {
    struct pm_kept *next;
    struct pm_packet *packet;
};

struct pm_question {
    struct pm_link link;
    int64_t id;
    pm_answer_fn *on_answer;
    void *owner;
};

enum pm_socket_state {
    PM_SOCKET_WAITING, /* at the door */
    PM_SOCKET_JOINED,
    PM_SOCKET_AWAY, /* lost its connection, may come back */
    PM_SOCKET_LEFT, /* the client left the namespace; what it still sends there is ignored */
    PM_SOCKET_GONE,
};

struct pm_client;

struct pm_socket {
    uint32_t refs;
    enum pm_socket_state state;
    struct pm_sockets *all;
    struct pm_client *client; /* NULL when away or gone */
    struct pm_link link;      /* in the client's sockets, or among those away */
    struct pm_ident id;       /* version 4 only; version 3 uses the session's */
    struct pm_ident_node pid; /* what brings it back */
    struct pm_mono away_until;
    struct pm_kept *first, *last;
    size_t kept_bytes;
    uint64_t joined_at;    /* the newest event when it joined */
    uint64_t lost_through; /* events up to this offset are no longer kept */
    struct pm_link questions;
    unsigned n_questions;
    int64_t next_question;
    void *app;
    struct pm_shared_who *who;
    char name_space[];
};

/* An event or acknowledgement whose attachments are still to come. */
struct pm_pending {
    struct pm_sio_packet packet; /* points into text */
    struct pm_mono since;
    unsigned have;
    struct pm_span attachments[PM_EVENT_ATTACHMENTS_MAX]; /* from the loop's spare memory, as all of this */
    size_t text_n;
    char text[];
};

/* One engine session. */
struct pm_client {
    struct pm_sockets *all;
    struct pm_session *session;
    bool recovers; /* it takes part in state recovery */
    struct pm_shared_who *who;
    struct pm_link sockets;
    unsigned n_sockets;
    struct pm_pending *pending;
    struct pm_mono rate_through;   /* by when its events so far would have come at the permitted rate */
    struct pm_mono flooding_since; /* us == 0: it keeps to it */
    struct pm_link slowed;         /* among those that are not read from for that */
    bool *gone;                    /* set at its end for whoever walks over its sockets; NULL: nobody does */
};

/* Immutable. */
struct pm_shared_who {
    uint32_t refs;
    struct pm_who who;
};

struct pm_sockets {
    struct pm_server *server;
    struct pm_engine *engine;
    struct pm_loop *loop;
    struct pm_sockets_options options;
    const struct pm_sockets_ops *ops;
    void *owner;
    uint64_t next_offset;
    struct pm_ident_table by_pid; /* those away */
    struct pm_link away;          /* in the order in which their time ends */
    unsigned n_away, away_max;    /* as many as there may be sessions: then the oldest makes room */
    struct pm_timer expiry;
    struct pm_link slowed; /* struct pm_client */
    struct pm_timer rate_tick;
    struct pm_shared_who *newest_who;
    uint8_t handles; /* of the loop that are not closed yet */
};

/* sockets.c */
struct pm_socket *pm_socket_new(struct pm_client *c, const char *name_space, size_t n);
void pm_socket_gone(struct pm_socket *s);  /* out of every list, on_disconnect, reference dropped */
void pm_socket_leave(struct pm_socket *s); /* the client said goodbye to the namespace */
void pm_socket_answered(struct pm_socket *s, int64_t id, const struct pm_args *args);
int pm_socket_send_now(struct pm_socket *s, struct pm_packet *p);
void pm_socket_greet(struct pm_socket *s); /* the CONNECT answer */

/* sockets_client.c */
extern const struct pm_engine_ops pm_client_ops;

/* sockets_packet.c */
struct pm_message *pm_text_message(struct pm_spare *spare, const char *head, size_t head_n, const char *body, size_t n);
struct pm_packet *pm_packet_make(struct pm_sockets *all, enum pm_sio_type type, const char *name_space, int64_t id,
                                 const char *name, const struct pm_args *args, const char *offset);
struct pm_message *pm_packet_text(struct pm_packet *p, bool with_offset);
struct pm_message *pm_packet_joined(struct pm_packet *p, bool with_offset); /* NULL: send them one by one */

/* sockets_who.c: a reference to the one that is like this; NULL without memory. */
struct pm_shared_who *pm_shared_who_get(struct pm_sockets *all, const struct pm_who *who);
struct pm_shared_who *pm_shared_who_ref(struct pm_shared_who *w);
struct pm_shared_who *pm_shared_who_unref(struct pm_shared_who *w); /* NULL is fine */

/* sockets_rate.c */
bool pm_rate_admits(struct pm_client *c); /* an event came; false: one too many, and the client is gone */
void pm_rate_tick(struct pm_timer *t);

/* sockets_recovery.c */
bool pm_recovery_covers(const struct pm_socket *s); /* this socket takes part */
void pm_recovery_keep(struct pm_socket *s, struct pm_packet *p);
void pm_recovery_forget(struct pm_socket *s); /* all that is kept */
void pm_recovery_leave(struct pm_socket *s);  /* the connection broke: wait for its return */
void pm_recovery_remove(struct pm_socket *s); /* it is no longer waited for */
struct pm_socket *pm_recovery_find(struct pm_client *c, const struct pm_sio_packet *connect, uint64_t *ret_offset);
void pm_recovery_return(struct pm_socket *s, struct pm_client *c, uint64_t offset);
void pm_recovery_expire(struct pm_timer *t);

#endif
