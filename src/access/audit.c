/* audit.c - see audit.h. Lines are short and go to the page cache: the loop never waits for the disk. */
#include "access/audit.h"

#include "access/grants.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void open_file(struct pm_audit *a)
{
    struct stat s;
    a->fd = open(a->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (a->fd >= 0 && fstat(a->fd, &s) == 0 && S_ISREG(s.st_mode)) {
        a->size = s.st_size;
        return;
    }
    pm_log(PM_LOG_WARNING, "What happens at the door cannot be written down: %s: %s.", a->path,
           a->fd < 0 ? strerror(errno) : "it is no file");
    pm_audit_close(a);
}

void pm_audit_open(struct pm_audit *a, const char *folder)
{
    *a = (struct pm_audit){.fd = -1};
    if (folder && pm_path_join(folder, "audit.jsonl", a->path) == 0)
        open_file(a);
}

void pm_audit_close(struct pm_audit *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

/* The oldest goes, the others move on by one. */
static void rotate(struct pm_audit *a)
{
    char from[PM_PATH_MAX + 8], to[PM_PATH_MAX + 8];
    for (int i = PM_AUDIT_FILES - 1; i > 0; i--) {
        snprintf(to, sizeof(to), "%s.%d", a->path, i);
        if (i > 1)
            snprintf(from, sizeof(from), "%s.%d", a->path, i - 1);
        else
            snprintf(from, sizeof(from), "%s", a->path);
        rename(from, to);
    }
    pm_audit_close(a);
    open_file(a);
}

static bool is_refusal(const char *kind)
{
    static const char *const kinds[] = {"host_refused", "origin_refused", "uid_refused", "token_bad", "token_paused"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i], kind) == 0)
            return true;
    }
    return false;
}

/* A flood must not fill the disk; and one of refusals, which everybody can make, must hide nothing else. */
static bool is_flood(struct pm_audit *a, int64_t second, const char *kind)
{
    bool refusal = is_refusal(kind);
    if (a->second != second) {
        a->second = second;
        a->lines = 0;
    }
    if (a->lines >= (refusal ? PM_AUDIT_REFUSALS_A_SECOND : PM_AUDIT_A_SECOND))
        return true;
    a->lines++;
    return false;
}

static char *format_line(const struct pm_audit *a, const struct pm_audit_entry *e, const struct timespec *mono)
{
    char now[PM_TIME_TEXT];
    pm_time_write(time(NULL), now);
    json_t *o = json_pack("{s:s, s:f, s:I, s:s, s:s*, s:s*, s:s*, s:s*}", "time", now, "monotonic",
                          (double)mono->tv_sec + (double)mono->tv_nsec / 1e9, "sequence", (json_int_t)a->sequence,
                          "kind", e->kind, "origin", e->origin, "device", e->device, "id", e->id, "result", e->result);
    if (o && e->uid >= 0)
        json_object_set_new(o, "uid", json_integer(e->uid));
    if (o && e->bytes) {
        json_object_set_new(o, "received", json_integer((json_int_t)e->bytes->received));
        json_object_set_new(o, "sent", json_integer((json_int_t)e->bytes->sent));
    }
    if (o && a->lost > 0)
        json_object_set_new(o, "lost", json_integer((json_int_t)a->lost));
    char *text = o ? json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    json_decref(o);
    return text;
}

/* All of it or nothing: a disk that is full may take the beginning of a line. */
static bool append(struct pm_audit *a, const char *line, size_t n)
{
    ssize_t written = a->fd < 0 ? -1 : write(a->fd, line, n);
    if (written > 0 && (size_t)written < n && ftruncate(a->fd, a->size) == 0)
        return false;
    a->size += written > 0 ? written : 0;
    return written == (ssize_t)n;
}

void pm_audit(struct pm_audit *a, const struct pm_audit_entry *e)
{
    struct timespec mono;
    char line[PM_AUDIT_LINE];
    if (a->fd < 0)
        return;
    clock_gettime(CLOCK_MONOTONIC, &mono);
    a->sequence++;
    char *text = is_flood(a, mono.tv_sec, e->kind) ? NULL : format_line(a, e, &mono);
    int n = text ? snprintf(line, sizeof(line), "%s\n", text) : -1;
    free(text);
    if (a->size > PM_AUDIT_FILE_MAX)
        rotate(a);
    bool whole = n >= 0 && (size_t)n < sizeof(line) && append(a, line, (size_t)n);
    a->lost = whole ? 0 : a->lost + 1;
}

/* The place of this limit; a new one takes that which was written to longest ago. */
static struct pm_audit_limit *find_limit(struct pm_audit *a, const char *what)
{
    struct pm_audit_limit *oldest = &a->limits[0];
    for (size_t i = 0; i < PM_AUDIT_LIMITS; i++) {
        struct pm_audit_limit *l = &a->limits[i];
        if (l->what && strcmp(l->what, what) == 0)
            return l;
        if (oldest->what && (!l->what || l->second < oldest->second))
            oldest = l;
    }
    *oldest = (struct pm_audit_limit){.what = what, .second = INT64_MIN};
    return oldest;
}

void pm_audit_limit(struct pm_audit *a, const char *what, int64_t uid)
{
    struct timespec mono;
    char result[160];
    struct pm_audit_limit *l = find_limit(a, what);
    clock_gettime(CLOCK_MONOTONIC, &mono);
    if (l->second != INT64_MIN && mono.tv_sec - l->second < PM_AUDIT_LIMIT_S) {
        l->more++;
        return;
    }
    int n = snprintf(result, sizeof(result), "%s", what);
    if (l->more > 0 && n > 0 && (size_t)n < sizeof(result))
        snprintf(result + n, sizeof(result) - (size_t)n, " (and %u times before)", l->more);
    *l = (struct pm_audit_limit){.what = what, .second = mono.tv_sec};
    pm_audit(a, &(struct pm_audit_entry){.kind = "limit_hit", .result = result, .uid = uid});
}

size_t pm_audit_tail(const struct pm_audit *a, char *out, size_t room)
{
    off_t from = a->size > (off_t)room ? a->size - (off_t)room : 0;
    ssize_t n = a->fd < 0 ? 0 : pread(a->fd, out, room, from);
    return n < 0 ? 0 : (size_t)n;
}
