/* shelf.c - see recorder.h; what recordings there are: the folder is read each time, so that files may come and go. */
#include "record/recorder_private.h"

#include "base/clean.h"
#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BYTES = PM_RECORDING_MAGIC + PM_RECORD_HEAD + 4096 }; /* more than a start record has */

/* A look under way; it outlives what asked for it. */
struct pm_shelf_look {
    struct pm_work work;
    struct pm_recorder *recorder; /* NULL: gone meanwhile */
    char folder[PM_PATH_MAX];
    struct pm_recording_item *items;
    size_t n, room;
    int error;
};

/* ---- in the worker thread ---- */

/* The newest first: ids begin with their date. */
static int compare(const void *a, const void *b)
{
    return strcmp(((const struct pm_recording_item *)b)->id, ((const struct pm_recording_item *)a)->id);
}

static void get_field(const struct pm_record *first, enum pm_recording_field field, char *out, size_t room)
{
    char text[1024];
    pm_record_get_field(first, field, text, sizeof(text));
    pm_text_clean(out, room, text, strlen(text), room);
}

/* What a part's first record says of the whole recording. */
static void read_start(int folder, const char *file, struct pm_recording_item *item)
{
    uint8_t bytes[FIRST_BYTES];
    char format[16];
    struct pm_record first;
    PM_AUTO_CLOSE int fd = openat(folder, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
    if (n < PM_RECORDING_MAGIC || pm_recording_check_magic(bytes, (size_t)n) < 0 ||
        pm_record_read(bytes + PM_RECORDING_MAGIC, (size_t)n - PM_RECORDING_MAGIC, &first) <= 0)
        return;
    item->started_us = first.wall_us;
    get_field(&first, PM_FIELD_NAME, item->name, sizeof(item->name));
    get_field(&first, PM_FIELD_DEVICE, item->device, sizeof(item->device));
    get_field(&first, PM_FIELD_OWNER, item->owner, sizeof(item->owner));
    get_field(&first, PM_FIELD_FORMAT, format, sizeof(format));
    for (enum pm_export_format f = PM_EXPORT_NATIVE; f < PM_EXPORT_FORMATS; f++) {
        if (strcmp(format, pm_export_words[f]) == 0)
            item->format = f;
    }
}

/* The item of this id; the oldest makes room for a new one. NULL: it is older than all that there is room for. */
static struct pm_recording_item *item_of(struct pm_shelf_look *l, const char *id, size_t id_n)
{
    struct pm_recording_item fresh = {.state = PM_RECORDING_ENDED};
    size_t oldest = 0;
    memcpy(fresh.id, id, id_n);
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->items[i].id, fresh.id) == 0)
            return &l->items[i];
        if (strcmp(l->items[i].id, l->items[oldest].id) < 0)
            oldest = i;
    }
    if (l->n == PM_RECORDINGS_LISTED) {
        if (strcmp(fresh.id, l->items[oldest].id) < 0)
            return NULL;
        l->items[oldest] = fresh;
        return &l->items[oldest];
    }
    if (l->n == l->room) {
        size_t room = l->room ? 2 * l->room : 16;
        struct pm_recording_item *items = reallocarray(l->items, room, sizeof(*items));
        if (!items) {
            l->error = -ENOMEM;
            return NULL;
        }
        l->items = items;
        l->room = room;
    }
    l->items[l->n] = fresh;
    return &l->items[l->n++];
}

static void add_file(struct pm_shelf_look *l, int folder, const char *file)
{
    struct stat s;
    size_t id_n;
    unsigned part = pm_disk_parse_name(file, &id_n);
    if (part == 0 || id_n >= PM_RECORDING_ID || fstatat(folder, file, &s, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(s.st_mode))
        return;
    struct pm_recording_item *item = item_of(l, file, id_n);
    if (!item)
        return;
    item->parts++;
    item->size += (uint64_t)s.st_size;
    if (part == 1)
        read_start(folder, file, item);
}

static void in_thread(struct pm_work *work)
{
    struct pm_shelf_look *l = pm_container(work, struct pm_shelf_look, work);
    DIR *d = opendir(l->folder);
    if (!d) {
        l->error = errno == ENOENT ? 0 : -errno; /* nothing was ever recorded */
        return;
    }
    for (struct dirent *e; l->error == 0 && (e = readdir(d));)
        add_file(l, dirfd(d), e->d_name);
    closedir(d);
    if (l->n > 0)
        qsort(l->items, l->n, sizeof(l->items[0]), compare);
}

/* ---- on the loop ---- */

static void answer_all(struct pm_recorder *r, const struct pm_recording_item *items, size_t n, int error)
{
    struct pm_link waiting;
    pm_list_take(&waiting, &r->lookers);
    while (!pm_list_empty(&waiting)) {
        struct pm_recorder_waiting *w = pm_container(waiting.next, struct pm_recorder_waiting, link);
        pm_list_remove(&w->link);
        w->done(w, items, n, error);
    }
}

/* Of one that is under way more is known than its files say. */
static void add_running(struct pm_shelf_look *l)
{
    pm_list_for_each (link, &l->recorder->recordings) {
        const struct pm_recording *r = pm_container(link, struct pm_recording, link);
        for (size_t i = 0; i < l->n; i++) {
            if (strcmp(l->items[i].id, r->item.id) == 0)
                l->items[i] = r->item;
        }
    }
}

static void on_looked(struct pm_work *work)
{
    struct pm_shelf_look *l = pm_container(work, struct pm_shelf_look, work);
    if (l->recorder) {
        l->recorder->look = NULL;
        add_running(l);
        answer_all(l->recorder, l->items, l->n, l->error);
    }
    free(l->items);
    free(l);
}

void pm_recorder_look(struct pm_recorder *r, struct pm_recorder_waiting *w)
{
    pm_list_init(&w->link);
    pm_list_append(&r->lookers, &w->link);
    if (r->look)
        return;
    r->look = calloc(1, sizeof(*r->look));
    if (!r->look) {
        answer_all(r, NULL, 0, -ENOMEM);
        return;
    }
    r->look->recorder = r;
    memcpy(r->look->folder, r->folder, sizeof(r->folder));
    pm_work_start(&r->look->work, r->loop, in_thread, on_looked);
}

void pm_shelf_stop(struct pm_recorder *r)
{
    if (r->look)
        r->look->recorder = NULL;
    r->look = NULL;
    answer_all(r, NULL, 0, -ECANCELED);
}
