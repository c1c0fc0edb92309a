/* paths.c - see paths.h. */
#include "base/paths.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "peripheral-manager"

static int format(char ret[PM_PATH_MAX], const char *head, const char *tail)
{
    if (head[0] != '/')
        return -EINVAL;
    int n = snprintf(ret, PM_PATH_MAX, "%s%s", head, tail);
    return n < 0 || n >= PM_PATH_MAX ? -ENAMETOOLONG : 0;
}

/* systemd may give several folders with colons between them; the first is ours. */
static int first_of(char ret[PM_PATH_MAX], const char *list)
{
    size_t n = strcspn(list, ":");
    if (n >= PM_PATH_MAX)
        return -ENAMETOOLONG;
    if (list[0] != '/')
        return -EINVAL;
    memcpy(ret, list, n);
    ret[n] = 0;
    return 0;
}

static int find(char *(*get)(const char *name), const char *systemd, const char *xdg, const char *below_home,
                char ret[PM_PATH_MAX])
{
    const char *value = get(systemd);
    if (value && value[0])
        return first_of(ret, value);
    value = get(xdg);
    if (value && value[0] == '/') /* the XDG specification: paths that are not absolute are ignored */
        return format(ret, value, "/" NAME);
    value = get("HOME");
    if (!below_home || !value || !value[0])
        return -ENOENT;
    return format(ret, value, below_home);
}

int pm_paths_find(char *(*get)(const char *name), struct pm_paths *ret)
{
    int r = find(get, "CONFIGURATION_DIRECTORY", "XDG_CONFIG_HOME", "/.config/" NAME, ret->config);
    if (r == 0)
        r = find(get, "STATE_DIRECTORY", "XDG_STATE_HOME", "/.local/state/" NAME, ret->state);
    if (r < 0)
        return r;
    r = find(get, "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", NULL, ret->runtime);
    return r == -ENOENT ? format(ret->runtime, ret->state, "/run") : r;
}

int pm_path_join(const char *folder, const char *name, char ret[PM_PATH_MAX])
{
    int n = snprintf(ret, PM_PATH_MAX, "%s/%s", folder, name);
    return n < 0 || n >= PM_PATH_MAX ? -ENAMETOOLONG : 0;
}

int pm_path_make(const char *folder)
{
    char path[PM_PATH_MAX];
    struct stat s;
    if (format(path, folder, "") < 0)
        return -ENAMETOOLONG;
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return -errno;
        *p = '/';
    }
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    if (stat(path, &s) < 0)
        return -errno;
    if (!S_ISDIR(s.st_mode))
        return -ENOTDIR;
    return s.st_uid == geteuid() && (s.st_mode & 022) == 0 ? 0 : -EPERM;
}

/* The lock is the file's, not its existence: it ends with the process, however that ends. */
int pm_path_lock(const char *folder, const char *name, int *ret_fd, pid_t *ret_owner)
{
    char path[PM_PATH_MAX], text[24] = "";
    int r = pm_path_join(folder, name, path);
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
