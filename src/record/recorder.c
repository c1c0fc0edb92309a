/* recorder.c - see recorder.h; which connections are recorded, and the rounds in which a worker thread writes. */
#include "record/recorder_private.h"

#include "base/ident.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ROUND_MS = 250,       /* what comes within this time is written together: at most so much is lost by a kill */
    RETRY_MS = 1000,      /* a disk that takes nothing is tried again, */
    LAST_TRIES = 5,       /* so often for a recording that has ended */
    SOON = 256 * 1024,    /* bytes that do not wait for the next round */
    KEEP_ROOM = 64 * 1024 /* bytes of memory that a buffer keeps when it is empty */
};

static void round_begin(struct pm_recorder *r);

/* ---- news ---- */

static void tell(struct pm_recording *r, enum pm_recorder_news news, const char *text)
{
    if (!r->recorder->ending)
        r->recorder->ops->on_news(r->recorder->owner, news, r, text);
}

void pm_recording_trouble(struct pm_recording *r, const char *reason)
{
    if (r->trouble)
        return;
    r->trouble = reason;
    r->item.state = PM_RECORDING_STALLS;
    pm_log(PM_LOG_WARNING,
           "The recording %s of \"%s\" stalls: %s. The device goes on; what finds no room in memory "
           "becomes a gap.",
           r->item.id, r->item.name,
           strcmp(reason, "disk-full") == 0  ? "the disk is full"
           : strcmp(reason, "io-error") == 0 ? "the disk reports an error"
           : strcmp(reason, "too-slow") == 0 ? "the disk takes less than comes"
                                             : "there is no memory");
    tell(r, PM_RECORDING_STALLED, reason);
}

static void end_of_trouble(struct pm_recording *r)
{
    r->trouble = NULL;
    r->item.state = PM_RECORDING_RUNS;
    pm_log(PM_LOG_INFO, "The recording %s of \"%s\" goes on; %llu bytes are missing in it.", r->item.id, r->item.name,
           (unsigned long long)r->item.lost);
    tell(r, PM_RECORDING_RESUMED, NULL);
}

/* ---- the end of a recording ---- */

static void free_recording(struct pm_recording *r)
{
    pm_disk_close(&r->disk);
    pm_bytes_fini(&r->filling);
    pm_bytes_fini(&r->disk.batch);
    free(r);
}

static void forget(struct pm_recording *r)
{
    pm_list_remove(&r->link);
    r->recorder->n_recordings--;
    r->recorder->waiting_bytes -= r->filling.n + r->disk.batch.n;
    free_recording(r);
}

/* Whoever waits for it. */
static void answer(struct pm_recording *r, int error)
{
    pm_recording_done_fn *started = r->on_started, *stopped = r->on_stopped;
    r->on_started = r->on_stopped = NULL;
    if (started)
        started(r->started_owner, r, error);
    if (stopped)
        stopped(r->stopped_owner, r, error);
}

/* It is over, well or not: everybody is told. */
static void finish(struct pm_recording *r, int error)
{
    r->item.state = PM_RECORDING_ENDED;
    size_t left = r->filling.n + r->disk.batch.n - r->disk.done;
    if (error < 0 && left > 0)
        pm_log(PM_LOG_ERROR, "The end of the recording %s is lost, %zu bytes: %s.", r->item.id, left, strerror(-error));
    answer(r, error);
    tell(r, PM_RECORDING_STOPPED, NULL);
    forget(r);
}

static void detach(struct pm_recording *r)
{
    if (r->connection)
        r->connection->tap = NULL;
    r->connection = NULL;
}

/* ---- rounds ---- */

static bool has_work(const struct pm_recording *r)
{
    return r->filling.n > 0 || r->disk.batch.n > 0 || r->disk.unsynced || !r->connection || pm_records_miss(r);
}

static void in_thread(struct pm_work *work)
{
    struct pm_recorder *r = pm_container(work, struct pm_recorder, round);
    for (unsigned i = 0; i < r->n_disks; i++)
        pm_disk_write(r->disks[i]);
}

static void free_recorder(void *owner)
{
    free(owner);
}

void pm_recorder_end_if_idle(struct pm_recorder *r)
{
    if (r->ending && !r->working && !r->downloading && pm_list_empty(&r->recordings))
        pm_timer_close(&r->timer, free_recorder);
}

