/* hub_connection_test.c - a connection's life with devices that a test plays: replug, identities, refusals, writes. */
#include "fake_hub.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NEWS = 64, DEADLINE_MS = 20000 };

/* What was told, as text: "opened pump", "lost pump device-gone". */
struct stage {
    struct fake_hub fake;
    struct pm_timer deadline;
    char news[NEWS][128];
    unsigned n_news;
    struct pm_connection *opened;
    int error;
    char written[256]; /* "5 ", "2!-19 ": bytes and error of each answer */
    const char *awaited;
};

static const char *const words[] = {
    [PM_CONNECTION_OPENED] = "opened",   [PM_CONNECTION_CLOSED] = "closed",     [PM_CONNECTION_LOST] = "lost",
    [PM_CONNECTION_RENAMED] = "renamed", [PM_CONNECTION_RESTORED] = "restored", [PM_CONNECTION_CHANGED] = "changed",
    [PM_CONNECTION_RX] = "rx",           [PM_CONNECTION_SIGNALS] = "signals",   [PM_CONNECTION_ERRORS] = "errors",
    [PM_CONNECTION_DRAINED] = "drained",
};

static void on_news(void *owner, enum pm_hub_news news, struct pm_connection *c, const char *text)
{
    struct stage *s = owner;
    if (news == PM_CONNECTION_RX)
        return;
    assert_true(s->n_news < NEWS);
    snprintf(s->news[s->n_news], sizeof(s->news[0]), "%s %s%s%s", words[news], c->name, text ? " " : "",
             text ? text : "");
    if (s->awaited && strcmp(s->news[s->n_news], s->awaited) == 0)
        pm_loop_stop(&s->fake.loop);
    s->n_news++;
}

static const struct pm_hub_ops ops = {on_news};

static void on_deadline(struct pm_timer *t)
{
    (void)t;
    fail_msg("nothing came in time");
}

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    fake_hub_init(&s->fake, &ops, s);
    pm_timer_init(&s->deadline, &s->fake.loop, on_deadline, s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;
    pm_timer_close(&s->deadline, NULL);
    fake_hub_fini(&s->fake);
    free(s);
    return 0;
}

static void wait_for(struct stage *s, const char *news)
{
    s->awaited = news;
    pm_timer_set(&s->deadline, pm_mono_add_ms(pm_loop_now(), DEADLINE_MS));
    pm_loop_run(&s->fake.loop);
    pm_timer_stop(&s->deadline);
    s->awaited = NULL;
}

/* What was told since the last look. */
static void assert_told(struct stage *s, const char *expect)
{
    char all[1024] = "";
    for (unsigned i = 0; i < s->n_news; i++) {
        size_t n = strlen(all);
        snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "", s->news[i]);
    }
    assert_string_equal(all, expect);
    s->n_news = 0;
}

static void on_opened(void *owner, struct pm_connection *c, int error)
{
    struct stage *s = owner;
    s->opened = c;
    s->error = error;
}

static struct pm_connection_options some_options(void)
{
    struct pm_connection_options o = pm_connection_defaults();
    o.line.baud_rate = 9600;
    o.line.parity = PM_PARITY_EVEN;
    return o;
}

static int activate(struct stage *s, const char *name, const char *address, struct pm_connection_options o)
{
    pm_hub_activate(s->fake.hub, name, address, &o, on_opened, s);
    return s->error;
}

static struct pm_connection *open_pump(struct stage *s, struct pm_connection_options o)
{
    fake_plug(&s->fake.devices, "usb-pump", "/dev/ttyUSB0");
    assert_int_equal(activate(s, "pump", "/dev/ttyUSB0", o), 0);
    s->n_news = 0;
    return s->opened;
}

static void unplug(struct stage *s, const char *path)
{
    struct pm_device *d = (struct pm_device *)(uintptr_t)pm_devices_find(&s->fake.devices, path);
    pm_list_remove(&d->link);
    pm_hub_detached(s->fake.hub, d);
    free(d);
}

static void plug(struct stage *s, const char *id, const char *path)
{
    pm_hub_attached(s->fake.hub, fake_plug(&s->fake.devices, id, path));
}

static void assert_journal(const struct pm_connection *c, const char *expect)
{
    uint8_t bytes[256];
    size_t n = pm_journal_read(&c->journal, pm_journal_start(&c->journal), bytes, sizeof(bytes));
    assert_int_equal(n, strlen(expect));
    assert_memory_equal(bytes, expect, n);
}

