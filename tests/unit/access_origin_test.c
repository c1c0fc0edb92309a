/* access_origin_test.c - names that are ours and origins that are let in. B03 and B07 are rows of the hostile input
 * matrix. */
#include "access/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void only_our_own_names_are_served(void **state)
{
    (void)state;
    static const char *const good[] = {"localhost:3000", "LOCALHOST:3000", "127.0.0.1:3000", "[::1]:3000", "localhost"};
    static const char *const bad[] = {"",
                                      "evil.example:3000",
                                      "localhost:3001",
                                      "localhost.",
                                      "localhost.:3000",
                                      "localhost.evil.example:3000",
                                      "0.0.0.0:3000",
                                      "[::]:3000",
                                      "2130706433:3000",
                                      "127.1:3000",
                                      "user@localhost:3000",
                                      "foo.localhost:3000",
                                      "localhost:",
                                      "localhost:3000a",
                                      "localhost:300000000"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(pm_access_host(good[i], strlen(good[i]), 3000));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (pm_access_host(bad[i], strlen(bad[i]), 3000))
            fail_msg("%s", bad[i]);
    }
}

static void only_known_origins_are_let_in(void **state)
{
    (void)state;
    struct pm_access a = {.allowed = {"https://app.example"}, .n_allowed = 1};
    static const char *const good[] = {"",
                                       "http://localhost:5173",
                                       "http://127.0.0.1:3000",
                                       "https://[::1]:8443",
                                       "http://localhost",
                                       "https://app.example",
                                       "HTTPS://APP.EXAMPLE"};
    static const char *const bad[] = {"null",
                                      "http://app.example",
                                      "https://app.example:444",
                                      "https://sub.app.example",
                                      "https://example",
                                      "https://app.example.evil",
                                      "https://evilapp.example",
                                      "https://app.example.",
                                      "https://user@app.example",
                                      "https://app.example/path",
                                      "http://localhost.evil.example",
                                      "http://localhost:99999",
                                      "ftp://localhost",
                                      "localhost"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(pm_access_origin(&a, good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (pm_access_origin(&a, bad[i], strlen(bad[i])))
            fail_msg("%s", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_our_own_names_are_served),
        cmocka_unit_test(only_known_origins_are_let_in),
    };
    return cmocka_run_group_tests_name("access/origin", tests, NULL, NULL);
}
