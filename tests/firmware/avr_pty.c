/* avr_pty.c - an emulated ATmega328P (simavr) whose serial line is a pseudo terminal: prints its path, then runs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

enum { LOOK_CYCLES = 2000, WAIT_MS = 1 };

struct wire {
    int fd;
    int ready;            /* the UART has room for another byte */
    unsigned idle_rounds; /* since anything moved */
};

static void on_output(struct avr_irq_t *irq, uint32_t value, void *param)
{
    struct wire *w = param;
    uint8_t byte = (uint8_t)value;
    (void)irq;
    w->idle_rounds = 0;
    while (write(w->fd, &byte, 1) < 0 && errno == EAGAIN)
        poll(&(struct pollfd){.fd = w->fd, .events = POLLOUT}, 1, -1);
}

static void on_xon(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)value;
    ((struct wire *)param)->ready = 1;
}

static void on_xoff(struct avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)value;
    ((struct wire *)param)->ready = 0;
}

static int open_pty(void)
{
    struct termios t;
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0)
        return -1;
    int near = open(ptsname(fd), O_RDWR | O_NOCTTY); /* stays open, so that the line has no end between two programs */
    if (near < 0 || tcgetattr(near, &t) < 0)
        return -1;
    cfmakeraw(&t);
    return tcsetattr(near, TCSANOW, &t) < 0 ? -1 : fd;
}

/* Give the UART a byte if it takes one; sleep a little when nothing happens, as the program only polls. */
static void look(avr_t *avr, struct wire *w)
{
    uint8_t byte;
    avr_irq_t *in = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    if (w->ready && read(w->fd, &byte, 1) == 1) {
        avr_raise_irq(in, byte);
        w->idle_rounds = 0;
    } else if (++w->idle_rounds > 100) {
        poll(&(struct pollfd){.fd = w->fd, .events = POLLIN}, 1, WAIT_MS);
    }
}

int main(int argc, char **argv)
{
    elf_firmware_t firmware = {0};
    struct wire w = {.fd = open_pty()};
    uint32_t flags = 0;
    if (argc != 2 || w.fd < 0 || elf_read_firmware(argv[1], &firmware) != 0)
        return 1;
    avr_t *avr = avr_make_mcu_by_name("atmega328p");
    if (!avr)
        return 1;
    firmware.frequency = 16000000;
    avr_init(avr);
    avr_load_firmware(avr, &firmware);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_t *irq = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), 0);
    avr_irq_register_notify(irq + UART_IRQ_OUTPUT, on_output, &w);
    avr_irq_register_notify(irq + UART_IRQ_OUT_XON, on_xon, &w);
    avr_irq_register_notify(irq + UART_IRQ_OUT_XOFF, on_xoff, &w);
    printf("%s\n", ptsname(w.fd));
    fflush(stdout);
    for (unsigned long long next = 0;;) {
        int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed)
            return 1;
        if (avr->cycle < next)
            continue;
        next = avr->cycle + LOOK_CYCLES;
        look(avr, &w);
    }
}
