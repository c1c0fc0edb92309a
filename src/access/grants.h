/* grants.h - what the person at the machine has allowed: which origin may use which device, for what and how long; and
 * the tokens of programs, which are kept in the same file. */
#ifndef PM_ACCESS_GRANTS_H
#define PM_ACCESS_GRANTS_H

#include "access/origin.h"
#include "access/tokens.h"
#include "base/bytes.h"
#include "base/list.h"
#include "base/mono.h"

#include <stdint.h>

enum {
    PM_GRANT_ID = 14,      /* "g_" and twelve hexadecimal digits */
    PM_GRANT_DEVICE = 128, /* bytes of a device's id, its end included */
    PM_GRANTS_MAX = 1024,  /* held at once */
    PM_GRANTS_FILE_MAX = 1 << 20,
    PM_GRANT_DAY = 24 * 3600,
    PM_GRANT_IDLE_S = 300, /* one for "once" whose page only asks over HTTP, and does not for so long, ends */
    PM_GRANT_UNUSED = 90 * PM_GRANT_DAY, /* one that is not used for so long ends */
};

/* What a grant is for, as bits. */
enum pm_grant_capability {
    PM_MAY_USE = 1,      /* "serial": open, read, write, record */
    PM_MAY_CONTROL = 2,  /* "control": line settings, modem lines, breaks */
    PM_MAY_FIRMWARE = 4, /* "firmware": resets into a boot loader, updates */
    PM_MAY_ALL = PM_MAY_USE | PM_MAY_CONTROL | PM_MAY_FIRMWARE,
};

enum pm_grant_duration {
    PM_GRANT_ONCE,    /* the shortest first. Until the origin's last connection closes */
    PM_GRANT_SESSION, /* until the daemon ends */
    PM_GRANT_ONE_DAY,
    PM_GRANT_ALWAYS, /* until it is revoked, or not used for PM_GRANT_UNUSED */
    PM_GRANT_DURATIONS
};

enum pm_grant_by { PM_BY_CONSOLE, PM_BY_TERMINAL, PM_BY_CLI, PM_BY_OPTION, PM_BY_FOREGROUND, PM_GRANT_BYS };

/* What is to be granted. Text is borrowed. */
struct pm_grant_wish {
    const char *origin; /* as pm_origin_parse() writes it; "*": every origin */
    const char *device; /* a device's id, or "*": all that are not blocked, also those to come */
    unsigned capabilities;
    enum pm_grant_duration duration;
    enum pm_grant_by by;
    bool until_unplug; /* nothing tells this device from another one in its socket: the grant ends when it leaves */
    bool shared;       /* other applications may use the device too */
};

struct pm_grant {
    struct pm_link link;
    char id[PM_GRANT_ID + 1];
    char origin[PM_ORIGIN_MAX], device[PM_GRANT_DEVICE];
    unsigned capabilities;
    enum pm_grant_duration duration;
    enum pm_grant_by by;
    bool until_unplug, shared;
    int64_t created, last_used; /* wall time, seconds */
    int64_t expires;            /* 0: not by time */
    struct pm_mono seen;        /* when its page asked for anything */
};

struct pm_grants {
    struct pm_link list; /* oldest first */
    unsigned n;
    int64_t clock; /* the latest wall time seen: setting the clock back revives nothing, */
    int64_t base;  /* and from then on it goes on as the monotonic clock does, whatever the other one says: */
    struct pm_mono base_mono; /* `base` it was then; us == 0: not begun */
    struct pm_tokens tokens;
    uint64_t changes; /* counts whatever changes what must be kept */
};

void pm_grants_init(struct pm_grants *g);
void pm_grants_fini(struct pm_grants *g);

/* Grant. One for the same origin and device is replaced and keeps its id; what an option allows replaces only what one
 * did. `now` is wall time in seconds. 0 and *ret, which lives until it ends; -ENOSPC (PM_GRANTS_MAX), -ENOMEM, or what
 * the random source gives. It never gets shorter: an answer for once takes no "always" away, revoking does. */
int pm_grants_add(struct pm_grants *g, const struct pm_grant_wish *wish, int64_t now, struct pm_grant **ret);

/* What time it is for grants and tokens: wall time, or more if the clock was once ahead of what it says now. Seconds.
 */
int64_t pm_grants_now(struct pm_grants *g, int64_t wall, struct pm_mono now);

/* What this origin may do with this device: all capabilities of the grants that cover it. *ret_shared: one of them says
 * that others may use it too. */
unsigned pm_grants_cover(const struct pm_grants *g, const char *origin, const char *device, bool *ret_shared);

/* Has this origin any grant? */
bool pm_grants_know(const struct pm_grants *g, const char *origin);

/* The origin used the device: its grants last longer. Noted for the file once a day at most. */
void pm_grants_used(struct pm_grants *g, const char *origin, const char *device, int64_t now);

/* A page of this origin asks. And: the oldest grant for "once" whose page is neither connected, as is_here() says, nor
 * has asked for PM_GRANT_IDLE_S; or NULL. */
void pm_grants_seen(struct pm_grants *g, const char *origin, struct pm_mono now);
const struct pm_grant *pm_grants_idle(const struct pm_grants *g, struct pm_mono now,
                                      bool (*is_here)(void *owner, const char *origin), void *owner);

/* End those that fit everything given (NULL: anything). How many. */
struct pm_grant_match {
    const char *id, *origin, *device;
    bool once;         /* only those until the last connection closes */
    bool until_unplug; /* only those until the device leaves */
};
unsigned pm_grants_end(struct pm_grants *g, const struct pm_grant_match *match);

/* The oldest that fits, or NULL. */
const struct pm_grant *pm_grants_first(const struct pm_grants *g, const struct pm_grant_match *match);

/* The oldest whose time is over, or NULL. */
const struct pm_grant *pm_grants_over(struct pm_grants *g, int64_t now);

/* When the next one's time is over; 0: none's is. */
int64_t pm_grants_next_end(const struct pm_grants *g);

/* ---- words ---- */

const char *pm_grant_duration_name(enum pm_grant_duration d);
const char *pm_grant_by_name(enum pm_grant_by by);

/* "serial", "control" and so on: the word of one bit, and the bit of a word (0: none). */
const char *pm_grant_capability_name(unsigned bit);
unsigned pm_grant_capability_of(const char *word);

/* The words of several, with commas between. */
enum { PM_GRANT_CAPABILITIES = 64 }; /* bytes of that, its end included */
void pm_grant_capability_list(unsigned capabilities, char out[PM_GRANT_CAPABILITIES]);

/* Wall time as text ("2026-11-22T10:00:00Z"), and back: false if it is not exactly that. */
enum { PM_TIME_TEXT = 24 };
void pm_time_write(int64_t t, char out[PM_TIME_TEXT]);
bool pm_time_read(const char *text, int64_t *ret);

/* ---- the file: grants_file.c ---- */

/* Those that outlive the run, as JSON. 0 and *ret, which the caller ends; -ENOMEM. */
int pm_grants_write(const struct pm_grants *g, struct pm_bytes *ret);

/* Read such a text into an empty set. 0; -EBADMSG: it is none of ours, *g stays empty; -ENOTSUP: it is of a later
 * version of this program; -ENOMEM. */
int pm_grants_read(struct pm_grants *g, const void *p, size_t n);

#endif
