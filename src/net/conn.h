/* conn.h - one TCP connection of the server: HTTP requests one after the other, then perhaps a WebSocket for good. */
#ifndef PM_NET_CONN_H
#define PM_NET_CONN_H

#include "loop/loop.h"
#include "net/control.h"
#include "net/message.h"
#include "net/outq.h"
#include "net/wire.h"
#include "proto/http.h"
#include "proto/websocket.h"

struct pm_server;
struct pm_conn_http;
struct pm_origin_use;

enum pm_conn_state {
    PM_CONN_HTTP,      /* reading requests, or waiting for an answer to one */
    PM_CONN_WEBSOCKET, /* messages both ways */
    PM_CONN_LINGER,    /* our last bytes are on their way; what still comes in is thrown away */
    PM_CONN_CLOSED,    /* nothing happens any more; the memory goes when the loop has let go */
};

struct pm_conn;

/* Told to whoever keeps a request waiting. on_gone: the client hung up before the answer; the last call. */
struct pm_exchange_ops {
    void (*on_body)(void *owner, struct pm_conn *c, uint8_t *p, size_t n); /* whole; may be changed in place */
    void (*on_gone)(void *owner, struct pm_conn *c);
    void (*on_drained)(void *owner, struct pm_conn *c); /* for streams: more may be given */
    bool soon; /* the answer comes soon: it is sent even if the client ended its own side behind the request, which
                  looks the same as hanging up */
};

/* Told to whoever took the WebSocket. Each may send, close the connection, or detach from it. */
struct pm_ws_ops {
    void (*on_message)(void *owner, struct pm_conn *c, bool binary, uint8_t *p, size_t n); /* p is borrowed */
    void (*on_drained)(void *owner, struct pm_conn *c); /* the queue is below its low mark again */
    void (*on_gone)(void *owner, struct pm_conn *c);    /* closed by the client, by a fault or a limit; the last call */
};

struct pm_conn {
    struct pm_server *server;
    struct pm_link link;
    struct pm_wire wire;
    struct pm_peer peer;
    struct pm_origin_use *origin; /* what it counts with; NULL: no page has used it, */
    struct pm_origin_use *user;   /* or it is of this process's own user */
    enum pm_conn_state state;
    bool busy;      /* inside its own input: what is produced goes out in one write behind it */
    bool blocked;   /* the socket is full: wait until it takes more */
    bool congested; /* over the high mark, not yet below the low one: nothing is read meanwhile */
    bool awaited;   /* its owner asked for room and found none */
    bool paused;    /* its owner wants to hear nothing for now */
    bool had_input;
    bool secure;     /* it is to speak TLS */
    bool shaken;     /* and has done the handshake */
    bool ended;      /* the client will send no more; it may still read */
    bool crowded;    /* one too many: its first request is answered with that, and it is closed */
    bool half_open;  /* it ended its side while its request is answered; what it sent before is not read yet */
    bool closing;    /* WebSocket: our close frame is out, the client's is awaited */
    uint8_t handles; /* of the loop that are not closed yet */
    unsigned watched;
    struct pm_watch watch;
    struct pm_timer timer;
    struct pm_turn flush;
    struct pm_outq out;
    struct pm_conn_http *http; /* NULL once it is a WebSocket */
    struct pm_ws_reader ws;
    struct pm_bytes message; /* the parts so far of a message that came in several reads */
    size_t pong_behind;      /* bytes to be written until the pong that waits in the queue is out; 0: none waits */
    bool pinged;             /* meanwhile there was another ping: */
    struct pm_bytes ping;    /* what the newest said */
    uint32_t control_frames; /* within the present second */
    int64_t control_second;
    union {
        const struct pm_exchange_ops *exchange;
        const struct pm_ws_ops *socket;
    } ops;
    void *owner;
};

/* Take over an accepted non-blocking socket, on which TLS is to be spoken if it is `secure`. 0 and *ret, which lives
 * until it closes, or a negative errno (the descriptor is then closed). */
int pm_conn_new(struct pm_server *s, int fd, bool secure, struct pm_conn **ret);

