/* saver.c - see saver.h. */
#include "loop/saver.h"

#include <stdio.h>

static void in_thread(struct pm_work *w)
{
    struct pm_saver *s = pm_container(w, struct pm_saver, work);
    s->result = pm_file_replace(s->path, s->writing.p, s->writing.n);
}

static void on_timer_closed(void *owner)
{
    struct pm_saver *s = owner;
    s->on_closed(s->owner);
}

static void end(struct pm_saver *s)
{
    pm_bytes_fini(&s->next);
    pm_bytes_fini(&s->writing);
    pm_timer_close(&s->retry, on_timer_closed);
}

static void on_done(struct pm_work *w);

static void go(struct pm_saver *s)
{
    pm_timer_stop(&s->retry);
    pm_bytes_fini(&s->writing);
    s->writing = s->next;
    s->next = pm_bytes_empty(SIZE_MAX);
    s->begun = s->put;
    s->waits = false;
    s->busy = true;
    int r = pm_work_start(&s->work, s->loop, in_thread, on_done);
    if (r < 0) { /* else the result is the worker's to say */
        s->result = r;
        on_done(&s->work);
    }
}

static void on_done(struct pm_work *w)
{
    struct pm_saver *s = pm_container(w, struct pm_saver, work);
    if (s->on_saved && !s->closing)
        s->on_saved(s->owner, s->result);
    bool failed = s->result < 0 && !s->waits; /* what is newer goes out at once, whatever became of this */
    s->busy = false;
    if (failed) {
        s->next = s->writing;
        s->writing = pm_bytes_empty(SIZE_MAX);
        s->waits = true;
    }
    if (s->closing && (failed || !s->waits))
        end(s);
    else if (failed)
        pm_timer_set(&s->retry, pm_mono_add_ms(pm_loop_now(), PM_SAVER_RETRY_MS));
    else if (s->waits)
        go(s);
}

static void on_retry(struct pm_timer *t)
{
    go(t->owner);
}

void pm_saver_init(struct pm_saver *s, struct pm_loop *l, const char *path, void (*on_saved)(void *owner, int error),
                   void *owner)
{
    *s = (struct pm_saver){.loop = l,
                           .next = pm_bytes_empty(SIZE_MAX),
                           .writing = pm_bytes_empty(SIZE_MAX),
                           .on_saved = on_saved,
                           .owner = owner};
    snprintf(s->path, sizeof(s->path), "%s", path);
    pm_timer_init(&s->retry, l, on_retry, s);
}

void pm_saver_put(struct pm_saver *s, struct pm_bytes *contents)
{
    s->put++;
    pm_bytes_fini(&s->next);
    s->next = *contents;
    *contents = pm_bytes_empty(contents->max);
    s->waits = true;
    if (!s->busy)
        go(s);
}

void pm_saver_close(struct pm_saver *s, void (*on_closed)(void *owner))
{
    s->on_closed = on_closed;
    s->closing = true;
    if (s->busy)
        return; /* on_done goes on */
    if (s->waits)
        go(s);
    else
        end(s);
}
