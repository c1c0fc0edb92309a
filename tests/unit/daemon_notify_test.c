/* daemon_notify_test.c - text in a notification means nothing as markup, and is never cut within what stands for a
 * character. */
#include "daemon/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_markup_is_text(void **state)
{
    static const struct {
        const char *text, *escaped;
        size_t room;
    } rows[] = {
        {"https://app.example", "https://app.example", 64},
        {"<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;", 64},
        {"a<b", "a&lt;b", 7},
        {"a<b", "a&lt;", 6},
        {"a<b", "a", 5}, /* "&lt;" and the end do not fit */
        {"<", "", 1},
    };
    char out[64];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pm_notify_escape(rows[i].text, out, rows[i].room);
        assert_string_equal(out, rows[i].escaped);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_markup_is_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
