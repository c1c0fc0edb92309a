/* proto_deflate_test.c - permessage-deflate: offers, round trips, and what is larger inside than outside. */
#include "proto/deflate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void offers_are_taken_or_passed_over(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool taken;
    } offers[] = {
        {"permessage-deflate", true},
        {"permessage-deflate; client_max_window_bits", true},
        {"permessage-deflate; server_no_context_takeover; client_max_window_bits=15", true},
        {"PerMessage-Deflate;client_max_window_bits=\"9\"", true},
        {"foo, permessage-deflate; server_max_window_bits=10, permessage-deflate", true},
        {"permessage-deflate; server_max_window_bits=10", false},
        {"permessage-deflate; server_max_window_bits=15", false},
        {"permessage-deflate; client_max_window_bits=16", false}, /* C03 */
        {"permessage-deflate; client_max_window_bits=99999999999", false},
        {"permessage-deflate; unknown", false},
        {"permessage-deflate; client_max_window_bits; client_max_window_bits", false},
        {"permessage-deflate; server_no_context_takeover=1", false},
        {"x-webkit-deflate-frame", false},
        {"", false},
        {",;,;=", false},
    };
    for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
        if (pm_deflate_is_offered(offers[i].value, strlen(offers[i].value)) != offers[i].taken)
            fail_msg("%s", offers[i].value);
    }
}

static void messages_come_back_as_they_were(void **state)
{
    (void)state;
    struct pm_deflate *d;
    assert_int_equal(pm_deflate_new(&d), 0);
    uint32_t random = 1;
    for (size_t n = 0; n < 200000; n = n * 3 + 1) {
        uint8_t *message = malloc(n ? n : 1);
        assert_non_null(message);
        for (size_t i = 0; i < n; i++) {
            random = random * 1103515245 + 12345;
            message[i] = n % 2 ? (uint8_t)(random >> 16) : "abcabcabd"[i % 9];
        }
        struct pm_bytes packed = pm_bytes_empty(n + n / 8 + 100), back = pm_bytes_empty(n);
        assert_int_equal(pm_deflate_message(d, message, n, &packed), 0);
        assert_int_equal(pm_inflate_message(d, packed.p, packed.n, &back), 0);
        assert_int_equal(back.n, n);
        if (n > 0)
            assert_memory_equal(back.p, message, n);
        pm_bytes_fini(&packed);
        pm_bytes_fini(&back);
        free(message);
    }
    pm_deflate_free(d);
}

static void the_examples_of_the_rfc_inflate(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[16];
        size_t n;
    } hello[] = {
        {{0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00}, 7},                          /* 7.2.3.1 */
        {{0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00}, 11}, /* 7.2.3.3: not compressed */
        {{0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00}, 8},                    /* 7.2.3.4: a final block */
        {{0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00}, 13} /* 7.2.3.5: two blocks */
    };
    struct pm_deflate *d;
    assert_int_equal(pm_deflate_new(&d), 0);
    for (size_t i = 0; i < sizeof(hello) / sizeof(hello[0]); i++) {
        struct pm_bytes out = pm_bytes_empty(100);
        assert_int_equal(pm_inflate_message(d, hello[i].bytes, hello[i].n, &out), 0);
        assert_int_equal(out.n, 5);
        assert_memory_equal(out.p, "Hello", 5);
        pm_bytes_fini(&out);
    }
    pm_deflate_free(d);
}

/* 20 MB of zeros in 20 kB: stopped at the limit, which is itself allowed. */
static void bombs_stop_at_the_limit(void **state)
{
    (void)state;
    enum { SIZE = 20000000 };
    struct pm_deflate *d;
    uint8_t *zeros = calloc(1, SIZE);
    struct pm_bytes packed = pm_bytes_empty(1000000);
    assert_non_null(zeros);
    assert_int_equal(pm_deflate_new(&d), 0);
    assert_int_equal(pm_deflate_message(d, zeros, SIZE, &packed), 0);
    static const struct {
        size_t limit;
        int status;
    } limits[] = {{1000, -ENOBUFS}, {SIZE - 1, -ENOBUFS}, {SIZE, 0}, {SIZE + 1, 0}};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct pm_bytes out = pm_bytes_empty(limits[i].limit);
        assert_int_equal(pm_inflate_message(d, packed.p, packed.n, &out), limits[i].status);
        assert_true(out.room <= limits[i].limit);
        pm_bytes_fini(&out);
    }
    static const uint8_t nonsense[] = {0xff, 0xff, 0xff, 0xff};
    struct pm_bytes out = pm_bytes_empty(1000);
    assert_int_equal(pm_inflate_message(d, nonsense, sizeof(nonsense), &out), -EPROTO);
    assert_int_equal(pm_inflate_message(d, (const uint8_t *)"\xf2\x48\xcd\xc9\xc9\x07\x00", 7, &out), 0); /* goes on */
    pm_bytes_fini(&out);
    pm_bytes_fini(&packed);
    pm_deflate_free(d);
    free(zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_are_taken_or_passed_over),
        cmocka_unit_test(messages_come_back_as_they_were),
        cmocka_unit_test(the_examples_of_the_rfc_inflate),
        cmocka_unit_test(bombs_stop_at_the_limit),
    };
    return cmocka_run_group_tests_name("proto/deflate", tests, NULL, NULL);
}
