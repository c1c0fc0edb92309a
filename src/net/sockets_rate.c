/* sockets_rate.c - a client that sends events faster than anybody needs is read from more slowly, and cut off if it
 * goes on: what it sends must not take the time of others. */
#include "net/sockets_private.h"

enum { TICK_MS = 20 };

/* The bucket as a time: by when the events so far would have come at the permitted rate. */
static int64_t ahead_us(const struct pm_client *c, struct pm_mono now)
{
    return c->rate_through.us - now.us;
}

static int64_t burst_us(const struct pm_sockets_options *o)
{
    return (int64_t)o->event_burst * 1000000 / o->events_per_second;
}

/* False if it had its time to come to its senses, and is closed. */
static bool slow_down(struct pm_client *c, struct pm_mono now)
{
    struct pm_sockets *all = c->all;
    if (!pm_list_empty(&c->slowed))
        return true;
    if (c->flooding_since.us == 0)
        c->flooding_since = now;
    if (pm_mono_reached(now, pm_mono_add_ms(c->flooding_since, all->options.flood_ms))) {
        pm_session_close(c->session, PM_CLOSED_FLOOD);
        return false;
    }
    if (pm_list_empty(&all->slowed))
        pm_timer_set(&all->rate_tick, pm_mono_add_ms(now, TICK_MS));
    pm_list_append(&all->slowed, &c->slowed);
    pm_session_pause(c->session, PM_PAUSED_RATE, true);
    return true;
}

bool pm_rate_admits(struct pm_client *c)
{
    const struct pm_sockets_options *o = &c->all->options;
    if (o->events_per_second == 0)
        return true;
    struct pm_mono now = pm_loop_now();
    if (pm_mono_reached(now, c->rate_through)) {
        c->rate_through = now;
        c->flooding_since.us = 0;
    }
    c->rate_through.us += 1000000 / o->events_per_second;
    return ahead_us(c, now) <= burst_us(o) || slow_down(c, now);
}

void pm_rate_tick(struct pm_timer *t)
{
    struct pm_sockets *all = t->owner;
    struct pm_mono now = pm_loop_now();
    struct pm_link waiting;
    pm_list_take(&waiting, &all->slowed);
    while (!pm_list_empty(&waiting)) {
        struct pm_client *c = pm_container(waiting.next, struct pm_client, slowed);
        pm_list_remove(&c->slowed);
        if (ahead_us(c, now) > burst_us(&all->options) / 2)
            pm_list_append(&all->slowed, &c->slowed);
        else
            pm_session_pause(c->session, PM_PAUSED_RATE, false);
    }
    if (!pm_list_empty(&all->slowed))
        pm_timer_set(t, pm_mono_add_ms(now, TICK_MS));
}
