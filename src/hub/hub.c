/* hub.c - see hub.h. */
#include "hub/hub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct pm_hub {
    struct pm_loop *loop;
    struct pm_devices *devices;
    const struct pm_hub_ops *ops;
    void *owner;
    struct pm_link connections;
    unsigned n_connections;
    uint64_t next_epoch;
};

struct pm_write {
    struct pm_write *next;
    pm_written_fn *on_written;
    void *owner;
    size_t n, done;
    uint8_t bytes[];
};

int pm_hub_new(struct pm_loop *loop, struct pm_devices *devices, const struct pm_hub_ops *ops, void *owner,
               struct pm_hub **ret)
{
    struct pm_hub *h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    *h = (struct pm_hub){.loop = loop, .devices = devices, .ops = ops, .owner = owner};
    h->next_epoch = (uint64_t)time(NULL) << 16; /* wall time, so that a restart does not count from the same number */
    pm_list_init(&h->connections);
    *ret = h;
    return 0;
}

struct pm_hub *pm_hub_free(struct pm_hub *h)
{
    if (!h)
        return NULL;
    while (!pm_list_empty(&h->connections))
        pm_hub_deactivate(pm_container(h->connections.next, struct pm_connection, link), "shutdown");
    free(h);
    return NULL;
}

const struct pm_link *pm_hub_connections(const struct pm_hub *h)
{
    return &h->connections;
}

struct pm_connection *pm_hub_find(const struct pm_hub *h, const char *name)
{
    for (struct pm_link *link = h->connections.next; link != &h->connections; link = link->next) {
        struct pm_connection *c = pm_container(link, struct pm_connection, link);
        if (strcmp(c->name, name) == 0)
            return c;
    }
    return NULL;
}

static const char *device_id(const struct pm_hub *h, const char *address)
{
    const struct pm_device *d = pm_devices_find(h->devices, address);
    return d ? d->id : address;
}

struct pm_connection *pm_hub_find_address(const struct pm_hub *h, const char *address)
{
    const char *id = device_id(h, address);
    for (struct pm_link *link = h->connections.next; link != &h->connections; link = link->next) {
        struct pm_connection *c = pm_container(link, struct pm_connection, link);
        if (strcmp(c->device_id, id) == 0)
            return c;
    }
    return NULL;
}

/* ---- writing ---- */

static void finish_write(struct pm_connection *c, int error)
{
    struct pm_write *w = c->first;
    c->first = w->next;
    if (!c->first)
        c->last = NULL;
    size_t before = c->write_queued;
    c->write_queued -= w->n;
    w->on_written(w->owner, w->done, error);
    free(w);
    if (before > PM_WRITE_HIGH && c->write_queued <= PM_WRITE_HIGH && c->port)
        c->hub->ops->on_news(c->hub->owner, PM_CONNECTION_DRAINED, c, NULL);
}

/* Give the driver what it takes. */
static void pump(struct pm_connection *c)
{
    while (c->first && c->port) {
        struct pm_write *w = c->first;
        ssize_t taken = pm_port_write(c->port, w->bytes + w->done, w->n - w->done);
        if (taken < 0) {
            finish_write(c, (int)taken);
            continue;
        }
        w->done += (size_t)taken;
        if (w->done < w->n)
            return; /* on_writable follows */
        finish_write(c, 0);
    }
}

int pm_hub_write(struct pm_connection *c, const void *p, size_t n, pm_written_fn *on_written, void *owner)
{
    if (n > PM_WRITE_MAX - c->write_queued)
        return -ENOBUFS;
    struct pm_write *w = malloc(sizeof(*w) + n);
    if (!w)
        return -ENOMEM;
    *w = (struct pm_write){.on_written = on_written, .owner = owner, .n = n};
    if (n > 0)
        memcpy(w->bytes, p, n);
    bool idle = !c->first;
    if (c->last)
        c->last->next = w;
    else
        c->first = w;
    c->last = w;
    c->write_queued += n;
    if (idle)
        pump(c);
    return 0;
}

size_t pm_hub_discard(struct pm_connection *c)
{
    const struct pm_write *last = c->last; /* not what a writer adds when it is told */
    size_t n = 0;
    for (bool more = last != NULL; more;) {
        more = c->first != last;
        n += c->first->n - c->first->done;
        finish_write(c, -ECANCELED);
    }
    return n;
}

/* ---- what the port says ---- */

