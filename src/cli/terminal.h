/* terminal.h - the terminal while somebody types to a device: keys come one by one and unseen, and whatever ends the
 * program, the terminal is as before. */
#ifndef PM_CLI_TERMINAL_H
#define PM_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

enum { PM_TERMINAL_ESCAPE = 0x1d }; /* Ctrl+] ends it, as in telnet */

struct pm_terminal {
    bool is_terminal; /* standard input is one; else it is read as it is, without an escape key */
    int signals;      /* a descriptor that becomes readable when the program is to end */
    struct termios before;
};

/* Take the terminal over, and the signals that end the program. 0 or a negative errno. */
int pm_terminal_begin(struct pm_terminal *t);
void pm_terminal_end(struct pm_terminal *t);

/* How many columns standard output has; INT_MAX if it is no terminal. */
int pm_terminal_width(void);

/* Read what was typed, with `enter` (a text) in place of each Enter key. Returns the bytes in `out`, which has `room`,
 * 0 at the end of the input, -ECANCELED after the escape key, -EAGAIN if nothing is there. */
ssize_t pm_terminal_read(const struct pm_terminal *t, const char *enter, uint8_t *out, size_t room);

#endif
