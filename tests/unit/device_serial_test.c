/* device_serial_test.c - serial ports over pseudo terminals, and what takes time on any port. */
#include "device/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
    struct pm_loop loop;
    struct pm_serial_host host;
    struct pm_timer deadline;
    int far, near;
    char path[64];
    dev_t node;
    struct pm_port *port;
    char got[256 * 1024];
    size_t n;
    int lost, done, writable;
    bool finished;
};

static void on_rx(void *owner, const uint8_t *p, size_t n)
{
    struct world *w = owner;
    assert_true(n <= 64 * 1024);
    assert_true(w->n + n <= sizeof(w->got));
    memcpy(w->got + w->n, p, n);
    w->n += n;
}

static void on_writable(void *owner)
{
    ((struct world *)owner)->writable++;
}

static void on_lost(void *owner, int error)
{
    struct world *w = owner;
    assert_int_equal(error, -ENODEV);
    w->lost++;
}

static void on_signals(void *owner, unsigned signals, unsigned changed)
{
    (void)owner, (void)signals, (void)changed;
    fail();
}

static void on_errors(void *owner, const struct pm_line_errors *errors)
{
    (void)owner, (void)errors;
    fail();
}

static const struct pm_port_events events = {on_rx, on_writable, on_lost, on_signals, on_errors};

static void on_deadline(struct pm_timer *t)
{
    (void)t;
    fail_msg("not within 30 s");
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct termios raw;
    struct stat st;
    assert_int_equal(pm_loop_init(&w->loop), 0);
    pm_serial_host_init(&w->host, &w->loop);
    pm_timer_init(&w->deadline, &w->loop, on_deadline, w);
    pm_timer_set(&w->deadline, pm_mono_add_ms(pm_loop_now(), 30000));
    assert_int_equal(openpty(&w->far, &w->near, w->path, NULL, NULL), 0);
    tcgetattr(w->near, &raw);
    cfmakeraw(&raw);
    tcsetattr(w->near, TCSANOW, &raw);
    stat(w->path, &st);
    w->node = st.st_rdev;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    if (w->port)
        pm_port_close(w->port);
    pm_serial_host_fini(&w->host);
    pm_timer_close(&w->deadline, NULL);
    pm_loop_fini(&w->loop);
    if (w->far >= 0)
        close(w->far);
    close(w->near);
    free(w);
    return 0;
}

static void open_port(struct world *w)
{
    struct pm_port_settings settings = pm_port_defaults();
    assert_int_equal(pm_serial_open(&w->host, w->path, w->node, &settings, &events, w, &w->port), 0);
}

#define RUN_UNTIL(condition)                                                                                           \
    do                                                                                                                 \
        uv_run(&w->loop.uv, UV_RUN_ONCE);                                                                              \
    while (!(condition))

/* G02, G03: whatever the path leads to by now, only the device that was enumerated is opened */
static void only_the_expected_device_is_opened(void **state)
{
    struct world *w = *state;
    struct pm_port_settings settings = pm_port_defaults();
    char folder[] = "/tmp/pm-device-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/x", folder);
    const char *swapped[] = {w->path, "/etc/passwd", "/dev/null", folder};
    for (size_t i = 0; i < sizeof(swapped) / sizeof(swapped[0]); i++) {
        assert_int_equal(symlink(swapped[i], path), 0);
        assert_int_equal(pm_serial_open(&w->host, path, w->node, &settings, &events, w, &w->port), -ENODEV);
        unlink(path);
    }
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pm_serial_open(&w->host, path, w->node, &settings, &events, w, &w->port), -ENODEV);
    unlink(path);
    assert_int_equal(pm_serial_open(&w->host, path, w->node, &settings, &events, w, &w->port), -ENOENT);
    assert_int_equal(pm_serial_open(&w->host, "/dev/null", w->node, &settings, &events, w, &w->port), -ENODEV);
    assert_int_equal(pm_serial_open(&w->host, w->path, w->node + 1, &settings, &events, w, &w->port), -ENODEV);
    rmdir(folder);
}

/* A terminal for people would have turned the CR into a NL, and sent it back. */
static void bytes_that_a_terminal_for_people_tampered_with_are_not_delivered(void **state)
{
    struct world *w = *state;
    struct termios cooked;
    open_port(w);
    assert_false(w->port->damaged);
    pm_port_close(w->port);
    tcgetattr(w->near, &cooked);
    cooked.c_lflag |= ICANON | ECHO;
    tcsetattr(w->near, TCSANOW, &cooked);
    open_port(w);
    assert_false(w->port->damaged); /* nothing came */
    pm_port_close(w->port);
    tcsetattr(w->near, TCSANOW, &cooked);
    assert_int_equal(write(w->far, "a\rb", 3), 3);
    assert_int_equal(poll(&(struct pollfd){.fd = w->far, .events = POLLIN}, 1, 30000), 1); /* its echo */
    open_port(w);
    assert_true(w->port->damaged);
    assert_int_equal(write(w->far, "c\r", 2), 2);
    RUN_UNTIL(w->n == 2);
    assert_memory_equal(w->got, "c\r", 2);
}

