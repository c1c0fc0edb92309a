/* virtual.c - see virtual.h; the port. What a device says is queued and told from the loop, as a real one's bytes come.
 */
#include "device/virtual_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is told to the owner ---- */

static void tell_signals(struct virtual *v)
{
    unsigned changed = (v->signals ^ v->told) & ~(unsigned)PM_SIGNALS_OUT;
    v->told = v->signals;
    if (changed)
        v->port.events->on_signals(v->port.owner, v->signals, changed);
}

static void tell_bytes(struct virtual *v)
{
    struct pm_bytes told = v->says; /* the owner may write while it is told */
    v->says = pm_bytes_empty(told.max);
    v->port.events->on_rx(v->port.owner, told.p, told.n);
    pm_bytes_fini(&told);
    if (!v->port.closed && !v->lost && v->kind->does->told && v->says.n == 0)
        v->kind->does->told(v);
}

static void on_talk(struct pm_turn *t)
{
    struct virtual *v = pm_container(t, struct virtual, talk);
    if (v->lost) {
        v->port.events->on_lost(v->port.owner, -ENODEV);
        return;
    }
    tell_signals(v);
    if (!v->port.closed && !v->paused && v->says.n > 0)
        tell_bytes(v);
    if (v->full && !v->port.closed && !v->lost && v->says.n == 0) {
        v->full = false;
        v->port.events->on_writable(v->port.owner);
    }
}

void pm_virtual_say(struct virtual *v, const void *p, size_t n)
{
    if (pm_bytes_append(&v->says, p, n) == 0)
        pm_turn_ask(&v->talk, v->port.loop);
}

void pm_virtual_say_line(struct virtual *v, const char *text)
{
    pm_virtual_say(v, text, strlen(text));
    pm_virtual_say(v, "\r\n", 2);
}

size_t pm_virtual_take_lines(struct virtual *v, const char *p, size_t n)
{
    char line[PM_VIRTUAL_HEARS_MAX + 1];
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '\r' && p[i] != '\n') {
            pm_bytes_append(&v->hears, &p[i], 1);
        } else if (v->hears.n > 0) {
            memcpy(line, v->hears.p, v->hears.n);
            line[v->hears.n] = 0;
            v->hears.n = 0;
            v->kind->does->line(v, line);
        }
    }
    return n;
}

static void on_time(struct pm_timer *t)
{
    struct virtual *v = t->owner;
    if (!v->lost)
        v->kind->does->time(v);
}

/* ---- the port ---- */

static ssize_t virtual_write(struct pm_port *p, const void *bytes, size_t n)
{
    struct virtual *v = (struct virtual *)p;
    if (v->lost)
        return -ENODEV;
    size_t taken = v->kind->does->take(v, bytes, n);
    v->full = taken < n;
    return (ssize_t)taken;
}

static void virtual_pause(struct pm_port *p, bool paused)
{
    struct virtual *v = (struct virtual *)p;
    v->paused = paused;
    if (!paused && v->says.n > 0)
        pm_turn_ask(&v->talk, p->loop);
}

static size_t virtual_pending(struct pm_port *p)
{
    (void)p; /* nothing lies between it and its wire */
    return 0;
}

static int virtual_configure(struct pm_port *p, struct pm_port_settings *settings)
{
    (void)p, (void)settings; /* it follows any line */
    return 0;
}

static int virtual_get_signals(struct pm_port *p)
{
    struct virtual *v = (struct virtual *)p;
    return v->lost ? -ENODEV : (int)v->signals;
}

/* Wired as a loopback plug is: RTS is CTS, and DTR is DSR and DCD. */
static int virtual_set_signals(struct pm_port *p, unsigned mask, unsigned values)
{
    struct virtual *v = (struct virtual *)p;
    unsigned out = (v->signals & PM_SIGNALS_OUT & ~mask) | (values & mask);
    if (v->lost)
        return -ENODEV;
    v->signals =
        out | (out & PM_SIGNAL_RTS ? PM_SIGNAL_CTS : 0) | (out & PM_SIGNAL_DTR ? PM_SIGNAL_DSR | PM_SIGNAL_DCD : 0);
    pm_turn_ask(&v->talk, p->loop);
    return 0;
}

