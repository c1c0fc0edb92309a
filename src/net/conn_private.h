/* conn_private.h - what the three files of a connection share: conn.c (life, bytes), conn_http.c, conn_ws.c. */
#ifndef PM_NET_CONN_PRIVATE_H
#define PM_NET_CONN_PRIVATE_H

#include "net/conn.h"
#include "net/server.h"

enum pm_http_phase {
    PM_PHASE_HEAD,     /* waiting for a request, or in the middle of its head */
    PM_PHASE_DISPATCH, /* the head is being looked at */
    PM_PHASE_BODY,
    PM_PHASE_ANSWER, /* somebody holds the request; further ones wait in `in` */
};

/* Exists while the connection speaks HTTP. */
struct pm_conn_http {
    enum pm_http_phase phase;
    struct pm_http_scan scan;
    struct pm_bytes in; /* what was read and not yet understood */
    struct pm_http_body reader;
    struct pm_bytes body;
    struct pm_bytes origin; /* of the request that is being answered, for CORS */
    bool head_only;         /* HEAD */
    bool takes_chunks;      /* HTTP/1.1 */
    bool keep_alive, expects_continue, private_network;
    bool empty_body, unread_body;
    bool page; /* it comes from a page that may read errors too */
};

/* conn.c */
bool pm_conn_speaks(struct pm_conn *c); /* a silent one: take what lies unread; false if there is nothing */
void pm_conn_linger(struct pm_conn *c); /* no more input; drop when the queue is written and the client closed */
void pm_conn_update(struct pm_conn *c); /* watch what is needed now */
void pm_conn_queue(struct pm_conn *c, const void *p, size_t n); /* copy to the queue, flush at the end of the turn */
void pm_conn_queued(struct pm_conn *c, int r);         /* after something was added to c->out with that result */
void pm_conn_deadline(struct pm_conn *c, uint32_t ms); /* 0: none */

/* conn_http.c: bytes came in; the time for what is awaited is over. */
int pm_conn_http_new(struct pm_conn *c);
void pm_conn_http_free(struct pm_conn *c);
void pm_conn_http_input(struct pm_conn *c, uint8_t *p, size_t n);
void pm_conn_http_resume(struct pm_conn *c);
void pm_conn_http_late(struct pm_conn *c);
void pm_conn_http_gone(struct pm_conn *c);

/* conn_ws.c */
void pm_conn_ws_start(struct pm_conn *c, bool deflate);
void pm_conn_ws_input(struct pm_conn *c, uint8_t *p, size_t n);
void pm_conn_ws_written(struct pm_conn *c, size_t n); /* while a pong waits: so many bytes went out */

#endif
