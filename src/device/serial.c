/* serial.c - see serial.h; the bytes, and the watch over the line. What only the platform knows is in serial_linux.c.
 */
#include "device/serial.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "device/serial_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

enum {
    READ_FULL = 4095, /* all that a terminal holds, so there may be more, once the kernel's worker has brought it */
    READ_ROOM = 4096, /* the worker is sent for when a read has emptied the terminal and has room left */
    READ_US = 40,     /* what it takes to fill a terminal, and to be heard of */
    READS_MAX = 16,
    LOOK_MS = 10,    /* how long signals may change before it is told; errors are looked for as often */
    STUCK_MS = 2000, /* a closing waits no longer for a device that takes nothing */
    LINGER_LOOK_MS = 10,
    INCOMING = PM_SIGNAL_CTS | PM_SIGNAL_DSR | PM_SIGNAL_DCD | PM_SIGNAL_RI,
};

struct serial {
    struct pm_port port;
    struct pm_serial_host *host;
    struct pm_watch watch, changes;
    struct pm_timer look;
    struct pm_line_watch *line_watch; /* NULL: this driver cannot tell of changes */
    struct pm_line_counts counts;
    int fd, signals;
    bool counts_known, looking;
    bool paused, full, lost, hung;
    unsigned n_handles;    /* of the loop, and the worker; the memory goes with the last one */
    struct pm_work closer; /* from here on: the closing */
    struct pm_link closing;
    dev_t device;
    atomic_bool hurry, superseded;
    size_t left;
    char path[128];
    struct pm_mono was_full; /* when it was read last, and there may have been more */
    uint8_t buffer[READS_MAX * READ_ROOM];
};

static void update(struct serial *s)
{
    unsigned read = s->paused && !s->hung ? 0 : PM_LOOP_READ, hangup = s->hung ? 0 : PM_LOOP_HANGUP;
    pm_watch_set(&s->watch, s->lost ? 0 : read | hangup | (s->full ? PM_LOOP_WRITE : 0));
}

static void lose(struct serial *s, int error)
{
    s->lost = true;
    update(s);
    s->port.events->on_lost(s->port.owner, error);
}

/* ---- the watch over the line ---- */

static void look_later(struct serial *s)
{
    if (s->looking || !s->counts_known)
        return;
    s->looking = true;
    pm_timer_set(&s->look, pm_mono_add_ms(pm_loop_now(), LOOK_MS));
}

static void tell_signals(struct serial *s)
{
    int now = pm_serial_line_get_signals(s->fd);
    unsigned changed = now < 0 ? 0 : (unsigned)(now ^ s->signals) & INCOMING;
    if (!changed)
        return;
    s->signals = now;
    s->port.events->on_signals(s->port.owner, (unsigned)now, changed);
}

/* Asking the counters costs no word with the device, so the signals are asked only if the counters say that they
 * changed. */
static void look(struct serial *s)
{
    struct pm_line_counts now, before = s->counts;
    if (s->lost || pm_serial_line_counts(s->fd, &now) < 0)
        return;
    s->counts = now;
    const struct pm_line_errors *a = &before.errors, *b = &now.errors;
    struct pm_line_errors more = {.framing = b->framing - a->framing,
                                  .parity = b->parity - a->parity,
                                  .breaks = b->breaks - a->breaks,
                                  .overrun = b->overrun - a->overrun,
                                  .buffer_overrun = b->buffer_overrun - a->buffer_overrun};
    if (more.framing || more.parity || more.breaks || more.overrun || more.buffer_overrun)
        s->port.events->on_errors(s->port.owner, &more);
    if (!s->port.closed && now.changes != before.changes)
        tell_signals(s);
}

/* The thread that waits for a change sees only those that come while it waits; so after it has been sent to wait, one
 * more look. */
static void on_look(struct pm_timer *t)
{
    struct serial *s = t->owner;
    s->looking = false;
    look(s);
    if (!s->port.closed && s->line_watch && pm_line_watch_go(s->line_watch))
        look_later(s);
}

static void on_change(struct pm_watch *w, unsigned events)
{
    struct serial *s = w->owner;
    (void)events;
    pm_line_watch_seen(s->line_watch);
    look(s);
    if (!s->port.closed)
        look_later(s);
}

/* ---- bytes ---- */

/* How many times to read a terminal that was full. Each read behind the first waits for the worker, asleep, while
 * nothing is sent; so to one client the bytes go out, and the terminal is full again when they have. But where sending
 * took longer, to many clients, as much more has come meanwhile, and goes out in one piece. */
static unsigned reads_due(const struct serial *s)
{
    int64_t due = 1 + (pm_loop_now().us - s->was_full.us) / READ_US;
    return due < READS_MAX ? (unsigned)due : READS_MAX;
}

