/* hub.h - named connections to devices, which outlive a replug: their journals, write queues, and what happens to them.
 */
#ifndef PM_HUB_HUB_H
#define PM_HUB_HUB_H

#include "device/devices.h"
#include "hub/journal.h"
#include "hub/marks.h"
#include "proto/framer.h"

enum {
    PM_PROFILE_ID_MAX = 64,
    PM_NAME_MAX = 64, /* bytes of a connection's name */
    PM_OWNER_MAX = 288,
    PM_JOURNAL_MIN = 64 * 1024,
    PM_JOURNAL_MAX = 64 * 1024 * 1024,
    PM_READ_MAX = 64 * 1024,        /* bytes of a device in one turn, so that it does not starve the others */
    PM_WRITE_MAX = 4 * 1024 * 1024, /* queued bytes of one connection: then writers are refused */
    PM_WRITE_COST = 256, /* what a message counts beside its bytes, so that many small ones are bounded too */
    PM_CONNECTIONS_MAX = 256,
    PM_EPOCHS_KEPT = 8,
    PM_RETRIES = 5, /* a device that came back and cannot be opened yet is tried so often, */
    PM_RETRY_MS = 100,
    PM_ANSWER_US = 100000, /* what comes so long behind a write may be its answer */
};

struct pm_hub;
struct pm_write;
struct pm_talk; /* these are of the layer above */
struct pm_listener;
struct pm_pauses;
struct pm_identify;
struct pm_connection;

/* Called once for each accepted write: error 0, all bytes are with the driver; else how many went out before it. It may
 * write again, and close the connection. */
typedef void pm_written_fn(void *owner, size_t bytes, int error);

/* Called once, before pm_hub_activate() returns or later: 0 and the connection, or a negative errno and NULL. */
typedef void pm_opened_fn(void *owner, struct pm_connection *c, int error);

/* Somebody who gets every byte of a connection as it passes: those of the device, and those that its driver took, with
 * the offset of the first one in their direction. Borrowed for the call, in which nothing may happen to the
 * connection. */
struct pm_tap {
    void (*on_bytes)(struct pm_tap *t, bool to_device, uint64_t offset, const uint8_t *p, size_t n);
};

enum pm_deliver_kind { PM_DELIVER_BYTES, PM_DELIVER_LINES, PM_DELIVER_FRAMES, PM_DELIVER_JSON };

/* What the layer above hands to a reader. */
struct pm_delivery {
    enum pm_deliver_kind kind;
    bool ruled; /* `rule` says how the bytes are cut; else their profile does, or they are lines */
    struct pm_framing rule;
};

/* How a connection was asked for. */
struct pm_connection_options {
    struct pm_port_settings line;
    bool reconnect;                      /* it outlives a replug; else it closes with its device */
    bool record;                         /* everything that goes over it is written to a file */
    char profile[PM_PROFILE_ID_MAX + 1]; /* what the layer above speaks to it by; or empty */
    struct pm_delivery delivery;         /* for readers that do not choose themselves */
    uint32_t history;                    /* bytes of its journal, PM_JOURNAL_MIN to PM_JOURNAL_MAX */
    char owner[PM_OWNER_MAX];            /* for the layer above: the origin that opened it, "" for programs */
};

struct pm_connection_options pm_connection_defaults(void);

/* What may be set. */
struct pm_hub_limits {
    unsigned connections; /* at once, at most PM_CONNECTIONS_MAX */
    size_t write_queue;   /* queued bytes of one connection: from here on its writers are asked to wait */
    uint32_t history;     /* bytes of a journal whose size nobody asked for */
};

struct pm_hub_limits pm_hub_defaults(void);

enum pm_connection_state { PM_CONNECTION_IS_OPEN, PM_CONNECTION_IS_LOST };

/* An earlier opening: its offsets end where the next one's begin. */
struct pm_epoch {
    uint64_t epoch, end;
};

/* Bytes since the connection was made, and what went wrong on the line. */
struct pm_connection_counts {
    uint64_t rx, tx;
    unsigned losses; /* how often the device went away */
};

struct pm_connection {
    struct pm_link link;
    struct pm_hub *hub;
    uint32_t number; /* never the same twice in one run */
    char name[PM_NAME_MAX + 1];
    char address[PM_DEVICE_TEXT]; /* as it was asked for */
    char device_id[PM_DEVICE_TEXT];
    char path[PM_DEVICE_TEXT]; /* where the device is now; empty when it is lost */
    struct pm_connection_options options;
    enum pm_connection_state state;
    int error;      /* why it is lost: a negative errno */
    bool ambiguous; /* another device said that it is the same: nobody but a person can tell them apart */
    unsigned retries;
    struct pm_timer retry;
    struct pm_port *port; /* NULL when it is lost */
    struct pm_journal journal;
    struct pm_marks marks;
    uint64_t epoch; /* the present opening; never the same twice, also over restarts */
    struct pm_epoch past[PM_EPOCHS_KEPT];
    unsigned n_past;
    struct pm_connection_counts counts;
    unsigned signals, changed;                /* of the last PM_CONNECTION_SIGNALS: PM_SIGNAL_* */
    struct pm_line_errors new_errors, errors; /* of the last PM_CONNECTION_ERRORS, and all together */
    int64_t since;                            /* wall time of the opening, seconds */
    bool paused;                              /* the device is asked to wait */
    struct pm_mono written;                   /* when somebody last wrote to it; see PM_ANSWER_US */
    struct pm_link rest;                      /* among those that are not read for some milliseconds */
    struct pm_mono came;                      /* when its device last said something, */
    unsigned flow;                            /* and how often without a pause by then, up to a bound */
    struct pm_rhythm rhythm;                  /* of bytes both ways */
    struct pm_tap *tap;                       /* NULL: nobody listens in */
    struct pm_write *first, *last;
    size_t write_queued; /* with PM_WRITE_COST for each message */
    struct pm_turn news;

