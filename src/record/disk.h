/* disk.h - the files of one recording, as the worker thread writes them; everything here may wait for the disk. */
#ifndef PM_RECORD_DISK_H
#define PM_RECORD_DISK_H

#include "base/bytes.h"
#include "base/mono.h"
#include "base/paths.h"

#include <stdint.h>

enum { PM_DISK_NAME = 64, PM_DISK_PARTS = 9999 };

/* Owned by the worker while it works, else by the loop. A file is called ID.NNNN.pmrec. */
struct pm_disk {
    const char *folder;    /* borrowed */
    const char *id;        /* borrowed */
    struct pm_bytes batch; /* whole records: those before `done` are written */
    size_t done, run;      /* up to `run` they belong into the file that is open */
    int fd;                /* -1: none yet */
    unsigned parts;
    uint64_t size; /* of all parts */
    bool ends;     /* this batch is the last: close the file behind it */
    bool unsynced;
    struct pm_mono synced;
    int error; /* of the last attempt: 0 or a negative errno; what is left of the batch is tried again */
};

/* Write the batch, each part (they begin with a start record) to a file of its own; make it safe from a power cut if
 * that was not done for half a second, or if it is the last one. Sets `error`. */
void pm_disk_write(struct pm_disk *d);

/* Close the file as it is. */
void pm_disk_close(struct pm_disk *d);

/* The name of a part's file, and what it says: the part, with the id's length in *id_n, or 0 if it is none of ours. */
void pm_disk_name(const char *id, unsigned part, char ret[PM_DISK_NAME]);
unsigned pm_disk_parse_name(const char *name, size_t *id_n);

#endif
