/* serial_linux.c - see serial_line.h. termios2 has numeric baud rates; it lives in kernel headers that clash with
 * <termios.h>, which libuv's header includes: hence a file of its own. */
#include "device/serial_line.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <linux/serial.h>
#include <sys/ioctl.h>

struct pm_port_settings pm_port_defaults(void)
{
    return (struct pm_port_settings){.baud_rate = 115200,
                                     .data_bits = 8,
                                     .stop_bits2 = 2,
                                     .parity = PM_PARITY_NONE,
                                     .exclusive = true,
                                     .latency = PM_LATENCY_LOW};
}

/* ---- the line ---- */

/* Neither INPCK nor PARMRK: bytes arrive as they came, whatever their parity, and errors are counted apart. A break is
 * delivered as one NUL, as every program on the system sees it. */
static void to_termios(const struct pm_port_settings *s, struct termios2 *t)
{
    static const tcflag_t sizes[] = {CS5, CS6, CS7, CS8};
    t->c_iflag = s->flow == PM_FLOW_XON_XOFF ? IXON | IXOFF : 0;
    t->c_oflag = 0;
    t->c_lflag = 0;
    t->c_cflag = BOTHER | BOTHER << IBSHIFT | sizes[s->data_bits - 5] | CREAD | CLOCAL; /* without HUPCL */
    if (s->stop_bits2 > 2)
        t->c_cflag |= CSTOPB; /* with 5 data bits the hardware makes it 1.5 */
    if (s->parity != PM_PARITY_NONE)
        t->c_cflag |= PARENB;
    if (s->parity == PM_PARITY_ODD || s->parity == PM_PARITY_MARK)
        t->c_cflag |= PARODD;
    if (s->parity == PM_PARITY_MARK || s->parity == PM_PARITY_SPACE)
        t->c_cflag |= CMSPAR;
    if (s->flow == PM_FLOW_RTS_CTS)
        t->c_cflag |= CRTSCTS;
    t->c_ispeed = t->c_ospeed = s->baud_rate;
    t->c_cc[VMIN] = 1;
    t->c_cc[VTIME] = 0;
}

static enum pm_parity parity_of(tcflag_t c)
{
    if (!(c & PARENB))
        return PM_PARITY_NONE;
    if (c & CMSPAR)
        return c & PARODD ? PM_PARITY_MARK : PM_PARITY_SPACE;
    return c & PARODD ? PM_PARITY_ODD : PM_PARITY_EVEN;
}

/* Drivers leave what they set in the terminal's own record. */
static void from_termios(const struct termios2 *t, struct pm_port_settings *s)
{
    s->baud_rate = t->c_ospeed > 0 ? t->c_ospeed : s->baud_rate;
    s->data_bits = (t->c_cflag & CSIZE) == CS8   ? 8
                   : (t->c_cflag & CSIZE) == CS7 ? 7
                   : (t->c_cflag & CSIZE) == CS6 ? 6
                                                 : 5;
    if (!(t->c_cflag & CSTOPB))
        s->stop_bits2 = 2;
    else
        s->stop_bits2 = s->data_bits == 5 ? 3 : 4;
    s->parity = parity_of(t->c_cflag);
    s->flow = t->c_cflag & CRTSCTS ? PM_FLOW_RTS_CTS : t->c_iflag & IXON ? PM_FLOW_XON_XOFF : PM_FLOW_NONE;
}

/* FTDI adapters hold bytes back for 16 ms without the low latency flag. Two calls: where only root may change
 * closing_wait, a call that has both would change nothing. */
static void set_driver_flags(int fd, bool low_latency)
{
    struct serial_struct s;
    if (ioctl(fd, TIOCGSERIAL, &s) < 0)
        return;
    s.flags = low_latency ? s.flags | ASYNC_LOW_LATENCY : s.flags & ~ASYNC_LOW_LATENCY;
    ioctl(fd, TIOCSSERIAL, &s);
    s.closing_wait = ASYNC_CLOSING_WAIT_NONE;
    ioctl(fd, TIOCSSERIAL, &s);
}

int pm_serial_line_set(int fd, struct pm_port_settings *s)
{
    struct termios2 t;
    if (s->data_bits < 5 || s->data_bits > 8 || s->stop_bits2 < 2 || s->stop_bits2 > 4 || s->baud_rate == 0)
        return -EINVAL;
    if (ioctl(fd, TCGETS2, &t) < 0)
        return -errno;
    to_termios(s, &t);
    /* Neither TCSETSF2, which throws received bytes away, nor TCSETSW2, which blocks: pm_port_configure() waits for the
     * last byte without blocking. */
    if (ioctl(fd, TCSETS2, &t) < 0 || ioctl(fd, TCGETS2, &t) < 0)
        return -errno;
    from_termios(&t, s);
    set_driver_flags(fd, s->latency != PM_LATENCY_THROUGHPUT);
    return 0;
}

