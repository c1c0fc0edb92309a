/* recording_reader.h - a recording's file, piece by piece: bytes in, records out; what is damaged is told and passed
 * over. */
#ifndef PM_PROTO_RECORDING_READER_H
#define PM_PROTO_RECORDING_READER_H

#include "proto/recording.h"

enum { PM_RECORDING_PIECE = 64 * 1024 }; /* the most that may be fed at once */

/* One for each file. */
struct pm_recording_reader {
    struct pm_bytes in;
    size_t used; /* bytes of `in` that were given out */
    bool begun;
    uint64_t damaged; /* bytes that were passed over, and not told yet */
    uint8_t gap[64];
};

struct pm_recording_reader pm_recording_reader_empty(void);
void pm_recording_reader_fini(struct pm_recording_reader *r);

/* More of the file; at most PM_RECORDING_PIECE bytes, after pm_recording_next() asked for them. 0 or -ENOMEM. */
int pm_recording_feed(struct pm_recording_reader *r, const uint8_t *p, size_t n);

/* The next record, borrowed until more is fed. Where the file is damaged comes a gap of its own: without direction, the
 * number of bytes of the file, the reason "damaged". 1: *ret is there; 0: more is needed, or with `last` (nothing more
 * comes) the end; -EPROTO: this is no recording; -ENOTSUP: one of a newer version. */
int pm_recording_next(struct pm_recording_reader *r, bool last, struct pm_record *ret);

#endif
