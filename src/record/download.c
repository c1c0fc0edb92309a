/* download.c - see download.h. One worker serves all downloads in turn, so that they leave the others free. */
#include "record/download.h"

#include "proto/recording_reader.h"
#include "record/recorder_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

struct pm_download {
    struct pm_link link; /* among those that wait for the worker */
    struct pm_recorder *recorder;
    const struct pm_download_ops *ops;
    void *owner; /* NULL: let go while the worker had it */
    bool at_work;

    /* the worker's */
    char id[PM_RECORDING_ID];
    size_t id_n;
    int folder, fd;
    uint16_t *parts; /* numbers of its files, in order */
    unsigned n_parts, part;
    uint64_t left; /* bytes of the open part that were there when it was opened */
    struct pm_recording_reader reader;
    struct pm_export export;
    struct pm_bytes out;
    bool begun, done;
    int error;
};

/* ---- in the worker thread ---- */

static int compare(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* Which parts there are: whatever was asked for, only names that stand in the folder are opened. */
static int find_parts(struct pm_download *d)
{
    DIR *folder = opendir(d->recorder->folder);
    if (!folder)
        return -errno;
    for (struct dirent *e; (e = readdir(folder)) && d->n_parts < PM_DISK_PARTS;) {
        size_t id_n;
        unsigned part = pm_disk_parse_name(e->d_name, &id_n);
        if (part > 0 && id_n == d->id_n && memcmp(e->d_name, d->id, id_n) == 0)
            d->parts[d->n_parts++] = (uint16_t)part;
    }
    d->folder = d->n_parts > 0 ? fcntl(dirfd(folder), F_DUPFD_CLOEXEC, 3) : -1;
    int r = d->n_parts == 0 ? -ENOENT : d->folder < 0 ? -errno : 0;
    closedir(folder);
    if (r == 0)
        qsort(d->parts, d->n_parts, sizeof(d->parts[0]), compare);
    return r;
}

static int begin(struct pm_download *d)
{
    d->begun = true;
    d->parts = malloc(PM_DISK_PARTS * sizeof(d->parts[0]));
    return d->parts ? find_parts(d) : -ENOMEM;
}

/* 0, or a negative errno; a part that is deleted meanwhile is -ENOENT. */
static int open_part(struct pm_download *d)
{
    char name[PM_DISK_NAME];
    struct stat s;
    pm_disk_name(d->id, d->parts[d->part++], name);
    d->fd = openat(d->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (d->fd < 0 || fstat(d->fd, &s) < 0)
        return -errno;
    if (!S_ISREG(s.st_mode))
        return -EINVAL;
    d->left = (uint64_t)s.st_size;
    pm_recording_reader_fini(&d->reader);
    d->reader = pm_recording_reader_empty();
    return 0;
}

static int read_piece(struct pm_download *d)
{
    uint8_t bytes[PM_RECORDING_PIECE];
    ssize_t n = read(d->fd, bytes, d->left < sizeof(bytes) ? (size_t)d->left : sizeof(bytes));
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    d->left = n == 0 ? 0 : d->left - (uint64_t)n;
    return pm_recording_feed(&d->reader, bytes, (size_t)n);
}

/* The records that are in memory, as long as they find room. 1: all of them, 0: `out` has enough. */
static int take_records(struct pm_download *d)
{
    struct pm_record r;
    int got;
    while (d->out.n < PIECE) {
        got = pm_recording_next(&d->reader, d->left == 0, &r);
        if (got <= 0)
            return got < 0 ? got : 1;
        got = pm_export_record(&d->export, &r, &d->out);
        if (got < 0)
            return got;
    }
    return 0;
}

/* One step: open, read, convert, or close. */
static int step(struct pm_download *d)
{
    if (d->fd < 0 && d->part == d->n_parts) {
        d->done = true;
        return 0;
    }
    if (d->fd < 0)
        return open_part(d);
    int r = take_records(d);
    if (r == 1 && d->left > 0)
        return read_piece(d);
    if (r == 1 || r == -EPROTO) { /* a part whose very first bytes are not there yet is empty */
        close(d->fd);
        d->fd = -1;
        return r == 1 || d->reader.in.n == 0 ? 0 : r;
    }
    return r;
}

static void in_thread(struct pm_work *work)
{
    struct pm_download *d = pm_container(work, struct pm_recorder, download)->downloading;
    d->out.n = 0;
    d->error = d->begun ? 0 : begin(d);
    while (d->error == 0 && !d->done && d->out.n < PIECE)
        d->error = step(d);
}

/* ---- on the loop ---- */

static void end(struct pm_download *d)
{
    if (d->fd >= 0)
        close(d->fd);
    if (d->folder >= 0)
        close(d->folder);
    pm_recording_reader_fini(&d->reader);
    pm_bytes_fini(&d->out);
    free(d->parts);
    free(d);
}

static void serve_next(struct pm_recorder *r);

static void tell(struct pm_download *d)
{
    if (d->error == 0 && d->out.n > 0)
        d->ops->on_bytes(d->owner, d->out.p, d->out.n);
    else
        d->ops->on_end(d->owner, d->error);
}

static void on_read(struct pm_work *work)
{
    struct pm_recorder *r = pm_container(work, struct pm_recorder, download);
    struct pm_download *d = r->downloading;
    r->downloading = NULL;
    d->at_work = false;
    if (d->owner)
        tell(d);
    else
        end(d);
    serve_next(r);
    pm_recorder_end_if_idle(r);
}

static void serve_next(struct pm_recorder *r)
{
    if (r->downloading || pm_list_empty(&r->downloads))
        return;
    struct pm_download *d = pm_container(r->downloads.next, struct pm_download, link);
    pm_list_remove(&d->link);
    d->at_work = true;
    r->downloading = d;
    pm_work_start(&r->download, r->loop, in_thread, on_read);
}

int pm_download_new(struct pm_recorder *r, const char *p, size_t n, enum pm_export_format format,
                    const struct pm_download_ops *ops, void *owner, struct pm_download **ret)
{
    if (r->n_downloads == PM_DOWNLOADS_MAX)
        return -EBUSY;
    struct pm_download *d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    *d = (struct pm_download){.recorder = r,
                              .ops = ops,
                              .owner = owner,
                              .id_n = n < sizeof(d->id) ? n : 0, /* 0: a name that nothing has */
                              .folder = -1,
                              .fd = -1,
                              .export.format = format,
                              .out = pm_bytes_empty(PIECE + PM_EXPORT_RECORD_MAX)};
    memcpy(d->id, p, d->id_n);
    pm_list_init(&d->link);
    r->n_downloads++;
    *ret = d;
    return 0;
}

void pm_download_next(struct pm_download *d)
{
    if (d->at_work || !pm_list_empty(&d->link))
        return; /* it is coming */
    pm_list_append(&d->recorder->downloads, &d->link);
    serve_next(d->recorder);
}

struct pm_download *pm_download_free(struct pm_download *d)
{
    if (!d)
        return NULL;
    d->recorder->n_downloads--;
    pm_list_remove(&d->link);
    if (d->at_work)
        d->owner = NULL; /* it ends when the worker has let go */
    else
        end(d);
    return NULL;
}
