/* logins.c - see logins.h. */
#include "device/logins.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <utmp.h>

enum { ENTRIES = 16, ENTRIES_MAX = 4096 };

int pm_logins_open(struct pm_logins *l, const char *path)
{
    l->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return l->fd < 0 ? -errno : 0;
}

void pm_logins_close(struct pm_logins *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

static bool is_login_at(const struct utmp *u, const char *line)
{
    return (u->ut_type == LOGIN_PROCESS || u->ut_type == USER_PROCESS) &&
           strncmp(u->ut_line, line, sizeof(u->ut_line)) == 0 && u->ut_pid > 0 &&
           (kill(u->ut_pid, 0) == 0 || errno == EPERM);
}

bool pm_logins_has(const struct pm_logins *l, const char *line)
{
    struct utmp some[ENTRIES];
    for (off_t at = 0; l && l->fd >= 0 && at < ENTRIES_MAX; at += ENTRIES) {
        ssize_t n = pread(l->fd, some, sizeof(some), at * (off_t)sizeof(some[0]));
        for (ssize_t i = 0; i < n / (ssize_t)sizeof(some[0]); i++) {
            if (is_login_at(&some[i], line))
                return true;
        }
        if (n < (ssize_t)sizeof(some))
            break;
    }
    return false;
}
