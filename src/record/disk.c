/* disk.c - see disk.h. */
#include "record/disk.h"

#include "loop/loop.h"
#include "proto/recording.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SYNC_MS = 500, PART_DIGITS = 4 };

#define ENDING ".pmrec"

void pm_disk_name(const char *id, unsigned part, char ret[PM_DISK_NAME])
{
    snprintf(ret, PM_DISK_NAME, "%s.%04u" ENDING, id, part);
}

unsigned pm_disk_parse_name(const char *name, size_t *id_n)
{
    size_t n = strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-");
    const char *digits = name + n + 1;
    if (n == 0 || name[n] != '.' || strspn(digits, "0123456789") != PART_DIGITS ||
        strcmp(digits + PART_DIGITS, ENDING) != 0)
        return 0;
    *id_n = n;
    return (unsigned)strtoul(digits, NULL, 10);
}

static int write_some(struct pm_disk *d, const uint8_t *p, size_t n)
{
    ssize_t written;
    do
        written = write(d->fd, p, n);
    while (written < 0 && errno == EINTR);
    if (written <= 0)
        return written < 0 ? -errno : -EIO;
    d->unsynced = true;
    d->size += (uint64_t)written;
    return (int)written;
}

static int sync_file(struct pm_disk *d)
{
    if (!d->unsynced)
        return 0;
    if (fdatasync(d->fd) < 0)
        return -errno;
    d->unsynced = false;
    d->synced = pm_loop_now();
    return 0;
}

static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int begin_file(struct pm_disk *d, const char *path)
{
    uint8_t magic[PM_RECORDING_MAGIC];
    uint64_t before = d->size;
    d->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (d->fd < 0)
        return -errno;
    pm_recording_magic(magic);
    int r = 0;
    for (size_t done = 0; r >= 0 && done < sizeof(magic); done += (size_t)r)
        r = write_some(d, magic + done, sizeof(magic) - done);
    if (r >= 0)
        r = sync_folder(d->folder);
    if (r < 0) { /* nobody has seen it: begin anew the next time */
        pm_disk_close(d);
        unlink(path);
        d->size = before;
        return r;
    }
    d->parts++;
    return 0;
}

static int next_part(struct pm_disk *d)
{
    char name[PM_DISK_NAME], path[PM_PATH_MAX];
    int r = d->fd < 0 ? pm_path_make(d->folder) : sync_file(d);
    if (r < 0)
        return r;
    pm_disk_close(d);
    if (d->parts == PM_DISK_PARTS)
        return -EFBIG;
    pm_disk_name(d->id, d->parts + 1, name);
    r = pm_path_join(d->folder, name, path);
    return r < 0 ? r : begin_file(d, path);
}

/* At a record: what goes into the same file as it. The batch came from this program, so its heads are good. */
static size_t end_of_run(const struct pm_bytes *b, size_t at)
{
    do
        at += (size_t)pm_record_length(b->p + at, b->n - at);
    while (at < b->n && !pm_record_is_start(b->p + at, b->n - at));
    return at;
}

static int write_batch(struct pm_disk *d)
{
    while (d->done < d->batch.n) {
        int r = 0;
        if (d->done == d->run && pm_record_is_start(d->batch.p + d->done, d->batch.n - d->done))
            r = next_part(d);
        if (r < 0)
            return r;
        if (d->done == d->run)
            d->run = end_of_run(&d->batch, d->done);
        r = write_some(d, d->batch.p + d->done, d->run - d->done);
        if (r < 0)
            return r;
        d->done += (size_t)r;
    }
    return 0;
}

void pm_disk_write(struct pm_disk *d)
{
    d->error = write_batch(d);
    bool due = d->ends || pm_mono_reached(pm_loop_now(), pm_mono_add_ms(d->synced, SYNC_MS));
    if (d->error == 0 && due && d->fd >= 0)
        d->error = sync_file(d);
    if (d->error == 0 && d->ends)
        pm_disk_close(d);
}

void pm_disk_close(struct pm_disk *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    d->unsynced = false;
}
