/* record_oom_test.c - records a connection with each allocation failing once, and with all failing from each on (I10):
 * what is recorded is whole, or says what is missing in it, and whoever asked is told. */
#include "failing.h"
#include "proto/recording_reader.h"
#include "record/download.h"
#include "record/recorder_private.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    PART = 256 * 1024,
    PIECE = 4000,
    BEFORE = 100 * PIECE, /* bytes of the device before it is pulled out, */
    TOTAL = 200 * PIECE,  /* and in the end */
    SENT = 10 * PIECE,    /* bytes to it */
    DEADLINE_MS = 60000,
};

struct stage {
    struct pm_loop loop;
    struct pm_timer deadline;
    struct pm_recorder *recorder;
    struct pm_connection connection;
    uint64_t sent;
    char id[PM_RECORDING_ID];
    unsigned parts;
    bool told;
    int error; /* of what was told */
    unsigned stalls;
    size_t listed;
    struct pm_download *download;
    struct pm_bytes out; /* what it gave */
};

/* ---- what the test plays ---- */

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 7 + offset / 251);
}

static void say(struct stage *s, bool to_device, uint64_t until)
{
    struct pm_connection *c = &s->connection;
    uint64_t *at = to_device ? &s->sent : &c->journal.end;
    while (*at < until) {
        uint8_t bytes[PIECE];
        for (size_t i = 0; i < PIECE; i++)
            bytes[i] = byte_at(*at + i);
        c->tap->on_bytes(c->tap, to_device, *at, bytes, PIECE);
        *at += PIECE;
    }
}

static void hear(struct stage *s, enum pm_hub_news news, const char *text)
{
    pm_recorder_on_hub_news(s->recorder, news, &s->connection, text);
}

/* ---- what is told ---- */

static void on_deadline(struct pm_timer *t)
{
    (void)t;
    fail_msg("nothing came in time");
}

static void tell(struct stage *s, int error)
{
    s->told = true;
    s->error = error;
    pm_loop_stop(&s->loop);
}

static int await(struct stage *s)
{
    pm_timer_set(&s->deadline, pm_mono_add_ms(pm_loop_now(), DEADLINE_MS));
    while (!s->told)
        pm_loop_run(&s->loop);
    pm_timer_stop(&s->deadline);
    s->told = false;
    return s->error;
}

static void on_news(void *owner, enum pm_recorder_news news, const struct pm_recording *r, const char *text)
{
    struct stage *s = owner;
    if (news == PM_RECORDING_STALLED) {
        assert_string_equal(text, "no-memory");
        s->stalls++;
    }
    if (news == PM_RECORDING_STOPPED) {
        struct pm_recording_item item;
        pm_recording_describe(r, &item);
        memcpy(s->id, item.id, sizeof(s->id));
        s->parts = item.parts;
        assert_true(item.lost == 0 || s->stalls > 0);
    }
}

static void on_done(void *owner, const struct pm_recording *r, int error)
{
    (void)r;
    tell(owner, error);
}

struct look {
    struct pm_recorder_waiting waiting;
    struct stage *stage;
};

static void on_looked(struct pm_recorder_waiting *w, const struct pm_recording_item *items, size_t n, int error)
{
    struct look *look = pm_container(w, struct look, waiting);
    assert_true(n == 0 || strcmp(items[0].id, look->stage->id) == 0);
    look->stage->listed = n;
    tell(look->stage, error);
}

static void on_bytes(void *owner, const uint8_t *p, size_t n)
{
    struct stage *s = owner;
    if (pm_bytes_append(&s->out, p, n) < 0)
        tell(s, -ENOMEM);
    else
        pm_download_next(s->download);
}

static void on_end(void *owner, int error)
{
    tell(owner, error);
}

/* ---- what is done ---- */

static int record(struct stage *s)
{
    struct pm_recording *r;
    int error = pm_recorder_start(s->recorder, &s->connection, PM_EXPORT_NATIVE, on_done, s, &r);
    if (error < 0)
        return error;
    assert_int_equal(await(s), 0);
    say(s, false, BEFORE / 2);
    s->connection.new_errors.parity = 1;
    hear(s, PM_CONNECTION_ERRORS, NULL);
    hear(s, PM_CONNECTION_SIGNALS, NULL);
    say(s, true, SENT);
    say(s, false, BEFORE);
    hear(s, PM_CONNECTION_LOST, "device-gone");
    s->connection.epoch++;
    hear(s, PM_CONNECTION_RESTORED, NULL);
    say(s, false, (BEFORE + TOTAL) / 2);
    hear(s, PM_CONNECTION_RENAMED, "pump");
    hear(s, PM_CONNECTION_CHANGED, NULL);
    say(s, false, TOTAL);
    pm_recording_stop(r, on_done, s);
    assert_int_equal(await(s), 0);
    return 0;
}

static int list(struct stage *s)
{
    struct look look = {.waiting.done = on_looked, .stage = s};
    pm_recorder_look(s->recorder, &look.waiting);
    return await(s);
}

