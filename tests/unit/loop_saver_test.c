/* loop_saver_test.c - a file that is kept up to date by a worker thread. */
#include "loop/saver.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct run {
    struct pm_loop loop;
    struct pm_saver saver;
    unsigned told;
    int error;
    bool closed;
};

static void on_saved(void *owner, int error)
{
    struct run *r = owner;
    r->told++;
    r->error = error;
    pm_loop_stop(&r->loop);
}

static void on_closed(void *owner)
{
    ((struct run *)owner)->closed = true;
}

static void put(struct run *r, const char *text)
{
    struct pm_bytes b = pm_bytes_empty(1000);
    assert_int_equal(pm_bytes_append(&b, text, strlen(text)), 0);
    pm_saver_put(&r->saver, &b);
    assert_int_equal(b.n, 0);
}

static void end(struct run *r)
{
    pm_saver_close(&r->saver, on_closed);
    pm_loop_fini(&r->loop);
    assert_true(r->closed);
}

static void assert_holds(const char *path, const char *expect)
{
    struct pm_bytes b;
    assert_int_equal(pm_file_read(path, 1000, &b), 0);
    assert_int_equal(b.n, strlen(expect));
    assert_memory_equal(b.p, expect, b.n);
    pm_bytes_fini(&b);
    unlink(path);
}

static void begin(struct run *r, const char *path)
{
    *r = (struct run){0};
    assert_int_equal(pm_loop_init(&r->loop), 0);
    pm_saver_init(&r->saver, &r->loop, path, on_saved, r);
}

static void newest_contents_win(void **state)
{
    struct run r;
    (void)state;
    begin(&r, "saver-test.json");
    put(&r, "one");
    put(&r, "two");
    put(&r, "three");
    pm_loop_run(&r.loop);
    assert_int_equal(r.error, 0);
    end(&r);
    assert_holds("saver-test.json", "three");
}

static void what_was_put_is_written_at_the_end(void **state)
{
    struct run r;
    (void)state;
    begin(&r, "saver-end.json");
    put(&r, "one");
    put(&r, "two");
    end(&r);
    assert_int_equal(r.told, 0);
    assert_holds("saver-end.json", "two");
}

static void error_is_told_and_what_comes_next_is_tried(void **state)
{
    struct run r;
    (void)state;
    begin(&r, "saver-none/file.json");
    put(&r, "one");
    pm_loop_run(&r.loop);
    assert_int_equal(r.error, -ENOENT);
    put(&r, "two");
    pm_loop_run(&r.loop);
    assert_int_equal(r.told, 2);
    end(&r);
}

static void nothing_put_leaves_nothing(void **state)
{
    struct run r;
    (void)state;
    begin(&r, "saver-nothing.json");
    end(&r);
    assert_int_equal(access("saver-nothing.json", F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_contents_win),
        cmocka_unit_test(what_was_put_is_written_at_the_end),
        cmocka_unit_test(error_is_told_and_what_comes_next_is_tried),
        cmocka_unit_test(nothing_put_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
