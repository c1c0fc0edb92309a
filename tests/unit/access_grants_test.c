/* access_grants_test.c - grants: whom they cover, when they end, and the file that keeps them. */
#include "access/grants.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define APP   "https://app.example"
#define OTHER "https://other.example"
#define UNO   "usb-2341:0043-7573530393-00"
#define MEGA  "usb-2341:0042-1-00"

enum { NOW = 1800000000 };

static const struct pm_grant_wish usual = {
    .origin = APP, .device = UNO, .capabilities = PM_MAY_USE | PM_MAY_CONTROL, .duration = PM_GRANT_ALWAYS};

static struct pm_grant *add(struct pm_grants *g, struct pm_grant_wish wish, int64_t now)
{
    struct pm_grant *grant;
    assert_int_equal(pm_grants_add(g, &wish, now, &grant), 0);
    return grant;
}

static unsigned cover(const struct pm_grants *g, const char *origin, const char *device)
{
    bool shared;
    return pm_grants_cover(g, origin, device, &shared);
}

static unsigned expire(struct pm_grants *g, int64_t now, int64_t *ret_next)
{
    unsigned count = 0;
    for (const struct pm_grant *over; (over = pm_grants_over(g, now)); count++) {
        struct pm_grant copy = *over;
        assert_int_equal(pm_grants_end(g, &(struct pm_grant_match){.id = copy.id}), 1);
    }
    *ret_next = pm_grants_next_end(g);
    return count;
}

static void a_grant_is_for_one_origin_and_device(void **state)
{
    struct pm_grants g;
    bool shared;
    (void)state;
    pm_grants_init(&g);
    assert_false(pm_grants_know(&g, APP));
    add(&g, usual, NOW);
    assert_int_equal(cover(&g, APP, UNO), PM_MAY_USE | PM_MAY_CONTROL);
    assert_int_equal(cover(&g, APP, MEGA), 0);
    assert_int_equal(cover(&g, OTHER, UNO), 0);
    assert_int_equal(cover(&g, "http://app.example", UNO), 0);
    assert_true(pm_grants_know(&g, APP));
    assert_false(pm_grants_know(&g, OTHER));

    struct pm_grant_wish all = usual;
    all.device = "*";
    all.capabilities = PM_MAY_FIRMWARE;
    all.shared = true;
    add(&g, all, NOW);
    assert_int_equal(pm_grants_cover(&g, APP, UNO, &shared), PM_MAY_ALL);
    assert_true(shared);
    assert_int_equal(cover(&g, APP, MEGA), PM_MAY_FIRMWARE);
    pm_grants_fini(&g);
}

static void a_second_grant_replaces_the_first(void **state)
{
    struct pm_grants g;
    (void)state;
    pm_grants_init(&g);
    char id[PM_GRANT_ID + 1];
    memcpy(id, add(&g, usual, NOW)->id, sizeof(id));
    struct pm_grant_wish less = usual;
    less.capabilities = PM_MAY_USE;
    struct pm_grant *again = add(&g, less, NOW + 5);
    assert_int_equal(g.n, 1);
    assert_string_equal(again->id, id);
    assert_int_equal(cover(&g, APP, UNO), PM_MAY_USE);
    pm_grants_fini(&g);
}

static void a_second_grant_shortens_nothing(void **state)
{
    struct pm_grants g;
    struct pm_grant_wish once = usual, day = usual;
    (void)state;
    pm_grants_init(&g);
    once.duration = PM_GRANT_ONCE;
    day.duration = PM_GRANT_ONE_DAY;
    assert_int_equal(add(&g, day, NOW)->duration, PM_GRANT_ONE_DAY);
    assert_int_equal(add(&g, usual, NOW)->duration, PM_GRANT_ALWAYS);
    assert_int_equal(add(&g, once, NOW)->duration, PM_GRANT_ALWAYS);
    assert_int_equal(pm_grants_next_end(&g), NOW + PM_GRANT_UNUSED);
    pm_grants_fini(&g);
}

