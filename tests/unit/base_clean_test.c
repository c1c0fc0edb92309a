/* base_clean_test.c - text from outside becomes one harmless line. B24, H11 and L02 are rows of the hostile input
 * matrix.
 */
#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void text_becomes_one_harmless_line(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t n, max;
        const char *out;
    } rows[] = {
        {"To read the scale", 17, 120, "To read the scale"},
        {"  a \t\r\n b  ", 11, 120, "a b"},
        {"a\x1b[31mred\x07", 10, 120, "a [31mred"},
        {"a\0b", 3, 120, "a b"},
        {"a\xc2\x9b"
         "b",
         4, 120, "a b"}, /* C1 */
        {"a\xe2\x80\xae"
         "b\xe2\x81\xa6"
         "c",
         9, 120, "abc"}, /* overrides and isolates */
        {"a\xe2\x80\x8b"
         "b\xef\xbb\xbf"
         "c",
         9, 120, "abc"}, /* zero width */
        {"a\xe3\x85\xa4"
         "b\xe1\x85\x9f"
         "c\xef\xbe\xa0"
         "d\xcd\x8f",
         13, 120, "abcd"}, /* fillers and a joiner: letters without a picture */
        {"a\xe3\x80\x80\xe2\x80\x83"
         "b\xe2\xa0\x80",
         11, 120, "a b"}, /* wide spaces, and the empty pattern of Braille */
        {"a\xe2\x80\xa8"
         "b",
         5, 120, "a b"}, /* line separator */
        {"a\xff"
         "b\xc0\xaf",
         5, 120,
         "a\xef\xbf\xbd"
         "b\xef\xbf\xbd\xef\xbf\xbd"},                      /* no UTF-8 */
        {"a\xe2\x82", 3, 120, "a\xef\xbf\xbd\xef\xbf\xbd"}, /* cut */
        {"\xed\xa0\x80", 3, 1, "\xef\xbf\xbd"},             /* surrogate */
        {"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", 9, 2, "\xe2\x82\xac\xe2\x82\xac"},
        {"<b>&\"'%n", 9, 120, "<b>&\"'%n"}, /* escaped where it is used */
        {"", 0, 120, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[256];
        size_t n = pm_text_clean(out, sizeof(out), rows[i].in, rows[i].n, rows[i].max);
        assert_string_equal(out, rows[i].out);
        assert_int_equal(n, strlen(out));
    }
}

static void the_room_is_never_passed(void **state)
{
    (void)state;
    static const char in[] = "ab\xe2\x82\xac\xf0\x9f\x98\x80z";
    for (size_t room = 1; room < 16; room++) {
        char out[17];
        memset(out, 'x', sizeof(out));
        size_t n = pm_text_clean(out, room, in, sizeof(in) - 1, 99);
        assert_true(n < room);
        assert_int_equal(out[n], 0);
        assert_int_equal(out[room], 'x');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_one_harmless_line),
        cmocka_unit_test(the_room_is_never_passed),
    };
    return cmocka_run_group_tests_name("base/clean", tests, NULL, NULL);
}
