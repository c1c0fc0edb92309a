/* virtual_private.h - what the port of a virtual device and its behaviour share: virtual.c and virtual_kinds.c. */
#ifndef PM_DEVICE_VIRTUAL_PRIVATE_H
#define PM_DEVICE_VIRTUAL_PRIVATE_H

#include "base/bytes.h"
#include "device/virtual.h"

enum { PM_VIRTUAL_SAYS_MAX = 256 * 1024, PM_VIRTUAL_HEARS_MAX = 256, PM_VIRTUAL_ERRORS = 8 };

struct virtual
{
    struct pm_port port;
    const struct pm_virtual *kind;
    struct pm_link link; /* in the host's list */
    struct pm_timer timer;
    struct pm_turn talk;
    struct pm_bytes says;  /* not told yet */
    struct pm_bytes hears; /* a line that is not complete */
    bool paused, full, lost;
    unsigned signals, told; /* PM_SIGNAL_*: now, and as the owner knows them */

    /* for the kinds */
    uint64_t count;       /* the counter's next number */
    uint64_t rate;        /* its bytes a second; 0: a number ten times a second */
    double credit;        /* bytes that are due */
    struct pm_mono since; /* up to when `credit`, or `pumped`, is counted */
    double pumped;        /* the pump: millilitres, */
    double flow;          /* millilitres a minute, */
    bool running, pausing;
    int errors[PM_VIRTUAL_ERRORS]; /* the instrument's queue, the oldest first, */
    unsigned n_errors, status;     /* its event status register, */
    uint32_t noise;                /* and what its measurements waver by */
};

/* How a kind behaves. Functions may be NULL. */
struct pm_virtual_does {
    void (*begin)(struct virtual *v);

    /* Bytes from the owner. Returns how many it takes; if fewer than n, the owner hears when there is room. */
    size_t (*take)(struct virtual *v, const char *p, size_t n);
    void (*line)(struct virtual *v, const char *line); /* for those whose `take` is pm_virtual_take_lines() */
    void (*time)(struct virtual *v);                   /* the timer fired; or there is room to say more */
    void (*told)(struct virtual *v);                   /* everything it said was read */
    void (*end)(struct virtual *v);                    /* it is closed or pulled out */
};

/* The kinds that have a file of their own. */
extern const struct pm_virtual_does pm_virtual_instrument;

/* Say bytes, or a line with its end. They are told to the owner at the end of the turn; what does not fit is dropped.
 */
void pm_virtual_say(struct virtual *v, const void *p, size_t n);
void pm_virtual_say_line(struct virtual *v, const char *text);

/* Cut what comes into lines, by CR or LF; a line that is too long loses its end. */
size_t pm_virtual_take_lines(struct virtual *v, const char *p, size_t n);

#endif
