/* access_audit_test.c - limits that are met are noted once a minute, each by itself, with how often it was; and what is
 * written of a flood. */
#include "access/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct place {
    char folder[64];
    struct pm_audit audit;
    char text[64 * 1024];
};

static int begin(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    snprintf(p->folder, sizeof(p->folder), "/tmp/pm-audit-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    pm_audit_open(&p->audit, p->folder);
    assert_true(p->audit.fd >= 0);
    *state = p;
    return 0;
}

static int end(void **state)
{
    struct place *p = *state;
    pm_audit_close(&p->audit);
    remove(p->audit.path);
    remove(p->folder);
    free(p);
    return 0;
}

static const char *written(struct place *p)
{
    p->text[pm_audit_tail(&p->audit, p->text, sizeof(p->text) - 1)] = 0;
    return p->text;
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

static void once_a_minute_for_each(void **state)
{
    struct place *p = *state;
    for (int i = 0; i < 5; i++)
        pm_audit_limit(&p->audit, "head-too-large", 1000);
    pm_audit_limit(&p->audit, "busy", -1);
    assert_int_equal(count(written(p), "\"kind\":\"limit_hit\""), 2);
    assert_int_equal(count(p->text, "\"result\":\"head-too-large\",\"uid\":1000"), 1);
    for (size_t i = 0; i < PM_AUDIT_LIMITS; i++)
        p->audit.limits[i].second -= PM_AUDIT_LIMIT_S;
    pm_audit_limit(&p->audit, "head-too-large", 1000);
    pm_audit_limit(&p->audit, "busy", -1);
    assert_int_equal(count(written(p), "\"kind\":\"limit_hit\""), 4);
    assert_int_equal(count(p->text, "head-too-large (and 4 times before)"), 1);
    assert_int_equal(count(p->text, "\"result\":\"busy\"}"), 2);
}

static void more_kinds_than_places(void **state)
{
    static char names[PM_AUDIT_LIMITS + 4][16];
    struct place *p = *state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(names[i], sizeof(names[i]), "limit-%zu", i);
        pm_audit_limit(&p->audit, names[i], -1);
    }
    assert_int_equal(count(written(p), "\"kind\":\"limit_hit\""), PM_AUDIT_LIMITS + 4);
    pm_audit_limit(&p->audit, names[PM_AUDIT_LIMITS + 3], -1);
    assert_int_equal(count(written(p), "\"kind\":\"limit_hit\""), PM_AUDIT_LIMITS + 4);
}

/* A test may cross into the next second, and on a very slow machine into more of them. */
static void a_flood_of_refusals_hides_nothing_else(void **state)
{
    enum { FLOOD = 1000, SECONDS = 5 };
    struct place *p = *state;
    char lost[32];
    for (int i = 0; i < FLOOD; i++)
        pm_audit(&p->audit, &(struct pm_audit_entry){.kind = i % 2 ? "host_refused" : "origin_refused", .uid = -1});
    unsigned refused = count(written(p), "_refused\"");
    assert_in_range(refused, PM_AUDIT_REFUSALS_A_SECOND, PM_AUDIT_REFUSALS_A_SECOND * SECONDS);
    pm_audit(&p->audit, &(struct pm_audit_entry){.kind = "grant_added", .uid = -1});
    const char *grant = strstr(written(p), "\"grant_added\"");
    assert_non_null(grant);
    snprintf(lost, sizeof(lost), "\"lost\":%u}", FLOOD - refused); /* it says how many are missing before it */
    assert_true(refused > PM_AUDIT_REFUSALS_A_SECOND || strstr(grant, lost));
    for (int i = 0; i < FLOOD; i++)
        pm_audit(&p->audit, &(struct pm_audit_entry){.kind = "device_open", .uid = -1});
    assert_in_range(count(written(p), "device_open"), 1, PM_AUDIT_A_SECOND * SECONDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(once_a_minute_for_each, begin, end),
        cmocka_unit_test_setup_teardown(more_kinds_than_places, begin, end),
        cmocka_unit_test_setup_teardown(a_flood_of_refusals_hides_nothing_else, begin, end),
    };
    return cmocka_run_group_tests_name("access/audit", tests, NULL, NULL);
}
