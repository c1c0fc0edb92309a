/* marks.h - places of a stream where bytes are missing that no offset counts, so that each reader is told there. */
#ifndef PM_HUB_MARKS_H
#define PM_HUB_MARKS_H

#include <stdbool.h>
#include <stdint.h>

/* Why bytes are missing. */
enum pm_gap {
    PM_GAP_SLOW,      /* the journal let them go before the reader came */
    PM_GAP_EPOCH,     /* the reader's offset is of an opening that nobody remembers */
    PM_GAP_REOPENED,  /* the device was away between this byte and the one before it */
    PM_GAP_OVERRUN,   /* the hardware or its driver had no room */
    PM_GAP_DISCARDED, /* somebody asked for it */
    PM_GAP_OPENING,   /* the device spoke before its line was ready, see pm_serial_line_begin() */
    PM_GAP_CLOSED,    /* the connection was closed before a reader that was away came back */
    PM_GAPS
};

/* The word on the wire. */
const char *pm_gap_name(enum pm_gap gap);

struct pm_mark {
    uint64_t at; /* before the byte of this offset */
    enum pm_gap reason;
    uint64_t bytes; /* how many; 0: nobody knows */
};

enum { PM_MARKS_KEPT = 32 };

/* The newest marks, numbered from 0. Zero-initialise. */
struct pm_marks {
    uint64_t next;            /* number of the next one */
    struct pm_mark forgotten; /* the newest one that is not kept any more, if there is one */
    struct pm_mark ring[PM_MARKS_KEPT];
};

/* The oldest makes room. One that says nothing new, since the device was away once more and said nothing in between,
 * changes nothing. */
void pm_marks_add(struct pm_marks *m, uint64_t at, enum pm_gap reason, uint64_t bytes);

/* The first that is kept of number *number or later, which becomes its number; NULL if there is none. */
const struct pm_mark *pm_marks_get(const struct pm_marks *m, uint64_t *number);

/* The number of the first one at `offset` or behind it. */
uint64_t pm_marks_from(const struct pm_marks *m, uint64_t offset);

/* The number behind a reopening at `offset`, if that is what this number stands for: a reader may know of it already.
 */
uint64_t pm_marks_pass_reopened(const struct pm_marks *m, uint64_t number, uint64_t offset);

/* Is one of number `number` or later not kept any more? The newest of these: up to there bytes may be missing, nobody
 * knows which. */
bool pm_marks_forgot(const struct pm_marks *m, uint64_t number, struct pm_mark *ret);

#endif
