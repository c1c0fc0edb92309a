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
#include <time.h>
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

int pm_file_replace(const char *path, const void *p, size_t n)
{
    char fresh[PM_PATH_MAX];
    int length = snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof(fresh))
        return -ENAMETOOLONG;
    unlink(fresh); /* what a crash may have left */
    PM_AUTO_CLOSE int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int r = write_all(fd, p, n);
    if (r == 0 && rename(fresh, path) < 0)
        r = -errno;
    if (r < 0) {
        unlink(fresh);
        return r;
    }
    return sync_folder_of(path);
}

int pm_file_set_aside(const char *path, char *ret, size_t room)
{
    char aside[PM_PATH_MAX];
    int length = snprintf(aside, sizeof(aside), "%s.bad-%lld", path, (long long)time(NULL));
    if (length < 0 || (size_t)length >= sizeof(aside))
        return -ENAMETOOLONG;
    if (rename(path, aside) < 0)
        return -errno;
    if (ret)
        snprintf(ret, room, "%s", aside);
    return 0;
}