static void an_option_stands_beside_what_the_person_allowed(void **state)
{
    struct pm_grants g;
    struct pm_grant_wish option = usual;
    (void)state;
    pm_grants_init(&g);
    add(&g, usual, NOW);
    option.duration = PM_GRANT_SESSION;
    option.by = PM_BY_OPTION;
    char id[PM_GRANT_ID + 1];
    memcpy(id, add(&g, option, NOW)->id, sizeof(id));
    assert_int_equal(g.n, 2);
    assert_string_equal(add(&g, option, NOW)->id, id);
    assert_int_equal(pm_grants_end(&g, &(struct pm_grant_match){.id = id}), 1);
    const struct pm_grant *left = pm_grants_first(&g, &(struct pm_grant_match){.origin = APP});
    assert_non_null(left);
    assert_int_equal(left->duration, PM_GRANT_ALWAYS);
    pm_grants_fini(&g);
}

static void there_are_not_more_than_so_many(void **state)
{
    struct pm_grants g;
    char device[32];
    struct pm_grant *grant;
    struct pm_grant_wish wish = usual;
    (void)state;
    pm_grants_init(&g);
    wish.device = device;
    for (int i = 0; i < PM_GRANTS_MAX; i++) {
        snprintf(device, sizeof(device), "usb-%d", i);
        add(&g, wish, NOW);
    }
    snprintf(device, sizeof(device), "usb-more");
    assert_int_equal(pm_grants_add(&g, &wish, NOW, &grant), -ENOSPC);
    pm_grants_fini(&g);
}

static void grants_end_in_time(void **state)
{
    struct pm_grants g;
    int64_t next;
    struct pm_grant_wish day = usual, session = usual;
    (void)state;
    pm_grants_init(&g);
    day.duration = PM_GRANT_ONE_DAY;
    day.device = MEGA;
    session.duration = PM_GRANT_SESSION;
    session.origin = OTHER;
    add(&g, usual, NOW);
    add(&g, day, NOW);
    add(&g, session, NOW);
    assert_int_equal(expire(&g, NOW + PM_GRANT_DAY - 1, &next), 0);
    assert_int_equal(next, NOW + PM_GRANT_DAY);
    pm_grants_used(&g, APP, MEGA, NOW + PM_GRANT_DAY - 1); /* a day is a day, used or not */
    assert_int_equal(expire(&g, NOW + PM_GRANT_DAY, &next), 1);
    assert_int_equal(cover(&g, APP, MEGA), 0);
    assert_int_equal(next, NOW + PM_GRANT_UNUSED);

    int64_t used = NOW + PM_GRANT_UNUSED - 10;
    uint64_t changes = g.changes;
    pm_grants_used(&g, APP, UNO, used);
    pm_grants_used(&g, APP, UNO, used + 1);
    assert_int_equal(g.changes, changes + 1); /* not a write to the disk for each use */
    assert_int_equal(expire(&g, NOW + PM_GRANT_UNUSED, &next), 0);
    assert_int_equal(expire(&g, used + 1 + PM_GRANT_UNUSED, &next), 1);
    assert_int_equal(cover(&g, OTHER, UNO), PM_MAY_USE | PM_MAY_CONTROL);
    assert_int_equal(next, 0);
    pm_grants_fini(&g);
}

static bool is_here(void *owner, const char *origin)
{
    (void)origin;
    return *(bool *)owner;
}

static void once_ends_when_nobody_asks_any_more(void **state)
{
    struct pm_grants g;
    struct pm_mono start = {1000000}, end = pm_mono_add_ms(start, PM_GRANT_IDLE_S * 1000),
                   before = pm_mono_add_ms(end, -1);
    struct pm_grant_wish wish = usual;
    bool here = false;
    (void)state;
    pm_grants_init(&g);
    add(&g, wish, NOW);
    wish.device = MEGA;
    wish.duration = PM_GRANT_ONCE;
    struct pm_grant *once = add(&g, wish, NOW);
    pm_grants_seen(&g, APP, start);
    assert_null(pm_grants_idle(&g, before, is_here, &here));
    assert_ptr_equal(pm_grants_idle(&g, end, is_here, &here), once);
    here = true;
    assert_null(pm_grants_idle(&g, end, is_here, &here));
    here = false;
    pm_grants_seen(&g, OTHER, end);
    assert_ptr_equal(pm_grants_idle(&g, end, is_here, &here), once);
    pm_grants_seen(&g, APP, end);
    assert_null(pm_grants_idle(&g, end, is_here, &here));
    pm_grants_fini(&g);
}

