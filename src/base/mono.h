/* mono.h - monotonic time as a type of its own, so that it is never added to wall time or to seconds by mistake. */
#ifndef PM_BASE_MONO_H
#define PM_BASE_MONO_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds on the monotonic clock. */
struct pm_mono {
    int64_t us;
};

static inline struct pm_mono pm_mono_add_ms(struct pm_mono t, int64_t ms)
{
    return (struct pm_mono){t.us + ms * 1000};
}

/* Milliseconds from `now` until `t`, rounded up so that a timer never fires early; 0 if t has passed. */
static inline uint64_t pm_mono_ms_until(struct pm_mono now, struct pm_mono t)
{
    return t.us <= now.us ? 0 : (uint64_t)(t.us - now.us + 999) / 1000;
}

static inline bool pm_mono_reached(struct pm_mono now, struct pm_mono t)
{
    return now.us >= t.us;
}

#endif
