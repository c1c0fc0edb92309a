/* profiles.c - see profiles.h. Files are read and checked by a worker thread; the loop only puts the new set in the
 * place of the old one. */
#include "profile/profiles.h"

#include "base/file.h"
#include "base/log.h"
#include "profile/shipped.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALM_MS = 200 }; /* an editor writes a file in several steps */

struct entry {
    struct pm_profile *profile;
    bool own;
    char *file; /* its name in the folder; NULL: it is shipped */
};

struct set {
    size_t n, n_faults;
    struct entry of[PM_PROFILES_MAX];
    struct pm_profile_fault faults[PM_PROFILES_MAX];
};

struct pm_profiles {
    struct pm_loop *loop;
    char folder[PM_PATH_MAX]; /* "" for none */
    struct set *now;
    uv_fs_event_t watch;
    struct pm_timer calm;
    struct pm_work work;
    struct set *next; /* what the worker reads */
    bool working, again, closed, watching;
    unsigned handles; /* that libuv has not let go */
};

/* ---- a set ---- */

static void drop_entry(struct entry *e)
{
    pm_profile_unref(e->profile);
    free(e->file);
}

static void free_set(struct set *set)
{
    for (size_t i = 0; set && i < set->n; i++)
        drop_entry(&set->of[i]);
    for (size_t i = 0; set && i < set->n_faults; i++) {
        pm_profile_unref(set->faults[i].profile);
        free(set->faults[i].file);
        free(set->faults[i].error);
    }
    free(set);
}

/* Where a profile of this id is, or would be. */
static size_t place_of(const struct set *set, const char *id, bool *found)
{
    size_t at = 0;
    while (at < set->n && strcmp(set->of[at].profile->id, id) < 0)
        at++;
    *found = at < set->n && strcmp(set->of[at].profile->id, id) == 0;
    return at;
}

/* In the order of ids; one that is there already gives way. Takes the entry over. */
static void put(struct set *set, struct entry e)
{
    bool found;
    size_t at = place_of(set, e.profile->id, &found);
    if (found) {
        drop_entry(&set->of[at]);
    } else if (set->n == PM_PROFILES_MAX) {
        pm_log(PM_LOG_WARNING, "There are more than %d profiles: \"%s\" is left out.", PM_PROFILES_MAX, e.profile->id);
        drop_entry(&e);
        return;
    } else {
        memmove(&set->of[at + 1], &set->of[at], (set->n - at) * sizeof(set->of[0]));
        set->n++;
    }
    set->of[at] = e;
}

static void note_fault(struct set *set, const char *folder, const char *file, const char *error)
{
    pm_log(PM_LOG_WARNING, "The profile %s%s%s cannot be used: %s.", folder, folder[0] ? "/" : "", file, error);
    if (set->n_faults < PM_PROFILES_MAX)
        set->faults[set->n_faults++] = (struct pm_profile_fault){strdup(file), strdup(error), NULL};
}

/* `folder` is "" for one that is shipped. */
static void add_text(struct set *set, const char *folder, const char *file, const char *text, size_t n)
{
    char error[PM_PROFILE_ERROR] = "there is no memory for it";
    struct pm_profile *p;
    bool own = folder[0];
    if (pm_profile_load(text, n, &p, error) == 0)
        put(set, (struct entry){p, own, own ? strdup(file) : NULL});
    else
        note_fault(set, folder, file, error);
}

static void add_file(struct set *set, const char *folder, const char *name)
{
    char path[PM_PATH_MAX];
    struct pm_bytes text;
    if (pm_path_join(folder, name, path) < 0)
        return;
    int r = pm_file_read(path, PM_PROFILE_FILE_MAX, &text);
    if (r < 0) {
        if (r != -ENOENT) /* else it was deleted since the folder was read */
            note_fault(set, folder, name, r == -EFBIG ? "it is larger than 256 KiB" : strerror(-r));
        return;
    }
    add_text(set, folder, name, (const char *)text.p, text.n);
    pm_bytes_fini(&text);
}

static bool is_profile_name(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && strcmp(name + n - 5, ".json") == 0 && name[0] != '.' && strcmp(name, "profile.schema.json") != 0;
}

static void add_folder(struct set *set, const char *folder)
{
    DIR *dir = folder[0] ? opendir(folder) : NULL;
    if (!dir) {
        if (folder[0] && errno != ENOENT)
            pm_log(PM_LOG_WARNING, "The folder of profiles %s cannot be read: %s.%s", folder, strerror(errno),
                   errno == EACCES ? " If it came there after the daemon's start, start that anew." : "");
        return;
    }
    for (struct dirent *e; (e = readdir(dir));) {
        if (is_profile_name(e->d_name))
            add_file(set, folder, e->d_name);
    }
    closedir(dir);
}

static struct set *read_set(const char *folder)
{
    struct set *set = calloc(1, sizeof(*set));
    if (!set)
        return NULL;
    for (const struct pm_shipped_profile *s = pm_shipped_profiles; s->name; s++)
        add_text(set, "", s->name, s->text, s->n);
    add_folder(set, folder);
    return set;
}

/* ---- reading again ---- */

