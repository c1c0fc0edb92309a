/* recording.h - the file format of recordings (docs/recording-format.md): records in, bytes out, and back. */
#ifndef PM_PROTO_RECORDING_H
#define PM_PROTO_RECORDING_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    PM_RECORDING_MAGIC = 12,       /* bytes at the start of a file, before the first record */
    PM_RECORD_HEAD = 32,           /* bytes before a record's body */
    PM_RECORD_TAIL = 4,            /* and behind it: the checksum */
    PM_RECORD_BODY_MAX = 64 * 1024 /* bytes of a body; longer data is cut into several records */
};

/* On disk: only ever add, never renumber. */
enum pm_record_type {
    PM_RECORD_START = 1,    /* the first of a file: fields that say what is recorded */
    PM_RECORD_DATA = 2,     /* bytes of the device or to it */
    PM_RECORD_GAP = 3,      /* bytes that are not in the recording: how many, and why */
    PM_RECORD_OPENED = 4,   /* the device was opened again: fields; offsets go on, the epoch is another */
    PM_RECORD_CLOSED = 5,   /* the device is gone or was closed: the reason as text */
    PM_RECORD_SETTINGS = 6, /* the line or the connection's name was changed: fields */
    PM_RECORD_SIGNALS = 7,  /* the signals of the line: PM_SIGNAL_* as 32 bits */
    PM_RECORD_ERROR = 8,    /* the line had an error: which, as text */
    PM_RECORD_END = 9,      /* the recording, or this part of it, ends here on purpose */
};

enum pm_record_direction {
    PM_RECORD_NONE,
    PM_RECORD_RX, /* from the device */
    PM_RECORD_TX, /* to it, as handed to its driver */
    PM_RECORD_DIRECTIONS
};

/* Bits of a signals record. */
enum {
    PM_RECORD_CTS = 1,
    PM_RECORD_DSR = 2,
    PM_RECORD_DCD = 4,
    PM_RECORD_RI = 8,
    PM_RECORD_DTR = 16,
    PM_RECORD_RTS = 32,
};

/* One record. */
struct pm_record {
    enum pm_record_type type;
    enum pm_record_direction direction;
    int64_t mono_us; /* monotonic clock: for intervals */
    int64_t wall_us; /* since 1970, UTC: for people; may jump */
    uint64_t offset; /* of the first byte (or of the first missing one) in its direction, as the connection counts */
    const uint8_t *body; /* borrowed */
    size_t n;
};

/* Write the magic bytes and version to out. */
void pm_recording_magic(uint8_t out[PM_RECORDING_MAGIC]);

/* PM_RECORDING_MAGIC; 0 if [p, p+n) may become a recording and is too short; -EPROTO: this is none; -ENOTSUP: a version
 * that is newer than we are. */
int pm_recording_check_magic(const uint8_t *p, size_t n);

/* Append one record. 0, or as pm_bytes_append() with `out` unchanged; -EMSGSIZE: the body is longer than
 * PM_RECORD_BODY_MAX. */
int pm_record_append(struct pm_bytes *out, const struct pm_record *r);

/* Read the record at the start of [p, p+n). Returns its length; 0 if it is not complete (at the end of a file: a torn
 * tail, to be cut); -EBADMSG if these bytes are no record. ret->body points into p. Types that this version does not
 * know are given out as they are, so that they can be skipped. */
ssize_t pm_record_read(const uint8_t *p, size_t n, struct pm_record *ret);

/* The head alone says how long the whole record is: for reading in pieces. As pm_record_read(), without the checksum.
 */
ssize_t pm_record_length(const uint8_t *p, size_t n);

/* Does a record that starts a part stand at [p, p+n)? */
bool pm_record_is_start(const uint8_t *p, size_t n);

/* ---- bodies ---- */

/* On disk: only ever add, never renumber. */
enum pm_recording_field {
    PM_FIELD_RECORDING = 1, /* the recording's id */
    PM_FIELD_PART = 2,      /* decimal, from 1: recordings are cut into files of limited size */
    PM_FIELD_NAME = 3,      /* of the connection */
    PM_FIELD_DEVICE = 4,    /* id of the device */
    PM_FIELD_ADDRESS = 5,
    PM_FIELD_PRODUCT = 6,
    PM_FIELD_SETTINGS = 7, /* "115200 8N1", with " rts-cts" or " xon-xoff" behind */
    PM_FIELD_EPOCH = 8,    /* decimal: which opening of the device the offsets belong to */
    PM_FIELD_PROGRAM = 9,  /* what wrote the file */
    PM_FIELD_FORMAT = 10,  /* the export that was asked for */
    PM_FIELD_OWNER = 11,   /* origin of the page whose connection it is; none: a program's, or the person's */
    PM_FIELDS
};

/* Append one field to a body. Texts over 1 KiB are cut. 0 or as pm_bytes_append(). */
int pm_record_add_field(struct pm_bytes *body, enum pm_recording_field field, const char *text);

/* Copy a field of a body as text of less than `room` bytes; longer ones and those with a NUL are cut there. False if it
 * is not there (then the text is empty). */
bool pm_record_get_field(const struct pm_record *r, enum pm_recording_field field, char *out, size_t room);

/* Write the body of a gap: 8 bytes of count, then the reason. Returns its length, at most 64. */
size_t pm_record_put_gap(uint8_t out[64], uint64_t missing, const char *reason);

/* How many bytes a gap stands for; 0 if the body is too short. `reason` is as for pm_record_get_field(). */
uint64_t pm_record_get_gap(const struct pm_record *r, char *reason, size_t room);

/* The bits of a signals record; 0 if the body is too short. */
uint32_t pm_record_get_signals(const struct pm_record *r);

#endif
