/* writer.c - the write queue of a connection: whole messages, in order, acknowledged when the driver has the last byte.
 */
#include "hub/hub_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pm_write {
    struct pm_write *next;
    pm_written_fn *on_written;
    void *owner;
    size_t n, done;
    uint8_t bytes[];
};

static size_t cost(size_t n)
{
    return n + PM_WRITE_COST;
}

bool pm_connection_is_full(const struct pm_connection *c)
{
    return c->write_queued > c->hub->limits.write_queue;
}

static void finish(struct pm_connection *c, int error)
{
    struct pm_spare *spare = &c->hub->loop->spare;
    struct pm_write *w = c->first;
    c->first = w->next;
    if (!c->first)
        c->last = NULL;
    bool full = pm_connection_is_full(c);
    c->write_queued -= cost(w->n);
    w->on_written(w->owner, w->done, error);
    pm_spare_give(spare, w, sizeof(*w) + w->n);
    if (full && !pm_connection_is_full(c))
        pm_hub_tell(c, PM_CONNECTION_DRAINED, NULL);
}

void pm_writer_pump(struct pm_connection *c)
{
    while (c->first && c->port) {
        struct pm_write *w = c->first;
        ssize_t taken = pm_port_write(c->port, w->bytes + w->done, w->n - w->done);
        if (taken < 0) {
            finish(c, (int)taken);
            continue;
        }
        if (c->tap && taken > 0)
            c->tap->on_bytes(c->tap, true, c->counts.tx, w->bytes + w->done, (size_t)taken);
        w->done += (size_t)taken;
        c->counts.tx += (uint64_t)taken;
        if (w->done < w->n)
            return; /* on_writable follows */
        finish(c, 0);
    }
}

size_t pm_connection_unsent(const struct pm_connection *c)
{
    size_t sum = 0;
    for (const struct pm_write *w = c->first; w; w = w->next)
        sum += w->n - w->done;
    return sum;
}

void pm_writer_fail(struct pm_connection *c, int error)
{
    while (c->first)
        finish(c, error);
}

size_t pm_hub_discard(struct pm_connection *c)
{
    const struct pm_write *last = c->last; /* not what a writer adds when it is told */
    size_t n = 0;
    for (bool more = last != NULL; more && c->first;) {
        more = c->first != last;
        n += c->first->n - c->first->done;
        finish(c, -ECANCELED);
    }
    return n;
}

int pm_hub_write(struct pm_connection *c, const void *p, size_t n, pm_written_fn *on_written, void *owner)
{
    if (!c->port)
        return -ENODEV;
    if (cost(n) > PM_WRITE_MAX - c->write_queued)
        return -ENOBUFS;
    struct pm_write *w = pm_spare_take(&c->hub->loop->spare, sizeof(*w) + n);
    if (!w)
        return -ENOMEM;
    *w = (struct pm_write){.on_written = on_written, .owner = owner, .n = n};
    if (n > 0)
        memcpy(w->bytes, p, n);
    bool idle = !c->first;
    c->written = pm_loop_turn(c->hub->loop);
    pm_connection_wake(c);
    pm_connection_beat(c);
    if (c->last)
        c->last->next = w;
    else
        c->first = w;
    c->last = w;
    c->write_queued += cost(n);
    if (idle)
        pm_writer_pump(c);
    return 0;
}