static int download(struct stage *s, enum pm_export_format format)
{
    static const struct pm_download_ops ops = {on_bytes, on_end};
    s->out.n = 0;
    int error = pm_download_new(s->recorder, s->id, strlen(s->id), format, &ops, s, &s->download);
    if (error < 0)
        return error;
    pm_download_next(s->download);
    error = await(s);
    s->download = pm_download_free(s->download);
    return error;
}

/* ---- what must be true of the recording ---- */

struct account {
    uint64_t next[PM_RECORD_DIRECTIONS];
    unsigned opened, ended, begun;
    enum pm_record_type last;
};

static void check_record(struct account *a, const struct pm_record *r)
{
    char reason[64];
    if (r->type == PM_RECORD_DATA || r->type == PM_RECORD_GAP)
        assert_int_equal(r->offset, a->next[r->direction]);
    if (r->type == PM_RECORD_GAP) {
        a->next[r->direction] += pm_record_get_gap(r, reason, sizeof(reason));
        assert_string_equal(reason, "no-memory");
    }
    if (r->type == PM_RECORD_DATA) {
        for (size_t i = 0; i < r->n; i++)
            assert_int_equal(r->body[i], byte_at(r->offset + i));
        a->next[r->direction] += r->n;
        assert_true(r->direction == PM_RECORD_TX || a->opened == (r->offset >= BEFORE));
    }
    a->opened += r->type == PM_RECORD_OPENED;
    a->ended += r->type == PM_RECORD_END;
    a->begun += r->type == PM_RECORD_START;
    assert_true(r->type != PM_RECORD_START || a->begun == a->ended + 1);
    a->last = r->type;
}

static void check(struct stage *s)
{
    struct account a = {0};
    struct pm_recording_reader reader = pm_recording_reader_empty();
    struct pm_record r;
    for (size_t at = 0; at < s->out.n;) {
        size_t n = s->out.n - at < PM_RECORDING_PIECE ? s->out.n - at : PM_RECORDING_PIECE;
        assert_int_equal(pm_recording_feed(&reader, s->out.p + at, n), 0);
        at += n;
        while (pm_recording_next(&reader, at == s->out.n, &r) == 1)
            check_record(&a, &r);
    }
    pm_recording_reader_fini(&reader);
    assert_int_equal(a.next[PM_RECORD_RX], TOTAL);
    assert_int_equal(a.next[PM_RECORD_TX], SENT);
    assert_int_equal(a.opened, 1);
    assert_int_equal(a.last, PM_RECORD_END);
    assert_int_equal(a.begun, s->parts);
}

static void remove_files(const struct stage *s, const char *folder)
{
    for (unsigned part = 1; part <= s->parts; part++) {
        char name[PM_DISK_NAME], path[PM_PATH_MAX];
        pm_disk_name(s->id, part, name);
        assert_int_equal(pm_path_join(folder, name, path), 0);
        assert_int_equal(unlink(path), 0);
    }
}

/* The whole scenario, with the allocations failing that are about to. Whether anything was recorded. */
static bool play(struct stage *s, const char *folder)
{
    static const struct pm_recorder_ops ops = {on_news};
    struct pm_recorder_options options = {folder, PART, "test"};
    if (pm_recorder_new(&s->loop, &options, &ops, s, &s->recorder) < 0 || record(s) < 0)
        return false;
    int error = list(s);
    assert_true(error == -ENOMEM || (error == 0 && s->listed == 1));
    error = download(s, PM_EXPORT_TEXT);
    assert_true(error == -ENOMEM || (error == 0 && s->out.n > TOTAL));
    return true;
}

/* `fails` is the first allocation that does. Returns how many there were. */
static unsigned long run(const char *folder, unsigned long fails, bool and_all_behind)
{
    struct stage s = {.out = pm_bytes_empty(16 * TOTAL)};
    assert_int_equal(pm_loop_init(&s.loop), 0);
    pm_timer_init(&s.deadline, &s.loop, on_deadline, &s);
    s.connection = (struct pm_connection){.name = "pump", .device_id = "a", .path = "/dev/a", .epoch = 1};
    if (and_all_behind)
        pm_fail_allocations_from(fails);
    else
        pm_fail_allocation(fails);
    bool recorded = play(&s, folder);
    unsigned long allocations = pm_allocations();
    pm_fail_allocation(0);
    assert_true(recorded || fails > 0);
    assert_true(fails > 0 || (s.stalls == 0 && s.parts > 2));
    if (recorded) {
        assert_int_equal(download(&s, PM_EXPORT_NATIVE), 0);
        check(&s);
        remove_files(&s, folder);
    }
    pm_recorder_free(s.recorder);
    pm_timer_close(&s.deadline, NULL);
    pm_loop_fini(&s.loop);
    pm_bytes_fini(&s.out);
    return allocations;
}

static void nothing_is_missing_without_a_word(void **state)
{
    unsigned long total = run(*state, 0, false);
    assert_true(total > 10);
    for (unsigned long n = 1; n <= total; n++) {
        run(*state, n, false);
        run(*state, n, true);
    }
}

static int make_folder(void **state)
{
    static char folder[] = "/tmp/pm-oom-XXXXXX";
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
    return rmdir(*state); /* fails if anything was left in it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_missing_without_a_word)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
