/* api.h - what web applications can ask for, whichever face they speak to: one table of requests, one list of clients.
 */
#ifndef PM_API_API_H
#define PM_API_API_H

#include "access/door.h"
#include "api/errors.h"
#include "hub/hub.h"

#include <jansson.h>

struct pm_api;
struct pm_api_client;
struct pm_request_kind; /* table.h */
struct pm_recorder;
struct pm_recorder_options; /* record/recorder.h */

/* Binary data that came beside a request, borrowed for the call. */
struct pm_api_blob {
    const uint8_t *p;
    size_t n;
};

/* A request under way. The face makes it; the API answers it exactly once, now or later, with pm_api_answer(). */
struct pm_api_request {
    struct pm_api_client *client; /* NULL if it came from none that listens (HTTP), or the client left meanwhile */
    const struct pm_who *who;     /* set by the face; lives as long as the request or its client */
    struct pm_link link;          /* in the client's list while it waits */
    bool unheard;                 /* nobody asked for a result: only a failure is told */
    const struct pm_request_kind *kind; /* set by pm_api_run(); NULL if there is none of this name */
    char name[PM_NAME_MAX + 1];         /* the same: the connection that it names, or empty */
    struct pm_api *inspected;           /* the same: somebody looks on, and was told of it */

    /* Called once; `answer` is {"ok":…} and borrowed, `legacy` what the original's reply event carries, or NULL.
     * The face frees the request. */
    void (*on_answer)(struct pm_api_request *r, const json_t *answer, const char *legacy_event, const json_t *legacy,
                      enum pm_error error);

    /* Unless NULL, called instead for a message that was sent whole, whose answer is {"ok":true,"bytes":…}: they are
     * many, and a tree for each costs more than the message. */
    void (*on_sent)(struct pm_api_request *r, size_t bytes);
};

/* Bytes that a client does not get: those from an offset on up to before another, or unknown ones between two bytes. */
struct pm_api_gap {
    uint64_t from, to;
    bool foreign; /* `from` is an offset of another epoch */
};

/* What becomes of what a client is told; the client itself, below, is a part of the face's own. */
struct pm_api_client_ops {
    /* An event that all clients get has a number, the same for each, so that the face can encode it once; 0: it is for
     * this client alone. */
    void (*on_event)(struct pm_api_client *c, const char *event, const json_t *data, uint64_t number);

    /* An event for this client alone, whose data is written already. */
    void (*on_text)(struct pm_api_client *c, const char *event, const char *json, size_t n);

    /* Bytes of a connection from an offset on. Several clients get the same (connection, offset, n) in one turn: the
     * face encodes it once. 0 or a negative errno (then the client is not to be told more). */
    int (*on_rx)(struct pm_api_client *c, const struct pm_connection *from, uint64_t offset, const uint8_t *p,
                 size_t n);

    /* The event rx-gap of a connection whose bytes it gets by on_rx(). */
    void (*on_gap)(struct pm_api_client *c, const struct pm_connection *from, const struct pm_api_gap *gap,
                   const json_t *data);

    /* The connection is closing: no more of its bytes come. Those up to `cursor` were handed over. */
    void (*on_end)(struct pm_api_client *c, const struct pm_connection *from, uint64_t cursor);
    bool (*has_room)(struct pm_api_client *c);                /* for bytes; if not, pm_api_drained() follows */
    void (*set_paused)(struct pm_api_client *c, bool paused); /* do not read from it for now */
};

struct pm_api_client {
    const struct pm_api_client_ops *ops;
    const struct pm_who *who; /* set by the face, before it joins */
    struct pm_api *api;
    struct pm_link link, subscriptions, requests;
    bool waits;           /* it is not read from, since it filled a write queue */
    bool away;            /* it lost its connection and may come back: nobody waits for it */
    bool watches;         /* it is a part of the daemon, which only looks on */
    bool wants_all;       /* it gets every connection's bytes, since it never said which */
    bool inspects;        /* it is told what all clients say and get */
    bool misspells;       /* the log has told of a member that it writes wrong */
    uint64_t number;      /* which one it is since the start */
    struct pm_mono asked; /* when it last asked for anything */
};

