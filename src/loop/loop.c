/* loop.c - see loop.h. Errors of libuv are negative errnos on Linux already. */
#include "loop/loop.h"

#include <assert.h>
#include <stddef.h>

static void run_turn_end(struct pm_loop *l)
{
    struct pm_link batch; /* what is asked for meanwhile comes behind it */
    pm_list_take(&batch, &l->turn_end);
    while (!pm_list_empty(&batch)) {
        struct pm_turn *t = pm_container(batch.next, struct pm_turn, link);
        pm_list_remove(&t->link);
        t->on_turn_end(t);
    }
}

/* An active idle handle makes the loop poll without sleeping; there is nothing else for it to do. */
static void on_again(uv_idle_t *idle)
{
    (void)idle;
}

static bool is_awake(struct pm_loop *l)
{
    if (l->awake_until.us != 0 && pm_mono_reached(pm_loop_now(), l->awake_until))
        l->awake_until.us = 0;
    return l->awake_until.us != 0;
}

/* libuv calls this right after the descriptors that were ready. A task of the turn's end may ask for another, as bytes
 * for readers ask for writes; one that asks for ever must not keep the descriptors waiting. */
static void on_check(uv_check_t *check)
{
    enum { PASSES = 4 };
    struct pm_loop *l = check->data;
    for (int i = 0; i < PASSES && !pm_list_empty(&l->turn_end); i++)
        run_turn_end(l);
    if (pm_list_empty(&l->turn_end) && !is_awake(l))
        uv_idle_stop(&l->again);
}

void pm_loop_stay_awake(struct pm_loop *l)
{
    if (!uv_is_active((uv_handle_t *)&l->again))
        uv_idle_start(&l->again, on_again);
}

bool pm_loop_is_awake(const struct pm_loop *l)
{
    return uv_is_active((const uv_handle_t *)&l->again);
}

int pm_loop_init(struct pm_loop *l)
{
    *l = (struct pm_loop){0};
    pm_list_init(&l->turn_end);
    int r = uv_loop_init(&l->uv);
    if (r < 0)
        return r;
    l->uv.data = l;
    uv_check_init(&l->uv, &l->check);
    l->check.data = l;
    uv_check_start(&l->check, on_check);
    uv_idle_init(&l->uv, &l->again);
    return 0;
}

void pm_loop_fini(struct pm_loop *l)
{
    uv_close((uv_handle_t *)&l->check, NULL);
    uv_close((uv_handle_t *)&l->again, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT); /* lets closed handles go, and waits for worker threads */
    int r = uv_loop_close(&l->uv);
    assert(r == 0); /* else something was not closed */
    (void)r;
    pm_spare_fini(&l->spare);
}

void pm_loop_run(struct pm_loop *l)
{
    l->stopping = false;
    while (!l->stopping)
        uv_run(&l->uv, UV_RUN_ONCE);
}

void pm_loop_stop(struct pm_loop *l)
{
    l->stopping = true;
    uv_stop(&l->uv);
}

struct pm_mono pm_loop_now(void)
{
    return (struct pm_mono){(int64_t)(uv_hrtime() / 1000)};
}

struct pm_mono pm_loop_turn(const struct pm_loop *l)
{
    return (struct pm_mono){(int64_t)uv_now(&l->uv) * 1000};
}

static void on_poll(uv_poll_t *uv, int status, int events)
{
    struct pm_watch *w = pm_container(uv, struct pm_watch, uv);
    unsigned ready = 0;
    if (status < 0) { /* libuv has stopped it */
        ready = PM_LOOP_READ | PM_LOOP_WRITE | PM_LOOP_HANGUP;
        w->events = 0;
    }
    if (events & UV_READABLE)
        ready |= PM_LOOP_READ;
    if (events & UV_WRITABLE)
        ready |= PM_LOOP_WRITE;
    if (events & UV_DISCONNECT)
        ready |= PM_LOOP_HANGUP;
    w->on_ready(w, ready);
}

int pm_watch_init(struct pm_watch *w, struct pm_loop *l, int fd, void (*on_ready)(struct pm_watch *, unsigned),
                  void *owner)
{
    *w = (struct pm_watch){.on_ready = on_ready, .owner = owner};
    return uv_poll_init(&l->uv, &w->uv, fd);
}

