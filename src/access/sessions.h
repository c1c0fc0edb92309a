/* sessions.h - console sessions: a one-time code, which only the command line gets, becomes a bearer that a page holds.
 * No clock of its own. */
#ifndef PM_ACCESS_SESSIONS_H
#define PM_ACCESS_SESSIONS_H

#include "base/mono.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PM_CODE_LENGTH = 22,   /* 128 bit, base64url */
    PM_BEARER_LENGTH = 43, /* 256 bit */
    PM_CODES_MAX = 4,      /* open at once; the oldest gives way */
    PM_SESSIONS_MAX = 16,
    PM_CODE_SECONDS = 60,
    PM_SESSION_SECONDS = 12 * 3600,
    PM_WRONG_CODES = 10, /* after so many no code is looked at */
    PM_WRONG_PAUSE_SECONDS = 60,
};

struct pm_session_code {
    char text[PM_CODE_LENGTH + 1];
    struct pm_mono until; /* us == 0: free */
};

struct pm_console_session {
    uint32_t number; /* never the same twice in one run; 0: free */
    char bearer[PM_BEARER_LENGTH + 1];
    struct pm_mono started, used;
};

/* Zero-initialise; owns nothing. */
struct pm_sessions {
    /* Unless NULL, told when one is over, whyever. */
    void (*on_end)(void *owner, uint32_t number);
    void *owner;
    struct pm_session_code codes[PM_CODES_MAX];
    struct pm_console_session sessions[PM_SESSIONS_MAX];
    uint32_t last;
    unsigned wrong;
    struct pm_mono closed_until;
};

/* Make a code. 0, or a negative errno if the kernel gives no random bytes. */
int pm_sessions_code(struct pm_sessions *s, struct pm_mono now, char ret[PM_CODE_LENGTH + 1]);

/* Exchange a code for a session; the one that was not used for longest makes room. 0 and *ret (borrowed); -EACCES
 * (wrong, used or too old); -EBUSY (too many wrong ones). */
int pm_sessions_start(struct pm_sessions *s, const char *code, size_t n, struct pm_mono now,
                      const struct pm_console_session **ret);

/* The number of the session that this bearer is for, or 0. Every comparison takes the same time. */
uint32_t pm_sessions_find(struct pm_sessions *s, const char *bearer, size_t n, struct pm_mono now);

/* End those whose time is over. When the next one's is; us == 0: there is none. */
struct pm_mono pm_sessions_expire(struct pm_sessions *s, struct pm_mono now);

/* End one, or all (0). How many. */
unsigned pm_sessions_end(struct pm_sessions *s, uint32_t number);

#endif
