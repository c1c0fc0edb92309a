/* alarm_linux.c - see alarm.h; by timerfd. */
#include "loop/alarm.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void on_ready(struct pm_watch *w, unsigned events)
{
    struct pm_alarm *a = pm_container(w, struct pm_alarm, watch);
    uint64_t fired;
    (void)events;
    if (read(a->fd, &fired, sizeof(fired)) == sizeof(fired)) /* else it was moved after the loop had seen it */
        a->on_alarm(a);
}

int pm_alarm_init(struct pm_alarm *a, struct pm_loop *l, void (*on_alarm)(struct pm_alarm *), void *owner)
{
    *a = (struct pm_alarm){.on_alarm = on_alarm, .owner = owner};
    a->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (a->fd < 0)
        return -errno;
    int r = pm_watch_init(&a->watch, l, a->fd, on_ready, owner);
    if (r < 0) {
        close(a->fd);
        return r;
    }
    pm_watch_set(&a->watch, PM_LOOP_READ);
    return 0;
}

void pm_alarm_set(struct pm_alarm *a, uint64_t us)
{
    struct itimerspec when = {.it_value = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000}};
    if (us == 0)
        when.it_value.tv_nsec = 1; /* all zero would stop it */
    timerfd_settime(a->fd, 0, &when, NULL);
}

void pm_alarm_close(struct pm_alarm *a, void (*on_closed)(void *owner))
{
    pm_watch_close(&a->watch, on_closed);
    close(a->fd);
}