/* I13: a day is a day. */
static void time_goes_on_although_the_clock_was_ahead(void **state)
{
    enum { YEAR = 365 * 24 * 3600, DAY = PM_GRANT_DAY };
    struct pm_grants g;
    struct pm_mono start = {1000000}, later = {1000000 + (int64_t)(DAY - 1) * 1000000},
                   end = {1000000 + (int64_t)DAY * 1000000};
    struct pm_grant_wish wish = usual;
    int64_t next;
    (void)state;
    wish.duration = PM_GRANT_ONE_DAY;
    pm_grants_init(&g);
    g.clock = NOW + YEAR; /* as a file says that was written by a clock a year ahead */
    add(&g, wish, pm_grants_now(&g, NOW, start));
    assert_int_equal(expire(&g, pm_grants_now(&g, NOW + DAY - 1, later), &next), 0);
    assert_int_equal(expire(&g, pm_grants_now(&g, NOW + DAY, end), &next), 1);
    assert_int_equal(pm_grants_now(&g, NOW + 2 * (int64_t)YEAR, end), NOW + 2 * (int64_t)YEAR);
    pm_grants_fini(&g);
}

/* I13: what was over stays over. */
static void a_clock_set_back_revives_nothing(void **state)
{
    struct pm_grants g;
    int64_t next;
    struct pm_grant_wish day = usual;
    (void)state;
    pm_grants_init(&g);
    day.duration = PM_GRANT_ONE_DAY;
    add(&g, day, NOW);
    pm_grants_used(&g, OTHER, UNO, NOW + PM_GRANT_DAY); /* time was seen to be so late */
    assert_int_equal(expire(&g, NOW - 10 * 365 * PM_GRANT_DAY, &next), 1);
    pm_grants_fini(&g);
}

static void grants_are_ended_by_what_is_named(void **state)
{
    struct pm_grants g;
    struct pm_grant_wish once = usual, plugged = usual, other = usual;
    (void)state;
    pm_grants_init(&g);
    once.duration = PM_GRANT_ONCE;
    once.device = MEGA;
    plugged.device = "usb-1a86:7523@1-1-00";
    plugged.until_unplug = true;
    other.origin = OTHER;
    add(&g, usual, NOW);
    add(&g, once, NOW);
    add(&g, plugged, NOW);
    char id[PM_GRANT_ID + 1];
    memcpy(id, add(&g, other, NOW)->id, sizeof(id));
    assert_int_equal(pm_grants_end(&g, &(struct pm_grant_match){.origin = OTHER, .once = true}), 0);
    assert_int_equal(pm_grants_end(&g, &(struct pm_grant_match){.origin = APP, .once = true}), 1);
    assert_int_equal(pm_grants_end(&g, &(struct pm_grant_match){.device = UNO, .until_unplug = true}), 0);
    assert_int_equal(pm_grants_end(&g, &(struct pm_grant_match){.device = plugged.device, .until_unplug = true}), 1);
    assert_int_equal(pm_grants_end(&g, &(struct pm_grant_match){.id = "g_000000000000"}), 0);
    assert_int_equal(pm_grants_end(&g, &(struct pm_grant_match){.id = id}), 1);
    assert_int_equal(pm_grants_end(&g, &(struct pm_grant_match){0}), 1);
    assert_int_equal(g.n, 0);
    pm_grants_fini(&g);
}

/* ---- the file ---- */

static char *text_of(const struct pm_grants *g)
{
    struct pm_bytes bytes;
    assert_int_equal(pm_grants_write(g, &bytes), 0);
    assert_int_equal(pm_bytes_append(&bytes, "", 1), 0);
    return (char *)bytes.p;
}

