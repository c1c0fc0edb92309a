/* port.h - one opened device, of whatever kind: bytes both ways, its signals, and news of its end. */
#ifndef PM_DEVICE_PORT_H
#define PM_DEVICE_PORT_H

#include "device/line.h"
#include "device/settings.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    PM_STEPS_MAX = 64,         /* of one sequence */
    PM_STEPS_US_MAX = 5000000, /* all its waits together, and so the longest break */
};

/* Told to whoever opened the port, always from the loop and never from inside a call to the port but pm_port_read(). */
struct pm_port_events {
    void (*on_rx)(void *owner, const uint8_t *p, size_t n); /* borrowed for the call */
    void (*on_writable)(void *owner);                       /* after a write that took less than it was given */

    /* Unplugged or broken, told once. Nothing but pm_port_close() is of use afterwards; it is still the owner's duty.
     */
    void (*on_lost)(void *owner, int error);

    /* The device changed its side of the signals: PM_SIGNAL_* now, and which of them changed. Several changes within
     * 10 ms are told as one. Kinds without signals, and drivers that cannot tell, never call it. */
    void (*on_signals)(void *owner, unsigned signals, unsigned changed);

    /* How many errors came since the last call; at the latest 20 ms behind the bytes that they belong to. */
    void (*on_errors)(void *owner, const struct pm_line_errors *errors);
};

struct pm_port;

/* What a kind of device can do; -EOPNOTSUPP where it cannot. Errors are negative errnos. Callers use the pm_port_*
 * functions below. */
struct pm_port_ops {
    ssize_t (*write)(struct pm_port *p, const void *bytes, size_t n);
    void (*pause)(struct pm_port *p, bool paused);
    void (*read)(struct pm_port *p);      /* may be NULL: what there is comes after the pause */
    size_t (*pending)(struct pm_port *p); /* bytes that the driver took and has not sent, as far as it knows */
    int (*configure)(struct pm_port *p, struct pm_port_settings *settings); /* in: wanted, out: what was set */
    int (*get_signals)(struct pm_port *p);                                  /* PM_SIGNAL_* */
    int (*set_signals)(struct pm_port *p, unsigned mask, unsigned values);  /* all of the mask at once */
    int (*discard)(struct pm_port *p, unsigned what, size_t *rx, size_t *tx);
    void (*close)(struct pm_port *p);
};

/* The head of every kind's own struct. */
struct pm_port {
    const struct pm_port_ops *ops;
    const struct pm_port_events *events;
    void *owner;
    struct pm_loop *loop;
    struct pm_port_settings settings; /* what the driver really set */
    struct pm_port_job *job;          /* what takes time, see port.c; one at a time */
    bool held, wants_writable;        /* a change of the line waits for the driver's last byte */
    bool closed;
    bool damaged; /* bytes that came during the opening were spoilt by the system, and thrown away */
};

/* Called once, later, when what was started has ended: 0 or a negative errno. Never called when the port is closed
 * before: -ECANCELED is told then, from inside pm_port_close(). */
typedef void pm_port_done_fn(void *owner, int error);

/* Hand over bytes. Returns how many the driver took; fewer than n means that on_writable follows. -ENODEV: gone. */
ssize_t pm_port_write(struct pm_port *p, const void *bytes, size_t n);

/* Stop or go on reading, so that a device that can wait does. */
void pm_port_pause(struct pm_port *p, bool paused);

/* Read what a paused port holds by now, which spares going on and pausing again: on_rx or on_lost is called from
 * inside, or neither. */
void pm_port_read(struct pm_port *p);

/* Change the line without losing a byte: what was written before goes out as the line was, what is written after as it
 * will be, and received bytes stay. A device that takes nothing for a second does not hold it up. Afterwards
 * p->settings says what the driver made of it. 0, and `done` follows; -EBUSY: something is under way; -ENOMEM. */
int pm_port_configure(struct pm_port *p, const struct pm_port_settings *settings, pm_port_done_fn *done, void *owner);

/* The signals now, as PM_SIGNAL_* bits, or -EOPNOTSUPP, -ENODEV, -EIO. */
int pm_port_get_signals(struct pm_port *p);

/* Set DTR, RTS and break, those of the mask, at the same instant where the driver can. 0, -EBUSY (a sequence is under
 * way), -EOPNOTSUPP, -ENODEV, -EIO. */
int pm_port_set_signals(struct pm_port *p, unsigned mask, unsigned values);

/* One step of a sequence: set these signals, then wait. */
struct pm_step {
    uint8_t mask, values;
    uint32_t wait_us;
};

/* Run up to PM_STEPS_MAX steps, in order, with waits of up to PM_STEPS_US_MAX together; each wait is at least as long
 * as asked. The steps are copied. 0, and `done` follows; -EBUSY: something is under way; -EINVAL: too many or too long;
 * or what the first step gives. */
int pm_port_run_steps(struct pm_port *p, const struct pm_step *steps, size_t n, pm_port_done_fn *done, void *owner);

/* Throw away what the driver holds: PM_DISCARD_* bits. *rx and *tx are how many bytes that was. 0 or an errno. */
int pm_port_discard(struct pm_port *p, unsigned what, size_t *rx, size_t *tx);

/* No callback comes after this but the -ECANCELED of what was under way; the memory goes when the loop has let go. */
void pm_port_close(struct pm_port *p);

#endif