/* ---- opening ---- */

static void same_name_and_address_change_nothing(void **state)
{
    struct stage *s = *state;
    struct pm_connection *c = open_pump(s, some_options());
    uint64_t epoch = c->epoch;
    assert_int_equal(activate(s, "pump", "/dev/ttyUSB0", pm_connection_defaults()), 0);
    assert_int_equal(activate(s, "pump", "usb-pump", pm_connection_defaults()), 0);
    assert_ptr_equal(s->opened, c);
    assert_int_equal(c->epoch, epoch);
    assert_int_equal(c->options.line.baud_rate, 9600);
    assert_int_equal(s->fake.devices.attempts, 1);
    assert_told(s, "");
}

static void names_and_devices_are_taken_once(void **state)
{
    struct stage *s = *state;
    open_pump(s, some_options());
    fake_plug(&s->fake.devices, "usb-valve", "/dev/ttyUSB1");
    assert_int_equal(activate(s, "pump", "/dev/ttyUSB1", some_options()), -EEXIST);
    assert_int_equal(activate(s, "other", "/dev/ttyUSB0", some_options()), -EBUSY);
    assert_int_equal(activate(s, "other", "/dev/ttyUSB9", some_options()), -ENODEV);
    assert_int_equal(activate(s, "valve", "/dev/ttyUSB1", some_options()), 0);
    assert_int_equal(pm_hub_rename(s->opened, "pump"), -EEXIST);
    assert_int_equal(pm_hub_rename(s->opened, "valve"), 0);
    assert_int_equal(pm_hub_rename(s->opened, "tap"), 0);
    assert_told(s, "opened valve, renamed tap valve");
}

/* ---- replug ---- */

static void device_is_followed_to_another_path(void **state)
{
    struct stage *s = *state;
    struct pm_connection *c = open_pump(s, some_options());
    uint64_t epoch = c->epoch, end;
    fake_say(fake_port(&s->fake.devices), "before");
    unplug(s, "/dev/ttyUSB0");
    assert_int_equal(c->state, PM_CONNECTION_IS_LOST);
    assert_false(fake_port(&s->fake.devices)->open);
    plug(s, "usb-other", "/dev/ttyUSB0"); /* another one takes the path */
    assert_int_equal(c->state, PM_CONNECTION_IS_LOST);
    plug(s, "usb-pump", "/dev/ttyUSB7");
    assert_told(s, "lost pump device-gone, restored pump");
    struct fake_port *p = fake_port(&s->fake.devices); /* open when the news of the device has been handled */
    assert_string_equal(p->path, "/dev/ttyUSB7");
    assert_int_equal(p->port.settings.baud_rate, 9600);
    assert_int_equal(p->port.settings.parity, PM_PARITY_EVEN);
    fake_say(p, "boot");
    assert_journal(c, "beforeboot");
    assert_int_not_equal(c->epoch, epoch);
    assert_true(pm_epoch_end(c, epoch, &end));
    assert_int_equal(end, 6);
    assert_int_equal(c->counts.losses, 1);
}

static void earlier_epochs_are_known_up_to_a_limit(void **state)
{
    struct stage *s = *state;
    struct pm_connection *c = open_pump(s, some_options());
    uint64_t epochs[PM_EPOCHS_KEPT + 2], end;
    for (unsigned i = 0; i < PM_EPOCHS_KEPT + 2; i++) {
        epochs[i] = c->epoch;
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(epochs[i], epochs[j]);
        fake_say(fake_port(&s->fake.devices), "x");
        unplug(s, "/dev/ttyUSB0");
        plug(s, "usb-pump", "/dev/ttyUSB0");
    }
    assert_false(pm_epoch_end(c, epochs[1], &end));
    for (unsigned i = 2; i < PM_EPOCHS_KEPT + 2; i++) {
        assert_true(pm_epoch_end(c, epochs[i], &end));
        assert_int_equal(end, i + 1);
    }
    assert_false(pm_epoch_end(c, c->epoch, &end));
}

