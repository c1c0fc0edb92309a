/* control.c - see control.h. */
#include "net/control.h"

#include "base/cleanup.h"
#include "base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 64 };

/* The lock is the file's, not its existence: it ends with the process, however that ends. */
static int lock_folder(const char *folder, int *ret_fd, pid_t *ret_owner)
{
    char path[PM_PATH_MAX], text[24] = "";
    int r = pm_path_join(folder, "lock", path);
    if (r < 0)
        return r;
    PM_AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        r = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
        ssize_t n = read(fd, text, sizeof(text) - 1);
        *ret_owner = n > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
        return r;
    }
    int n = snprintf(text, sizeof(text), "%d\n", getpid());
    if (ftruncate(fd, 0) < 0 || write(fd, text, (size_t)n) != n)
        return errno ? -errno : -EIO;
    *ret_fd = pm_take_fd(&fd);
    return 0;
}

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
        r = lock_folder(folder, &c.lock, ret_owner);
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
