/* recording_files.c - see recording_files.h. */
#include "cli/recording_files.h"

#include "record/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pm_recording_files pm_recording_files_of(const char *state_dir, char **words, unsigned n)
{
    return (struct pm_recording_files){
        .state_dir = state_dir, .words = words, .n = n, .fd = -1, .reader = pm_recording_reader_empty()};
}

void pm_recording_files_fini(struct pm_recording_files *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    pm_recording_reader_fini(&f->reader);
}

/* Where a part of the recording with this id lies, if there is one. */
static int part_path(const struct pm_recording_files *f, const char *id, unsigned part, char ret[PM_PATH_MAX])
{
    char name[PM_DISK_NAME], folder[PM_PATH_MAX];
    struct pm_paths paths;
    int r = f->state_dir ? 0 : pm_paths_find(getenv, &paths);
    if (r == 0)
        r = pm_path_join(f->state_dir ? f->state_dir : paths.state, "recordings", folder);
    if (r == 0 && strlen(id) + 16 > PM_DISK_NAME)
        r = -ENAMETOOLONG;
    if (r < 0)
        return r;
    pm_disk_name(id, part, name);
    return pm_path_join(folder, name, ret);
}

static bool is_file(const char *word)
{
    return strchr(word, '/') || access(word, F_OK) == 0;
}

/* Open the next file. 0, -ENODATA when there is none, or a negative errno. */
static int open_next(struct pm_recording_files *f)
{
    while (f->word < f->n) {
        const char *word = f->words[f->word];
        bool file = is_file(word);
        f->part++;
        int r = !file ? part_path(f, word, f->part, f->path) : strlen(word) < PM_PATH_MAX ? 0 : -ENAMETOOLONG;
        if (r < 0)
            return r;
        if (file)
            snprintf(f->path, sizeof(f->path), "%s", word);
        f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
        f->ended = false;
        int error = f->fd < 0 ? -errno : 0;
        bool behind = !file && error == -ENOENT && f->part > 1; /* the last part of a recording was that before */
        if (file || behind) {
            f->word++;
            f->part = 0;
        }
        if (!behind)
            return error;
    }
    return -ENODATA;
}

static int feed(struct pm_recording_files *f)
{
    uint8_t bytes[PM_RECORDING_PIECE];
    ssize_t n = read(f->fd, bytes, sizeof(bytes));
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    f->ended = n == 0;
    return pm_recording_feed(&f->reader, bytes, (size_t)n);
}

static enum pm_exit explain(const struct pm_recording_files *f, int error)
{
    const char *what = f->path[0] ? f->path : f->words[f->word];
    if (error == -EPROTO)
        fprintf(stderr, "%s is not a recording.\n", what);
    else if (error == -ENOTSUP)
        fprintf(stderr, "%s was written by a newer version of peripheral-manager.\n", what);
    else if (error == -ENOENT)
        fprintf(stderr, "There is no file and no recording of this name: %s. See: peripheral-manager recordings\n",
                what);
    else
        fprintf(stderr, "%s cannot be read: %s.\n", what, strerror(-error));
    return PM_EXIT_IO;
}

enum pm_exit pm_recording_files_next(struct pm_recording_files *f, struct pm_record *ret, bool *done)
{
    for (;;) {
        int r = f->fd < 0 ? open_next(f) : pm_recording_next(&f->reader, f->ended, ret);
        *done = r == -ENODATA;
        if (*done || r == 1)
            return PM_EXIT_OK;
        if (r == 0 && f->ended) {
            pm_recording_files_fini(f);
            f->reader = pm_recording_reader_empty();
        } else if (r == 0) {
            r = feed(f);
        }
        if (r < 0)
            return explain(f, r);
    }
}