int pm_serial_line_begin(int fd, struct pm_port_settings *settings, bool *ret_damaged)
{
    struct termios2 t;
    int received = 0, echoes = 0;
    if (ioctl(fd, TCGETS2, &t) < 0)
        return -errno;
    int r = pm_serial_line_set(fd, settings);
    *ret_damaged = false;
    if (r < 0 || !(t.c_lflag & (ICANON | ECHO)))
        return r;
    ioctl(fd, FIONREAD, &received);
    ioctl(fd, TIOCOUTQ, &echoes);
    *ret_damaged = received > 0 || echoes > 0;
    if (*ret_damaged) /* and else not: what comes from now on is sound */
        ioctl(fd, TCFLSH, TCIOFLUSH);
    return 0;
}

int pm_serial_line_open_signals(int fd, const struct pm_port_settings *settings)
{
    unsigned mask =
        (settings->dtr != PM_AT_OPEN_KEEP ? PM_SIGNAL_DTR : 0) | (settings->rts != PM_AT_OPEN_KEEP ? PM_SIGNAL_RTS : 0);
    unsigned values =
        (settings->dtr == PM_AT_OPEN_ON ? PM_SIGNAL_DTR : 0) | (settings->rts == PM_AT_OPEN_ON ? PM_SIGNAL_RTS : 0);
    return mask ? pm_serial_line_set_signals(fd, mask, values) : 0;
}

/* ---- signals ---- */

static const struct {
    int tiocm;
    unsigned signal;
} signals[] = {
    {TIOCM_DTR, PM_SIGNAL_DTR}, {TIOCM_RTS, PM_SIGNAL_RTS}, {TIOCM_CTS, PM_SIGNAL_CTS},
    {TIOCM_DSR, PM_SIGNAL_DSR}, {TIOCM_CAR, PM_SIGNAL_DCD}, {TIOCM_RNG, PM_SIGNAL_RI},
};
enum { N_SIGNALS = sizeof(signals) / sizeof(signals[0]) };

/* Pseudo terminals and some drivers have no signals. */
static int signal_error(void)
{
    return errno == ENOTTY || errno == EINVAL ? -EOPNOTSUPP : -errno;
}

int pm_serial_line_get_signals(int fd)
{
    int bits, r = 0;
    if (ioctl(fd, TIOCMGET, &bits) < 0)
        return signal_error();
    for (unsigned i = 0; i < N_SIGNALS; i++)
        r |= bits & signals[i].tiocm ? (int)signals[i].signal : 0;
    return r;
}

/* TIOCMSET has DTR and RTS change at the same instant; TIOCMBIS and TIOCMBIC would need two calls, and between them a
 * board may see a state that resets it. */
static int set_lines(int fd, unsigned mask, unsigned values)
{
    int bits;
    if (ioctl(fd, TIOCMGET, &bits) < 0)
        return signal_error();
    for (unsigned i = 0; i < N_SIGNALS; i++) {
        if (mask & signals[i].signal)
            bits = values & signals[i].signal ? bits | signals[i].tiocm : bits & ~signals[i].tiocm;
    }
    return ioctl(fd, TIOCMSET, &bits) < 0 ? signal_error() : 0;
}

int pm_serial_line_set_signals(int fd, unsigned mask, unsigned values)
{
    int r = mask & (PM_SIGNAL_DTR | PM_SIGNAL_RTS) ? set_lines(fd, mask, values) : 0;
    if (r == 0 && (mask & PM_SIGNAL_BREAK))
        r = ioctl(fd, values & PM_SIGNAL_BREAK ? TIOCSBRK : TIOCCBRK) < 0 ? signal_error() : 0;
    return r;
}

/* ---- counts and queues ---- */

int pm_serial_line_counts(int fd, struct pm_line_counts *ret)
{
    struct serial_icounter_struct c;
    if (ioctl(fd, TIOCGICOUNT, &c) < 0)
        return -ENOTTY;
    ret->errors = (struct pm_line_errors){.framing = (unsigned)c.frame,
                                          .parity = (unsigned)c.parity,
                                          .breaks = (unsigned)c.brk,
                                          .overrun = (unsigned)c.overrun,
                                          .buffer_overrun = (unsigned)c.buf_overrun};
    ret->changes = (unsigned)c.cts + (unsigned)c.dsr + (unsigned)c.dcd + (unsigned)c.rng;
    return 0;
}

/* The driver's queue, and then the adapter's own where it can be asked. */
size_t pm_serial_line_pending(int fd)
{
    int queued = 0;
    unsigned status = 0;
    if (ioctl(fd, TIOCOUTQ, &queued) < 0)
        return 0;
    if (queued == 0 && ioctl(fd, TIOCSERGETLSR, &status) == 0)
        return status & TIOCSER_TEMT ? 0 : 1;
    return (size_t)queued;
}

int pm_serial_line_discard(int fd, unsigned what, size_t *rx, size_t *tx)
{
    static const int queues[] = {
        [PM_DISCARD_RX] = TCIFLUSH, [PM_DISCARD_TX] = TCOFLUSH, [PM_DISCARD_RX | PM_DISCARD_TX] = TCIOFLUSH};
    int in = 0, out = 0;
    ioctl(fd, FIONREAD, &in);
    ioctl(fd, TIOCOUTQ, &out);
    if (ioctl(fd, TCFLSH, queues[what]) < 0)
        return -errno;
    *rx = what & PM_DISCARD_RX ? (size_t)in : 0;
    *tx = what & PM_DISCARD_TX ? (size_t)out : 0;
    return 0;
}