static void two_with_one_identity_are_never_mixed_up(void **state)
{
    struct stage *s = *state;
    struct pm_connection *c = open_pump(s, some_options());
    plug(s, "usb-pump", "/dev/ttyUSB1"); /* its twin */
    assert_int_equal(c->state, PM_CONNECTION_IS_OPEN);
    unplug(s, "/dev/ttyUSB0");
    unplug(s, "/dev/ttyUSB1");
    plug(s, "usb-pump", "/dev/ttyUSB0"); /* which of them? */
    assert_told(s, "lost pump device-gone, lost pump identity-conflict");
    assert_int_equal(s->fake.devices.attempts, 1);
    plug(s, "usb-pump", "/dev/ttyUSB1");
    assert_int_equal(activate(s, "pump", "usb-pump", some_options()), -ENOTUNIQ);
    assert_int_equal(activate(s, "pump", "/dev/ttyUSB1", some_options()), 0); /* a person says which */
    assert_told(s, "restored pump");
    assert_string_equal(fake_port(&s->fake.devices)->path, "/dev/ttyUSB1");
}

static void without_reconnect_it_closes_and_its_name_is_free(void **state)
{
    struct stage *s = *state;
    struct pm_connection_options o = some_options();
    o.reconnect = false;
    open_pump(s, o);
    unplug(s, "/dev/ttyUSB0");
    assert_told(s, "closed pump device-gone");
    assert_null(pm_hub_find(s->fake.hub, "pump"));
    plug(s, "usb-pump", "/dev/ttyUSB0");
    assert_told(s, "");
}

/* The device file appears before its permissions (H07). */
static void refused_return_is_tried_again_and_then_told(void **state)
{
    struct stage *s = *state;
    struct pm_connection *c = open_pump(s, some_options());
    unplug(s, "/dev/ttyUSB0");
    s->fake.devices.attempts = 0;
    s->fake.devices.error = -EACCES;
    plug(s, "usb-pump", "/dev/ttyUSB0");
    wait_for(s, "lost pump access-denied");
    assert_told(s, "lost pump device-gone, lost pump access-denied");
    assert_int_equal(s->fake.devices.attempts, 1 + PM_RETRIES);
    s->fake.devices.error = 0;
    assert_int_equal(activate(s, "pump", "/dev/ttyUSB0", some_options()), 0);
    assert_ptr_equal(s->opened, c);
    assert_told(s, "restored pump");
}

static void return_that_succeeds_late_is_a_return(void **state)
{
    struct stage *s = *state;
    open_pump(s, some_options());
    unplug(s, "/dev/ttyUSB0");
    s->fake.devices.error = -EACCES;
    plug(s, "usb-pump", "/dev/ttyUSB0");
    s->fake.devices.error = 0;
    wait_for(s, "restored pump");
    assert_told(s, "lost pump device-gone, restored pump");
}

/* A device that breaks without being unplugged is opened again by itself. */
static void stumbling_device_is_opened_again(void **state)
{
    struct stage *s = *state;
    open_pump(s, some_options());
    struct fake_port *p = fake_port(&s->fake.devices);
    p->port.events->on_lost(p->port.owner, -EIO);
    wait_for(s, "restored pump");
    assert_told(s, "lost pump io-error, restored pump");
}

/* ---- another run ---- */

static void remembered_connection_waits_for_its_device(void **state)
{
    struct stage *s = *state;
    struct pm_remembered r = {"pump", "/dev/ttyUSB0", "usb-pump", false, some_options()};
    struct pm_connection *c;
    fake_plug(&s->fake.devices, "usb-other", "/dev/ttyUSB0"); /* at its path */
    assert_int_equal(pm_hub_restore(s->fake.hub, &r, &c), 0);
    assert_int_equal(pm_hub_restore(s->fake.hub, &r, &c), -EEXIST);
    assert_int_equal(s->fake.devices.attempts, 0);
    assert_int_equal(pm_hub_write(c, "x", 1, NULL, NULL), -ENODEV);
    plug(s, "usb-pump", "/dev/ttyUSB3");
    assert_told(s, "restored pump");
    assert_int_equal(fake_port(&s->fake.devices)->port.settings.baud_rate, 9600);
}

static void remembered_twin_is_not_guessed(void **state)
{
    struct stage *s = *state;
    struct pm_remembered r = {"pump", "/dev/ttyUSB0", "usb-pump", true, some_options()};
    struct pm_connection *c;
    fake_plug(&s->fake.devices, "usb-pump", "/dev/ttyUSB0");
    assert_int_equal(pm_hub_restore(s->fake.hub, &r, &c), 0);
    assert_int_equal(s->fake.devices.attempts, 0);
    assert_told(s, "lost pump identity-conflict");
}

/* ---- writing ---- */

static void on_written(void *owner, size_t bytes, int error)
{
    struct stage *s = owner;
    size_t n = strlen(s->written);
    if (error)
        snprintf(s->written + n, sizeof(s->written) - n, "%zu!%d ", bytes, error);
    else
        snprintf(s->written + n, sizeof(s->written) - n, "%zu ", bytes);
}