static void the_file_keeps_what_outlives_a_run(void **state)
{
    struct pm_grants g, again;
    struct pm_grant_wish wish = usual;
    (void)state;
    pm_grants_init(&g);
    struct pm_grant *kept = add(&g, usual, NOW);
    wish.device = "*";
    wish.duration = PM_GRANT_ONE_DAY;
    wish.shared = true;
    wish.by = PM_BY_CLI;
    add(&g, wish, NOW);
    wish.origin = OTHER;
    wish.by = PM_BY_OPTION;
    add(&g, wish, NOW);
    wish.by = PM_BY_CLI;
    wish.device = MEGA;
    wish.until_unplug = true;
    add(&g, wish, NOW);
    wish = usual;
    wish.origin = OTHER;
    wish.duration = PM_GRANT_ONCE;
    add(&g, wish, NOW);
    char *text = text_of(&g);
    pm_grants_init(&again);
    assert_int_equal(pm_grants_read(&again, text, strlen(text)), 0);
    assert_int_equal(again.n, 2);
    assert_int_equal(again.clock, NOW);
    const struct pm_grant *first = pm_container(again.list.next, struct pm_grant, link);
    assert_string_equal(first->id, kept->id);
    assert_int_equal(first->expires, kept->expires);
    assert_int_equal(first->capabilities, kept->capabilities);
    char *twice = text_of(&again);
    assert_string_equal(text, twice);
    free(text);
    free(twice);
    pm_grants_fini(&g);
    pm_grants_fini(&again);
}

#define HEAD "{\"version\":1,\"clock\":\"2027-01-15T08:00:00Z\",\"grants\":["
#define GRANT(id, origin, device, capabilities, duration, expires)                                                     \
    "{\"id\":\"" id "\",\"origin\":\"" origin "\",\"device\":\"" device "\",\"capabilities\":[" capabilities           \
    "],\"duration\":\"" duration "\",\"shared\":false,\"created\":\"2027-01-15T08:00:00Z\",\"last_used\":"             \
    "\"2027-01-15T08:00:00Z\",\"expires\":\"" expires "\",\"by\":\"console\"}"
#define GOOD GRANT("g_7f3a9c0d2b61", APP, UNO, "\"serial\"", "always", "2027-02-20T10:05:00Z")