/* H04 */
static void hanging_up_is_told_once_even_while_paused(void **state)
{
    struct world *w = *state;
    open_port(w);
    pm_port_pause(w->port, true);
    close(w->near); /* only the port holds it now */
    w->near = dup(0);
    close(w->far);
    w->far = -1;
    RUN_UNTIL(w->lost);
    for (int i = 0; i < 10; i++)
        uv_run(&w->loop.uv, UV_RUN_NOWAIT);
    assert_int_equal(w->lost, 1);
    assert_int_equal(pm_port_write(w->port, "x", 1), -ENODEV);
}

static void paused_port_reads_nothing_and_then_all(void **state)
{
    struct world *w = *state;
    open_port(w);
    pm_port_pause(w->port, true);
    assert_int_equal(write(w->far, "abc", 3), 3);
    for (int i = 0; i < 10; i++)
        uv_run(&w->loop.uv, UV_RUN_NOWAIT);
    assert_int_equal(w->n, 0);
    pm_port_pause(w->port, false);
    RUN_UNTIL(w->n == 3);
    assert_memory_equal(w->got, "abc", 3);
}

/* H08: the driver has bytes that nobody takes */
static void closing_never_blocks_and_the_port_opens_again_at_once(void **state)
{
    struct world *w = *state;
    char much[8192] = {0};
    for (int i = 0; i < 20; i++) {
        open_port(w);
        while (pm_port_write(w->port, much, sizeof(much)) == sizeof(much)) {
        }
        struct pm_mono before = pm_loop_now();
        pm_port_close(w->port);
        w->port = NULL;
        assert_true(pm_loop_now().us - before.us < 500000);
    }
    open_port(w);
}

/* ---- a port of our own, whose driver the test plays ---- */

struct fake {
    struct pm_port port;
    size_t pending;
    unsigned log[16], n_log;
    struct pm_mono at[16];
    bool configured;
    int error;
};

static ssize_t fake_write(struct pm_port *p, const void *bytes, size_t n)
{
    (void)bytes;
    ((struct fake *)p)->pending += n;
    return (ssize_t)n;
}

/* The driver sends one byte whenever it is asked. */
static size_t fake_pending(struct pm_port *p)
{
    struct fake *f = (struct fake *)p;
    return f->pending == SIZE_MAX ? 1 : f->pending > 0 ? f->pending-- : 0;
}

static int fake_configure(struct pm_port *p, struct pm_port_settings *settings)
{
    struct fake *f = (struct fake *)p;
    f->configured = true;
    settings->baud_rate = 57143;
    return f->error;
}

static int fake_set_signals(struct pm_port *p, unsigned mask, unsigned values)
{
    struct fake *f = (struct fake *)p;
    f->at[f->n_log] = pm_loop_now();
    f->log[f->n_log++] = mask << 8 | values;
    return f->error;
}

static void fake_close(struct pm_port *p)
{
    (void)p;
}

static const struct pm_port_ops fake_ops = {.write = fake_write,
                                            .pending = fake_pending,
                                            .configure = fake_configure,
                                            .set_signals = fake_set_signals,
                                            .close = fake_close};

static struct fake fake_port(struct world *w)
{
    return (struct fake){.port = {.ops = &fake_ops, .events = &events, .owner = w, .loop = &w->loop}};
}

static void on_done(void *owner, int error)
{
    struct world *w = owner;
    assert_false(w->finished);
    w->finished = true;
    w->done = error;
}