/* Drop it now, without a word to its owner. What was queued is lost. */
void pm_conn_drop(struct pm_conn *c);

/* Drop it and tell its owner, as when the client had gone. */
void pm_conn_lost(struct pm_conn *c);

/* ---- answers to a request; the connection goes on to the next one ---- */

struct pm_response {
    unsigned status;
    const char *content_type; /* NULL: none */
    const char *fields;       /* more header fields, each with CR LF, or NULL */
    const void *body;
    size_t n;
    bool cors;  /* let the page that asked read it */
    bool close; /* and end the connection behind it */
};

void pm_conn_respond(struct pm_conn *c, const struct pm_response *r);

/* Begin an answer whose length nobody knows; its body follows in pieces (r->body is not used). on_drained is called
 * when the client has taken enough to be given more, on_gone if it hangs up. False: no body is wanted (HEAD), and the
 * answer is complete. */
bool pm_conn_stream(struct pm_conn *c, const struct pm_response *r, const struct pm_exchange_ops *ops, void *owner);

/* The next piece. Returns whether the client keeps up: if not, wait for on_drained. */
bool pm_conn_stream_piece(struct pm_conn *c, const void *p, size_t n);

/* That was all; with `whole` false the connection is cut, so that the client sees that something is missing. */
void pm_conn_stream_end(struct pm_conn *c, bool whole);

/* Answer with the error object that all errors over HTTP have, and close unless the request was understood (403, 404).
 */
void pm_conn_refuse(struct pm_conn *c, const struct pm_http_refusal *why);

/* Answer 405 with the same object, close, and say in the field Allow which `methods` there are: "GET, HEAD". */
void pm_conn_refuse_method(struct pm_conn *c, const char *methods);

/* Called while the head is looked at: let the body come first. */
void pm_conn_await_body(struct pm_conn *c, const struct pm_exchange_ops *ops, void *owner);

/* Keep the client waiting for an answer; on_gone is called if it hangs up. */
void pm_conn_hold(struct pm_conn *c, const struct pm_exchange_ops *ops, void *owner);

/* True if the client of a waiting request has hung up, although the loop has not told so yet. */
bool pm_conn_hung_up(const struct pm_conn *c);

/* ---- WebSocket ---- */

/* Called while the head is looked at: answer 101 if the request is a correct upgrade (true), else a 400 or 426 (false).
 */
bool pm_conn_upgrade(struct pm_conn *c, const struct pm_http_head *head, const struct pm_ws_ops *ops, void *owner);

/* Give the WebSocket to somebody else. */
void pm_conn_set_ws_owner(struct pm_conn *c, const struct pm_ws_ops *ops, void *owner);

/* Queue a frame; it goes out at the end of this turn at the latest. A queue that is over its maximum drops the
 * connection (on_gone follows on a later turn). */
void pm_conn_send_text(struct pm_conn *c, const void *p, size_t n);
void pm_conn_send_message(struct pm_conn *c, enum pm_eio_version version, struct pm_message *m);
void pm_conn_send_base64(struct pm_conn *c, enum pm_eio_version version, struct pm_message *m);

/* Whether messages go out as they are: not compressed, and as version 4 has them. */
bool pm_conn_sends_plain(const struct pm_conn *c);

/* Whether less waits in the queue than its low mark; if not, on_drained follows. For what can wait elsewhere, so that
 * little waits here: many slow clients cost little memory, and a ping is not long under way behind other things. */
bool pm_conn_has_room(struct pm_conn *c);

/* Do not read from it, or go on. What was read already is still delivered. */
void pm_conn_pause(struct pm_conn *c, bool paused);

/* Say goodbye with this status (PM_WS_NO_STATUS: an empty close frame) and a reason for a person, at most 123 bytes,
 * and detach: no callback comes any more. */
void pm_conn_close_ws(struct pm_conn *c, enum pm_ws_status status, const char *reason);

/* End the connection as if the client had gone when this time comes, unless cancelled. For WebSockets only. */
void pm_conn_expire(struct pm_conn *c, struct pm_mono when);
void pm_conn_expire_cancel(struct pm_conn *c);

#endif
