/* proto_checksum_test.c - checksums against the check values of the catalogues, and definitions that are none. */
#include "proto/checksum.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Of "123456789", as the CRC catalogue of Greg Cook gives it. */
static void named_ones_give_their_check_value(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t check;
        size_t bytes;
    } rows[] = {
        {"none", 0, 0},
        {"sum-8", 0xdd, 1},
        {"sum-16", 0x01dd, 2},
        {"lrc", 0x23, 1},
        {"xor-8", 0x31, 1},
        {"crc-8", 0xf4, 1},
        {"crc-8/maxim", 0xa1, 1},
        {"crc-16/arc", 0xbb3d, 2},
        {"crc-16/modbus", 0x4b37, 2},
        {"crc-16/ccitt-false", 0x29b1, 2},
        {"crc-16/xmodem", 0x31c3, 2},
        {"crc-16/kermit", 0x2189, 2},
        {"crc-32", 0xcbf43926, 4},
        {"crc-32/mpeg-2", 0x0376e6e7, 4},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pm_checksum c;
        assert_string_equal(pm_checksum_name(i), rows[i].name);
        assert_true(pm_checksum_named(rows[i].name, &c));
        if (pm_checksum_of(&c, (const uint8_t *)"123456789", 9) != rows[i].check)
            fail_msg("%s", rows[i].name);
        assert_int_equal(pm_checksum_bytes(&c), rows[i].bytes);
    }
    assert_null(pm_checksum_name(sizeof(rows) / sizeof(rows[0])));
    struct pm_checksum c;
    assert_false(pm_checksum_named("crc-7", &c));
}

/* What a negated sum adds makes the whole 0. */
static void a_sum_with_its_negation_is_zero(void **state)
{
    (void)state;
    struct pm_checksum lrc, sum;
    uint8_t message[10] = "\x01\x03\x00\x6b\x00\x03";
    assert_true(pm_checksum_named("lrc", &lrc) && pm_checksum_named("sum-8", &sum));
    message[6] = (uint8_t)pm_checksum_of(&lrc, message, 6);
    assert_int_equal(pm_checksum_of(&sum, message, 7), 0);
}

static void definitions_that_are_none_are_refused(void **state)
{
    (void)state;
    struct pm_checksum bad[] = {
        {.kind = PM_CHECKSUM_KINDS, .bits = 8},
        {.kind = PM_CHECKSUM_CRC, .bits = 16},
        {.kind = PM_CHECKSUM_CRC, .bits = 12, .polynomial = 0x80f},
        {.kind = PM_CHECKSUM_CRC, .bits = 8, .polynomial = 0x107},
        {.kind = PM_CHECKSUM_CRC, .bits = 16, .polynomial = 0x1021, .initial = 0x10000},
        {.kind = PM_CHECKSUM_XOR, .bits = 16},
        {.kind = PM_CHECKSUM_SUM},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(pm_checksum_prepare(&bad[i]), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_ones_give_their_check_value),
        cmocka_unit_test(a_sum_with_its_negation_is_zero),
        cmocka_unit_test(definitions_that_are_none_are_refused),
    };
    return cmocka_run_group_tests_name("proto/checksum", tests, NULL, NULL);
}