/* When the next round is due, if there is anything to do. */
static void plan(struct pm_recorder *r)
{
    bool work = false, now = false, failed = false;
    pm_list_for_each (link, &r->recordings) {
        const struct pm_recording *one = pm_container(link, struct pm_recording, link);
        work |= has_work(one);
        failed |= one->failures > 0;
        now |= one->failures == 0 && (one->filling.n >= SOON || !one->connection || one->on_started);
    }
    if (r->working || !work)
        return;
    if (now && !failed) {
        pm_timer_stop(&r->timer);
        round_begin(r);
    } else if (!r->timed) {
        r->timed = true;
        pm_timer_set(&r->timer, pm_mono_add_ms(pm_loop_now(), failed && !r->ending ? RETRY_MS : ROUND_MS));
    }
}

void pm_recorder_ask(struct pm_recorder *r)
{
    plan(r);
}

/* After a round that the disk took whole. */
static void on_written(struct pm_recording *r)
{
    struct pm_disk *d = &r->disk;
    r->failures = 0;
    r->recorder->waiting_bytes -= d->batch.n;
    d->batch.n = d->done = d->run = 0;
    pm_bytes_shrink(&d->batch, KEEP_ROOM);
    if (r->trouble && !pm_records_miss(r))
        end_of_trouble(r);
    if (r->on_started && d->parts > 0) {
        pm_recording_done_fn *done = r->on_started;
        r->on_started = NULL;
        done(r->started_owner, r, 0);
    }
}

static void on_failed(struct pm_recording *r)
{
    r->failures++;
    r->error = r->disk.error;
    pm_recording_trouble(r, pm_records_reason(r));
    bool never_began = r->on_started && r->disk.parts == 0;
    if (never_began)
        detach(r);
    if (never_began || (!r->connection && (r->failures >= LAST_TRIES || r->recorder->ending)))
        finish(r, r->disk.error);
}

static void on_round_done(struct pm_work *work)
{
    struct pm_recorder *r = pm_container(work, struct pm_recorder, round);
    pm_list_for_each (link, &r->recordings) {
        struct pm_recording *one = pm_container(link, struct pm_recording, link);
        if (!one->at_work)
            continue;
        one->at_work = false;
        one->item.parts = one->disk.parts;
        one->item.size = one->disk.size;
        bool last = one->disk.ends;
        if (one->disk.error < 0) {
            on_failed(one);
            continue;
        }
        on_written(one);
        if (last)
            finish(one, 0);
    }
    r->working = false; /* not before: whoever is told of one may ask for a round while others are still of this one */
    plan(r);
    pm_recorder_end_if_idle(r);
}

static void take_batch(struct pm_recording *r)
{
    struct pm_disk *d = &r->disk;
    pm_records_settle(r);
    if (d->batch.n == 0) {
        struct pm_bytes empty = d->batch;
        d->batch = r->filling;
        r->filling = empty;
        d->done = d->run = 0;
    }
    d->ends = !r->connection && r->filling.n == 0;
    r->at_work = true;
    r->recorder->disks[r->recorder->n_disks++] = d;
}

static void round_begin(struct pm_recorder *r)
{
    r->n_disks = 0;
    r->timed = false;
    pm_list_for_each (link, &r->recordings) {
        struct pm_recording *one = pm_container(link, struct pm_recording, link);
        if (has_work(one))
            take_batch(one);
    }
    r->working = pm_work_start(&r->round, r->loop, in_thread, on_round_done) == 0;
}

static void on_time(struct pm_timer *t)
{
    struct pm_recorder *r = t->owner;
    r->timed = false;
    if (!r->working)
        round_begin(r);
}

/* ---- recordings ---- */

static int make_id(int64_t wall_us, char ret[PM_RECORDING_ID])
{
    enum { RANDOM = 8 };
    struct pm_ident random;
    struct tm t;
    time_t seconds = (time_t)(wall_us / 1000000);
    int r = pm_ident_make(&random);
    if (r < 0)
        return r;
    if (!gmtime_r(&seconds, &t) || strftime(ret, PM_RECORDING_ID - RANDOM, "%Y%m%d-%H%M%S-", &t) == 0)
        return -ERANGE;
    snprintf(ret + strlen(ret), RANDOM + 1, "%.*s", RANDOM, random.text);
    return 0;
}

