/* cleanup.h - release of locals at the end of their scope, and handing them over on the success path. */
#ifndef PM_BASE_CLEANUP_H
#define PM_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void pm_close_at(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void pm_free_at(void *pointer)
{
    free(*(void **)pointer);
}

/* The variable must be initialised: to -1, or to NULL. */
#define PM_AUTO_CLOSE __attribute__((cleanup(pm_close_at)))
#define PM_AUTO_FREE  __attribute__((cleanup(pm_free_at)))

/* Hand the descriptor over; the variable no longer owns it. */
static inline int pm_take_fd(int *fd)
{
    int v = *fd;
    *fd = -1;
    return v;
}

#endif
