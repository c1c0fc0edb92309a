/* fake_devices.c - see fake_devices.h. */
#include "fake_devices.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the test does ---- */

void fake_devices_init(struct pm_devices *all, struct pm_loop *loop)
{
    *all = (struct pm_devices){.loop = loop};
    pm_list_init(&all->list);
}

void fake_devices_fini(struct pm_devices *all)
{
    while (!pm_list_empty(&all->list))
        fake_unplug(pm_container(all->list.next, struct pm_device, link));
    for (unsigned i = 0; i < all->n_ports; i++) {
        assert(!all->ports[i].open);
        free(all->ports[i].sent);
    }
}

struct pm_device *fake_plug(struct pm_devices *all, const char *id, const char *path)
{
    struct pm_device *d = calloc(1, sizeof(*d));
    assert(d);
    snprintf(d->id, sizeof(d->id), "%s", id);
    snprintf(d->path, sizeof(d->path), "%s", path);
    pm_list_append(&all->list, &d->link);
    return d;
}

void fake_unplug(struct pm_device *d)
{
    pm_list_remove(&d->link);
    free(d);
}

struct fake_port *fake_port(struct pm_devices *all)
{
    assert(all->n_ports > 0);
    return &all->ports[all->n_ports - 1];
}

void fake_say(struct fake_port *p, const char *text)
{
    p->port.events->on_rx(p->port.owner, (const uint8_t *)text, strlen(text));
}

void fake_room(struct fake_port *p, size_t n)
{
    p->takes += n;
    p->port.events->on_writable(p->port.owner);
}

/* ---- a port ---- */

static ssize_t fake_write(struct pm_port *port, const void *bytes, size_t n)
{
    struct fake_port *p = (struct fake_port *)port;
    size_t part = n < p->takes ? n : p->takes;
    assert(p->n_sent + part <= FAKE_SENT);
    if (part > 0)
        memcpy(p->sent + p->n_sent, bytes, part);
    p->n_sent += part;
    p->takes -= part;
    return (ssize_t)part;
}

static void fake_pause(struct pm_port *port, bool paused)
{
    ((struct fake_port *)port)->paused = paused;
}

static void fake_read(struct pm_port *port)
{
    struct fake_port *p = (struct fake_port *)port;
    const char *text = p->holds;
    p->holds = NULL;
    if (p->dies)
        port->events->on_lost(port->owner, -ENODEV);
    else if (text)
        fake_say(p, text);
}

static size_t fake_pending(struct pm_port *port)
{
    (void)port;
    return 0;
}

static int fake_configure(struct pm_port *port, struct pm_port_settings *settings)
{
    (void)port, (void)settings;
    return 0;
}

static int fake_get_signals(struct pm_port *port)
{
    (void)port;
    return 0;
}

static int fake_set_signals(struct pm_port *port, unsigned mask, unsigned values)
{
    (void)port, (void)mask, (void)values;
    return 0;
}

static int fake_discard(struct pm_port *port, unsigned what, size_t *rx, size_t *tx)
{
    (void)port, (void)what;
    *rx = *tx = 0;
    return 0;
}

static void fake_close(struct pm_port *port)
{
    ((struct fake_port *)port)->open = false;
}

static const struct pm_port_ops fake_ops = {fake_write,       fake_pause,     fake_read,
                                            fake_pending,     fake_configure, fake_get_signals,
                                            fake_set_signals, fake_discard,   fake_close};

/* ---- what the hub calls ---- */

const struct pm_link *pm_devices_list(const struct pm_devices *all)
{
    return &all->list;
}

const struct pm_device *pm_devices_find(const struct pm_devices *all, const char *address)
{
    for (struct pm_link *link = all->list.next; link != &all->list; link = link->next) {
        const struct pm_device *d = pm_container(link, struct pm_device, link);
        if (strcmp(d->path, address) == 0 || strcmp(d->id, address) == 0)
            return d;
    }
    return NULL;
}

bool pm_devices_identify(const struct pm_devices *all, const char *address, char ret[PM_DEVICE_TEXT])
{
    const struct pm_device *d = pm_devices_find(all, address);
    snprintf(ret, PM_DEVICE_TEXT, "%s", d ? d->id : "");
    return d != NULL;
}

int pm_devices_open(struct pm_devices *all, const char *address, const struct pm_port_settings *settings,
                    const struct pm_port_events *events, void *owner, struct pm_port **ret)
{
    const struct pm_device *d = pm_devices_find(all, address);
    all->attempts++;
    if (!d || all->error < 0)
        return d ? all->error : -ENODEV;
    assert(all->n_ports < FAKE_PORTS);
    struct fake_port *p = &all->ports[all->n_ports++];
    *p = (struct fake_port){.takes = SIZE_MAX / 2, .sent = malloc(FAKE_SENT), .open = true};
    assert(p->sent);
    p->port =
        (struct pm_port){.ops = &fake_ops, .events = events, .owner = owner, .loop = all->loop, .settings = *settings};
    snprintf(p->path, sizeof(p->path), "%s", d->path);
    *ret = &p->port;
    return 0;
}