static void put(struct stage *s, struct pm_connection *c, const char *text)
{
    assert_int_equal(pm_hub_write(c, text, strlen(text), on_written, s), 0);
}

static void messages_go_out_whole_and_in_order(void **state)
{
    struct stage *s = *state;
    struct pm_connection *c = open_pump(s, some_options());
    struct fake_port *p = fake_port(&s->fake.devices);
    p->takes = 0;
    put(s, c, "first");
    put(s, c, "");
    put(s, c, "second");
    assert_string_equal(s->written, "");
    for (int i = 0; i < 4; i++)
        fake_room(p, 1);
    assert_string_equal(s->written, "");
    fake_room(p, 1); /* the driver has the last byte of it */
    assert_string_equal(s->written, "5 0 ");
    fake_room(p, 100);
    put(s, c, "third");
    assert_string_equal(s->written, "5 0 6 5 ");
    assert_memory_equal(p->sent, "firstsecondthird", p->n_sent);
    assert_int_equal(c->counts.tx, 16);
    assert_int_equal(c->write_queued, 0);
}

static void write_cut_short_tells_how_much_went_out(void **state)
{
    struct stage *s = *state;
    struct pm_connection *c = open_pump(s, some_options());
    fake_port(&s->fake.devices)->takes = 3;
    put(s, c, "first");
    put(s, c, "second");
    unplug(s, "/dev/ttyUSB0");
    assert_string_equal(s->written, "3!-19 0!-19 ");
    assert_int_equal(pm_hub_write(c, "x", 1, on_written, s), -ENODEV);
    plug(s, "usb-pump", "/dev/ttyUSB0");
    assert_int_equal(fake_port(&s->fake.devices)->n_sent, 0); /* what was given up is not sent later */
    put(s, c, "again");
    assert_memory_equal(fake_port(&s->fake.devices)->sent, "again", 5);
}

/* A writer that closes the connection when its message is over, as the command does that a device is stopped with. */
static void on_written_close(void *owner, size_t bytes, int error)
{
    struct stage *s = owner;
    struct pm_connection *c = pm_hub_find(s->fake.hub, "pump");
    on_written(owner, bytes, error);
    if (c)
        pm_hub_deactivate(c, "deactivated");
}

static struct pm_connection *open_and_wait_to_close(struct stage *s, bool reconnect)
{
    struct pm_connection_options o = some_options();
    o.reconnect = reconnect;
    struct pm_connection *c = open_pump(s, o);
    fake_port(&s->fake.devices)->takes = 0;
    put(s, c, "first");
    assert_int_equal(pm_hub_write(c, "stop", 4, on_written_close, s), 0);
    put(s, c, "last");
    return c;
}

static void writer_may_close_what_is_lost_closed_or_discarded(void **state)
{
    struct stage *s = *state;
    open_and_wait_to_close(s, true);
    unplug(s, "/dev/ttyUSB0");
    assert_string_equal(s->written, "0!-19 0!-19 0!-19 ");
    assert_told(s, "closed pump deactivated");
    open_and_wait_to_close(s, false);
    unplug(s, "/dev/ttyUSB0");
    assert_told(s, "closed pump device-gone");
    pm_hub_deactivate(open_and_wait_to_close(s, true), "forgotten");
    assert_told(s, "closed pump forgotten");
    pm_hub_discard(open_and_wait_to_close(s, true));
    assert_told(s, "closed pump deactivated");
}

static void discarded_messages_are_told(void **state)
{
    struct stage *s = *state;
    struct pm_connection *c = open_pump(s, some_options());
    fake_port(&s->fake.devices)->takes = 2;
    put(s, c, "first");
    put(s, c, "second");
    assert_int_equal(pm_hub_discard(c), 3 + 6);
    assert_string_equal(s->written, "2!-125 0!-125 ");
    assert_int_equal(c->write_queued, 0);
}

static void on_counted(void *owner, size_t bytes, int error)
{
    (void)bytes;
    *(unsigned *)owner += error == 0;
}

