/* pauses.h - where a device was silent, in places of its stream: whoever cuts by silence can then do so behind time
 * too, when the bytes on both sides are read at once. Kept only for connections with such a reader. */
#ifndef PM_API_PAUSES_H
#define PM_API_PAUSES_H

#include "hub/hub.h"

enum {
    PM_PAUSES_KEPT = 1024, /* for readers that lag; the oldest is forgotten */
    PM_PAUSE_LEAST_US = 500,
};

struct pm_pause {
    uint64_t at; /* offset of the first byte behind it */
    int64_t us;
};

struct pm_pauses {
    unsigned readers;
    struct pm_mono last; /* when the newest byte came */
    uint64_t end;        /* behind that byte */
    uint64_t n;          /* pauses so far; the i-th is kept[i % PM_PAUSES_KEPT] */
    struct pm_pause kept[PM_PAUSES_KEPT];
};

/* One reader more, or less, that wants to know. 0 or -ENOMEM. */
int pm_pauses_want(struct pm_connection *c);
void pm_pauses_drop(struct pm_connection *c);

/* The journal may have grown. */
void pm_pauses_note(struct pm_connection *c);

#endif
