/* framer.h - cuts a stream of bytes that comes in any pieces into frames, by the rule that a device keeps to. */
#ifndef PM_PROTO_FRAMER_H
#define PM_PROTO_FRAMER_H

#include "base/bytes.h"
#include "base/mono.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pm_framing_kind {
    PM_FRAMING_LINES,     /* each ended by CR, LF, or both */
    PM_FRAMING_DELIMITER, /* each ended by `end` */
    PM_FRAMING_START_END, /* what lies between `start` and `end`; a `start` inside begins anew */
    PM_FRAMING_LENGTH,    /* a field says how long it is; with `start`, each begins with these bytes */
    PM_FRAMING_FIXED,     /* `size` bytes each; with `start`, each begins with these bytes */
    PM_FRAMING_IDLE,      /* ended by silence */
    PM_FRAMING_SLIP,
    PM_FRAMING_COBS,
    PM_FRAMING_KINDS
};

enum {
    PM_MARKER_MAX = 8,
    PM_FRAME_MAX = 64 * 1024,  /* a rule's `max` is no more than this */
    PM_LENGTH_HEADER_MAX = 32, /* where a length field must end */
};

/* Bytes that begin or end a frame; n 0: none. */
struct pm_marker {
    uint8_t n, bytes[PM_MARKER_MAX];
};

/* A rule. Check it with pm_framing_check() before use. */
struct pm_framing {
    enum pm_framing_kind kind;
    size_t max; /* bytes of the longest frame, without what ends it */
    struct pm_marker start, end;
    size_t size;
    uint8_t length_at, length_bytes; /* of the field: its place in the frame, and 1, 2 or 4 bytes */
    bool big_endian;
    int32_t length_add; /* value + this = bytes of the whole frame */
    uint32_t idle_us;
};

/* The word in profiles and options: "lines", "start-end", … */
const char *pm_framing_name(enum pm_framing_kind kind);

/* 0, or -EINVAL for a rule that cuts nothing. */
int pm_framing_check(const struct pm_framing *rule);

enum pm_frame_fault {
    PM_FRAME_GOOD,
    PM_FRAME_TOO_LONG,   /* its first `max` bytes */
    PM_FRAME_DAMAGED,    /* stuffing that nobody writes, or a length that cannot be; as it came */
    PM_FRAME_INCOMPLETE, /* nothing comes behind it; as it came */
};

struct pm_frame {
    const uint8_t *p; /* borrowed until the framer is fed again, or its input changes */
    size_t n;
    enum pm_frame_fault fault;
};

struct pm_framer {
    struct pm_framing rule;
    size_t limit;         /* bytes of the longest frame as it comes over the wire */
    struct pm_bytes held; /* of a frame that is not complete */
    bool given;           /* what is held was handed out, and goes before anything else happens */
    bool inside;          /* between `start` and `end` */
    bool skipping;        /* behind a frame that was too long, up to where the next may begin */
    bool astray;          /* a damaged frame was told, and no good one came since */
    bool after_cr;        /* a LF now belongs to the line before */
    uint8_t matched;      /* bytes of a marker that were seen while bytes are passed over */
    struct pm_mono last;  /* when the newest byte came */
    uint8_t damaged[PM_LENGTH_HEADER_MAX];
};

/* The rule is copied. Owns nothing before it is fed. */
void pm_framer_init(struct pm_framer *f, const struct pm_framing *rule);
void pm_framer_fini(struct pm_framer *f);

/* Forget what is held, as if the stream began here. */
void pm_framer_reset(struct pm_framer *f);

/* The stream ends here: 1 and *ret is what was begun, or 0 if nothing was. The next byte begins another stream. */
int pm_framer_cut(struct pm_framer *f, struct pm_frame *ret);

/* Take bytes from [*p, *p + *n) up to the end of a frame; *p and *n move on. 1: *ret is a frame; 0: all was taken and
 * no frame is complete; -ENOMEM. `now` is when the bytes came; only silence asks for it. A line may be empty; between
 * two delimiters of SLIP and COBS there is nothing. */
int pm_framer_next(struct pm_framer *f, struct pm_mono now, const uint8_t **p, size_t *n, struct pm_frame *ret);

/* Time has passed: 1 and the frame that silence ended, or 0. */
int pm_framer_expire(struct pm_framer *f, struct pm_mono now, struct pm_frame *ret);

/* Bytes taken that belong to no frame told yet. */
size_t pm_framer_held(const struct pm_framer *f);

/* When to call pm_framer_expire(); false if nothing waits for silence. */
bool pm_framer_deadline(const struct pm_framer *f, struct pm_mono *ret);

#endif
