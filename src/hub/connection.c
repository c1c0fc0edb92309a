/* connection.c - one connection's life: open, lost, open again in a new epoch. */
#include "hub/hub_private.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- what the port says ---- */

static void on_news(struct pm_turn *t)
{
    pm_hub_tell(pm_container(t, struct pm_connection, news), PM_CONNECTION_RX, NULL);
}

static void on_rx(void *owner, const uint8_t *p, size_t n)
{
    struct pm_connection *c = owner;
    if (pm_journal_append(&c->journal, p, n) < 0) {
        pm_hub_deactivate(c, "out of memory");
        return;
    }
    c->counts.rx += n;
    if (c->tap)
        c->tap->on_bytes(c->tap, false, c->journal.end - n, p, n);
    pm_connection_beat(c);
    pm_connection_rest(c, n);
    pm_turn_ask(&c->news, c->hub->loop);
}

static void on_writable(void *owner)
{
    pm_writer_pump(owner);
}

static void on_lost(void *owner, int error)
{
    pm_connection_lose(owner, error);
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
    if (e->overrun || e->buffer_overrun)
        pm_hub_mark(c, PM_GAP_OVERRUN, 0);
    pm_hub_tell(c, PM_CONNECTION_ERRORS, NULL);
}

static const struct pm_port_events port_events = {on_rx, on_writable, on_lost, on_signals, on_errors};

/* ---- opening ---- */

/* What the newest opening is known by; the offsets go on, so that no reader loses its place. */
static void begin_epoch(struct pm_connection *c)
{
    if (c->epoch != 0) {
        if (c->n_past == PM_EPOCHS_KEPT)
            memmove(c->past, c->past + 1, --c->n_past * sizeof(c->past[0]));
        c->past[c->n_past++] = (struct pm_epoch){c->epoch, c->journal.end};
        pm_marks_add(&c->marks, c->journal.end, PM_GAP_REOPENED, 0);
    }
    c->epoch = c->hub->next_epoch++;
    c->since = time(NULL);
}

bool pm_epoch_end(const struct pm_connection *c, uint64_t epoch, uint64_t *ret)
{
    for (unsigned i = 0; i < c->n_past; i++) {
        if (c->past[i].epoch == epoch) {
            *ret = c->past[i].end;
            return true;
        }
    }
    return false;
}

int pm_connection_open(struct pm_connection *c, const char *address)
{
    const struct pm_device *d = pm_devices_find(c->hub->devices, address);
    int r = pm_devices_open(c->hub->devices, address, &c->options.line, &port_events, c, &c->port);
    if (r < 0)
        return r;
    pm_timer_stop(&c->retry);
    snprintf(c->path, sizeof(c->path), "%s", d ? d->path : address);
    pm_devices_identify(c->hub->devices, address, c->device_id);
    c->options.line = c->port->settings; /* what the driver made of it */
    c->ambiguous = d && !pm_hub_identify(c->hub, d->id);
    c->state = PM_CONNECTION_IS_OPEN;
    c->error = 0;
    c->paused = false;
    begin_epoch(c);
    if (c->port->damaged)
        pm_hub_mark(c, PM_GAP_OPENING, 0);
    return 0;
}

static void try_again_later(struct pm_connection *c)
{
    if (c->retries++ < PM_RETRIES)
        pm_timer_set(&c->retry, pm_mono_add_ms(pm_loop_now(), PM_RETRY_MS));
}

/* The last attempt failed: people are told why, once for each reason. */
static void give_up(struct pm_connection *c, int error)
{
    if (error == c->error)
        return;
    c->error = error;
    if (error != -ENOTUNIQ)
        pm_log(PM_LOG_WARNING, "\"%s\": its device is back and cannot be opened: %s.", c->name, strerror(-error));
    pm_hub_tell(c, PM_CONNECTION_LOST, pm_hub_lost_reason(error));
}

static void attempt(struct pm_connection *c, const struct pm_device *d)
{
    int r = pm_connection_open(c, d->path);
    if (r == 0)
        pm_hub_tell(c, PM_CONNECTION_RESTORED, NULL);
    else if (c->retries < PM_RETRIES)
        try_again_later(c); /* its permissions may come later than the device itself */
    else
        give_up(c, r);
}

void pm_connection_return(struct pm_connection *c, const struct pm_device *d)
{
    if (c->state != PM_CONNECTION_IS_LOST)
        return;
    if (c->ambiguous) {
        give_up(c, -ENOTUNIQ);
        return;
    }
    c->retries = 0;
    attempt(c, d);
}

static void on_retry(struct pm_timer *t)
{
    struct pm_connection *c = t->owner;
    const struct pm_device *d = pm_hub_identify(c->hub, c->device_id);
    if (d && c->state == PM_CONNECTION_IS_LOST && !c->ambiguous)
        attempt(c, d);
}

/* ---- losing ---- */

void pm_connection_shut(struct pm_connection *c)
{
    pm_turn_cancel(&c->news);
    pm_timer_stop(&c->retry);
    pm_list_remove(&c->rest);
    pm_hub_tell(c, PM_CONNECTION_RX, NULL); /* the last bytes come before the end */
    if (c->port)
        pm_port_close(c->port);
    c->port = NULL;
    c->paused = false;
    c->path[0] = 0;
    pm_writer_fail(c, -ENODEV);
}

void pm_connection_lose(struct pm_connection *c, int error)
{
    if (c->state != PM_CONNECTION_IS_OPEN)
        return;
    c->state = PM_CONNECTION_IS_LOST;
    c->error = error;
    c->counts.losses++;
    if (!c->options.reconnect) {
        pm_hub_deactivate(c, pm_hub_lost_reason(error));
        return;
    }
    pm_connection_shut(c);
    if (pm_list_empty(&c->link))
        return; /* closed by one of those who heard that their writes failed */
    pm_hub_tell(c, PM_CONNECTION_LOST, pm_hub_lost_reason(error));
    c->retries = 0;
    try_again_later(c); /* for a device that only stumbled: no news of it will come */
}

/* ---- memory ---- */

struct pm_connection *pm_connection_new(struct pm_hub *h, const char *name, const char *address,
                                        const struct pm_connection_options *options)
{
    struct pm_connection *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->hub = h;
    c->number = ++h->next_number;
    snprintf(c->name, sizeof(c->name), "%s", name);
    snprintf(c->address, sizeof(c->address), "%s", address);
    c->options = *options;
    c->state = PM_CONNECTION_IS_LOST;
    c->error = -ENODEV;
    /* a small one holds a whole turn's bytes beside what makes the device wait */
    bool small = options->history < 2 * PM_READ_MAX;
    c->journal = pm_journal_empty(options->history + (small ? PM_READ_MAX : 0));
    pm_list_init(&c->link);
    pm_list_init(&c->readers);
    pm_list_init(&c->stoppings);
    pm_list_init(&c->rest);
    pm_rhythm_init(&c->rhythm);
    pm_turn_init(&c->news, on_news);
    pm_timer_init(&c->retry, h->loop, on_retry, c);
    return c;
}

static void on_closed(void *owner)
{
    free(owner);
}

void pm_connection_free(struct pm_connection *c)
{
    pm_journal_fini(&c->journal);
    pm_timer_close(&c->retry, on_closed);
}
