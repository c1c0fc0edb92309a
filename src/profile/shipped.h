/* shipped.h - the profiles of profiles/, as the build embeds them. */
#ifndef PM_PROFILE_SHIPPED_H
#define PM_PROFILE_SHIPPED_H

#include <stddef.h>

struct pm_shipped_profile {
    const char *name; /* of the file, behind a slash */
    const char *text;
    size_t n;
};

/* Made by tools/embed; the last one has no name. */
extern const struct pm_shipped_profile pm_shipped_profiles[];

#endif
