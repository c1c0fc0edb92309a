/* rhythm.c - see loop.h; waiting for what comes soon without going to sleep. Waking up costs more than half of a round
 * trip, so whoever asked for the lowest latency gets a loop that looks again and again, for a bounded time after each
 * event, and only as long as events come quickly. */
#include "loop/loop.h"

enum {
    FAR_US = 2000,  /* longer pauses count as so long */
    SOON_US = 300,  /* events must come at least so often */
    GRACE_US = 50,  /* beyond twice the usual pause */
    WEIGHT_OLD = 3, /* of the usual pause, beside 1 of the newest */
};

void pm_rhythm_init(struct pm_rhythm *r)
{
    *r = (struct pm_rhythm){.usual_us = FAR_US};
}

void pm_loop_beat(struct pm_loop *l, struct pm_rhythm *r)
{
    struct pm_mono now = pm_loop_now();
    int64_t pause = now.us - r->last.us;
    r->last = now;
    r->usual_us = (r->usual_us * WEIGHT_OLD + (pause < FAR_US ? pause : FAR_US)) / (WEIGHT_OLD + 1);
    if (r->usual_us > SOON_US)
        return;
    struct pm_mono until = {now.us + 2 * r->usual_us + GRACE_US};
    if (until.us > l->awake_until.us)
        l->awake_until = until;
    pm_loop_stay_awake(l);
}