static int new_recording(struct pm_recorder *r, struct pm_connection *c, struct pm_recording **ret)
{
    struct timespec now;
    struct pm_recording *one = calloc(1, sizeof(*one));
    if (!one)
        return -ENOMEM;
    clock_gettime(CLOCK_REALTIME, &now);
    one->item.started_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    int error = make_id(one->item.started_us, one->item.id);
    if (error < 0) {
        free(one);
        return error;
    }
    one->recorder = r;
    one->connection = c;
    one->tap.on_bytes = pm_records_on_bytes;
    one->item.state = PM_RECORDING_RUNS;
    snprintf(one->item.name, sizeof(one->item.name), "%s", c->name);
    snprintf(one->item.device, sizeof(one->item.device), "%s", c->device_id);
    snprintf(one->item.owner, sizeof(one->item.owner), "%s", c->options.owner);
    one->disk = (struct pm_disk){.folder = r->folder, .id = one->item.id, .fd = -1, .synced = pm_loop_now()};
    *ret = one;
    return 0;
}

int pm_recorder_start(struct pm_recorder *r, struct pm_connection *c, enum pm_export_format format,
                      pm_recording_done_fn *done, void *owner, struct pm_recording **ret)
{
    struct pm_recording *one = pm_recorder_find(r, c);
    if (one) {
        *ret = one;
        return -EALREADY;
    }
    if (r->n_recordings == PM_RECORDINGS_MAX)
        return -EMFILE;
    int error = new_recording(r, c, &one);
    if (error < 0)
        return error;
    one->item.format = format;
    error = pm_records_start(one);
    if (error < 0) {
        free_recording(one);
        return error;
    }
    one->on_started = done;
    one->started_owner = owner;
    pm_list_append(&r->recordings, &one->link);
    r->n_recordings++;
    c->tap = &one->tap;
    pm_recorder_ask(r);
    tell(one, PM_RECORDING_STARTED, NULL);
    *ret = one;
    return 0;
}

struct pm_recording *pm_recorder_find(const struct pm_recorder *r, const struct pm_connection *c)
{
    for (struct pm_link *link = r->recordings.next; link != &r->recordings; link = link->next) {
        struct pm_recording *one = pm_container(link, struct pm_recording, link);
        if (one->connection == c)
            return one;
    }
    return NULL;
}

void pm_recording_stop(struct pm_recording *r, pm_recording_done_fn *done, void *owner)
{
    r->on_stopped = done;
    r->stopped_owner = owner;
    pm_records_end(r);
    detach(r);
    pm_recorder_ask(r->recorder);
}

void pm_recording_describe(const struct pm_recording *r, struct pm_recording_item *ret)
{
    *ret = r->item;
}

const char *pm_recording_id(const struct pm_recording *r)
{
    return r->item.id;
}

void pm_recorder_on_hub_news(struct pm_recorder *r, enum pm_hub_news news, struct pm_connection *c, const char *text)
{
    struct pm_recording *one = pm_recorder_find(r, c), *begun;
    if (one) {
        pm_records_on_news(one, news, text);
        if (news == PM_CONNECTION_CLOSED)
            pm_recording_stop(one, NULL, NULL);
    } else if (c->options.record && (news == PM_CONNECTION_OPENED || news == PM_CONNECTION_RESTORED)) {
        int error = pm_recorder_start(r, c, PM_EXPORT_NATIVE, NULL, NULL, &begun);
        if (error < 0)
            pm_log(PM_LOG_ERROR, "\"%s\" is not recorded: %s.", c->name, strerror(-error));
    }
}

/* ---- life ---- */

int pm_recorder_new(struct pm_loop *loop, const struct pm_recorder_options *options, const struct pm_recorder_ops *ops,
                    void *owner, struct pm_recorder **ret)
{
    if (strlen(options->folder) + PM_DISK_NAME + 1 >= PM_PATH_MAX)
        return -ENAMETOOLONG;
    struct pm_recorder *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->loop = loop;
    r->ops = ops;
    r->owner = owner;
    snprintf(r->folder, sizeof(r->folder), "%s", options->folder);
    r->part_size = options->part_size;
    r->program = options->program;
    pm_list_init(&r->recordings);
    pm_list_init(&r->lookers);
    pm_list_init(&r->downloads);
    pm_timer_init(&r->timer, loop, on_time, r);
    *ret = r;
    return 0;
}

struct pm_recorder *pm_recorder_free(struct pm_recorder *r)
{
    if (!r)
        return NULL;
    pm_shelf_stop(r);
    r->ending = true;
    pm_list_for_each (link, &r->recordings)
        answer(pm_container(link, struct pm_recording, link), -ECANCELED);
    pm_recorder_end_if_idle(r);
    return NULL;
}
