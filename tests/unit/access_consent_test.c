/* access_consent_test.c - questions to the person: how many, how often, and how they end. Numbers as B19 are rows of
 * the list of hostile inputs. */
#include "access/consent.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define APP "https://app.example"

struct waiting {
    struct pm_consent_waiter waiter;
    int ended;                 /* -1: not yet */
    struct pm_consent *leaves; /* not NULL: this one takes `other` along */
    struct waiting *other;
};

static void on_waiter_end(struct pm_consent_waiter *w, const struct pm_consent_request *r, enum pm_consent_end end)
{
    struct waiting *waiting = (struct waiting *)w;
    assert_non_null(r);
    waiting->ended = (int)end;
    if (waiting->leaves)
        pm_consent_leave(waiting->leaves, &waiting->other->waiter);
}

static void on_end(void *owner, const struct pm_consent_request *r, enum pm_consent_end end)
{
    assert_non_null(r);
    *(int *)owner = (int)end;
}

static struct pm_mono at(int64_t seconds)
{
    return (struct pm_mono){1 + seconds * 1000000};
}

static int ask(struct pm_consent *c, const char *origin, int64_t when, struct pm_consent_request **ret)
{
    struct pm_consent_wish wish = {.origin = origin, .capabilities = 1};
    return pm_consent_ask(c, &wish, at(when), ret);
}

static void wait_in(struct pm_consent_request *r, struct waiting *w)
{
    *w = (struct waiting){.waiter.on_end = on_waiter_end, .ended = -1};
    pm_consent_wait(r, &w->waiter);
}

static void one_question_for_all_pages_of_an_origin(void **state)
{
    struct pm_consent c;
    struct pm_consent_request *first, *second;
    struct waiting a, b;
    int end = -1;
    (void)state;
    pm_consent_init(&c, on_end, &end);
    assert_int_equal(ask(&c, APP, 0, &first), 0);
    wait_in(first, &a);
    assert_int_equal(ask(&c, APP, 1, &second), 1);
    assert_ptr_equal(first, second);
    wait_in(second, &b);
    assert_ptr_equal(pm_consent_find(&c, first->id), first);
    pm_consent_end(&c, first, PM_CONSENT_APPROVED, at(2));
    assert_int_equal(end, PM_CONSENT_APPROVED);
    assert_int_equal(a.ended, PM_CONSENT_APPROVED);
    assert_int_equal(b.ended, PM_CONSENT_APPROVED);
    assert_int_equal(c.n, 0);
    pm_consent_fini(&c);
}

/* B22 */
static void a_question_ends_with_the_last_who_waits(void **state)
{
    struct pm_consent c;
    struct pm_consent_request *r;
    struct waiting a, b;
    int end = -1;
    (void)state;
    pm_consent_init(&c, on_end, &end);
    assert_int_equal(ask(&c, APP, 0, &r), 0);
    wait_in(r, &a);
    wait_in(r, &b);
    pm_consent_leave(&c, &a.waiter);
    assert_int_equal(c.n, 1);
    pm_consent_leave(&c, &b.waiter);
    assert_int_equal(end, PM_CONSENT_LEFT);
    assert_int_equal(c.n, 0);
    assert_int_equal(b.ended, -1);

    assert_int_equal(ask(&c, APP, 1, &r), 0);
    r->unattended = true; /* the page does not wait, but the person may answer */
    wait_in(r, &a);
    pm_consent_leave(&c, &a.waiter);
    assert_int_equal(c.n, 1);
    pm_consent_fini(&c);
}

static void whoever_is_told_may_take_another_along(void **state)
{
    struct pm_consent c;
    struct pm_consent_request *r;
    struct waiting a, b;
    int end = -1;
    (void)state;
    pm_consent_init(&c, on_end, &end);
    assert_int_equal(ask(&c, APP, 0, &r), 0);
    wait_in(r, &a);
    wait_in(r, &b);
    a.leaves = &c;
    a.other = &b;
    pm_consent_end(&c, r, PM_CONSENT_DENIED, at(1));
    assert_int_equal(a.ended, PM_CONSENT_DENIED);
    assert_int_equal(b.ended, -1);
    assert_int_equal(end, PM_CONSENT_DENIED);
    assert_int_equal(c.n, 0);
    pm_consent_fini(&c);
}

/* B21 */
static void silence_ends_it_too(void **state)
{
    struct pm_consent c;
    struct pm_consent_request *r;
    struct waiting a;
    struct pm_mono next;
    int end = -1;
    (void)state;
    pm_consent_init(&c, on_end, &end);
    assert_false(pm_consent_expire(&c, at(0), &next));
    assert_int_equal(ask(&c, APP, 0, &r), 0);
    wait_in(r, &a);
    assert_true(pm_consent_expire(&c, at(119), &next));
    assert_int_equal(next.us, at(120).us);
    assert_false(pm_consent_expire(&c, at(120), &next));
    assert_int_equal(a.ended, PM_CONSENT_TIMEOUT);
    assert_int_equal(ask(&c, APP, 121, &r), 0); /* it was no answer: the page may ask again */
    pm_consent_fini(&c);
    assert_int_equal(end, PM_CONSENT_LEFT);
}

