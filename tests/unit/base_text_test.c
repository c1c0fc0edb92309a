/* base_text_test.c - UTF-8, base64 and SHA-1 against their standards. */
#include "base/base64.h"
#include "base/sha1.h"
#include "base/sha256.h"
#include "base/utf8.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Every code point from U+0000 to U+10FFFF and every surrogate, encoded by hand. */
static void utf8_takes_each_code_point_and_no_surrogate(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x110000; c++) {
        uint8_t b[4];
        size_t n;
        if (c < 0x80) {
            b[0] = (uint8_t)c, n = 1;
        } else if (c < 0x800) {
            b[0] = (uint8_t)(0xc0 | c >> 6), b[1] = (uint8_t)(0x80 | (c & 63)), n = 2;
        } else if (c < 0x10000) {
            b[0] = (uint8_t)(0xe0 | c >> 12), b[1] = (uint8_t)(0x80 | (c >> 6 & 63)), n = 3;
            b[2] = (uint8_t)(0x80 | (c & 63));
        } else {
            b[0] = (uint8_t)(0xf0 | c >> 18), b[1] = (uint8_t)(0x80 | (c >> 12 & 63)), n = 4;
            b[2] = (uint8_t)(0x80 | (c >> 6 & 63)), b[3] = (uint8_t)(0x80 | (c & 63));
        }
        bool legal = c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
        assert_int_equal(pm_utf8_valid(b, n), legal);
        if (n > 1)
            assert_false(pm_utf8_valid(b, n - 1));
    }
}

static void utf8_refuses_overlong_forms(void **state)
{
    (void)state;
    assert_false(pm_utf8_valid("\xc0\x80", 2));
    assert_false(pm_utf8_valid("\xe0\x80\x80", 3));
    assert_false(pm_utf8_valid("\xf0\x80\x80\x80", 4));
    assert_false(pm_utf8_valid("\x80", 1));
    assert_false(pm_utf8_valid("plain text \xff", 12));
    assert_true(pm_utf8_valid("eight bytes and \xe2\x82\xac more", 24));
}

static void base64_as_in_rfc_4648(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char text[16];
        uint8_t back[16];
        size_t n = strlen(pairs[i][0]);
        assert_int_equal(pm_base64_encode(pairs[i][0], n, text), strlen(pairs[i][1]));
        assert_int_equal(pm_base64_length(n), strlen(pairs[i][1]));
        assert_memory_equal(text, pairs[i][1], strlen(pairs[i][1]));
        assert_int_equal(pm_base64_decode(pairs[i][1], strlen(pairs[i][1]), back), n);
        assert_memory_equal(back, pairs[i][0], n);
    }
}

static void base64_refuses_what_is_not(void **state)
{
    (void)state;
    static const char *const bad[] = {"!!!!", "Zg=", "Zg===", "Z", "Zh==", "Zm9v\n", "Z===", "Zm=v", "Zm8-"};
    uint8_t back[16];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(pm_base64_decode(bad[i], strlen(bad[i]), back), -EPROTO);
    assert_int_equal(pm_base64_decode("Zg", 2, back), 1); /* padding left out */
    char id[4];
    assert_int_equal(pm_base64url_encode("\xfb\xff", 2, id), 3);
    assert_memory_equal(id, "-_8", 3);
}

static void sha1_as_in_rfc_3174(void **state)
{
    (void)state;
    uint8_t digest[PM_SHA1_SIZE];
    pm_sha1("abc", 3, digest);
    assert_memory_equal(digest, "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d", 20);
    pm_sha1("", 0, digest);
    assert_memory_equal(digest, "\xda\x39\xa3\xee\x5e\x6b\x4b\x0d\x32\x55\xbf\xef\x95\x60\x18\x90\xaf\xd8\x07\x09", 20);
    pm_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, digest);
    assert_memory_equal(digest, "\x84\x98\x3e\x44\x1c\x3b\xd2\x6e\xba\xae\x4a\xa1\xf9\x51\x29\xe5\xe5\x46\x70\xf1", 20);
}

/* The examples of FIPS 180-4, and lengths about the end of a block, where padding takes one block or two. */
static void sha256_as_in_fips_180(void **state)
{
    static const struct {
        size_t n;
        const char *digest;
    } of_a[] = {
        {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
        {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
        {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
        {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
    };
    uint8_t digest[PM_SHA256_SIZE];
    char text[2 * PM_SHA256_SIZE + 1], a[128];
    (void)state;
    memset(a, 'a', sizeof(a));
    for (size_t i = 0; i < sizeof(of_a) / sizeof(of_a[0]); i++) {
        pm_sha256(a, of_a[i].n, digest);
        for (size_t k = 0; k < PM_SHA256_SIZE; k++)
            snprintf(text + 2 * k, 3, "%02x", digest[k]);
        assert_string_equal(text, of_a[i].digest);
    }
    pm_sha256("abc", 3, digest);
    assert_memory_equal(digest,
                        "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23\xb0\x03\x61\xa3\x96\x17"
                        "\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad",
                        32);
    pm_sha256("", 0, digest);
    assert_memory_equal(digest,
                        "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24\x27\xae\x41\xe4\x64\x9b"
                        "\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55",
                        32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_takes_each_code_point_and_no_surrogate),
        cmocka_unit_test(utf8_refuses_overlong_forms),
        cmocka_unit_test(base64_as_in_rfc_4648),
        cmocka_unit_test(base64_refuses_what_is_not),
        cmocka_unit_test(sha1_as_in_rfc_3174),
        cmocka_unit_test(sha256_as_in_fips_180),
    };
    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