static void on_news(struct pm_turn *t)
{
    struct pm_connection *c = pm_container(t, struct pm_connection, news);
    c->hub->ops->on_news(c->hub->owner, PM_CONNECTION_RX, c, NULL);
}

static void on_rx(void *owner, const uint8_t *p, size_t n)
{
    struct pm_connection *c = owner;
    if (pm_journal_append(&c->journal, p, n) < 0)
        pm_hub_deactivate(c, "out of memory");
    else
        pm_turn_ask(&c->news, c->hub->loop);
}

static void on_writable(void *owner)
{
    pump(owner);
}

static void on_lost(void *owner, int error)
{
    (void)error;
    pm_hub_deactivate(owner, "device-gone");
}

void pm_hub_tell_signals(struct pm_connection *c, unsigned signals, unsigned changed)
{
    c->signals = signals;
    c->changed = changed;
    c->hub->ops->on_news(c->hub->owner, PM_CONNECTION_SIGNALS, c, NULL);
}

static void on_signals(void *owner, unsigned signals, unsigned changed)
{
    pm_hub_tell_signals(owner, signals, changed);
}

static void on_errors(void *owner, const struct pm_line_errors *e)
{
    struct pm_connection *c = owner;
    c->new_errors = *e;
    c->errors.framing += e->framing;
    c->errors.parity += e->parity;
    c->errors.breaks += e->breaks;
    c->errors.overrun += e->overrun;
    c->errors.buffer_overrun += e->buffer_overrun;
    c->hub->ops->on_news(c->hub->owner, PM_CONNECTION_ERRORS, c, NULL);
}

static const struct pm_port_events port_events = {on_rx, on_writable, on_lost, on_signals, on_errors};

/* ---- life ---- */

int pm_hub_activate(struct pm_hub *h, const char *name, const char *address, const struct pm_port_settings *settings,
                    struct pm_connection **ret)
{
    struct pm_connection *c = pm_hub_find(h, name);
    if (c) {
        *ret = c;
        return strcmp(c->device_id, device_id(h, address)) == 0 ? 0 : -EEXIST;
    }
    if (pm_hub_find_address(h, address))
        return -EBUSY;
    if (h->n_connections >= PM_CONNECTIONS_MAX)
        return -EMFILE;
    c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->hub = h;
    snprintf(c->name, sizeof(c->name), "%s", name);
    snprintf(c->address, sizeof(c->address), "%s", address);
    snprintf(c->device_id, sizeof(c->device_id), "%s", device_id(h, address));
    c->settings = *settings;
    c->journal = pm_journal_empty(PM_JOURNAL_SIZE);
    c->epoch = ++h->next_epoch;
    pm_list_init(&c->readers);
    pm_turn_init(&c->news, on_news);
    int r = pm_devices_open(h->devices, address, settings, &port_events, c, &c->port);
    if (r < 0) {
        free(c);
        return r;
    }
    c->settings = c->port->settings;
    pm_list_append(&h->connections, &c->link);
    h->n_connections++;
    h->ops->on_news(h->owner, PM_CONNECTION_OPENED, c, NULL);
    *ret = c;
    return 0;
}

void pm_hub_deactivate(struct pm_connection *c, const char *reason)
{
    struct pm_hub *h = c->hub;
    pm_turn_cancel(&c->news);
    h->ops->on_news(h->owner, PM_CONNECTION_RX, c, NULL); /* the last bytes come before the end */
    pm_port_close(c->port);
    c->port = NULL;
    while (c->first)
        finish_write(c, -ENODEV);
    pm_list_remove(&c->link);
    h->n_connections--;
    h->ops->on_news(h->owner, PM_CONNECTION_CLOSED, c, reason);
    pm_journal_fini(&c->journal);
    free(c);
}

int pm_hub_rename(struct pm_connection *c, const char *name)
{
    char old[PM_NAME_MAX + 1];
    struct pm_connection *other = pm_hub_find(c->hub, name);
    if (other)
        return other == c ? 0 : -EEXIST;
    c->hub->ops->on_news(c->hub->owner, PM_CONNECTION_RX, c, NULL); /* what came under the old name goes out under it */
    memcpy(old, c->name, sizeof(old));
    snprintf(c->name, sizeof(c->name), "%s", name);
    c->hub->ops->on_news(c->hub->owner, PM_CONNECTION_RENAMED, c, old);
    return 0;
}

void pm_hub_pause(struct pm_connection *c, bool paused)
{
    if (paused == c->paused || !c->port)
        return;
    c->paused = paused;
    pm_port_pause(c->port, paused);
}