    /* For the layer above: who reads the journal, each with a cursor of its own; who alone may write; and questions
     * that wait for their answer. */
    struct pm_link readers;
    unsigned n_readers;
    void *holder;
    struct pm_talk *talk, *urgent_talk;
    struct pm_listener *listener; /* looks for what the device tells unasked */
    struct pm_link stoppings;     /* it is to be closed when its device has been told to stop */
    struct pm_identify *identify; /* under way: which profile is the device's */
    struct pm_pauses *pauses;     /* where the device was silent; NULL: nobody wants to know */
};

enum pm_hub_news {
    PM_CONNECTION_OPENED,
    PM_CONNECTION_CLOSED,   /* `text` is the reason; the connection is freed after the call */
    PM_CONNECTION_LOST,     /* `text` is the reason; told again if another reason keeps it from coming back */
    PM_CONNECTION_RESTORED, /* the device is back, in a new epoch */
    PM_CONNECTION_RENAMED,  /* `text` is the old name */
    PM_CONNECTION_CHANGED,  /* other settings */
    PM_CONNECTION_RX,       /* the journal has grown; told once a turn */
    PM_CONNECTION_SIGNALS,  /* signals changed, by the device or by somebody here */
    PM_CONNECTION_ERRORS,   /* the line had errors */
    PM_CONNECTION_DRAINED,  /* the write queue is below its mark again, or was given up */
};

struct pm_hub_ops {
    void (*on_news)(void *owner, enum pm_hub_news news, struct pm_connection *c, const char *text);
};

/* 0 or a negative errno. `devices` must outlive the hub. */
int pm_hub_new(struct pm_loop *loop, struct pm_devices *devices, const struct pm_hub_ops *ops, void *owner,
               struct pm_hub **ret);
struct pm_hub *pm_hub_free(struct pm_hub *h);

/* It begins with the defaults; others hold from now on. */
void pm_hub_set_limits(struct pm_hub *h, const struct pm_hub_limits *limits);
const struct pm_hub_limits *pm_hub_limits(const struct pm_hub *h);

const struct pm_link *pm_hub_connections(const struct pm_hub *h);
struct pm_connection *pm_hub_find(const struct pm_hub *h, const char *name);

/* Does so much wait in its write queue that writers should wait? PM_CONNECTION_DRAINED tells when that is over. */
bool pm_connection_is_full(const struct pm_connection *c);

/* Bytes in its write queue that the driver has not taken yet. */
size_t pm_connection_unsent(const struct pm_connection *c);

/* The connection that has the device at this path open, or NULL. */
struct pm_connection *pm_hub_find_path(const struct pm_hub *h, const char *path);

/* Open a device under a name. One that is open under the same name and address already is left as it is; one that is
 * lost is tried again. Errors: -EEXIST: the name is taken; -EBUSY: the device is open, here or elsewhere; -EMFILE: too
 * many connections; -ENOTUNIQ: several devices have this identity; and what pm_devices_open() gives. */
void pm_hub_activate(struct pm_hub *h, const char *name, const char *address,
                     const struct pm_connection_options *options, pm_opened_fn *on_opened, void *owner);

/* A connection that an earlier run had, as pm_connection's fields of these names. */
struct pm_remembered {
    const char *name, *address, *device_id;
    bool ambiguous;
    struct pm_connection_options options;
};

/* Bring it back: lost at first, opened as soon as its device is there. 0 and the connection, or -EEXIST, -EMFILE,
 * -ENOMEM. */
int pm_hub_restore(struct pm_hub *h, const struct pm_remembered *r, struct pm_connection **ret);

/* Close it. It is in no list any more when the writes that wait are failed and PM_CONNECTION_CLOSED is told, so that
 * nobody who hears of it finds it to close it again. The memory stays up to the end of the turn. */
void pm_hub_deactivate(struct pm_connection *c, const char *reason);

/* 0 or -EEXIST. */
int pm_hub_rename(struct pm_connection *c, const char *name);

/* Its port has other settings now: they are those of the next opening too. */
void pm_hub_configured(struct pm_connection *c);

/* Everybody is to hear that signals changed: PM_SIGNAL_* now, and which of them changed. */
void pm_hub_tell_signals(struct pm_connection *c, unsigned signals, unsigned changed);

/* Queue one message; it is written whole, never mixed with another. on_written is called later or before this returns,
 * or not at all on an error here: -ENODEV (lost), -ENOBUFS (the queue is full), -ENOMEM. */
int pm_hub_write(struct pm_connection *c, const void *p, size_t n, pm_written_fn *on_written, void *owner);

/* Throw away the messages that wait for the device; their writers are told -ECANCELED. How many bytes that was. */
size_t pm_hub_discard(struct pm_connection *c);

/* Ask the device to wait, or to go on. */
void pm_hub_pause(struct pm_connection *c, bool paused);

/* Tell readers, at this place of the stream, that bytes are missing that no offset counts. `bytes` is how many, 0 if
 * nobody knows. */
void pm_hub_mark(struct pm_connection *c, enum pm_gap reason, uint64_t bytes);

/* Where an earlier opening of this connection ended and the next one began. False: it is none of those we remember. */
bool pm_epoch_end(const struct pm_connection *c, uint64_t epoch, uint64_t *ret);

/* What happens to devices, told by whoever watches them: a connection follows its device, whatever the path. */
void pm_hub_attached(struct pm_hub *h, const struct pm_device *d);
void pm_hub_detached(struct pm_hub *h, const struct pm_device *d);

/* A word for why a connection is lost, of its `error`. */
const char *pm_hub_lost_reason(int error);

#endif