static void let_go(struct pm_profiles *s)
{
    if (--s->handles > 0)
        return;
    free_set(s->now);
    free(s);
}

static void start_reading(struct pm_profiles *s);

/* What an edit broke stays what it was, unless another file has its id now. */
static void keep_good(struct set *next, const struct set *old)
{
    for (size_t i = 0; i < next->n_faults; i++) {
        struct pm_profile_fault *fault = &next->faults[i];
        for (size_t k = 0; fault->file && k < old->n; k++) {
            const struct entry *was = &old->of[k];
            bool found;
            size_t at = place_of(next, was->profile->id, &found);
            if (!was->file || strcmp(was->file, fault->file) != 0 || (found && next->of[at].own))
                continue;
            fault->profile = pm_profile_ref(was->profile);
            put(next, (struct entry){pm_profile_ref(was->profile), true, strdup(was->file)});
            pm_log(PM_LOG_WARNING, "The profile \"%s\" stays as it was before %s was changed.", was->profile->id,
                   fault->file);
            break;
        }
    }
}

static void in_thread(struct pm_work *w)
{
    struct pm_profiles *s = pm_container(w, struct pm_profiles, work);
    s->next = read_set(s->folder);
}

static void on_read(struct pm_work *w)
{
    struct pm_profiles *s = pm_container(w, struct pm_profiles, work);
    s->working = false;
    if (s->next && !s->closed) {
        keep_good(s->next, s->now);
        free_set(s->now);
        s->now = s->next;
        pm_log(PM_LOG_INFO, "The profiles were read again: there are %zu.", s->now->n);
    } else {
        free_set(s->next);
    }
    s->next = NULL;
    if (s->again && !s->closed)
        start_reading(s);
    let_go(s);
}

static void start_reading(struct pm_profiles *s)
{
    s->again = s->working;
    if (s->working)
        return;
    s->working = pm_work_start(&s->work, s->loop, in_thread, on_read) == 0;
    s->handles += s->working;
}

/* News of the folder itself: another one may stand in its place, or will, and the watch is on what was there. */
static bool is_folder(const struct pm_profiles *s, const char *name)
{
    const char *slash = strrchr(s->folder, '/');
    return strcmp(name, slash ? slash + 1 : s->folder) == 0;
}

static void on_change(uv_fs_event_t *watch, const char *name, int events, int status)
{
    struct pm_profiles *s = watch->data;
    (void)events;
    if (status < 0 || (name && !is_profile_name(name) && !is_folder(s, name)))
        return;
    if (name && is_folder(s, name)) {
        uv_fs_event_stop(watch);
        s->watching = false;
    }
    pm_timer_set(&s->calm, pm_mono_add_ms(pm_loop_now(), CALM_MS));
}

static bool watch_folder(struct pm_profiles *s)
{
    return s->folder[0] && uv_fs_event_start(&s->watch, on_change, s->folder, 0) == 0;
}

static void on_calm(struct pm_timer *t)
{
    struct pm_profiles *s = t->owner;
    if (!s->watching)
        s->watching = watch_folder(s);
    start_reading(s);
}

/* A folder that was not there when we began, or was removed, may have been made since. */
static void look_again(struct pm_profiles *s)
{
    if (s->watching || s->closed || !watch_folder(s))
        return;
    s->watching = true;
    start_reading(s);
}

/* ---- life ---- */

int pm_profiles_new(struct pm_loop *loop, const char *folder, struct pm_profiles **ret)
{
    struct pm_profiles *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->loop = loop;
    snprintf(s->folder, sizeof(s->folder), "%s", folder ? folder : "");
    s->now = read_set(s->folder);
    if (!s->now) {
        free(s);
        return -ENOMEM;
    }
    pm_timer_init(&s->calm, loop, on_calm, s);
    uv_fs_event_init(&loop->uv, &s->watch);
    s->watch.data = s;
    s->handles = 2;
    s->watching = watch_folder(s);
    *ret = s;
    return 0;
}

static void on_watch_closed(uv_handle_t *h)
{
    let_go(h->data);
}

static void on_timer_closed(void *owner)
{
    let_go(owner);
}

void pm_profiles_close(struct pm_profiles *s)
{
    if (!s)
        return;
    s->closed = true;
    uv_close((uv_handle_t *)&s->watch, on_watch_closed);
    pm_timer_close(&s->calm, on_timer_closed);
}

struct pm_profile *pm_profiles_find(struct pm_profiles *s, const char *id)
{
    for (size_t i = 0; i < s->now->n; i++) {
        if (strcmp(s->now->of[i].profile->id, id) == 0)
            return s->now->of[i].profile;
    }
    look_again(s);
    return NULL;
}

struct pm_profile *pm_profiles_get(struct pm_profiles *s, size_t i, bool *own)
{
    if (i == 0)
        look_again(s);
    if (i >= s->now->n)
        return NULL;
    *own = s->now->of[i].own;
    return s->now->of[i].profile;
}

const struct pm_profile_fault *pm_profiles_fault(const struct pm_profiles *s, size_t i)
{
    return i < s->now->n_faults ? &s->now->faults[i] : NULL;
}
