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
    return (struct pm_port_settings){
        .baud_rate = 115200, .data_bits = 8, .stop_bits2 = 2, .parity = PM_PARITY_NONE, .exclusive = true};
}

int pm_serial_line_set(int fd, const struct pm_port_settings *s)
{
    static const tcflag_t sizes[] = {CS5, CS6, CS7, CS8};
    struct termios2 t;
    if (s->data_bits < 5 || s->data_bits > 8 || s->stop_bits2 < 2 || s->stop_bits2 > 4 || s->baud_rate == 0)
        return -EINVAL;
    if (ioctl(fd, TCGETS2, &t) < 0)
        return -errno;
    t.c_iflag = s->flow == PM_FLOW_XON_XOFF ? IXON | IXOFF : 0;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag = BOTHER | BOTHER << IBSHIFT | sizes[s->data_bits - 5] | CREAD | CLOCAL; /* without HUPCL */
    if (s->stop_bits2 > 2)
        t.c_cflag |= CSTOPB; /* with 5 data bits the hardware makes it 1.5 */
    if (s->parity != PM_PARITY_NONE)
        t.c_cflag |= PARENB;
    if (s->parity == PM_PARITY_ODD || s->parity == PM_PARITY_MARK)
        t.c_cflag |= PARODD;
    if (s->parity == PM_PARITY_MARK || s->parity == PM_PARITY_SPACE)
        t.c_cflag |= CMSPAR;
    if (s->flow == PM_FLOW_RTS_CTS)
        t.c_cflag |= CRTSCTS;
    t.c_ispeed = t.c_ospeed = s->baud_rate;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    return ioctl(fd, TCSETS2, &t) < 0 ? -errno : 0; /* not TCSETSF2: that would throw received bytes away */
}

/* FTDI adapters hold bytes back for 16 ms otherwise; drivers that know nothing of it refuse, which is fine. */
void pm_serial_line_hurry(int fd)
{
    struct serial_struct s;
    if (ioctl(fd, TIOCGSERIAL, &s) == 0) {
        s.flags |= ASYNC_LOW_LATENCY;
        ioctl(fd, TIOCSSERIAL, &s);
    }
}
