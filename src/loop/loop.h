/* loop.h - waiting for descriptors, times, signals and worker threads: a thin face on libuv, one loop per thread. */
#ifndef PM_LOOP_LOOP_H
#define PM_LOOP_LOOP_H

#include "base/list.h"
#include "base/mono.h"
#include "base/spare.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Watches, timers and tasks live inside their owners' objects and must not move while in use. libuv needs a turn of the
 * loop to let go of a handle: closing takes a callback, and only there may the memory be freed. */
struct pm_loop {
    uv_loop_t uv;
    uv_check_t check;
    uv_idle_t again;         /* keeps the loop from sleeping while end-of-turn tasks wait, or until `awake_until` */
    struct pm_link turn_end; /* struct pm_turn */
    struct pm_mono awake_until;
    struct pm_spare spare; /* of all that lives on this loop */
    bool stopping;
};

/* 0 or a negative errno. End it with pm_loop_fini() after every watch, timer and signal was closed. */
int pm_loop_init(struct pm_loop *l);
void pm_loop_fini(struct pm_loop *l);

/* Run until pm_loop_stop(). */
void pm_loop_run(struct pm_loop *l);
void pm_loop_stop(struct pm_loop *l);

/* The monotonic clock, read now. */
struct pm_mono pm_loop_now(void);

/* When this turn began, to the millisecond: costs nothing. */
struct pm_mono pm_loop_turn(const struct pm_loop *l);

enum { PM_LOOP_READ = 1, PM_LOOP_WRITE = 2, PM_LOOP_HANGUP = 4 };

/* A descriptor that is waited for. on_ready gets PM_LOOP_* bits; an error on the descriptor is told as all that were
 * asked. */
struct pm_watch {
    uv_poll_t uv;
    unsigned events; /* what is waited for */
    void (*on_ready)(struct pm_watch *w, unsigned events);
    void (*on_closed)(void *owner);
    void *owner;
};

/* Prepare to watch fd (non-blocking, owned by the caller). 0 or a negative errno; after 0 it must be closed. */
int pm_watch_init(struct pm_watch *w, struct pm_loop *l, int fd, void (*on_ready)(struct pm_watch *, unsigned),
                  void *owner);

/* Wait for these PM_LOOP_* bits from now on; 0 stops. Cheap if nothing changes. */
void pm_watch_set(struct pm_watch *w, unsigned events);

/* Stop for good. on_closed(owner) is called on a later turn, and only then may the memory of the watch be freed;
 * on_ready is not called again. The descriptor may be closed at once after this call. */
void pm_watch_close(struct pm_watch *w, void (*on_closed)(void *owner));

/* One deadline. All timers of a loop are in one heap; arming one that is armed moves it. Memory as for a watch. */
struct pm_timer {
    uv_timer_t uv;
    void (*on_time)(struct pm_timer *t);
    void (*on_closed)(void *owner);
    void *owner;
};

void pm_timer_init(struct pm_timer *t, struct pm_loop *l, void (*on_time)(struct pm_timer *), void *owner);

/* Fire once, not before `when`. */
void pm_timer_set(struct pm_timer *t, struct pm_mono when);
void pm_timer_stop(struct pm_timer *t);
void pm_timer_close(struct pm_timer *t, void (*on_closed)(void *owner));

/* A signal, told on the loop. */
struct pm_signal {
    uv_signal_t uv;
    void (*on_signal)(struct pm_signal *s, int number);
    void *owner;
};

int pm_signal_init(struct pm_signal *s, struct pm_loop *l, int number, void (*on_signal)(struct pm_signal *, int),
                   void *owner);
void pm_signal_close(struct pm_signal *s);

/* How much of a core this thread took. Zero-initialise. */
struct pm_load {
    unsigned percent;  /* over the last window, */
    int64_t window_us; /* which was so long */
    struct pm_mono since;
    int64_t cpu_us;
};

/* Take another look if the last one is at least 20 ms ago. Whether there is a new figure. */
bool pm_load_look(struct pm_load *l, struct pm_mono now);

/* How quickly events of one kind follow each other; starts out as slowly. */
struct pm_rhythm {
    struct pm_mono last;
    int64_t usual_us;
};

void pm_rhythm_init(struct pm_rhythm *r);

/* An event came. If they come every few hundred microseconds, the loop does not sleep until the next one is due, but
 * polls: that spares the time of waking up and costs the processor. At most 650 us after the last event. */
void pm_loop_beat(struct pm_loop *l, struct pm_rhythm *r);

/* For rhythm.c: poll until `awake_until`. And whether the loop does so, or has work left. */
void pm_loop_stay_awake(struct pm_loop *l);
bool pm_loop_is_awake(const struct pm_loop *l);

/* Something to do once at the end of this turn, after every descriptor that is ready now was served: joins what one
 * turn produced into one write. What is asked for there is done in the same turn too, within reason. */
struct pm_turn {
    struct pm_link link;
    void (*on_turn_end)(struct pm_turn *t);
};

static inline void pm_turn_init(struct pm_turn *t, void (*on_turn_end)(struct pm_turn *))
{
    pm_list_init(&t->link);
    t->on_turn_end = on_turn_end;
}

/* Ask for it (once, however often asked) or give it up. */
void pm_turn_ask(struct pm_turn *t, struct pm_loop *l);

static inline void pm_turn_cancel(struct pm_turn *t)
{
    pm_list_remove(&t->link);
}

/* Work that may block, in a worker thread; on_done comes back on the loop. The memory must live until then. */
struct pm_work {
    uv_work_t uv;
    void (*in_thread)(struct pm_work *w);
    void (*on_done)(struct pm_work *w);
};

/* 0 or a negative errno (then on_done is not called). */
int pm_work_start(struct pm_work *w, struct pm_loop *l, void (*in_thread)(struct pm_work *),
                  void (*on_done)(struct pm_work *));

#endif
