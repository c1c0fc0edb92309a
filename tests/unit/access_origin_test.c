/* access_origin_test.c - names that are ours, and origins as triples. B03 to B07 are rows of the hostile input matrix.
 */
#include "access/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* B03, B05, B06 */
static void only_our_own_names_are_served(void **state)
{
    (void)state;
    static const struct pm_hosts own = {
        .ports = {3000, 3443}, .allowed = {"pump.lab", "proxy.lab:8080"}, .n_allowed = 2};
    static const char *const good[] = {"localhost:3000", "LOCALHOST:3000", "127.0.0.1:3000", "[::1]:3000",
                                       "localhost:3443", "pump.lab:3000",  "Pump.Lab:3443",  "proxy.lab:8080"};
    static const char *const bad[] = {
        "",
        "localhost",
        "127.0.0.1",
        "evil.example:3000",
        "evil.example",
        "localhost:3001",
        "localhost:80",
        "localhost.",
        "localhost.:3000",
        "localhost.evil.example:3000",
        "evillocalhost:3000",
        "0.0.0.0:3000",
        "[::]:3000",
        "[::ffff:127.0.0.1]:3000",
        "[0:0:0:0:0:0:0:1]:3000",
        "::1:3000",
        "[::1]",
        "[::1:3000",
        "[::1]3000",
        "2130706433:3000",
        "0x7f000001:3000",
        "017700000001:3000",
        "127.1:3000",
        "127.0.0.2:3000",
        "127.0.0.01:3000",
        "user@localhost:3000",
        "localhost:3000@evil.example",
        "foo.localhost:3000",
        "localhost:",
        "localhost:3000a",
        "localhost:+3000",
        "localhost:03000",
        "localhost: 3000",
        "localhost:300000000",
        "localhost:3000:3000",
        "localhost:3000,evil.example",
        "localhost/:3000",
        "pump.lab",
        "pump.lab:8080",
        "xpump.lab:3000",
        "pump.lab.:3000",
        "proxy.lab:3000",
        "proxy.lab",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!pm_host_is_served(&own, good[i], strlen(good[i])))
            fail_msg("%s", good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (pm_host_is_served(&own, bad[i], strlen(bad[i])))
            fail_msg("%s", bad[i]);
    }
    assert_false(pm_host_is_served(&own, NULL, 0)); /* HTTP/1.0 */
    static const struct pm_hosts standard = {.ports = {80, 443}};
    assert_true(pm_host_is_served(&standard, "localhost", 9));
}

/* B07, B09, B25, B41: what is equal to a granted origin, what is another, and what is none. */
enum verdict { EQUAL, OTHER, NONE };

static const struct {
    const char *granted, *origin;
    enum verdict verdict;
} look_alikes[] = {
    {"https://app.example", "https://app.example", EQUAL},
    {"https://app.example", "HTTPS://APP.EXAMPLE", EQUAL},
    {"https://app.example", "https://App.Example", EQUAL},
    {"https://app.example", "https://app.example:443", EQUAL},
    {"https://app.example:443", "https://app.example", EQUAL},
    {"http://app.example:80", "http://app.example", EQUAL},
    {"http://[::1]:5173", "http://[::1]:5173", EQUAL},
    {"http://[2001:DB8::1]", "http://[2001:db8::1]", EQUAL},
    {"chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop", EQUAL},
    {"moz-extension://2f2e7a3c-9b1d-4c1e-8f43-0a1b2c3d4e5f", "moz-extension://2f2e7a3c-9b1d-4c1e-8f43-0a1b2c3d4e5f",
     EQUAL},
    {"https://app.example", "http://app.example", OTHER},
    {"https://app.example", "wss://app.example", OTHER},
    {"https://app.example", "ftp://app.example", OTHER},
    {"https://app.example", "https://app.example:444", OTHER},
    {"https://app.example", "https://app.example:80", OTHER},
    {"https://app.example", "https://app.example:8443", OTHER},
    {"https://app.example", "https://app.example:4433", OTHER},
    {"https://app.example", "https://sub.app.example", OTHER},
    {"https://app.example", "https://www.app.example", OTHER},
    {"https://app.example", "https://example", OTHER},
    {"https://app.example", "https://xample", OTHER},
    {"https://app.example", "https://app.example.evil", OTHER},
    {"https://app.example", "https://app.example.com", OTHER},
    {"https://app.example", "https://evilapp.example", OTHER},
    {"https://app.example", "https://app-example", OTHER},
    {"https://app.example", "https://appxexample", OTHER},
    {"https://app.example", "https://app.examplee", OTHER},
    {"https://app.example", "https://app.exampl", OTHER},
    {"https://app.example", "https://app.example.", OTHER},
    {"https://app.example", "https://app.xn--exmple-cua", OTHER},
    {"https://app.example", "https://xn--pp-gka.example", OTHER},
    {"https://app.example", "https://4pp.example", OTHER},
    {"https://app.example", "https://app_example", OTHER},
    {"https://app.example", "chrome-extension://app.example", OTHER},
    {"https://app.example", "moz-extension://app.example", OTHER},
    {"http://localhost:5173", "http://localhost", OTHER},
    {"http://localhost:5173", "http://127.0.0.1:5173", OTHER},
    {"http://localhost:5173", "http://[::1]:5173", OTHER},
    {"http://localhost:5173", "http://localhost.:5173", OTHER},
    {"http://localhost:5173", "http://localhost.evil.example:5173", OTHER},
    {"http://localhost:5173", "https://localhost:5173", OTHER},
    {"chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnoq", OTHER},
    {"chrome-extension://abcdefghijklmnop", "moz-extension://abcdefghijklmnop", OTHER},
    {"https://app.example", "", NONE},
    {"https://app.example", "null", NONE},
    {"https://app.example", "NULL", NONE},
    {"https://app.example", "*", NONE},
    {"https://app.example", "app.example", NONE},
    {"https://app.example", "//app.example", NONE},
    {"https://app.example", "https:app.example", NONE},
    {"https://app.example", "https:/app.example", NONE},
    {"https://app.example", "https://", NONE},
    {"https://app.example", "https:///app.example", NONE},
    {"https://app.example", "https://app.example/", NONE},
    {"https://app.example", "https://app.example/path", NONE},
    {"https://app.example", "https://app.example?query", NONE},
    {"https://app.example", "https://app.example#fragment", NONE},
    {"https://app.example", "https://app.example\\.evil.example", NONE},
    {"https://app.example", "https://user@app.example", NONE},
    {"https://app.example", "https://app.example@evil.example", NONE},
    {"https://app.example", "https://user:secret@app.example", NONE},
    {"https://app.example", "https://app.example:", NONE},
    {"https://app.example", "https://app.example:0", NONE},
    {"https://app.example", "https://app.example:0443", NONE},
    {"https://app.example", "https://app.example:443 ", NONE},
    {"https://app.example", "https://app.example:+443", NONE},
    {"https://app.example", "https://app.example:99999", NONE},
    {"https://app.example", "https://app.example:443:443", NONE},
    {"https://app.example", "https://app.example:443x", NONE},
    {"https://app.example", " https://app.example", NONE},
    {"https://app.example", "https://app.example ", NONE},
    {"https://app.example", "https://app example", NONE},
    {"https://app.example", "https://app.example\t", NONE},
    {"https://app.example", "https://app\x01.example", NONE},
    {"https://app.example", "https://app%2eexample", NONE},
    {"https://app.example", "https://.app.example", NONE},
    {"https://app.example", "https://app..example", NONE},
    {"https://app.example", "https://*.example", NONE},
    {"https://app.example", "https://app.example,https://app.example", NONE},
    {"https://app.example", "https://app.example https://app.example", NONE},
    {"https://app.example", "https://\xd0\xb0pp.example", NONE}, /* Cyrillic a: a browser sends punycode */
    {"https://app.example",
     "https://app\xe3\x80\x82"
     "example",
     NONE},                                                       /* ideographic full stop */
    {"https://app.example", "https://app\xc2\xad.example", NONE}, /* soft hyphen */
    {"http://127.0.0.1", "http://127.1", NONE},
    {"http://127.0.0.1", "http://2130706433", NONE},
    {"http://127.0.0.1", "http://127.0.0.01", NONE},
    {"http://127.0.0.1", "http://127.0.0.256", NONE},
    {"http://127.0.0.1", "http://127.0.0.1.", NONE},
    {"http://[::1]", "http://[::1", NONE},
    {"http://[::1]", "http://::1", NONE},
    {"http://[::1]", "http://[::1]x", NONE},
    {"http://[::1]", "http://[::1%25lo]", NONE},
};

