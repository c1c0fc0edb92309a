/* base_spare_test.c - memory that is used again, within bounds. */
#include "base/spare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void what_was_given_back_is_used_again(void **state)
{
    (void)state;
    struct pm_spare s = {0};
    static const size_t sizes[] = {1, 63, 64, 65, 1000, 4096, 65536 + 200, 131072, 131073, 1000000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *p = pm_spare_take(&s, sizes[i]);
        assert_non_null(p);
        memset(p, 0x55, sizes[i]); /* all of it is there, as a sanitizer would tell */
        pm_spare_give(&s, p, sizes[i]);
        if (sizes[i] > 131072)
            continue;
        char *again = pm_spare_take(&s, sizes[i]);
        assert_ptr_equal(again, p);
        pm_spare_give(&s, again, sizes[i]);
    }
    pm_spare_give(&s, NULL, 10);
    pm_spare_fini(&s);
}

static void no_more_is_kept_than_the_bound(void **state)
{
    (void)state;
    struct pm_spare s = {0};
    static void *pieces[200];
    for (size_t n = 64; n <= 131072; n *= 2) {
        for (size_t i = 0; i < 200; i++)
            pieces[i] = pm_spare_take(&s, n);
        for (size_t i = 0; i < 200; i++)
            pm_spare_give(&s, pieces[i], n);
    }
    for (unsigned i = 0; i < PM_SPARE_CLASSES; i++) {
        assert_in_range(s.n[i], 1, 64);
        assert_true(s.n[i] * ((size_t)64 << i) <= 262144);
    }
    pm_spare_fini(&s);
    for (unsigned i = 0; i < PM_SPARE_CLASSES; i++)
        assert_int_equal(s.n[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_given_back_is_used_again),
        cmocka_unit_test(no_more_is_kept_than_the_bound),
    };
    return cmocka_run_group_tests_name("base/spare", tests, NULL, NULL);
}
