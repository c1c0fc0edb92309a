/* hub.h - named connections to devices: their journals, their write queues, and what happens to them. */
#ifndef PM_HUB_HUB_H
#define PM_HUB_HUB_H

#include "device/devices.h"
#include "hub/journal.h"

enum {
    PM_NAME_MAX = 64, /* bytes of a connection's name */
    PM_JOURNAL_SIZE = 1024 * 1024,
    PM_WRITE_HIGH = 256 * 1024,     /* queued bytes of one connection: from here on its writers are asked to wait */
    PM_WRITE_MAX = 4 * 1024 * 1024, /* and here they are refused */
    PM_CONNECTIONS_MAX = 64,
};

struct pm_hub;
struct pm_write;

/* Called once for each accepted write: error 0, all bytes are with the driver; else how many went out before it. */
typedef void pm_written_fn(void *owner, size_t bytes, int error);

struct pm_connection {
    struct pm_link link;
    struct pm_hub *hub;
    char name[PM_NAME_MAX + 1];
    char address[PM_DEVICE_TEXT]; /* as it was asked for */
    char device_id[PM_DEVICE_TEXT];
    struct pm_port_settings settings;
    struct pm_port *port;
    struct pm_journal journal;
    uint64_t epoch; /* which opening the journal's offsets belong to; never the same twice, also over restarts */
    bool paused;    /* the device is asked to wait */
    unsigned signals, changed;                /* of the last PM_CONNECTION_SIGNALS: PM_SIGNAL_* */
    struct pm_line_errors new_errors, errors; /* of the last PM_CONNECTION_ERRORS, and all since the opening */
    struct pm_write *first, *last;
    size_t write_queued;
    struct pm_turn news;
    struct pm_link readers; /* for the layer above: who reads the journal, each with a cursor of its own */
};

enum pm_hub_news {
    PM_CONNECTION_OPENED,
    PM_CONNECTION_CLOSED,  /* `text` is the reason; the connection is freed after the call */
    PM_CONNECTION_RENAMED, /* `text` is the old name */
    PM_CONNECTION_RX,      /* the journal has grown; told once a turn */
    PM_CONNECTION_DRAINED, /* the write queue is below its mark again */
    PM_CONNECTION_SIGNALS, /* signals changed, by the device or by somebody here */
    PM_CONNECTION_ERRORS,  /* the line had errors */
};

struct pm_hub_ops {
    void (*on_news)(void *owner, enum pm_hub_news news, struct pm_connection *c, const char *text);
};

/* 0 or a negative errno. `devices` must outlive the hub. */
int pm_hub_new(struct pm_loop *loop, struct pm_devices *devices, const struct pm_hub_ops *ops, void *owner,
               struct pm_hub **ret);
struct pm_hub *pm_hub_free(struct pm_hub *h);

const struct pm_link *pm_hub_connections(const struct pm_hub *h);
struct pm_connection *pm_hub_find(const struct pm_hub *h, const char *name);

/* The connection to the device at this address, or NULL. */
struct pm_connection *pm_hub_find_address(const struct pm_hub *h, const char *address);

/* Open a device under a name. One that is open under the same name and address already is left as it is. 0 and *ret;
 * -EEXIST: the name is taken; -EBUSY: the device is open, here or elsewhere; -EMFILE: too many connections; and what
 * pm_devices_open() gives. */
int pm_hub_activate(struct pm_hub *h, const char *name, const char *address, const struct pm_port_settings *settings,
                    struct pm_connection **ret);

void pm_hub_deactivate(struct pm_connection *c, const char *reason);

/* 0 or -EEXIST. */
int pm_hub_rename(struct pm_connection *c, const char *name);

/* Queue one message; it is written whole, never mixed with another. on_written is called later, or not at all on an
 * error here: -ENOBUFS (the queue is full), -ENOMEM. */
int pm_hub_write(struct pm_connection *c, const void *p, size_t n, pm_written_fn *on_written, void *owner);

/* Throw away the messages that wait for the device; their writers are told -ECANCELED. How many bytes that was. */
size_t pm_hub_discard(struct pm_connection *c);

/* Everybody is to hear that signals changed: PM_SIGNAL_* now, and which of them changed. */
void pm_hub_tell_signals(struct pm_connection *c, unsigned signals, unsigned changed);

/* Ask the device to wait, or to go on. */
void pm_hub_pause(struct pm_connection *c, bool paused);

#endif
