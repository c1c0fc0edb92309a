/* consent.h - questions to the person at the machine: which page asks for what, who waits for the answer, and how often
 * a page may ask. No clock of its own: every call says when it is. */
#ifndef PM_ACCESS_CONSENT_H
#define PM_ACCESS_CONSENT_H

#include "access/origin.h"
#include "base/list.h"
#include "base/mono.h"

#include <stdint.h>

enum {
    PM_CONSENT_MAX = 8,                  /* questions that are open at once */
    PM_CONSENT_A_MINUTE = 3,             /* new ones of one origin */
    PM_CONSENT_WAIT_S = 120,             /* without an answer */
    PM_CONSENT_QUIET_S = 60,             /* nothing is asked again after a no */
    PM_CONSENT_DENIALS = 3,              /* after so many */
    PM_CONSENT_LONG_QUIET_S = 24 * 3600, /* for so long */
    PM_CONSENT_REASON = 488,             /* bytes of a page's own words: 120 characters, and the end */
    PM_CONSENT_FILTERS = 16,
    PM_CONSENT_ID = 16,
    PM_CONSENT_ORIGINS = 64, /* remembered with what they asked; the one that is quiet for longest makes room */
};

enum pm_consent_end { PM_CONSENT_APPROVED, PM_CONSENT_DENIED, PM_CONSENT_TIMEOUT, PM_CONSENT_LEFT, PM_CONSENT_ENDS };

/* The word for it: approved, denied, timeout, left. */
const char *pm_consent_end_name(enum pm_consent_end e);

/* Which devices are meant; -1: any. */
struct pm_consent_filter {
    int vid, pid;
};

/* What a page asks for. Text is borrowed. */
struct pm_consent_wish {
    const char *origin;
    const char *reason; /* its own words, as they came (NULL: none); they are cleaned here */
    size_t reason_n;
    unsigned capabilities; /* PM_MAY_* */
    const struct pm_consent_filter *filters;
    unsigned n_filters; /* 0: any device */
    bool chooser;       /* one device more, for a page that is in already */
};

struct pm_consent_request {
    struct pm_link link;
    char id[PM_CONSENT_ID];
    char origin[PM_ORIGIN_MAX];
    char reason[PM_CONSENT_REASON];
    unsigned capabilities;
    struct pm_consent_filter filters[PM_CONSENT_FILTERS];
    unsigned n_filters;
    bool chooser;
    char chosen[128]; /* of a chooser that was approved: the device's id */
    bool unattended;  /* it stays although nobody waits: the page will come again */
    struct pm_mono since;
    struct pm_link waiters;
};

/* Who waits; embedded, and in the list until on_end, or until pm_consent_leave(), which on_end may call for others. */
struct pm_consent_waiter {
    struct pm_link link;
    struct pm_consent_request *request; /* NULL: it waits for nothing */
    void (*on_end)(struct pm_consent_waiter *w, const struct pm_consent_request *r, enum pm_consent_end end);
};

/* What is remembered of an origin. */
struct pm_consent_past {
    char origin[PM_ORIGIN_MAX];
    struct pm_mono quiet_until, minute, last;
    unsigned asked; /* in the minute that began then */
    unsigned denials;
};

struct pm_consent {
    struct pm_link requests; /* oldest first */
    unsigned n;
    uint64_t next_id;
    struct pm_consent_past past[PM_CONSENT_ORIGINS];
    unsigned n_past;
    /* Told when a question is over, before those who wait for it. */
    void (*on_end)(void *owner, const struct pm_consent_request *r, enum pm_consent_end end);
    void *owner;
};

void pm_consent_init(struct pm_consent *c,
                     void (*on_end)(void *owner, const struct pm_consent_request *r, enum pm_consent_end end),
                     void *owner);
void pm_consent_fini(struct pm_consent *c); /* whoever waits is told PM_CONSENT_LEFT */

/* Ask. 0: a new question; 1: this origin has one open already, which stands for this one too; or -EACCES (the person
 * said no a while ago), -EBUSY (too many are open, or asked), -ENOMEM. *ret lives until its end is told. */
int pm_consent_ask(struct pm_consent *c, const struct pm_consent_wish *wish, struct pm_mono now,
                   struct pm_consent_request **ret);

/* Wait for its end; and give up waiting: a question that nobody waits for is over at once. */
void pm_consent_wait(struct pm_consent_request *r, struct pm_consent_waiter *w);
void pm_consent_leave(struct pm_consent *c, struct pm_consent_waiter *w);

struct pm_consent_request *pm_consent_find(const struct pm_consent *c, const char *id);

/* It was answered, or is over. Frees it. */
void pm_consent_end(struct pm_consent *c, struct pm_consent_request *r, enum pm_consent_end end, struct pm_mono now);

/* End those that nobody answered in time. False if none is open; else *ret_next is when the next one is. */
bool pm_consent_expire(struct pm_consent *c, struct pm_mono now, struct pm_mono *ret_next);

/* Did the person say no to this origin, a short while ago? */
bool pm_consent_is_quiet(const struct pm_consent *c, const char *origin, struct pm_mono now);

/* Does a device with these numbers (-1: none) fit? */
bool pm_consent_fits(const struct pm_consent_request *r, int vid, int pid);

#endif
