/* serial.c - see serial.h; the bytes. The line itself is in serial_linux.c. */
#include "device/serial.h"

#include "base/cleanup.h"
#include "device/serial_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

enum { READ_A_TURN = 64 * 1024 };

struct serial {
    struct pm_port port;
    struct pm_watch watch;
    int fd;
    bool paused, full, lost;
    uint8_t buffer[READ_A_TURN];
};

static void update(struct serial *s)
{
    pm_watch_set(&s->watch, s->lost ? 0 : (s->paused ? 0 : PM_LOOP_READ) | (s->full ? PM_LOOP_WRITE : 0));
}

static void lose(struct serial *s, int error)
{
    s->lost = true;
    update(s);
    s->port.events->on_lost(s->port.owner, error);
}

static void on_ready(struct pm_watch *w, unsigned events)
{
    struct serial *s = w->owner;
    if ((events & PM_LOOP_WRITE) && s->full) {
        s->full = false;
        update(s);
        s->port.events->on_writable(s->port.owner);
    }
    if (!(events & PM_LOOP_READ) || s->paused || s->lost || s->fd < 0)
        return;
    ssize_t n = read(s->fd, s->buffer, sizeof(s->buffer));
    if (n > 0)
        s->port.events->on_rx(s->port.owner, s->buffer, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        lose(s, -ENODEV); /* EIO: the other end of a pty, or the adapter itself, is gone */
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

static int serial_configure(struct pm_port *p, const struct pm_port_settings *settings)
{
    return pm_serial_line_set(((struct serial *)p)->fd, settings);
}

static void on_closed(void *owner)
{
    free(owner);
}

static void serial_close(struct pm_port *p)
{
    struct serial *s = (struct serial *)p;
    pm_watch_close(&s->watch, on_closed);
    close(s->fd);
    s->fd = -1;
}

static const struct pm_port_ops serial_ops = {serial_write, serial_pause, serial_configure, serial_close};

int pm_serial_open(const char *path, const struct pm_port_settings *settings, struct pm_loop *loop,
                   const struct pm_port_events *events, void *owner, struct pm_port **ret)
{
    PM_AUTO_CLOSE int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || !isatty(fd))
        return -ENOTTY;
    if (settings->exclusive && ioctl(fd, TIOCEXCL) < 0)
        return -errno;
    int r = pm_serial_line_set(fd, settings);
    if (r < 0)
        return r;
    pm_serial_line_hurry(fd);
    struct serial *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->port = (struct pm_port){&serial_ops, events, owner};
    s->fd = fd;
    r = pm_watch_init(&s->watch, loop, fd, on_ready, s);
    if (r < 0) {
        free(s);
        return r;
    }
    update(s);
    pm_take_fd(&fd);
    *ret = &s->port;
    return 0;
}