/* As much as there is, within the bound of a turn. 0: nothing; negative: the line is gone. */
static ssize_t read_some(struct serial *s)
{
    size_t got = 0;
    ssize_t n;
    unsigned reads = 0, due = 1;
    do {
        n = read(s->fd, s->buffer + got, sizeof(s->buffer) - got);
        got += n > 0 ? (size_t)n : 0;
        if (n >= READ_FULL && reads == 0)
            due = reads_due(s);
    } while (n >= READ_FULL && ++reads < due);
    if (reads > 0)
        s->was_full = pm_loop_now();
    bool nothing = n < 0 && (errno == EAGAIN || errno == EINTR);
    if (got > 0 || (nothing && !s->hung))
        return (ssize_t)got;
    return -ENODEV; /* 0, or EIO: the other end of a pty, or the adapter itself, is gone */
}

static void take(struct serial *s)
{
    ssize_t n = read_some(s);
    if (n < 0) {
        lose(s, (int)n);
    } else if (n > 0) {
        look_later(s);
        s->port.events->on_rx(s->port.owner, s->buffer, (size_t)n);
    }
}

static void on_ready(struct pm_watch *w, unsigned events)
{
    struct serial *s = w->owner;
    if ((events & PM_LOOP_WRITE) && s->full) {
        s->full = false;
        s->port.events->on_writable(s->port.owner); /* mostly fills it again, which is no news for the loop */
        if (!s->port.closed)
            update(s);
    }
    if (s->port.closed || s->lost)
        return;
    if (events & PM_LOOP_HANGUP) { /* what it still holds is read, even if it was to wait */
        s->hung = true;
        update(s);
    }
    if ((events & PM_LOOP_READ && !s->paused) || s->hung)
        take(s);
}

static void serial_read(struct pm_port *p)
{
    struct serial *s = (struct serial *)p;
    if (!s->lost)
        take(s);
}

static ssize_t serial_write(struct pm_port *p, const void *bytes, size_t n)
{
    struct serial *s = (struct serial *)p;
    if (s->lost)
        return -ENODEV;
    ssize_t taken = write(s->fd, bytes, n);
    if (taken < 0 && errno != EAGAIN && errno != EINTR)
        return errno == EIO ? -ENODEV : -errno;
    taken = taken < 0 ? 0 : taken;
    if ((size_t)taken < n) {
        s->full = true;
        update(s);
    }
    return taken;
}

static void serial_pause(struct pm_port *p, bool paused)
{
    struct serial *s = (struct serial *)p;
    s->paused = paused;
    update(s);
}

/* ---- the line ---- */

static size_t serial_pending(struct pm_port *p)
{
    return pm_serial_line_pending(((struct serial *)p)->fd);
}

static int serial_configure(struct pm_port *p, struct pm_port_settings *settings)
{
    struct serial *s = (struct serial *)p;
    ioctl(s->fd, settings->exclusive ? TIOCEXCL : TIOCNXCL);
    return pm_serial_line_set(s->fd, settings);
}

static int serial_get_signals(struct pm_port *p)
{
    return pm_serial_line_get_signals(((struct serial *)p)->fd);
}

static int serial_set_signals(struct pm_port *p, unsigned mask, unsigned values)
{
    return pm_serial_line_set_signals(((struct serial *)p)->fd, mask, values);
}

static int serial_discard(struct pm_port *p, unsigned what, size_t *rx, size_t *tx)
{
    return pm_serial_line_discard(((struct serial *)p)->fd, what, rx, tx);
}

/* ---- closing ---- */

static void let_go(void *owner)
{
    struct serial *s = owner;
    if (--s->n_handles == 0)
        free(s);
}

/* The driver may have bytes that were acknowledged. It gets time as long as it takes some. A device that takes none
 * would stall close() for half a minute, so the rest is thrown away; not if somebody else has opened the line by now,
 * for it could be theirs, and close() does not wait then. */
static void linger(struct serial *s)
{
    const struct timespec pause = {.tv_nsec = LINGER_LOOK_MS * 1000000};
    s->left = pm_serial_line_pending(s->fd);
    for (int ms = 0; s->left > 0 && ms < STUCK_MS && !s->hurry && !s->superseded; ms += LINGER_LOOK_MS) {
        nanosleep(&pause, NULL);
        size_t now = pm_serial_line_pending(s->fd);
        ms = now < s->left ? 0 : ms;
        s->left = now;
    }
    size_t rx, tx;
    if (s->left > 0 && !s->superseded)
        pm_serial_line_discard(s->fd, PM_DISCARD_TX, &rx, &tx);
}

