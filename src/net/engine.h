/* engine.h - an Engine.IO server (protocols 3 and 4) under one path: sessions that outlive their connections. */
#ifndef PM_NET_ENGINE_H
#define PM_NET_ENGINE_H

#include "net/message.h"
#include "net/server.h"

struct pm_engine;
struct pm_session;

/* Times in milliseconds, sizes in bytes. */
struct pm_engine_options {
    uint32_t ping_interval_ms, ping_timeout_ms;
    uint32_t upgrade_timeout_ms;
    uint32_t connect_timeout_ms;      /* until pm_session_established(); 0: none is awaited */
    uint32_t farewell_ms;             /* how long a session that we closed waits for a poll to be told */
    uint64_t max_payload;             /* of one post or one WebSocket message; announced to the client */
    unsigned sessions;                /* at most */
    unsigned strangers;               /* sessions whose connect timeout runs; refused at random from half of it */
    unsigned packets_in, packets_out; /* in a post; in the answer to a poll */
    size_t answer_bytes;              /* an answer to a poll takes no further packet beyond these */
    size_t queue_low, queue_high, queue_max; /* of a session by polling; a WebSocket has the server's */
    bool allow_v3;
};

struct pm_engine_options pm_engine_defaults(void);

enum pm_close_reason {
    PM_CLOSED_BY_CLIENT,
    PM_CLOSED_BY_SERVER,
    PM_CLOSED_TRANSPORT, /* the connection broke */
    PM_CLOSED_TIMEOUT,   /* heartbeat */
    PM_CLOSED_PARSE,     /* what came was not the protocol */
    PM_CLOSED_OVERFLOW,  /* the client does not read */
    PM_CLOSED_FLOOD,     /* the client sends more than it may */
};

/* Told to whoever uses the engine, always from the loop. */
struct pm_engine_ops {
    /* A new session; *ret_app is handed back in the calls below. A negative value refuses it (403). */
    int (*on_open)(void *owner, struct pm_session *s, const struct pm_http_head *head, void **ret_app);
    void (*on_message)(void *app, struct pm_session *s, bool binary, uint8_t *p, size_t n); /* p is borrowed */
    void (*on_drained)(void *app, struct pm_session *s); /* the queue is below its low mark again */
    void (*on_close)(void *app, struct pm_session *s, enum pm_close_reason reason); /* last call; s dies after it */
};

/* Serve Engine.IO under `path` of a server, which must outlive it. The caller owns *ret. 0 or a negative errno. */
int pm_engine_new(struct pm_server *server, const char *path, const struct pm_engine_options *options,
                  const struct pm_engine_ops *ops, void *owner, struct pm_engine **ret);

/* Close all sessions (on_close is called) and forget them. NULL is fine. Returns NULL. */
struct pm_engine *pm_engine_free(struct pm_engine *e);

/* Queue a message; the session takes its own reference. Order is kept over an upgrade of the transport. A session whose
 * queue passes its maximum is closed on a later turn (PM_CLOSED_OVERFLOW). */
void pm_session_send(struct pm_session *s, struct pm_message *m);

/* Whether a message made by pm_message_join() may be sent now. */
bool pm_session_sends_frames(const struct pm_session *s);

/* Bytes that wait for the client, and whether they are below the low mark; if not, on_drained follows. */
size_t pm_session_queued(const struct pm_session *s);
bool pm_session_has_room(struct pm_session *s);

/* Stop reading from the client for one of these reasons, or go on when none is left. While stopped its heartbeat cannot
 * be heard and is not awaited. */
enum pm_paused { PM_PAUSED_APPLICATION = 1, PM_PAUSED_RATE = 2 };
void pm_session_pause(struct pm_session *s, enum pm_paused why, bool paused);

/* The application protocol began: the connect timeout no longer runs. */
void pm_session_established(struct pm_session *s);

/* Close it. on_close is called before this returns. */
void pm_session_close(struct pm_session *s, enum pm_close_reason reason);

/* Give it up on a later turn, since something that must be sent to it cannot be (no memory): a gap is never silent.
 * Safe to call from anywhere; nothing is freed before. */
void pm_session_abandon(struct pm_session *s);

/* Cut the transport without a word, as a broken cable would: for tests of what clients do then. */
void pm_session_cut(struct pm_session *s);

enum pm_eio_version pm_session_version(const struct pm_session *s);

/* The session's id: PM_IDENT_LENGTH characters, not terminated. A secret: whoever knows it can speak as this client. */
const char *pm_session_id(const struct pm_session *s);

#endif
