/* engine_private.h - what the three files of the engine share: engine.c (sessions), engine_http.c, engine_ws.c. */
#ifndef PM_NET_ENGINE_PRIVATE_H
#define PM_NET_ENGINE_PRIVATE_H

#include "base/ident.h"
#include "net/engine.h"

struct pm_engine {
    struct pm_server *server;
    struct pm_engine_options options;
    const struct pm_engine_ops *ops;
    void *owner;
    struct pm_ident_table by_id;
    struct pm_link sessions;
    unsigned n_strangers;    /* sessions with a connect timeout that runs */
    struct pm_bytes payload; /* of the poll that is answered now: its memory serves the next one too */
};

/* A packet that waits for a poll or for the end of an upgrade. */
struct pm_queued {
    struct pm_queued *next;
    struct pm_message *message; /* NULL for other packets */
    enum pm_eio_type type;
};

enum pm_transport { PM_TRANSPORT_POLLING, PM_TRANSPORT_WEBSOCKET };

struct pm_session {
    struct pm_ident_node node; /* its id */
    struct pm_link link;
    struct pm_engine *engine;
    void *app; /* NULL once on_close was called */
    enum pm_eio_version version;
    enum pm_transport transport;
    bool base64;   /* this client takes no raw binary */
    bool closed;   /* on_close was called; a polling client is still to be told */
    bool extended; /* a packet other than the pong has extended the present deadline */
    bool pong_due;
    bool congested, awaited, overflow;
    uint8_t paused;              /* enum pm_paused */
    bool binary_post;            /* the body that is being read is application/octet-stream */
    bool probe_answered;         /* `probe` was told that it may take over: polls no longer wait */
    enum pm_close_reason reason; /* once closed */
    struct pm_conn *poll, *post; /* requests that wait for their answer */
    struct pm_conn *ws, *probe;  /* the transport; the one that may become it */
    struct pm_queued *first, *last;
    size_t queued;             /* payload bytes */
    struct pm_mono deadline;   /* ping due, pong due, silence too long, or farewell over */
    struct pm_mono connect_by; /* us == 0: established */
    struct pm_timer timer;
    struct pm_turn check, flush; /* look at the deadlines; answer the poll with all that this turn brought */
    char *origin;                /* of the handshake, NULL if it came from here: an upgrade must come from the same */
};

/* engine.c */
int pm_session_new(struct pm_engine *e, enum pm_eio_version version, struct pm_session **ret);
struct pm_session *pm_session_find(struct pm_engine *e, const char *id, size_t n);
void pm_session_queue(struct pm_session *s, enum pm_eio_type type, struct pm_message *m);
void pm_session_shift(struct pm_session *s);         /* drop the first queued packet */
void pm_session_check_drained(struct pm_session *s); /* tell that there is room, if that is awaited */
void pm_session_unqueue(struct pm_session *s);       /* both */
void pm_session_take(struct pm_session *s, const struct pm_eio_packet *packet); /* one from the client */
void pm_session_end(struct pm_session *s);                                      /* forget it; on_close was called */
size_t pm_session_handshake(const struct pm_session *s, bool can_upgrade, char out[PM_EIO_HANDSHAKE_MAX]);

void pm_session_told(struct pm_session *s); /* a closed session has nothing left to say */
int pm_session_keep_origin(struct pm_session *s, const struct pm_http_head *head);
bool pm_session_same_origin(const struct pm_session *s, const struct pm_http_head *head);

/* engine_http.c */
void pm_engine_on_request(void *owner, struct pm_conn *c, const struct pm_http_head *head);
void pm_session_answer_poll(struct pm_session *s);  /* with what is queued, else a noop */
void pm_session_release_poll(struct pm_session *s); /* with a noop, if one waits */
void pm_session_release_post(struct pm_session *s); /* with "ok", if one waits */

/* engine_ws.c */
void pm_session_on_websocket(struct pm_session *s, struct pm_conn *c,
                             const struct pm_http_head *head); /* a new session */
void pm_session_on_upgrade(struct pm_session *s, struct pm_conn *c, const struct pm_http_head *head);
void pm_session_send_ws(struct pm_session *s, enum pm_eio_type type, struct pm_message *m);

#endif
