/* hub.c - see hub.h; names, and which connection a device belongs to. */
#include "hub/hub_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct pm_connection_options pm_connection_defaults(void)
{
    return (struct pm_connection_options){
        .line = pm_port_defaults(), .reconnect = true, .history = pm_hub_defaults().history};
}

struct pm_hub_limits pm_hub_defaults(void)
{
    return (struct pm_hub_limits){.connections = 64, .write_queue = 256 * 1024, .history = 1024 * 1024};
}

void pm_hub_set_limits(struct pm_hub *h, const struct pm_hub_limits *limits)
{
    h->limits = *limits;
}

const struct pm_hub_limits *pm_hub_limits(const struct pm_hub *h)
{
    return &h->limits;
}

/* Epochs start anywhere, so that two runs have none in common whatever the clock says; clients hold them exactly. */
static int first_epoch(uint64_t *ret)
{
    if (getrandom(ret, sizeof(*ret), 0) != sizeof(*ret))
        return -errno;
    *ret = (*ret >> 12) + 1;
    return 0;
}

int pm_hub_new(struct pm_loop *loop, struct pm_devices *devices, const struct pm_hub_ops *ops, void *owner,
               struct pm_hub **ret)
{
    struct pm_hub *h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    *h = (struct pm_hub){.loop = loop, .devices = devices, .ops = ops, .owner = owner, .limits = pm_hub_defaults()};
    pm_list_init(&h->connections);
    pm_list_init(&h->resting);
    int r = first_epoch(&h->next_epoch);
    if (r < 0) {
        free(h);
        return r;
    }
    pm_timer_init(&h->rest, loop, pm_rest_over, h);
    *ret = h;
    return 0;
}

struct pm_hub *pm_hub_free(struct pm_hub *h)
{
    if (!h)
        return NULL;
    while (!pm_list_empty(&h->connections))
        pm_hub_deactivate(pm_container(h->connections.next, struct pm_connection, link), "shutdown");
    pm_timer_close(&h->rest, free);
    return NULL;
}

void pm_hub_tell(struct pm_connection *c, enum pm_hub_news news, const char *text)
{
    c->hub->ops->on_news(c->hub->owner, news, c, text);
}

/* ---- finding ---- */

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

struct pm_connection *pm_hub_find_path(const struct pm_hub *h, const char *path)
{
    for (struct pm_link *link = h->connections.next; link != &h->connections; link = link->next) {
        struct pm_connection *c = pm_container(link, struct pm_connection, link);
        if (strcmp(c->path, path) == 0)
            return c;
    }
    return NULL;
}

static unsigned count_identity(const struct pm_hub *h, const char *id, const struct pm_device **ret)
{
    const struct pm_link *list = pm_devices_list(h->devices);
    unsigned count = 0;
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        const struct pm_device *d = pm_container(link, struct pm_device, link);
        if (strcmp(d->id, id) == 0) {
            *ret = d;
            count++;
        }
    }
    return count;
}

const struct pm_device *pm_hub_identify(const struct pm_hub *h, const char *id)
{
    const struct pm_device *d = NULL;
    return count_identity(h, id, &d) == 1 ? d : NULL;
}

/* ---- opening and closing ---- */

static void add(struct pm_connection *c)
{
    pm_list_append(&c->hub->connections, &c->link);
    c->hub->n_connections++;
}

static bool is_same_device(const struct pm_connection *c, const char *address, const struct pm_device *d)
{
    return strcmp(c->address, address) == 0 || (d && strcmp(c->device_id, d->id) == 0);
}

/* Why this device cannot be opened under any name, or 0. */
static int check_device(const struct pm_hub *h, const char *address, const struct pm_device *d)
{
    const struct pm_device *any;
    if (d && strcmp(d->id, address) == 0 && count_identity(h, d->id, &any) > 1)
        return -ENOTUNIQ;
    return pm_hub_find_path(h, d ? d->path : address) ? -EBUSY : 0;
}

/* A lost connection is asked for again: with these options from now on. */
static int open_again(struct pm_connection *c, const char *address, const struct pm_connection_options *options)
{
    int r = check_device(c->hub, address, pm_devices_find(c->hub->devices, address));
    c->options.line = options->line;
    c->options.reconnect = options->reconnect;
    c->options.record = options->record;
    c->options.delivery = options->delivery;
    memcpy(c->options.profile, options->profile, sizeof(c->options.profile));
    if (r == 0)
        r = pm_connection_open(c, address);
    if (r == 0)
        pm_hub_tell(c, PM_CONNECTION_RESTORED, NULL);
    return r;
}

static int open_new(struct pm_hub *h, const char *name, const char *address,
                    const struct pm_connection_options *options, struct pm_connection **ret)
{
    int r = check_device(h, address, pm_devices_find(h->devices, address));
    if (r < 0)
        return r;
    if (h->n_connections >= h->limits.connections)
        return -EMFILE;
    struct pm_connection *c = pm_connection_new(h, name, address, options);
    r = c ? pm_connection_open(c, address) : -ENOMEM;
    if (r < 0) {
        if (c)
            pm_connection_free(c);
        return r;
    }
    add(c);
    pm_hub_tell(c, PM_CONNECTION_OPENED, NULL);
    *ret = c;
    return 0;
}