static int virtual_discard(struct pm_port *p, unsigned what, size_t *rx, size_t *tx)
{
    struct virtual *v = (struct virtual *)p;
    *tx = what & PM_DISCARD_TX ? v->hears.n : 0;
    *rx = what & PM_DISCARD_RX ? v->says.n : 0;
    pm_bytes_consume(&v->hears, *tx);
    pm_bytes_consume(&v->says, *rx);
    if (*rx > 0)
        pm_turn_ask(&v->talk, p->loop); /* there is room again */
    return 0;
}

static void on_closed(void *owner)
{
    free(owner);
}

/* Once; the kind may be gone afterwards. */
static void tell_end(struct virtual *v)
{
    if (!v->lost && v->kind->does->end)
        v->kind->does->end(v);
}

static void virtual_close(struct pm_port *p)
{
    struct virtual *v = (struct virtual *)p;
    tell_end(v);
    pm_list_remove(&v->link);
    pm_turn_cancel(&v->talk);
    pm_bytes_fini(&v->says);
    pm_bytes_fini(&v->hears);
    pm_timer_close(&v->timer, on_closed);
}

static const struct pm_port_ops virtual_ops = {.write = virtual_write,
                                               .pause = virtual_pause,
                                               .pending = virtual_pending,
                                               .configure = virtual_configure,
                                               .get_signals = virtual_get_signals,
                                               .set_signals = virtual_set_signals,
                                               .discard = virtual_discard,
                                               .close = virtual_close};

/* ---- life ---- */

void pm_virtual_host_init(struct pm_virtual_host *h, struct pm_loop *loop)
{
    h->loop = loop;
    pm_list_init(&h->open);
    pm_list_init(&h->added);
}

const struct pm_virtual *pm_virtual_find(const struct pm_virtual_host *h, const char *name)
{
    const struct pm_virtual *kind = pm_virtuals;
    while (kind->name && strcmp(kind->name, name) != 0)
        kind++;
    if (kind->name)
        return kind;
    for (const struct pm_link *link = h->added.next; link != &h->added; link = link->next) {
        kind = &pm_container(link, struct pm_virtual_added, link)->kind;
        if (strcmp(kind->name, name) == 0)
            return kind;
    }
    return NULL;
}

static unsigned at_open(enum pm_at_open wish, unsigned signal)
{
    return wish == PM_AT_OPEN_OFF ? 0 : signal; /* Linux raises them when a port is opened */
}

int pm_virtual_open(struct pm_virtual_host *h, const char *name, const struct pm_port_settings *settings,
                    const struct pm_port_events *events, void *owner, struct pm_port **ret)
{
    const struct pm_virtual *kind = pm_virtual_find(h, name);
    struct virtual *v = kind ? calloc(1, sizeof(*v)) : NULL;
    if (!v)
        return kind ? -ENOMEM : -ENODEV;
    v->port =
        (struct pm_port){.ops = &virtual_ops, .events = events, .owner = owner, .loop = h->loop, .settings = *settings};
    v->kind = kind;
    v->says = pm_bytes_empty(PM_VIRTUAL_SAYS_MAX);
    v->hears = pm_bytes_empty(PM_VIRTUAL_HEARS_MAX);
    pm_turn_init(&v->talk, on_talk);
    pm_timer_init(&v->timer, h->loop, on_time, v);
    pm_list_append(&h->open, &v->link);
    virtual_set_signals(&v->port, PM_SIGNALS_OUT,
                        at_open(settings->dtr, PM_SIGNAL_DTR) | at_open(settings->rts, PM_SIGNAL_RTS));
    v->told = v->signals;
    if (kind->does->begin)
        kind->does->begin(v);
    *ret = &v->port;
    return 0;
}

void pm_virtual_unplug(struct pm_virtual_host *h, const struct pm_virtual *kind)
{
    pm_list_for_each (link, &h->open) {
        struct virtual *v = pm_container(link, struct virtual, link);
        if (v->kind != kind || v->lost)
            continue;
        tell_end(v);
        v->lost = true;
        pm_turn_ask(&v->talk, v->port.loop);
    }
}