static void queue_is_bounded_and_says_when_it_is_down(void **state)
{
    static char block[4096];
    struct stage *s = *state;
    struct pm_connection *c = open_pump(s, some_options());
    struct fake_port *p = fake_port(&s->fake.devices);
    unsigned accepted = 0, done = 0;
    int r;
    p->takes = 0;
    while ((r = pm_hub_write(c, block, sizeof(block), on_counted, &done)) == 0)
        accepted++;
    assert_int_equal(r, -ENOBUFS);
    assert_true(c->write_queued <= PM_WRITE_MAX && pm_connection_is_full(c));
    while (pm_hub_write(c, "", 0, on_counted, &done) == 0) /* also by messages without a byte */
        accepted++;
    assert_true(c->write_queued <= PM_WRITE_MAX);
    for (unsigned i = 0; i < accepted && s->n_news == 0; i++) {
        p->n_sent = 0;
        fake_room(p, sizeof(block));
    }
    assert_told(s, "drained pump");
    assert_false(pm_connection_is_full(c));
    p->n_sent = 0;
    fake_room(p, PM_WRITE_MAX);
    assert_int_equal(done, accepted);
}

/* ---- what the hardware lost ---- */

static void overruns_are_marked_at_their_place(void **state)
{
    struct stage *s = *state;
    struct pm_connection *c = open_pump(s, some_options());
    struct fake_port *p = fake_port(&s->fake.devices);
    uint64_t number = 0;
    fake_say(p, "0123");
    p->port.events->on_errors(p->port.owner, &(struct pm_line_errors){.overrun = 1});
    fake_say(p, "56");
    p->port.events->on_errors(p->port.owner, &(struct pm_line_errors){.framing = 2, .parity = 3, .breaks = 1});
    p->port.events->on_errors(p->port.owner, &(struct pm_line_errors){.framing = 1, .buffer_overrun = 1});
    assert_told(s, "errors pump, errors pump, errors pump");
    const struct pm_mark *mark = pm_marks_get(&c->marks, &number);
    assert_true(mark && mark->at == 4 && mark->reason == PM_GAP_OVERRUN && mark->bytes == 0);
    number++;
    mark = pm_marks_get(&c->marks, &number);
    assert_true(mark && mark->at == 6 && mark->reason == PM_GAP_OVERRUN);
    number++;
    assert_null(pm_marks_get(&c->marks, &number));
    assert_int_equal(c->errors.framing, 3);
    assert_int_equal(c->errors.parity, 3);
    assert_int_equal(c->errors.breaks, 1);
    assert_int_equal(c->errors.overrun + c->errors.buffer_overrun, 2);
    assert_int_equal(c->new_errors.framing, 1);
}

static void reader_that_is_too_far_behind_is_not_told_of_each_gap(void **state)
{
    struct pm_marks m = {0};
    struct pm_mark forgotten;
    uint64_t number;
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        pm_marks_add(&m, 10, PM_GAP_REOPENED, 0); /* a loose plug, and not a byte in between */
    assert_int_equal(m.next, 1);
    for (unsigned i = 0; i < PM_MARKS_KEPT; i++)
        pm_marks_add(&m, 20 + i, PM_GAP_OVERRUN, 0);
    assert_false(pm_marks_forgot(&m, pm_marks_from(&m, 11), &forgotten));
    for (uint64_t offset = 0; offset <= 10; offset += 10) {
        number = pm_marks_from(&m, offset);
        assert_true(pm_marks_forgot(&m, number, &forgotten));
        assert_int_equal(forgotten.at, 10);
        assert_int_equal(forgotten.reason, PM_GAP_REOPENED);
        assert_int_equal(pm_marks_get(&m, &number)->at, 20);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(same_name_and_address_change_nothing),
        TEST(names_and_devices_are_taken_once),
        TEST(device_is_followed_to_another_path),
        TEST(earlier_epochs_are_known_up_to_a_limit),
        TEST(two_with_one_identity_are_never_mixed_up),
        TEST(without_reconnect_it_closes_and_its_name_is_free),
        TEST(refused_return_is_tried_again_and_then_told),
        TEST(return_that_succeeds_late_is_a_return),
        TEST(stumbling_device_is_opened_again),
        TEST(remembered_connection_waits_for_its_device),
        TEST(remembered_twin_is_not_guessed),
        TEST(messages_go_out_whole_and_in_order),
        TEST(write_cut_short_tells_how_much_went_out),
        TEST(writer_may_close_what_is_lost_closed_or_discarded),
        TEST(discarded_messages_are_told),
        TEST(queue_is_bounded_and_says_when_it_is_down),
        TEST(reader_that_is_too_far_behind_is_not_told_of_each_gap),
        TEST(overruns_are_marked_at_their_place),
    };
    return cmocka_run_group_tests_name("hub/connection", tests, NULL, NULL);
}
