/* door_file.c - the grants that outlive a run: read at the start, written after each change before it is confirmed. */
#include "access/door_private.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void tell_savings(struct pm_door *d, int error)
{
    pm_list_for_each (link, &d->savings) {
        struct pm_door_saving *s = pm_container(link, struct pm_door_saving, link);
        if (s->skip > 0) { /* that attempt had begun before its change */
            s->skip--;
            continue;
        }
        pm_list_remove(link);
        s->done(s, error);
    }
}

static void on_saved(void *owner, int error)
{
    struct pm_door *d = owner;
    if (error < 0 && !d->failed)
        pm_log(PM_LOG_WARNING, "What pages were allowed cannot be kept, and holds for this run only: %s: %s.",
               d->saver.path, strerror(-error));
    if (error < 0)
        snprintf(d->banner, sizeof(d->banner), "What you allow holds for this run only: %s.", strerror(-error));
    else if (d->failed)
        d->banner[0] = 0;
    d->failed = error < 0;
    tell_savings(d, error);
}

void pm_door_keep(struct pm_door *d)
{
    struct pm_bytes text;
    if (!d->keeps || d->newer || d->grants.changes == d->kept || pm_grants_write(&d->grants, &text) < 0)
        return;
    d->kept = d->grants.changes;
    pm_saver_put(&d->saver, &text);
}

void pm_door_save(struct pm_door *d, struct pm_door_saving *s)
{
    if (!d->keeps || d->newer) {
        s->done(s, d->newer ? -ENOTSUP : 0);
        return;
    }
    s->skip = d->saver.busy && (d->saver.waits || d->grants.changes != d->kept);
    pm_door_keep(d);
    if (!d->saver.busy) {
        s->done(s, d->failed ? -EIO : 0);
        return;
    }
    pm_list_append(&d->savings, &s->link);
}

void pm_door_stop_saving(struct pm_door *d)
{
    while (!pm_list_empty(&d->savings)) {
        struct pm_door_saving *s = pm_container(d->savings.next, struct pm_door_saving, link);
        pm_list_remove(&s->link);
        s->done(s, -ECANCELED);
    }
}

/* ---- reading ---- */

static void set_aside(struct pm_door *d, const char *problem)
{
    char aside[PM_PATH_MAX] = "";
    int r = pm_file_set_aside(d->saver.path, aside);
    pm_audit(&d->audit, &(struct pm_audit_entry){.kind = "state_corrupt", .result = "grants.json", .uid = -1});
    snprintf(d->banner, sizeof(d->banner), "The file of what pages were allowed was no good: every page asks again.");
    pm_log(PM_LOG_WARNING, "%s cannot be used: %s. Every page asks again. It is kept as %s.", d->saver.path, problem,
           r == 0 ? aside : "it is");
}

static void on_newer(struct pm_door *d)
{
    d->newer = true;
    snprintf(d->banner, sizeof(d->banner),
             "The grants are of a newer version: what you allow holds for this run only.");
    pm_log(PM_LOG_WARNING,
           "%s was written by a newer peripheral-manager. It is left as it is: every page asks again, and answers hold "
           "for this run only. Start the newer program, or move the file away.",
           d->saver.path);
}

int pm_door_load(struct pm_door *d, const char *folder)
{
    char path[PM_PATH_MAX];
    struct pm_bytes bytes = {0};
    if (!folder)
        return 0;
    int r = pm_path_join(folder, "grants.json", path);
    if (r < 0)
        return r;
    pm_saver_init(&d->saver, d->loop, path, on_saved, d);
    d->keeps = true;
    d->handles++;
    pm_file_tidy(path);
    r = pm_file_read(path, PM_GRANTS_FILE_MAX, &bytes);
    if (r == -ENOENT)
        return 0;
    const char *problem = r == -EFBIG ? "it is larger than 1 MiB" : strerror(-r);
    if (r == 0) {
        r = pm_grants_read(&d->grants, bytes.p, bytes.n);
        problem = r == -EBADMSG ? "it is damaged, or not ours" : strerror(-r);
    }
    pm_bytes_fini(&bytes);
    if (r == -ENOTSUP)
        on_newer(d);
    else if (r < 0)
        set_aside(d, problem);
    d->kept = d->grants.changes;
    return 0;
}

const char *pm_door_banner(const struct pm_door *d)
{
    return d->banner;
}
