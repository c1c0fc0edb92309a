/* recorder_private.h - what the files of the recorder share: recorder.c (which connections, and the worker's rounds),
 * records.c (from what happens to records), shelf.c (what recordings there are). */
#ifndef PM_RECORD_RECORDER_PRIVATE_H
#define PM_RECORD_RECORDER_PRIVATE_H

#include "record/disk.h"
#include "record/recorder.h"

/* One recording under way. */
struct pm_recording {
    struct pm_link link;
    struct pm_tap tap;
    struct pm_recorder *recorder;
    struct pm_connection *connection; /* NULL: it has ended, its last records are on their way */
    struct pm_recording_item item;
    struct pm_bytes filling; /* records for the worker's next round */
    struct pm_disk disk;
    bool at_work;       /* the worker has `disk` */
    uint64_t part_size; /* bytes so far of the part that is filled */
    unsigned part;
    struct pm_missing {
        uint64_t from, bytes;
    } missing[PM_RECORD_DIRECTIONS];
    bool reopened;       /* the device was opened again, and there was no room to say so */
    const char *trouble; /* why it stalls; NULL: it does not */
    unsigned failures;   /* rounds in a row that the disk did not take, */
    int error;           /* and why */
    pm_recording_done_fn *on_started, *on_stopped;
    void *started_owner, *stopped_owner;
};

struct pm_recorder {
    struct pm_loop *loop;
    const struct pm_recorder_ops *ops;
    void *owner;
    char folder[PM_PATH_MAX];
    uint64_t part_size;
    const char *program;
    struct pm_link recordings;
    unsigned n_recordings;
    size_t waiting_bytes; /* of all recordings, for the disk */
    bool ending;          /* its owner is gone */

    struct pm_timer timer; /* the next round */
    bool timed;
    struct pm_work round;
    bool working;
    struct pm_disk *disks[PM_RECORDINGS_MAX]; /* of this round */
    unsigned n_disks;

    struct pm_link downloads; /* struct pm_download that wait for the worker */
    unsigned n_downloads;     /* with those that wait for nothing */
    struct pm_work download;
    struct pm_download *downloading;

    struct pm_shelf_look *look;
    struct pm_link lookers; /* struct pm_recorder_waiting */
};

/* recorder.c: there is something to write; nothing is left to do, perhaps for ever; or why there is trouble. */
void pm_recorder_ask(struct pm_recorder *r);
void pm_recorder_end_if_idle(struct pm_recorder *r);
void pm_recording_trouble(struct pm_recording *r, const char *reason);

/* records.c: each appends to `filling`, or counts what it had no room for. Only the first may fail: -ENOMEM. */
int pm_records_start(struct pm_recording *r);
void pm_records_on_bytes(struct pm_tap *tap, bool to_device, uint64_t offset, const uint8_t *p, size_t n);
void pm_records_on_news(struct pm_recording *r, enum pm_hub_news news, const char *text);
void pm_records_end(struct pm_recording *r);

/* Is anything missing that is not yet said in the recording? Say it, if there is room. */
bool pm_records_miss(const struct pm_recording *r);
void pm_records_settle(struct pm_recording *r);

/* Why: as gaps and events call it. */
const char *pm_records_reason(const struct pm_recording *r);

/* shelf.c: let those who wait go, without an answer. */
void pm_shelf_stop(struct pm_recorder *r);

#endif
