/* recorder.h - writes down what goes over connections, both ways, into files that only grow. */
#ifndef PM_RECORD_RECORDER_H
#define PM_RECORD_RECORDER_H

#include "hub/hub.h"
#include "proto/recording_export.h"

enum {
    PM_RECORDING_ID = 32,                          /* room for an id, with its end */
    PM_RECORDINGS_MAX = 2 * PM_CONNECTIONS_MAX,    /* under way at once, with those whose end is being written */
    PM_RECORDINGS_LISTED = 4096,                   /* the newest ones; older ones stay where they are */
    PM_RECORDING_BUFFER = 4 * 1024 * 1024,         /* bytes of one recording that may wait for the disk, */
    PM_RECORDING_BUFFERS = 8 * PM_RECORDING_BUFFER /* and of all together */
};

struct pm_recorder;
struct pm_recording;

enum pm_recording_state { PM_RECORDING_ENDED, PM_RECORDING_RUNS, PM_RECORDING_STALLS };

/* A recording as people see it. */
struct pm_recording_item {
    char id[PM_RECORDING_ID];
    char name[PM_NAME_MAX + 1];    /* of the connection when the recording began, */
    char device[PM_DEVICE_TEXT];   /* its device, */
    char owner[PM_OWNER_MAX];      /* and whose it was, as in pm_connection_options */
    int64_t started_us;            /* wall clock */
    enum pm_export_format format;  /* in which it is wanted; what is on disk is the native one */
    enum pm_recording_state state; /* STALLS: the disk takes nothing, or not enough */
    unsigned parts;                /* files */
    uint64_t size;                 /* bytes of all of them */
    uint64_t lost;                 /* bytes of the device that went by while the buffer was full */
};

enum pm_recorder_news {
    PM_RECORDING_STARTED,
    PM_RECORDING_STOPPED, /* everything is on disk, or given up */
    PM_RECORDING_STALLED, /* `text` is why: "disk-full", "io-error", "too-slow", "no-memory" */
    PM_RECORDING_RESUMED,
};

struct pm_recorder_options {
    const char *folder;  /* where recordings lie; made when needed. Copied */
    uint64_t part_size;  /* bytes of a file before the next one begins */
    const char *program; /* what the files say wrote them; must outlive the recorder */
};

struct pm_recorder_ops {
    void (*on_news)(void *owner, enum pm_recorder_news news, const struct pm_recording *r, const char *text);
};

/* The caller owns *ret. 0, -ENOMEM or -ENAMETOOLONG. */
int pm_recorder_new(struct pm_loop *loop, const struct pm_recorder_options *options, const struct pm_recorder_ops *ops,
                    void *owner, struct pm_recorder **ret);

/* Ends when the connections are gone: after the hub. What is in memory is still written, at the latest in
 * pm_loop_fini(). All that wait are told -ECANCELED. NULL is fine. Returns NULL. */
struct pm_recorder *pm_recorder_free(struct pm_recorder *r);

/* Called once: 0, or why the disk did not take it, a negative errno. The recording is borrowed for the call. */
typedef void pm_recording_done_fn(void *owner, const struct pm_recording *r, int error);

/* Record a connection from now on. `done` (may be NULL) is called when the file is there; if it cannot be made, the
 * recording is over with that. Without `done` it goes on trying. 0 and *ret; -EALREADY and *ret: it is recorded
 * already; -EMFILE, -ENOMEM or another negative errno. */
int pm_recorder_start(struct pm_recorder *r, struct pm_connection *c, enum pm_export_format format,
                      pm_recording_done_fn *done, void *owner, struct pm_recording **ret);

/* The recording of a connection, or NULL. */
struct pm_recording *pm_recorder_find(const struct pm_recorder *r, const struct pm_connection *c);

/* End it. `done` is called when everything is on disk, or was given up. */
void pm_recording_stop(struct pm_recording *r, pm_recording_done_fn *done, void *owner);

void pm_recording_describe(const struct pm_recording *r, struct pm_recording_item *ret);
const char *pm_recording_id(const struct pm_recording *r);

/* What the hub tells: pass everything on. */
void pm_recorder_on_hub_news(struct pm_recorder *r, enum pm_hub_news news, struct pm_connection *c, const char *text);

/* Look at what recordings there are, in a worker thread; `done` gets them, the newest first, borrowed for the call, or
 * a negative errno. */
struct pm_recorder_waiting {
    struct pm_link link;
    void (*done)(struct pm_recorder_waiting *w, const struct pm_recording_item *items, size_t n, int error);
};
void pm_recorder_look(struct pm_recorder *r, struct pm_recorder_waiting *w);

#endif
