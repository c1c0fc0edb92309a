/* terminal.c - see terminal.h. */
#include "cli/terminal.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Output stays as it is, so that a device's bare line feeds do not make stairs. */
static int make_raw(struct pm_terminal *t)
{
    struct termios raw;
    if (tcgetattr(STDIN_FILENO, &t->before) < 0)
        return -errno;
    raw = t->before;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0 ? -errno : 0;
}

int pm_terminal_begin(struct pm_terminal *t)
{
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that is gone ends us in good order */
    t->signals = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
    if (t->signals < 0)
        return -errno;
    t->is_terminal = isatty(STDIN_FILENO);
    int r = t->is_terminal ? make_raw(t) : 0;
    if (r < 0)
        close(t->signals);
    return r;
}

void pm_terminal_end(struct pm_terminal *t)
{
    if (t->is_terminal)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
    close(t->signals);
}

int pm_terminal_width(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : INT_MAX;
}

ssize_t pm_terminal_read(const struct pm_terminal *t, const char *enter, uint8_t *out, size_t room)
{
    uint8_t typed[1024];
    size_t longest = t->is_terminal ? strlen(enter) : 1, n = 0;
    size_t ask = room / longest < sizeof(typed) ? room / longest : sizeof(typed);
    ssize_t have = read(STDIN_FILENO, typed, ask);
    if (have < 0)
        return errno == EINTR || errno == EAGAIN ? -EAGAIN : 0; /* a terminal that hung up has nothing more */
    for (ssize_t i = 0; i < have; i++) {
        if (t->is_terminal && typed[i] == PM_TERMINAL_ESCAPE)
            return -ECANCELED;
        if (t->is_terminal && typed[i] == '\r') {
            memcpy(out + n, enter, longest);
            n += longest;
        } else {
            out[n++] = typed[i];
        }
    }
    return (ssize_t)n;
}