static void steps_run_in_order_and_wait_at_least_as_long_as_asked(void **state)
{
    struct world *w = *state;
    struct fake f = fake_port(w);
    const struct pm_step steps[] = {{3, 1, 1500}, {1, 0, 0}, {2, 2, 300}, {0, 0, 200}, {4, 4, 0}};
    assert_int_equal(pm_port_run_steps(&f.port, steps, 5, on_done, w), 0);
    assert_false(w->finished); /* never from inside the call */
    assert_int_equal(pm_port_set_signals(&f.port, 1, 1), -EBUSY);
    assert_int_equal(pm_port_run_steps(&f.port, steps, 1, on_done, w), -EBUSY);
    RUN_UNTIL(w->finished);
    assert_int_equal(w->done, 0);
    assert_int_equal(f.n_log, 4);
    assert_int_equal(f.log[0], 0x301);
    assert_int_equal(f.log[1], 0x100);
    assert_int_equal(f.log[2], 0x202);
    assert_int_equal(f.log[3], 0x404);
    assert_true(f.at[1].us - f.at[0].us >= 1500);
    assert_true(f.at[3].us - f.at[2].us >= 500);
    assert_int_equal(pm_port_set_signals(&f.port, 0xff, 1), 0);
    assert_int_equal(f.log[4], 0x701); /* only what is ours to set */
}

/* G09 */
static void steps_have_bounds_and_end_with_the_port(void **state)
{
    struct world *w = *state;
    struct fake f = fake_port(w);
    struct pm_step steps[PM_STEPS_MAX + 1] = {{1, 1, 0}};
    assert_int_equal(pm_port_run_steps(&f.port, steps, PM_STEPS_MAX + 1, on_done, w), -EINVAL);
    steps[0].wait_us = PM_STEPS_US_MAX + 1;
    assert_int_equal(pm_port_run_steps(&f.port, steps, 1, on_done, w), -EINVAL);
    steps[0].wait_us = steps[1].wait_us = UINT32_MAX;
    assert_int_equal(pm_port_run_steps(&f.port, steps, 2, on_done, w), -EINVAL);
    assert_int_equal(f.n_log, 0);
    steps[0].wait_us = PM_STEPS_US_MAX;
    assert_int_equal(pm_port_run_steps(&f.port, steps, 1, on_done, w), 0);
    pm_port_close(&f.port);
    assert_true(w->finished);
    assert_int_equal(w->done, -ECANCELED);
}

static void fault_of_a_step_ends_the_sequence(void **state)
{
    struct world *w = *state;
    struct fake f = fake_port(w);
    const struct pm_step steps[] = {{1, 1, 100}, {1, 0, 100}, {1, 1, 100}};
    f.error = -EIO;
    assert_int_equal(pm_port_run_steps(&f.port, steps, 3, on_done, w), -EIO);
    f.error = 0;
    assert_int_equal(pm_port_run_steps(&f.port, steps, 3, on_done, w), 0);
    f.error = -EIO;
    RUN_UNTIL(w->finished);
    assert_int_equal(w->done, -EIO);
    assert_int_equal(f.n_log, 3); /* the failed attempt, and two of the second */
}

static void line_changes_after_the_last_byte_and_before_the_next(void **state)
{
    struct world *w = *state;
    struct fake f = fake_port(w);
    struct pm_port_settings settings = pm_port_defaults();
    assert_int_equal(pm_port_write(&f.port, "12345", 5), 5);
    assert_int_equal(pm_port_configure(&f.port, &settings, on_done, w), 0);
    assert_int_equal(pm_port_configure(&f.port, &settings, on_done, w), -EBUSY);
    assert_int_equal(pm_port_write(&f.port, "later", 5), 0);
    while (!w->finished) {
        assert_true(f.pending > 0 || !f.configured);
        uv_run(&w->loop.uv, UV_RUN_ONCE);
    }
    assert_int_equal(f.pending, 0);
    assert_int_equal(w->done, 0);
    assert_int_equal(f.port.settings.baud_rate, 57143); /* G04: what the driver made of it */
    assert_int_equal(w->writable, 1);
    assert_int_equal(pm_port_write(&f.port, "later", 5), 5);
}

static void device_that_takes_nothing_does_not_hold_a_change_up(void **state)
{
    struct world *w = *state;
    struct fake f = fake_port(w);
    struct pm_port_settings settings = pm_port_defaults();
    f.pending = SIZE_MAX;
    assert_int_equal(pm_port_configure(&f.port, &settings, on_done, w), 0);
    RUN_UNTIL(w->finished);
    assert_true(f.configured);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_the_expected_device_is_opened),
        TEST(bytes_that_a_terminal_for_people_tampered_with_are_not_delivered),
        TEST(hanging_up_is_told_once_even_while_paused),
        TEST(paused_port_reads_nothing_and_then_all),
        TEST(closing_never_blocks_and_the_port_opens_again_at_once),
        TEST(steps_run_in_order_and_wait_at_least_as_long_as_asked),
        TEST(steps_have_bounds_and_end_with_the_port),
        TEST(fault_of_a_step_ends_the_sequence),
        TEST(line_changes_after_the_last_byte_and_before_the_next),
        TEST(device_that_takes_nothing_does_not_hold_a_change_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
