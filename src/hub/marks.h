/* marks.h - places of a stream where bytes are missing that no offset counts, so that each reader is told there. */
#ifndef PM_HUB_MARKS_H
#define PM_HUB_MARKS_H

#include <stdint.h>

/* Why bytes are missing. */
enum pm_gap {
    PM_GAP_SLOW,      /* the journal let them go before the reader came */
    PM_GAP_EPOCH,     /* the reader's offset is of an opening that nobody remembers */
    PM_GAP_REOPENED,  /* the device was away between the reader's offset and now */
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
    uint64_t next; /* number of the next one */
    struct pm_mark ring[PM_MARKS_KEPT];
};

/* The oldest makes room: a reader that far behind is told of the newer ones only. */
void pm_marks_add(struct pm_marks *m, uint64_t at, enum pm_gap reason, uint64_t bytes);

/* The first that is kept of number *number or later, which becomes its number; NULL if there is none. */
const struct pm_mark *pm_marks_get(const struct pm_marks *m, uint64_t *number);

/* The number of the first one at `offset` or behind it. */
uint64_t pm_marks_from(const struct pm_marks *m, uint64_t offset);

#endif