/* libuv takes the descriptor out and puts it in again even where nothing changes: two system calls. */
void pm_watch_set(struct pm_watch *w, unsigned events)
{
    if (events == w->events)
        return;
    w->events = events;
    int wanted = (events & PM_LOOP_READ ? UV_READABLE : 0) | (events & PM_LOOP_WRITE ? UV_WRITABLE : 0) |
                 (events & PM_LOOP_HANGUP ? UV_DISCONNECT : 0);
    if (wanted == 0)
        uv_poll_stop(&w->uv);
    else
        uv_poll_start(&w->uv, wanted, on_poll);
}

static void on_watch_closed(uv_handle_t *uv)
{
    struct pm_watch *w = pm_container((uv_poll_t *)uv, struct pm_watch, uv);
    if (w->on_closed)
        w->on_closed(w->owner);
}

void pm_watch_close(struct pm_watch *w, void (*on_closed)(void *owner))
{
    w->on_closed = on_closed;
    uv_close((uv_handle_t *)&w->uv, on_watch_closed);
}

static void on_uv_time(uv_timer_t *uv)
{
    struct pm_timer *t = pm_container(uv, struct pm_timer, uv);
    t->on_time(t);
}

void pm_timer_init(struct pm_timer *t, struct pm_loop *l, void (*on_time)(struct pm_timer *), void *owner)
{
    *t = (struct pm_timer){.on_time = on_time, .owner = owner};
    uv_timer_init(&l->uv, &t->uv);
}

void pm_timer_set(struct pm_timer *t, struct pm_mono when)
{
    /* libuv counts from its own time of this turn, which may lie behind the clock: without the update it fires early.
     */
    uv_update_time(t->uv.loop);
    uv_timer_start(&t->uv, on_uv_time, pm_mono_ms_until(pm_loop_now(), when), 0);
}

void pm_timer_stop(struct pm_timer *t)
{
    uv_timer_stop(&t->uv);
}

static void on_timer_closed(uv_handle_t *uv)
{
    struct pm_timer *t = pm_container((uv_timer_t *)uv, struct pm_timer, uv);
    if (t->on_closed)
        t->on_closed(t->owner);
}

void pm_timer_close(struct pm_timer *t, void (*on_closed)(void *owner))
{
    t->on_closed = on_closed;
    uv_close((uv_handle_t *)&t->uv, on_timer_closed);
}

static void on_uv_signal(uv_signal_t *uv, int number)
{
    struct pm_signal *s = pm_container(uv, struct pm_signal, uv);
    s->on_signal(s, number);
}

int pm_signal_init(struct pm_signal *s, struct pm_loop *l, int number, void (*on_signal)(struct pm_signal *, int),
                   void *owner)
{
    *s = (struct pm_signal){.on_signal = on_signal, .owner = owner};
    uv_signal_init(&l->uv, &s->uv);
    return uv_signal_start(&s->uv, on_uv_signal, number);
}

void pm_signal_close(struct pm_signal *s)
{
    uv_close((uv_handle_t *)&s->uv, NULL);
}

void pm_turn_ask(struct pm_turn *t, struct pm_loop *l)
{
    if (pm_list_empty(&t->link))
        pm_list_append(&l->turn_end, &t->link);
    pm_loop_stay_awake(l);
}

static void in_uv_thread(uv_work_t *uv)
{
    struct pm_work *w = pm_container(uv, struct pm_work, uv);
    w->in_thread(w);
}

static void after_uv_work(uv_work_t *uv, int status)
{
    (void)status; /* only cancellation could make it an error, and nobody cancels */
    struct pm_work *w = pm_container(uv, struct pm_work, uv);
    w->on_done(w);
}

int pm_work_start(struct pm_work *w, struct pm_loop *l, void (*in_thread)(struct pm_work *),
                  void (*on_done)(struct pm_work *))
{
    *w = (struct pm_work){.in_thread = in_thread, .on_done = on_done};
    return uv_queue_work(&l->uv, &w->uv, in_uv_thread, after_uv_work);
}
