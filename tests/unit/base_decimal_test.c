/* base_decimal_test.c - numbers as text. */
#include "base/decimal.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void digits_are_those_of_printf(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 1, 9, 10, 99, 100, 12345678901234567890u, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char ours[PM_DECIMAL_MAX + 1], expected[32];
        size_t n = pm_decimal(ours, values[i]);
        assert_true(n <= PM_DECIMAL_MAX);
        ours[n] = 0;
        snprintf(expected, sizeof(expected), "%" PRIu64, values[i]);
        assert_string_equal(ours, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(digits_are_those_of_printf)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
