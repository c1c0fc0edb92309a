/* face_socketio_private.h - what the two halves of the Socket.IO face share: face_socketio.c (clients and what they
 * ask) and face_events.c (what they are sent, and sent again). */
#ifndef PM_NET_FACE_SOCKETIO_PRIVATE_H
#define PM_NET_FACE_SOCKETIO_PRIVATE_H

#include "net/faces.h"
#include "net/sent.h"

/* What was encoded last: the next client that is to get the same gets it. */
struct pm_encoded {
    uint64_t number; /* of the event; 0: nothing */
    struct pm_packet *packet;
    size_t n; /* bytes of its text, or of its attachment */
};

struct pm_face_socketio {
    struct pm_api *api;
    struct pm_spare *spare; /* of the loop */
    struct pm_sockets *sockets;
    uint64_t clock; /* number of the newest event */
    struct pm_encoded rx, broadcast;
    uint32_t rx_connection;
    uint64_t rx_offset;
    uint64_t broadcast_number; /* as the API counts */
};

struct pm_face_client {
    struct pm_api_client api; /* first: the API hands it back */
    struct pm_face_socketio *face;
    struct pm_socket *socket;
    bool joined; /* it is in; else it waits for the person */
    struct pm_consent_waiter waiter;
    struct pm_sent sent;
    char *subscribe; /* what it asked for as it came: the argument of that request, as JSON; or NULL */
};

/* face_socketio.c: let it in. */
void pm_face_admit(struct pm_face_client *c);

/* face_door.c: let it in, let it wait (both true), or turn it away: then it is the caller's to free. And: one that
 * waits leaves. */
bool pm_face_knock(struct pm_face_client *c, const char *auth, size_t n);
void pm_face_walk_off(struct pm_face_client *c);

/* face_door.c: what a client shows that comes back makes it what it was. */
void pm_face_show(struct pm_face_socketio *f, const char *auth, size_t n, struct pm_who *who);

/* face_events.c */
extern const struct pm_api_client_ops pm_face_client_ops;

/* Emit an event to one client; without memory it is cut off, since it must not miss one. */
void pm_face_emit(struct pm_face_client *c, const char *event, const json_t *data);

/* The client names its last event. True: what it missed can be sent again, by pm_face_resend(). */
bool pm_face_rewind(struct pm_face_client *c, const char *offset, size_t n);
void pm_face_resend(struct pm_face_client *c);

#endif