static void close_in_thread(struct pm_work *work)
{
    struct serial *s = pm_container(work, struct serial, closer);
    pm_line_watch_free(s->line_watch);
    if (!s->lost)
        linger(s);
    close(s->fd);
}

static void on_closed(struct pm_work *work)
{
    struct serial *s = pm_container(work, struct serial, closer);
    pm_list_remove(&s->closing);
    if (s->left > 0)
        pm_log(PM_LOG_WARNING, "%s: closed; its device did not take the last %zu bytes.", s->path, s->left);
    let_go(s);
}

static void serial_close(struct pm_port *p)
{
    struct serial *s = (struct serial *)p;
    ioctl(s->fd, TIOCNXCL); /* it may be opened again at once */
    pm_list_append(&s->host->closings, &s->closing);
    pm_watch_close(&s->watch, let_go);
    pm_timer_close(&s->look, let_go);
    if (s->line_watch)
        pm_watch_close(&s->changes, let_go);
    pm_work_start(&s->closer, s->port.loop, close_in_thread, on_closed);
}

static const struct pm_port_ops serial_ops = {.write = serial_write,
                                              .pause = serial_pause,
                                              .read = serial_read,
                                              .pending = serial_pending,
                                              .configure = serial_configure,
                                              .get_signals = serial_get_signals,
                                              .set_signals = serial_set_signals,
                                              .discard = serial_discard,
                                              .close = serial_close};

/* ---- opening ---- */

void pm_serial_host_init(struct pm_serial_host *h, struct pm_loop *loop)
{
    h->loop = loop;
    pm_list_init(&h->closings);
}

void pm_serial_host_fini(struct pm_serial_host *h)
{
    pm_list_for_each (link, &h->closings) {
        pm_container(link, struct serial, closing)->hurry = true;
        pm_list_remove(link);
    }
}

/* An opened descriptor of exactly this device, or a negative errno. */
static int open_device(const char *path, dev_t expected)
{
    PM_AUTO_CLOSE int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return errno == ELOOP ? -ENODEV : -errno;
    if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != expected)
        return -ENODEV;
    return pm_take_fd(&fd);
}

/* A line that cannot tell of changes is none the worse. */
static void watch_line(struct serial *s)
{
    int fd;
    s->counts_known = pm_serial_line_counts(s->fd, &s->counts) == 0;
    s->signals = pm_serial_line_get_signals(s->fd);
    if (pm_line_watch_new(s->fd, &s->line_watch, &fd) < 0)
        return;
    if (pm_watch_init(&s->changes, s->port.loop, fd, on_change, s) < 0) {
        pm_line_watch_free(s->line_watch);
        s->line_watch = NULL;
        return;
    }
    s->n_handles++;
    pm_watch_set(&s->changes, PM_LOOP_READ);
    pm_line_watch_go(s->line_watch);
}

static struct serial *new_serial(struct pm_serial_host *h, const char *path, int fd, int *error)
{
    struct serial *s = calloc(1, sizeof(*s));
    *error = -ENOMEM;
    if (!s)
        return NULL;
    s->host = h;
    s->fd = fd;
    s->port.loop = h->loop;
    snprintf(s->path, sizeof(s->path), "%s", path);
    *error = pm_watch_init(&s->watch, h->loop, fd, on_ready, s);
    if (*error < 0) {
        free(s);
        return NULL;
    }
    pm_timer_init(&s->look, h->loop, on_look, s);
    s->n_handles = 3; /* the watch, the timer, and the worker that closes */
    return s;
}

int pm_serial_open(struct pm_serial_host *h, const char *path, dev_t expected, const struct pm_port_settings *settings,
                   const struct pm_port_events *events, void *owner, struct pm_port **ret)
{
    PM_AUTO_CLOSE int fd = open_device(path, expected);
    struct pm_port_settings set = *settings;
    bool damaged;
    if (fd < 0)
        return fd;
    int r = pm_serial_line_begin(fd, &set, &damaged);
    if (r < 0)
        return r;
    if (set.exclusive && ioctl(fd, TIOCEXCL) < 0)
        return -errno;
    pm_serial_line_open_signals(fd, &set); /* lines without signals are opened all the same */
    pm_list_for_each (link, &h->closings) {
        struct serial *old = pm_container(link, struct serial, closing);
        if (old->device == expected)
            old->superseded = true;
    }
    struct serial *s = new_serial(h, path, fd, &r);
    if (!s)
        return r;
    s->port = (struct pm_port){
        .ops = &serial_ops, .events = events, .owner = owner, .loop = h->loop, .settings = set, .damaged = damaged};
    s->device = expected;
    pm_list_init(&s->closing);
    watch_line(s);
    update(s);
    pm_take_fd(&fd);
    *ret = &s->port;
    return 0;
}