/* B21: a no is a no for a while, and three are one for a day. */
static void a_no_holds(void **state)
{
    struct pm_consent c;
    struct pm_consent_request *r;
    int end = -1;
    int64_t when = 0;
    (void)state;
    pm_consent_init(&c, on_end, &end);
    for (int i = 0; i < PM_CONSENT_DENIALS; i++) {
        assert_int_equal(ask(&c, APP, when, &r), 0);
        pm_consent_end(&c, r, PM_CONSENT_DENIED, at(when));
        assert_int_equal(ask(&c, APP, when + 59, &r), -EACCES);
        assert_true(pm_consent_is_quiet(&c, APP, at(when + 59)));
        assert_int_equal(ask(&c, "https://other.example", when, &r), 0);
        pm_consent_end(&c, r, PM_CONSENT_APPROVED, at(when));
        when += 61;
    }
    assert_int_equal(ask(&c, APP, when, &r), -EACCES);
    assert_int_equal(ask(&c, APP, when + 23 * 3600, &r), -EACCES);
    assert_int_equal(ask(&c, APP, when + 24 * 3600, &r), 0);
    pm_consent_fini(&c);
}

/* B23 */
static void questions_are_bounded(void **state)
{
    struct pm_consent c;
    struct pm_consent_request *r;
    char origin[40];
    int end = -1;
    (void)state;
    pm_consent_init(&c, on_end, &end);
    for (int i = 0; i < 9; i++) {
        snprintf(origin, sizeof(origin), "https://p%d.example", i);
        assert_int_equal(ask(&c, origin, 0, &r), i < 8 ? 0 : -EBUSY);
    }
    pm_consent_fini(&c);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(ask(&c, APP, i, &r), i < 3 ? 0 : -EBUSY);
        if (i < 3)
            pm_consent_end(&c, r, PM_CONSENT_LEFT, at(i));
    }
    assert_int_equal(ask(&c, APP, 60, &r), 0);
    pm_consent_fini(&c);
    for (int i = 0; i < 1000; i++) { /* what is remembered is bounded too */
        snprintf(origin, sizeof(origin), "https://q%d.example", i);
        assert_int_equal(ask(&c, origin, 100 + i, &r), 0);
        pm_consent_end(&c, r, PM_CONSENT_LEFT, at(100 + i));
    }
    assert_int_equal(c.n_past, PM_CONSENT_ORIGINS);
    pm_consent_fini(&c);
}

/* B24 */
static void a_reason_is_one_harmless_line(void **state)
{
    static const char words[] = "Read\nthe \x1b[31mscale\xe2\x80\xae <b>now</b>\xff";
    struct pm_consent c;
    struct pm_consent_request *r;
    int end = -1;
    char *much = malloc(1000000);
    (void)state;
    assert_non_null(much);
    memset(much, 'x', 1000000);
    pm_consent_init(&c, on_end, &end);
    struct pm_consent_wish wish = {.origin = APP, .reason = words, .reason_n = sizeof(words) - 1};
    assert_int_equal(pm_consent_ask(&c, &wish, at(0), &r), 0);
    assert_null(strpbrk(r->reason, "\n\x1b"));
    assert_null(strstr(r->reason, "\xe2\x80\xae"));
    assert_non_null(strstr(r->reason, "<b>now</b>"));
    pm_consent_fini(&c);
    wish.reason = much;
    wish.reason_n = 1000000;
    assert_int_equal(pm_consent_ask(&c, &wish, at(0), &r), 0);
    assert_int_equal(strlen(r->reason), 120);
    pm_consent_fini(&c);
    free(much);
}

static void filters_name_devices(void **state)
{
    static const struct pm_consent_filter filters[] = {{0x2341, 0x43}, {0x1a86, -1}};
    struct pm_consent c;
    struct pm_consent_request *r;
    int end = -1;
    (void)state;
    pm_consent_init(&c, on_end, &end);
    struct pm_consent_wish wish = {.origin = APP, .filters = filters, .n_filters = 2, .chooser = true};
    assert_int_equal(pm_consent_ask(&c, &wish, at(0), &r), 0);
    assert_true(pm_consent_fits(r, 0x2341, 0x43));
    assert_false(pm_consent_fits(r, 0x2341, 0x42));
    assert_true(pm_consent_fits(r, 0x1a86, 0x7523));
    assert_false(pm_consent_fits(r, -1, -1));
    assert_int_equal(pm_consent_ask(&c, &wish, at(0), &r), -EBUSY); /* a chooser is for one call */
    pm_consent_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_question_for_all_pages_of_an_origin),
        cmocka_unit_test(a_question_ends_with_the_last_who_waits),
        cmocka_unit_test(whoever_is_told_may_take_another_along),
        cmocka_unit_test(silence_ends_it_too),
        cmocka_unit_test(a_no_holds),
        cmocka_unit_test(questions_are_bounded),
        cmocka_unit_test(a_reason_is_one_harmless_line),
        cmocka_unit_test(filters_name_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