static void look_alikes_are_other_origins_or_none(void **state)
{
    (void)state;
    assert_true(COUNT(look_alikes) >= 60);
    for (size_t i = 0; i < COUNT(look_alikes); i++) {
        struct pm_origin granted, origin;
        assert_int_equal(pm_origin_parse(look_alikes[i].granted, strlen(look_alikes[i].granted), &granted), 0);
        int r = pm_origin_parse(look_alikes[i].origin, strlen(look_alikes[i].origin), &origin);
        enum verdict verdict = r < 0 ? NONE : strcmp(granted.text, origin.text) == 0 ? EQUAL : OTHER;
        if (verdict != look_alikes[i].verdict)
            fail_msg("%s against %s: %d", look_alikes[i].origin, look_alikes[i].granted, verdict);
    }
}

static void an_endless_origin_is_none(void **state)
{
    (void)state;
    char text[8192];
    struct pm_origin o;
    memset(text, 'a', sizeof(text));
    memcpy(text, "https://", 8);
    for (size_t i = 71; i < sizeof(text); i += 64)
        text[i] = '.';
    assert_int_equal(pm_origin_parse(text, 8 + 250, &o), 0);
    assert_true(pm_origin_parse(text, 8 + 255, &o) < 0);
    assert_true(pm_origin_parse(text, PM_ORIGIN_MAX, &o) < 0);
    assert_true(pm_origin_parse(text, sizeof(text), &o) < 0);
}

static void pages_of_this_machine_are_known(void **state)
{
    (void)state;
    static const struct pm_hosts own = {.ports = {3000, 3443}};
    static const struct {
        const char *text;
        bool loopback, own;
    } rows[] = {
        {"http://localhost:3000", true, true},    {"http://127.0.0.1:3000", true, true},
        {"http://[::1]:3000", true, true},        {"https://localhost:3443", true, true},
        {"https://localhost:3000", true, false},  {"http://localhost:3443", true, false},
        {"http://localhost:5173", true, false},   {"http://localhost", true, false},
        {"http://localhost.:3000", false, false}, {"http://foo.localhost:3000", false, false},
        {"ws://localhost:3000", false, false},    {"http://127.0.0.2:3000", false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pm_origin o;
        assert_int_equal(pm_origin_parse(rows[i].text, strlen(rows[i].text), &o), 0);
        if (o.is_loopback != rows[i].loopback || pm_origin_is_own(&own, &o) != rows[i].own)
            fail_msg("%s", rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_our_own_names_are_served),
        cmocka_unit_test(look_alikes_are_other_origins_or_none),
        cmocka_unit_test(an_endless_origin_is_none),
        cmocka_unit_test(pages_of_this_machine_are_known),
    };
    return cmocka_run_group_tests_name("access/origin", tests, NULL, NULL);
}
