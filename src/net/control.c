/* control.c - see control.h. */
#include "net/control.h"

#include "base/cleanup.h"
#include "base/paths.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 64 };

static int bind_socket(const struct sockaddr_un *address)
{
    struct stat s;
    PM_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (lstat(address->sun_path, &s) == 0 && S_ISSOCK(s.st_mode)) /* ours: we hold the lock of its folder */
        unlink(address->sun_path);
    mode_t before = umask(0177);
    int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
    umask(before);
    if (r == 0 && listen(fd, BACKLOG) < 0)
        r = -errno;
    return r < 0 ? r : pm_take_fd(&fd);
}

int pm_control_open(const char *folder, struct pm_control *ret, pid_t *ret_owner)
{
    struct pm_control c = {.lock = -1, .address.sun_family = AF_UNIX};
    char path[PM_PATH_MAX];
    int r = pm_path_join(folder, "control", path);
    if (r < 0 || strlen(path) >= sizeof(c.address.sun_path))
        return -ENAMETOOLONG;
    memcpy(c.address.sun_path, path, strlen(path) + 1);
    r = pm_path_make(folder);
    if (r == 0)
        r = pm_path_lock(folder, "lock", &c.lock, ret_owner);
    if (r < 0)
        return r;
    c.fd = bind_socket(&c.address);
    if (c.fd < 0) {
        close(c.lock);
        return c.fd == -EADDRINUSE ? -EEXIST : c.fd; /* something that is no socket has the name */
    }
    *ret = c;
    return 0;
}

void pm_control_close(struct pm_control *c)
{
    if (c->lock < 0)
        return;
    unlink(c->address.sun_path);
    if (c->fd >= 0)
        close(c->fd);
    close(c->lock);
    c->lock = c->fd = -1;
}

bool pm_control_admits(int fd, struct pm_peer *ret)
{
    struct ucred who;
    socklen_t n = sizeof(who);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0 || (who.uid != geteuid() && who.uid != 0))
        return false;
    *ret = (struct pm_peer){.control = true, .uid = who.uid, .pid = who.pid};
    return true;
}
