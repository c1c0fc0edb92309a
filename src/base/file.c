/* file.c - see file.h. */
#include "base/file.h"

#include "base/cleanup.h"
#include "base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int pm_file_read(const char *path, size_t max, struct pm_bytes *ret)
{
    PM_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat s;
    if (fd < 0 || fstat(fd, &s) < 0)
        return -errno;
    if (!S_ISREG(s.st_mode))
        return -EINVAL;
    if ((uint64_t)s.st_size > max)
        return -EFBIG;
    struct pm_bytes bytes = pm_bytes_empty((size_t)s.st_size + 1);
    int r = pm_bytes_reserve(&bytes, (size_t)s.st_size + 1);
    ssize_t got = 1;
    while (r == 0 && got > 0 && bytes.n < (size_t)s.st_size) {
        got = read(fd, bytes.p + bytes.n, (size_t)s.st_size - bytes.n);
        if (got > 0)
            bytes.n += (size_t)got;
        else if (got < 0)
            r = -errno;
    }
    if (r < 0) {
        pm_bytes_fini(&bytes);
        return r;
    }
    *ret = bytes;
    return 0;
}

static int write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        p += done;
        n -= (size_t)done;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

static int sync_folder_of(const char *path)
{
    char copy[PM_PATH_MAX];
    snprintf(copy, sizeof(copy), "%s", path);
    PM_AUTO_CLOSE int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int name_fresh(const char *path, char ret[PM_PATH_MAX])
{
    int length = snprintf(ret, PM_PATH_MAX, "%s.new", path);
    return length < 0 || length >= PM_PATH_MAX ? -ENAMETOOLONG : 0;
}

int pm_file_replace(const char *path, const void *p, size_t n)
{
    char fresh[PM_PATH_MAX];
    int r = name_fresh(path, fresh);
    if (r < 0)
        return r;
    unlink(fresh); /* what a crash may have left */
    PM_AUTO_CLOSE int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    r = write_all(fd, p, n);
    if (r == 0 && rename(fresh, path) < 0)
        r = -errno;
    if (r < 0) {
        unlink(fresh);
        return r;
    }
    return sync_folder_of(path);
}

void pm_file_tidy(const char *path)
{
    char fresh[PM_PATH_MAX];
    if (name_fresh(path, fresh) == 0)
        unlink(fresh);
}

int pm_file_set_aside(const char *path, char ret[PM_PATH_MAX])
{
    struct stat s;
    for (unsigned number = 1; number <= PM_ASIDE_MAX; number++) {
        int length = snprintf(ret, PM_PATH_MAX, "%s.bad-%u", path, number);
        if (length < 0 || length >= PM_PATH_MAX)
            return -ENAMETOOLONG;
        if (lstat(ret, &s) < 0 && errno == ENOENT)
            break;
    }
    return rename(path, ret) < 0 ? -errno : 0;
}
