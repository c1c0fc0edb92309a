/* port.c - see port.h; what takes time on a port of any kind: sequences of signals, and changing the line once the
 * driver has sent its last byte. */
#include "device/port.h"

#include "loop/alarm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    DRAIN_LOOK_US = 1000,     /* how often to ask whether the last byte is out */
    DRAIN_STUCK_US = 1000000, /* nothing moved for so long: the device does not take them, go on */
};

struct pm_port_job {
    struct pm_alarm alarm;
    struct pm_port *port;
    pm_port_done_fn *done;
    void *owner;
    struct pm_port_settings settings; /* to be set when the driver has drained */
    size_t pending;
    unsigned waited_us;
    int error;
    size_t n_steps, next; /* or the steps that are left */
    struct pm_step steps[];
};

static void on_alarm_closed(void *owner)
{
    free(owner);
}

static void end_job(struct pm_port_job *job, int error)
{
    struct pm_port *p = job->port;
    p->job = NULL;
    job->done(job->owner, error);
    pm_alarm_close(&job->alarm, on_alarm_closed);
}

static struct pm_port_job *new_job(struct pm_port *p, size_t n_steps, void (*on_alarm)(struct pm_alarm *), int *error)
{
    struct pm_port_job *job = p->job ? NULL : calloc(1, sizeof(*job) + n_steps * sizeof(job->steps[0]));
    *error = p->job ? -EBUSY : -ENOMEM;
    if (!job)
        return NULL;
    job->port = p;
    *error = pm_alarm_init(&job->alarm, p->loop, on_alarm, job);
    if (*error == 0)
        return job;
    free(job);
    return NULL;
}

/* ---- sequences ---- */

/* Steps up to the next wait, or to the end: that is told by the alarm too, never from inside the call. */
static void run_steps(struct pm_port_job *job)
{
    struct pm_port *p = job->port;
    while (job->next < job->n_steps && job->error == 0) {
        const struct pm_step *step = &job->steps[job->next++];
        job->error = step->mask ? p->ops->set_signals(p, step->mask, step->values) : 0;
        if (step->wait_us > 0 && job->error == 0) {
            pm_alarm_set(&job->alarm, step->wait_us);
            return;
        }
    }
    pm_alarm_set(&job->alarm, 0);
}

static void on_step(struct pm_alarm *a)
{
    struct pm_port_job *job = a->owner;
    if (job->error == 0 && job->next < job->n_steps)
        run_steps(job);
    else
        end_job(job, job->error);
}

int pm_port_run_steps(struct pm_port *p, const struct pm_step *steps, size_t n, pm_port_done_fn *done, void *owner)
{
    uint64_t total = 0;
    int r;
    for (size_t i = 0; i < n && i < PM_STEPS_MAX; i++)
        total += steps[i].wait_us;
    if (n > PM_STEPS_MAX || total > PM_STEPS_US_MAX)
        return -EINVAL;
    struct pm_port_job *job = new_job(p, n, on_step, &r);
    if (!job)
        return r;
    job->done = done;
    job->owner = owner;
    job->n_steps = n;
    memcpy(job->steps, steps, n * sizeof(steps[0]));
    run_steps(job);
    r = job->error;
    if (r < 0)
        pm_alarm_close(&job->alarm, on_alarm_closed);
    else
        p->job = job;
    return r;
}

/* ---- changing the line ---- */

static void on_drain(struct pm_alarm *a)
{
    struct pm_port_job *job = a->owner;
    struct pm_port *p = job->port;
    size_t pending = p->ops->pending(p);
    job->waited_us = pending == job->pending ? job->waited_us + DRAIN_LOOK_US : 0;
    job->pending = pending;
    if (pending > 0 && job->waited_us < DRAIN_STUCK_US) {
        pm_alarm_set(a, DRAIN_LOOK_US);
        return;
    }
    p->held = false;
    int r = p->ops->configure(p, &job->settings);
    if (r == 0)
        p->settings = job->settings;
    end_job(job, r);
    if (p->closed || p->held || !p->wants_writable) /* the owner may have done anything from inside its callback */
        return;
    p->wants_writable = false;
    p->events->on_writable(p->owner);
}

int pm_port_configure(struct pm_port *p, const struct pm_port_settings *settings, pm_port_done_fn *done, void *owner)
{
    int r;
    struct pm_port_job *job = new_job(p, 0, on_drain, &r);
    if (!job)
        return r;
    job->done = done;
    job->owner = owner;
    job->settings = *settings;
    p->job = job;
    p->held = true;
    pm_alarm_set(&job->alarm, 0);
    return 0;
}

/* ---- what needs no time ---- */

ssize_t pm_port_write(struct pm_port *p, const void *bytes, size_t n)
{
    if (!p->held)
        return p->ops->write(p, bytes, n);
    p->wants_writable = true;
    return 0;
}

void pm_port_pause(struct pm_port *p, bool paused)
{
    p->ops->pause(p, paused);
}

void pm_port_read(struct pm_port *p)
{
    if (p->ops->read)
        p->ops->read(p);
}

int pm_port_get_signals(struct pm_port *p)
{
    return p->ops->get_signals(p);
}

int pm_port_set_signals(struct pm_port *p, unsigned mask, unsigned values)
{
    return p->job ? -EBUSY : p->ops->set_signals(p, mask & PM_SIGNALS_OUT, values);
}

int pm_port_discard(struct pm_port *p, unsigned what, size_t *rx, size_t *tx)
{
    *rx = *tx = 0;
    return p->ops->discard(p, what, rx, tx);
}

void pm_port_close(struct pm_port *p)
{
    p->closed = true;
    if (p->job)
        end_job(p->job, -ECANCELED);
    p->ops->close(p);
}
