/* load.c - see loop.h; how much of a core a thread takes, asked of the kernel seldom. */
#include "loop/loop.h"

#include <time.h>

enum { WINDOW_US = 20000 };

static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

bool pm_load_look(struct pm_load *l, struct pm_mono now)
{
    int64_t passed = now.us - l->since.us;
    if (passed < WINDOW_US)
        return false;
    int64_t cpu = cpu_us();
    l->percent = (unsigned)((cpu - l->cpu_us) * 100 / passed);
    l->window_us = passed;
    l->since = now;
    l->cpu_us = cpu;
    return true;
}
