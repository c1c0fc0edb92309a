/* profiles.h - all profiles that there are: those that we ship, and the user's own, read again when their files change.
 */
#ifndef PM_PROFILE_PROFILES_H
#define PM_PROFILE_PROFILES_H

#include "loop/loop.h"
#include "profile/profile.h"

enum { PM_PROFILES_MAX = 256 };

struct pm_profiles;

/* A file that cannot be used as it is. */
struct pm_profile_fault {
    char *file, *error;         /* its name in the folder; "line 3, column 7: …" */
    struct pm_profile *profile; /* what it was before, which is used still; or NULL */
};

/* The shipped ones, and those in `folder` (*.json; NULL: none), of which one with the id of a shipped one stands in its
 * place. A file that cannot be used is told in the log with line and column; the others are there, and so is what the
 * file was when it was good. 0 or -ENOMEM. */
int pm_profiles_new(struct pm_loop *loop, const char *folder, struct pm_profiles **ret);

/* The memory goes when the loop has let go. */
void pm_profiles_close(struct pm_profiles *s);

/* Borrowed up to the next turn of the loop: pm_profile_ref() to keep it. NULL if there is none. */
struct pm_profile *pm_profiles_find(struct pm_profiles *s, const char *id);

/* The i-th in the order of their ids, and whether it is the user's own; NULL behind the last. */
struct pm_profile *pm_profiles_get(struct pm_profiles *s, size_t i, bool *own);

/* The i-th file that cannot be used, borrowed as above; NULL behind the last. */
const struct pm_profile_fault *pm_profiles_fault(const struct pm_profiles *s, size_t i);

#endif