void pm_hub_activate(struct pm_hub *h, const char *name, const char *address,
                     const struct pm_connection_options *options, pm_opened_fn *on_opened, void *owner)
{
    struct pm_connection *c = pm_hub_find(h, name);
    int r = 0;
    if (!c)
        r = open_new(h, name, address, options, &c);
    else if (!is_same_device(c, address, pm_devices_find(h->devices, address)))
        r = -EEXIST;
    else if (c->state == PM_CONNECTION_IS_LOST)
        r = open_again(c, address, options);
    on_opened(owner, r < 0 ? NULL : c, r);
}

/* A pseudo terminal is in no list: only the very one that it was is opened again. */
static void open_restored_pty(struct pm_connection *c)
{
    char now[PM_DEVICE_TEXT];
    if (pm_devices_identify(c->hub->devices, c->address, now) && strcmp(now, c->device_id) == 0)
        c->error = pm_connection_open(c, c->address);
    if (c->state == PM_CONNECTION_IS_OPEN)
        pm_hub_tell(c, PM_CONNECTION_RESTORED, NULL);
}

int pm_hub_restore(struct pm_hub *h, const struct pm_remembered *r, struct pm_connection **ret)
{
    if (pm_hub_find(h, r->name))
        return -EEXIST;
    if (h->n_connections >= h->limits.connections)
        return -EMFILE;
    struct pm_connection *c = pm_connection_new(h, r->name, r->address, &r->options);
    if (!c)
        return -ENOMEM;
    snprintf(c->device_id, sizeof(c->device_id), "%s", r->device_id);
    c->epoch = h->next_epoch++; /* that of a stream without a byte, until the device is there */
    add(c);
    const struct pm_device *d = NULL;
    c->ambiguous = count_identity(h, c->device_id, &d) > 1 || r->ambiguous;
    if (d)
        pm_connection_return(c, d);
    else
        open_restored_pty(c);
    *ret = c;
    return 0;
}

void pm_hub_deactivate(struct pm_connection *c, const char *reason)
{
    pm_list_remove(&c->link); /* first: whoever hears that its write failed may want to close it too */
    c->hub->n_connections--;
    pm_connection_shut(c);
    pm_hub_tell(c, PM_CONNECTION_CLOSED, reason);
    pm_connection_free(c);
}

int pm_hub_rename(struct pm_connection *c, const char *name)
{
    char old[PM_NAME_MAX + 1];
    struct pm_connection *other = pm_hub_find(c->hub, name);
    if (other)
        return other == c ? 0 : -EEXIST;
    pm_hub_tell(c, PM_CONNECTION_RX, NULL); /* what came under the old name goes out under it */
    memcpy(old, c->name, sizeof(old));
    snprintf(c->name, sizeof(c->name), "%s", name);
    pm_hub_tell(c, PM_CONNECTION_RENAMED, old);
    return 0;
}

void pm_hub_configured(struct pm_connection *c)
{
    c->options.line = c->port->settings;
    pm_hub_tell(c, PM_CONNECTION_CHANGED, NULL);
}

void pm_hub_tell_signals(struct pm_connection *c, unsigned signals, unsigned changed)
{
    c->signals = signals;
    c->changed = changed;
    pm_hub_tell(c, PM_CONNECTION_SIGNALS, NULL);
}

void pm_hub_pause(struct pm_connection *c, bool paused)
{
    if (paused == c->paused || !c->port)
        return;
    c->paused = paused;
    if (pm_list_empty(&c->rest))
        pm_port_pause(c->port, paused);
}

void pm_hub_mark(struct pm_connection *c, enum pm_gap reason, uint64_t bytes)
{
    pm_marks_add(&c->marks, c->journal.end, reason, bytes);
    pm_turn_ask(&c->news, c->hub->loop);
}

/* ---- devices that come and go ---- */

void pm_hub_attached(struct pm_hub *h, const struct pm_device *d)
{
    bool alone = pm_hub_identify(h, d->id) != NULL;
    pm_list_for_each (link, &h->connections) {
        struct pm_connection *c = pm_container(link, struct pm_connection, link);
        if (strcmp(c->device_id, d->id) != 0)
            continue;
        c->ambiguous = c->ambiguous || !alone;
        pm_connection_return(c, d);
    }
}

void pm_hub_detached(struct pm_hub *h, const struct pm_device *d)
{
    struct pm_connection *c = pm_hub_find_path(h, d->path);
    if (c)
        pm_connection_lose(c, -ENODEV);
}

const char *pm_hub_lost_reason(int error)
{
    static const struct {
        int error;
        const char *word;
    } reasons[] = {
        {-ENODEV, "device-gone"}, {-EACCES, "access-denied"},       {-EPERM, "access-denied"},
        {-EBUSY, "device-busy"},  {-ENOTUNIQ, "identity-conflict"}, {-EIO, "io-error"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].error == error)
            return reasons[i].word;
    }
    return "io-error";
}