/* 0 or a negative errno. `devices` and `hub` are made by it and live as long as it does; the door must outlive it;
 * NULL: no page asks. */
int pm_api_new(struct pm_loop *loop, const struct pm_devices_options *devices, struct pm_door *door,
               struct pm_api **ret);
struct pm_api *pm_api_free(struct pm_api *a);

/* From now on connections can be recorded. 0 or a negative errno. */
int pm_api_record(struct pm_api *a, const struct pm_recorder_options *options);

/* NULL if nothing is recorded. */
struct pm_recorder *pm_api_recorder(struct pm_api *a);

/* Open the connections again that an earlier run kept in this folder, and keep them there from now on. 0 or a negative
 * errno; a file that cannot be used is no error, but set aside and logged. */
int pm_api_keep(struct pm_api *a, const char *folder);

/* Know the profiles that are shipped, and those in a folder, which may be NULL. Before pm_api_keep(). 0 or a negative
 * errno. */
int pm_api_know_profiles(struct pm_api *a, const char *folder);

struct pm_devices *pm_api_devices(struct pm_api *a);
struct pm_door *pm_api_door(struct pm_api *a);
struct pm_hub *pm_api_hub(struct pm_api *a);

/* A client comes: from now on it gets every event, and with join the bytes of every connection that it may see. And
 * goes. */
void pm_api_watch(struct pm_api *a, struct pm_api_client *c);
int pm_api_join(struct pm_api *a, struct pm_api_client *c);
void pm_api_leave(struct pm_api_client *c);

/* It lost its connection: nothing is handed over, and nobody waits for it; what it claimed is free. Or it is back. */
void pm_api_set_away(struct pm_api_client *c, bool away);

/* For one that is away: bytes that were handed over did not reach it. It gets those of this connection (by its number)
 * again from `offset` on. */
void pm_api_rewind(struct pm_api_client *c, uint32_t connection, uint64_t offset);

/* The same for a gap that it was told of: this comes again, and everything behind it. */
void pm_api_rewind_gap(struct pm_api_client *c, uint32_t connection, const struct pm_api_gap *gap);

/* The client's queue has room again. */
void pm_api_drained(struct pm_api_client *c);

/* Run a request: `data` is its first argument or NULL, borrowed; {"_placeholder":true,"num":i} in it stands for blob i.
 */
void pm_api_run(struct pm_api *a, struct pm_api_request *r, const char *event, const json_t *data,
                const struct pm_api_blob *blobs, size_t n_blobs);

/* The same with its arguments as text: checked JSON, of which the first is taken. */
void pm_api_run_text(struct pm_api *a, struct pm_api_request *r, const char *event, const char *json, size_t n,
                     const struct pm_api_blob *blobs, size_t n_blobs);

/* A counter of somebody else's. */
struct pm_metric {
    const char *name, *help;
    uint64_t value;
};

/* What can be counted, and those, as OpenMetrics text of *ret_n bytes, which the caller frees; NULL without memory. */
char *pm_api_metrics(struct pm_api *a, const struct pm_metric *more, size_t n_more, size_t *ret_n);

/* May this be asked for by GET: it changes nothing and needs no argument, or there is no such request and the answer
 * says so? */
bool pm_api_reads(const char *event);

/* For the handlers: answer with members for the result (stolen, may be NULL), or with an error. `legacy` and `more`
 * (members of the error beside code and message) are stolen too. */
void pm_api_answer(struct pm_api_request *r, json_t *result, json_t *legacy);
void pm_api_fail(struct pm_api_request *r, enum pm_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void pm_api_fail_with(struct pm_api_request *r, enum pm_error error, json_t *more, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with the request that helps on: it ends the message ("See list-devices."), and is the error's member `see`,
 * by which other faces find what is said there instead. */
void pm_api_fail_see(struct pm_api_request *r, enum pm_error error, const char *see, json_t *more, const char *format,
                     ...) __attribute__((format(printf, 5, 6)));

#endif