/* I04: anything that is not wholly ours is no permission at all. */
static void a_file_is_taken_whole_or_not(void **state)
{
    static const struct {
        const char *text;
        int result;
    } rows[] = {
        {HEAD GOOD "]}", 0},
        {HEAD "]}", 0},
        {"", -EBADMSG},
        {"{}", -EBADMSG},
        {"[]", -EBADMSG},
        {HEAD GOOD, -EBADMSG}, /* cut off */
        {HEAD GOOD "]} ]", -EBADMSG},
        {"{\"version\":2,\"anything\":true}", -ENOTSUP},
        {"{\"version\":0,\"clock\":\"2027-01-15T08:00:00Z\",\"grants\":[]}", -EBADMSG},
        {"{\"version\":1,\"clock\":\"2027-01-15T08:00:00Z\",\"grants\":[],\"more\":1}", -EBADMSG},
        {"{\"version\":1,\"version\":1,\"clock\":\"2027-01-15T08:00:00Z\",\"grants\":[]}", -EBADMSG},
        {"{\"version\":1,\"clock\":\"2027-01-15\",\"grants\":[]}", -EBADMSG},
        {"{\"version\":1,\"clock\":\"2027-02-30T08:00:00Z\",\"grants\":[]}", -EBADMSG},
        {HEAD GOOD "," GOOD "]}", -EBADMSG}, /* the same id twice */
        {HEAD GOOD "," GRANT("g_7f3a9c0d2b62", APP, UNO, "\"serial\"", "always", "2027-02-20T10:05:00Z") "]}",
         -EBADMSG},
        {HEAD GRANT("7f3a9c0d2b61", APP, UNO, "\"serial\"", "always", "2027-02-20T10:05:00Z") "]}", -EBADMSG},
        {HEAD GRANT("g_7f3a9c0d2b61", "*", UNO, "\"serial\"", "always", "2027-02-20T10:05:00Z") "]}", -EBADMSG},
        {HEAD GRANT("g_7f3a9c0d2b61", "https://APP.example", UNO, "\"serial\"", "always", "2027-02-20T10:05:00Z") "]}",
         -EBADMSG},
        {HEAD GRANT("g_7f3a9c0d2b61", "null", UNO, "\"serial\"", "always", "2027-02-20T10:05:00Z") "]}", -EBADMSG},
        {HEAD GRANT("g_7f3a9c0d2b61", APP, "", "\"serial\"", "always", "2027-02-20T10:05:00Z") "]}", -EBADMSG},
        {HEAD GRANT("g_7f3a9c0d2b61", APP, "a b", "\"serial\"", "always", "2027-02-20T10:05:00Z") "]}", -EBADMSG},
        {HEAD GRANT("g_7f3a9c0d2b61", APP, UNO, "", "always", "2027-02-20T10:05:00Z") "]}", -EBADMSG},
        {HEAD GRANT("g_7f3a9c0d2b61", APP, UNO, "\"root\"", "always", "2027-02-20T10:05:00Z") "]}", -EBADMSG},
        {HEAD GRANT("g_7f3a9c0d2b61", APP, UNO, "\"serial\",\"serial\"", "always", "2027-02-20T10:05:00Z") "]}",
         -EBADMSG},
        {HEAD GRANT("g_7f3a9c0d2b61", APP, UNO, "\"serial\"", "once", "2027-02-20T10:05:00Z") "]}", -EBADMSG},
        {HEAD GRANT("g_7f3a9c0d2b61", APP, UNO, "\"serial\"", "always", "never") "]}", -EBADMSG},
        {HEAD GRANT("g_7f3a9c0d2b61", APP, UNO, "\"serial\"", "always", "1970-01-01T00:00:00Z") "]}", -EBADMSG},
        {HEAD "null]}", -EBADMSG},
        {HEAD "{}]}", -EBADMSG},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pm_grants g;
        pm_grants_init(&g);
        int r = pm_grants_read(&g, rows[i].text, strlen(rows[i].text));
        if (r != rows[i].result)
            print_error("row %zu: %d, not %d\n", i, r, rows[i].result);
        assert_int_equal(r, rows[i].result);
        if (r < 0)
            assert_int_equal(g.n, 0);
        pm_grants_fini(&g);
    }
}

static void words_go_both_ways(void **state)
{
    char text[PM_TIME_TEXT];
    int64_t t;
    (void)state;
    assert_int_equal(pm_grant_capability_of("control"), PM_MAY_CONTROL);
    assert_int_equal(pm_grant_capability_of("everything"), 0);
    pm_time_write(NOW, text);
    assert_string_equal(text, "2027-01-15T08:00:00Z");
    assert_true(pm_time_read(text, &t));
    assert_int_equal(t, NOW);
    assert_false(pm_time_read("2027-01-15T08:00:00Zx", &t));
    assert_false(pm_time_read("1969-12-31T23:59:59Z", &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grant_is_for_one_origin_and_device),
        cmocka_unit_test(a_second_grant_replaces_the_first),
        cmocka_unit_test(a_second_grant_shortens_nothing),
        cmocka_unit_test(an_option_stands_beside_what_the_person_allowed),
        cmocka_unit_test(there_are_not_more_than_so_many),
        cmocka_unit_test(grants_end_in_time),
        cmocka_unit_test(once_ends_when_nobody_asks_any_more),
        cmocka_unit_test(time_goes_on_although_the_clock_was_ahead),
        cmocka_unit_test(a_clock_set_back_revives_nothing),
        cmocka_unit_test(grants_are_ended_by_what_is_named),
        cmocka_unit_test(the_file_keeps_what_outlives_a_run),
        cmocka_unit_test(a_file_is_taken_whole_or_not),
        cmocka_unit_test(words_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
