/* alarm.h - a timer for waits below a millisecond, which the loop's ordinary timers round up. */
#ifndef PM_LOOP_ALARM_H
#define PM_LOOP_ALARM_H

#include "loop/loop.h"

/* Lives inside its owner's object and must not move; memory as for a watch. Each one costs a descriptor: for the few
 * that need it. */
struct pm_alarm {
    struct pm_watch watch;
    int fd;
    void (*on_alarm)(struct pm_alarm *a);
    void *owner;
};

/* 0 or a negative errno; after 0 it must be closed. */
int pm_alarm_init(struct pm_alarm *a, struct pm_loop *l, void (*on_alarm)(struct pm_alarm *), void *owner);

/* Fire once, `us` microseconds from now or a little later; 0 is as soon as the loop turns. Setting it again moves it.
 */
void pm_alarm_set(struct pm_alarm *a, uint64_t us);

/* Stop for good; on_alarm is not called again. on_closed(owner) is called on a later turn and may free the memory. */
void pm_alarm_close(struct pm_alarm *a, void (*on_closed)(void *owner));

#endif
