/* server.h - the HTTP server: listeners on loopback, connections, and the table of paths with who serves them. */
#ifndef PM_NET_SERVER_H
#define PM_NET_SERVER_H

#include "access/who.h"
#include "loop/loop.h"
#include "net/conn.h"
#include "proto/json.h"

/* Every limit of the transport. Times in milliseconds, sizes in bytes. */
struct pm_server_options {
    struct pm_http_limits http;
    struct pm_ws_limits ws;
    struct pm_json_limits json;              /* a body that is one */
    uint32_t first_byte_ms;                  /* a connection that never said anything */
    uint32_t handshake_ms;                   /* the handshake of TLS, from its first byte on */
    uint32_t head_ms, body_ms, idle_ms;      /* whole head, whole body, between two requests */
    uint32_t stall_ms;                       /* a client that takes nothing of what we write */
    uint32_t close_ms;                       /* for the answer to our close */
    size_t queue_low, queue_high, queue_max; /* unsent bytes of one connection */
    uint32_t control_frames;                 /* pings and pongs a second */
    unsigned handshakes; /* a second of other machines: each takes half a millisecond of everybody's time */
    unsigned connections;
    unsigned per_origin;         /* connections of the pages of one origin, */
    unsigned per_user;           /* and of one user who is not this process's */
    unsigned silent_connections; /* of those, without a byte so far: the oldest makes room */
    int unsent_kernel;           /* TCP_NOTSENT_LOWAT */
    /* Asked for each connection from a page or program before a byte of it is read: false drops it. NULL: all may.
     * ret->network says already where it came in. */
    bool (*admits)(void *owner, int fd, struct pm_peer *ret);
    /* Asked for each request before anything else: who it comes from; or who is refused, and why. */
    const struct pm_http_refusal *(*gate)(void *owner, const struct pm_conn *c, const struct pm_http_head *head,
                                          struct pm_who *ret);
    /* Told that a client was refused or closed for a limit, which `what`, a constant, names. c is NULL if it has no
     * connection at the moment. NULL: nobody wants to know. */
    void (*on_limit)(void *owner, const struct pm_conn *c, const char *what);
    void *gate_owner; /* of all three */
    bool deflate;     /* agree to permessage-deflate; off: on loopback it only costs */
};

/* The defaults of the project, with WebSocket messages and bodies of up to `payload` bytes. */
struct pm_server_options pm_server_defaults(size_t payload);

/* One thing that is served. on_request is called when a head is complete and must answer, hold, await the body or
 * upgrade before it returns. The head is borrowed for that call. */
struct pm_route {
    const char *path; /* "/socket.io": matches it, it with a slash, and everything below */
    void (*on_request)(void *owner, struct pm_conn *c, const struct pm_http_head *head);
    void *owner;
};

enum { PM_ROUTES_MAX = 16, PM_LISTENERS_MAX = 16, PM_READ_BUFFER = 64 * 1024 };

/* Who comes in by a listener, and what is spoken there. */
enum pm_listener_kind {
    PM_LISTENER_PLAIN,   /* this machine's pages and programs */
    PM_LISTENER_CONTROL, /* the control socket's clients, who are checked and known to the gate */
    PM_LISTENER_TLS,     /* as PLAIN, with TLS */
    PM_LISTENER_NETWORK, /* other machines, with TLS; at most half of all connections are theirs */
};

/* What nobody asked for, but somebody may wonder about. */
struct pm_server_counts {
    uint64_t plain_for_tls, tls_for_plain, handshakes_failed;
};

struct pm_listener {
    struct pm_server *server;
    struct pm_watch watch;
    struct pm_timer rest; /* set while it does not accept, since there are no descriptors */
    int fd;
    enum pm_listener_kind kind;
    struct pm_mono quiet_until; /* no word before then about connections that cannot be accepted */
};

struct pm_server {
    struct pm_loop *loop;
    struct pm_server_options options;
    struct pm_tls *tls; /* of the listeners that speak it; borrowed */
    struct pm_server_counts counts;
    int64_t handshake_second; /* of the monotonic clock, */
    unsigned handshakes;      /* and how many it had of other machines */
    struct pm_route routes[PM_ROUTES_MAX];
    unsigned n_routes;
    struct pm_listener listeners[PM_LISTENERS_MAX];
    unsigned n_listeners;
    unsigned open_handles;              /* of the listeners */
    struct pm_link connections, silent; /* struct pm_conn; silent ones said nothing so far, the oldest is first */
    unsigned n_connections, n_silent, n_network;
    struct pm_link origins, users; /* struct pm_origin_use: whose connections are counted together */
    struct pm_who who;             /* of the request that is being handed over */
    struct pm_out_pool pool;
    struct pm_deflate *deflate;     /* NULL unless the option is set */
    uint8_t buffer[PM_READ_BUFFER]; /* what was just read, of whichever connection */
};

/* A server that listens nowhere yet. The caller owns *ret, pm_server_free() ends it. 0 or -ENOMEM. */
int pm_server_new(struct pm_loop *loop, const struct pm_server_options *options, struct pm_server **ret);

/* Drop all connections and listeners. Owners of WebSockets and exchanges are told first. The memory is freed by the
 * loop, in pm_loop_fini() at the latest. NULL is fine. Returns NULL. */
struct pm_server *pm_server_free(struct pm_server *s);

/* Serve a path; the longest that matches is asked. At most PM_ROUTES_MAX, the strings must outlive the server. */
void pm_server_route(struct pm_server *s, const char *path,
                     void (*on_request)(void *owner, struct pm_conn *c, const struct pm_http_head *head), void *owner);

/* The identity for connections from now on; before anybody listens with TLS. It must live until the next one is set. */
void pm_server_set_tls(struct pm_server *s, struct pm_tls *tls);

/* Listen on 127.0.0.1 and ::1, both or none (one family is enough where the kernel has no IPv6). Port 0 takes a free
 * one. Returns the port, or a negative errno: -EADDRINUSE if somebody has it on either. */
int pm_server_listen(struct pm_server *s, uint16_t port, enum pm_listener_kind kind);

/* Listen on one address of this machine, for other machines; a number, never a name. 0 or a negative errno: -EINVAL (it
 * is none, or stands for all addresses), -EADDRNOTAVAIL (it is not ours), -EADDRINUSE. */
int pm_server_listen_beyond(struct pm_server *s, const char *address, uint16_t port);

/* Accept connections of a socket that listens already. The server owns the descriptor from now on. 0 or a negative
 * errno. */
int pm_server_add_listener(struct pm_server *s, int fd, enum pm_listener_kind kind);

/* Accept no more connections. Those that are there go on. */
void pm_server_stop_accepting(struct pm_server *s);

/* Bytes that wait for clients to take them. */
size_t pm_server_unsent(const struct pm_server *s);

/* Serve a connected stream socket as if it had been accepted (for tests: one end of a socket pair). The server owns the
 * descriptor from now on. 0 or a negative errno. */
int pm_server_adopt(struct pm_server *s, int fd);

/* For conn.c: a connection said its first byte, or is gone. */
void pm_server_heard(struct pm_server *s, struct pm_conn *c);
void pm_server_forget(struct pm_server *s, struct pm_conn *c);

/* For conn.c: find who serves the request and hand it over. */
void pm_server_met_limit(const struct pm_server *s, const struct pm_conn *c, const char *what);
void pm_server_dispatch(struct pm_server *s, struct pm_conn *c, const struct pm_http_head *head);

#endif
