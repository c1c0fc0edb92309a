/* proto_recording_test.c - recordings: what is written reads back, a torn or damaged file is cut where it is damaged,
 * and exports are what other programs read. */
#include "proto/recording_export.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BODY(s) (const uint8_t *)(s), sizeof(s) - 1

/* 2026-11-25T02:00:00.123456Z */
#define WALL INT64_C(1795572000123456)

static const struct pm_record rows[] = {
    {PM_RECORD_START, PM_RECORD_NONE, 1, WALL, 0, BODY("\x03\x04\0pump\x07\x0a\000115200 8N1")},
    {PM_RECORD_DATA, PM_RECORD_RX, 2, WALL + 1, 0, BODY("Hi\r\n\0\xff\"\\")},
    {PM_RECORD_DATA, PM_RECORD_TX, 3, WALL + 2, 0, BODY("=1+1")},
    {PM_RECORD_GAP, PM_RECORD_RX, 4, WALL + 3, 8, BODY("\x02\x01\0\0\0\0\0\0disk-full")},
    {PM_RECORD_SIGNALS, PM_RECORD_NONE, 5, WALL + 4, 266, BODY("\x11\0\0\0")},
    {PM_RECORD_ERROR, PM_RECORD_RX, 6, WALL + 5, 266, BODY("parity")},
    {PM_RECORD_CLOSED, PM_RECORD_NONE, 7, WALL + 6, 266, BODY("device-gone")},
    {PM_RECORD_OPENED, PM_RECORD_NONE, -8, WALL + 7, 0, BODY("\x08\x02\00077")},
    {PM_RECORD_SETTINGS, PM_RECORD_NONE, 9, -1, 0, BODY("\x07\x08\0009600 8N1")},
    {PM_RECORD_END, PM_RECORD_NONE, INT64_MAX, INT64_MIN, UINT64_MAX, NULL, 0},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void same(const struct pm_record *a, const struct pm_record *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->direction, b->direction);
    assert_true(a->mono_us == b->mono_us && a->wall_us == b->wall_us && a->offset == b->offset);
    assert_int_equal(a->n, b->n);
    if (a->n > 0)
        assert_memory_equal(a->body, b->body, a->n);
}

static struct pm_bytes all_rows(void)
{
    struct pm_bytes b = pm_bytes_empty(1 << 20);
    for (unsigned i = 0; i < ROWS; i++)
        assert_int_equal(pm_record_append(&b, &rows[i]), 0);
    return b;
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    struct pm_bytes b = all_rows();
    size_t at = 0;
    for (unsigned i = 0; i < ROWS; i++) {
        struct pm_record r;
        ssize_t n = pm_record_read(b.p + at, b.n - at, &r);
        assert_int_equal(n, PM_RECORD_HEAD + rows[i].n + PM_RECORD_TAIL);
        assert_int_equal(pm_record_length(b.p + at, PM_RECORD_HEAD), n);
        same(&r, &rows[i]);
        at += (size_t)n;
    }
    assert_int_equal(at, b.n);
    pm_bytes_fini(&b);
}

static void the_layout_is_the_documented_one(void **state)
{
    (void)state;
    static const uint8_t expect[] = {0xa5, 0x5a, 2, 2, 2, 0, 0, 0, /* sync, data, tx, 2 bytes */
                                     1,    2,    0, 0, 0, 0, 0, 0, /* monotonic 0x201 */
                                     3,    4,    0, 0, 0, 0, 0, 0, /* wall 0x403 */
                                     5,    6,    0, 0, 0, 0, 0, 0, /* offset 0x605 */
                                     'o',  'k',  0, 0, 0, 0};      /* body; the checksum is worked out below */
    struct pm_bytes b = pm_bytes_empty(1024);
    struct pm_record r = {PM_RECORD_DATA, PM_RECORD_TX, 0x201, 0x403, 0x605, BODY("ok")};
    assert_int_equal(pm_record_append(&b, &r), 0);
    assert_int_equal(b.n, sizeof(expect));
    assert_memory_equal(b.p, expect, PM_RECORD_HEAD + 2);
    uint32_t crc = 0xffffffff; /* CRC-32 as in the document, bit by bit */
    for (size_t i = 0; i < PM_RECORD_HEAD + 2; i++) {
        crc ^= b.p[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    crc = ~crc;
    for (unsigned i = 0; i < PM_RECORD_TAIL; i++)
        assert_int_equal(b.p[PM_RECORD_HEAD + 2 + i], crc >> (8 * i) & 0xff);
    pm_bytes_fini(&b);
}

/* A kill can end a file at any byte (I06): what is before the last record stays readable, the rest is seen as torn. */
static void a_tail_torn_at_any_byte_is_recognised(void **state)
{
    (void)state;
    struct pm_bytes b = all_rows();
    for (size_t cut = 0; cut < b.n; cut++) {
        uint8_t *torn = malloc(cut ? cut : 1);
        memcpy(torn, b.p, cut);
        struct pm_record r;
        size_t at = 0;
        ssize_t n;
        unsigned count = 0;
        while ((n = pm_record_read(torn + at, cut - at, &r)) > 0) {
            same(&r, &rows[count++]);
            at += (size_t)n;
        }
        assert_int_equal(n, 0); /* torn, never damaged */
        assert_true(at <= cut && cut - at < PM_RECORD_HEAD + rows[count].n + PM_RECORD_TAIL);
        free(torn);
    }
    pm_bytes_fini(&b);
}

static void no_changed_byte_goes_unseen(void **state)
{
    (void)state;
    struct pm_bytes b = pm_bytes_empty(4096);
    assert_int_equal(pm_record_append(&b, &rows[1]), 0);
    for (size_t i = 0; i < b.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct pm_record r;
            b.p[i] ^= (uint8_t)(1 << bit);
            ssize_t n = pm_record_read(b.p, b.n, &r);
            assert_true(n == -EBADMSG || (n == 0 && i >= 4 && i < 8)); /* a longer length looks like a torn tail */
            b.p[i] ^= (uint8_t)(1 << bit);
        }
    }
    pm_bytes_fini(&b);
}

static void only_our_files_are_taken(void **state)
{
    (void)state;
    uint8_t magic[PM_RECORDING_MAGIC];
    pm_recording_magic(magic);
    for (size_t n = 0; n < sizeof(magic); n++)
        assert_int_equal(pm_recording_check_magic(magic, n), 0);
    assert_int_equal(pm_recording_check_magic(magic, sizeof(magic)), PM_RECORDING_MAGIC);
    magic[8] = 2;
    assert_int_equal(pm_recording_check_magic(magic, sizeof(magic)), -ENOTSUP);
    magic[4] = '\n'; /* mended line ends */
    assert_int_equal(pm_recording_check_magic(magic, sizeof(magic)), -EPROTO);
    assert_int_equal(pm_recording_check_magic((const uint8_t *)"\x7f", 1), -EPROTO);
}

static void limits_are_exact(void **state)
{
    (void)state;
    uint8_t *big = calloc(1, PM_RECORD_BODY_MAX + 1);
    struct pm_bytes b = pm_bytes_empty(1 << 20), small = pm_bytes_empty(PM_RECORD_HEAD + 3 + PM_RECORD_TAIL);
    struct pm_record r = {.type = PM_RECORD_DATA, .direction = PM_RECORD_RX, .body = big, .n = PM_RECORD_BODY_MAX};
    assert_int_equal(pm_record_append(&b, &r), 0);
    assert_int_equal(pm_record_read(b.p, b.n, &r), b.n);
    r = (struct pm_record){.type = PM_RECORD_DATA, .body = big, .n = PM_RECORD_BODY_MAX + 1};
    assert_int_equal(pm_record_append(&b, &r), -EMSGSIZE);
    b.p[4] = 1; /* one byte more than may be */
    assert_int_equal(pm_record_read(b.p, b.n, &r), -EBADMSG);
    r = (struct pm_record){.type = PM_RECORD_DATA, .body = big, .n = 4};
    assert_int_equal(pm_record_append(&small, &r), -ENOBUFS);
    assert_int_equal(small.n, 0);
    r.n = 3;
    assert_int_equal(pm_record_append(&small, &r), 0);
    pm_bytes_fini(&small);
    pm_bytes_fini(&b);
    free(big);
}

static void fields_and_gaps_hold_their_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const uint8_t *body;
        size_t n;
        enum pm_recording_field field;
        bool found;
        const char *text;
    } fields[] = {
        {"the second", BODY("\x03\x04\0pump\x04\x02\0id"), PM_FIELD_DEVICE, true, "id"},
        {"empty", BODY("\x03\0\0"), PM_FIELD_NAME, true, ""},
        {"longer than its room", BODY("\x03\x09\0long-name"), PM_FIELD_NAME, true, "long-na"},
        {"longer than the body", BODY("\x03\x09\0long"), PM_FIELD_NAME, false, ""},
        {"behind one of a newer version", BODY("\xee\x01\0x\x03\x01\0y"), PM_FIELD_NAME, true, "y"},
        {"half a head", BODY("\x03\x09"), PM_FIELD_NAME, false, ""},
        {"nothing", BODY(""), PM_FIELD_NAME, false, ""},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        char text[8];
        struct pm_record r = {.body = fields[i].body, .n = fields[i].n};
        assert_int_equal(pm_record_get_field(&r, fields[i].field, text, sizeof(text)), fields[i].found);
        assert_string_equal(text, fields[i].text);
    }
    uint8_t gap[64];
    char reason[64];
    struct pm_record r = {.type = PM_RECORD_GAP, .body = gap};
    r.n = pm_record_put_gap(gap, UINT64_C(0x123456789a), "overrun");
    assert_true(pm_record_get_gap(&r, reason, sizeof(reason)) == UINT64_C(0x123456789a));
    assert_string_equal(reason, "overrun");
    r.n = 7;
    assert_true(pm_record_get_gap(&r, reason, sizeof(reason)) == 0);
    assert_int_equal(pm_record_get_signals(&r), 0x3456789a);
}

static void times_are_those_of_the_calendar(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } times[] = {
        {WALL, "2026-11-25T02:00:00.123456Z"},
        {0, "1970-01-01T00:00:00.000000Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z"},
        {INT64_C(4107542399000000), "2100-02-28T23:59:59.000000Z"},
        {INT64_C(2147483648000000), "2038-01-19T03:14:08.000000Z"}, /* I28 */
        {INT64_C(-62167219200000000), "0000-01-01T00:00:00.000000Z"},
    };
    char text[48];
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        pm_export_time(times[i].us, text);
        assert_string_equal(text, times[i].text);
    }
    pm_export_time(INT64_MAX, text);
    pm_export_time(INT64_MIN, text);
    assert_int_equal(text[0], '-');
}

static struct pm_bytes exported(enum pm_export_format format, unsigned count)
{
    struct pm_export e = {.format = format};
    struct pm_bytes out = pm_bytes_empty(1 << 20);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(pm_export_record(&e, &rows[i], &out), 0);
    return out;
}

static void text_is_for_people(void **state)
{
    (void)state;
    static const char expect[] = "2026-11-25T02:00:00.123456Z -- @0 start name=\"pump\" settings=\"115200 8N1\"\n"
                                 "2026-11-25T02:00:00.123457Z rx @0 \"Hi\\r\\n\\x00\\xff\\\"\\\\\"\n"
                                 "2026-11-25T02:00:00.123458Z tx @0 \"=1+1\"\n"
                                 "2026-11-25T02:00:00.123459Z rx @8 gap 258 bytes are missing: \"disk-full\"\n"
                                 "2026-11-25T02:00:00.123460Z -- @266 signals on: cts dtr\n"
                                 "2026-11-25T02:00:00.123461Z rx @266 error reason=\"parity\"\n"
                                 "2026-11-25T02:00:00.123462Z -- @266 closed reason=\"device-gone\"\n"
                                 "2026-11-25T02:00:00.123463Z -- @0 opened epoch=\"77\"\n";
    struct pm_bytes out = exported(PM_EXPORT_TEXT, 8);
    assert_int_equal(out.n, sizeof(expect) - 1);
    assert_memory_equal(out.p, expect, out.n);
    pm_bytes_fini(&out);
}

static void csv_is_for_tables(void **state)
{
    (void)state;
    static const char expect[] =
        "time,monotonic_us,event,direction,offset,bytes,hex,note\r\n"
        "2026-11-25T02:00:00.123456Z,1,start,,0,0,,\"name=\"\"pump\"\" settings=\"\"115200 8N1\"\"\"\r\n"
        "2026-11-25T02:00:00.123457Z,2,data,rx,0,8,48690d0a00ff225c,\"\"\r\n"
        "2026-11-25T02:00:00.123458Z,3,data,tx,0,4,3d312b31,\"\"\r\n"
        "2026-11-25T02:00:00.123459Z,4,gap,rx,8,0,,\"258 bytes are missing: \"\"disk-full\"\"\"\r\n";
    struct pm_bytes out = exported(PM_EXPORT_CSV, 4);
    assert_int_equal(out.n, sizeof(expect) - 1);
    assert_memory_equal(out.p, expect, out.n);
    pm_bytes_fini(&out);
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Blocks chain from both ends; every packet has its serial head. Wireshark itself is asked in tests/record. */
static void pcapng_blocks_chain(void **state)
{
    (void)state;
    static const uint8_t events[ROWS] = {0, 2, 1, 5, 0, 8, 0, 0, 0, 6};
    struct pm_bytes out = exported(PM_EXPORT_PCAPNG, ROWS);
    unsigned blocks = 0;
    for (size_t at = 0; at < out.n; blocks++) {
        const uint8_t *p = out.p + at;
        uint32_t n = le32(p + 4);
        assert_true(n % 4 == 0 && n >= 12 && n <= out.n - at);
        assert_int_equal(le32(p + n - 4), n);
        assert_int_equal(le32(p), blocks == 0 ? 0x0a0d0d0a : blocks == 1 ? 1 : 6);
        if (blocks == 1)
            assert_int_equal(p[8] | p[9] << 8, 250);
        if (blocks > 1) {
            const struct pm_record *r = &rows[blocks - 2];
            bool data = r->type == PM_RECORD_DATA;
            assert_int_equal(le32(p + 20), 12 + (data ? r->n : 0));
            assert_int_equal(p[28 + 8], events[blocks - 2]);
            assert_int_equal(p[28 + 9], blocks - 2 >= 4 ? 0x11 : 0); /* cts and dtr have the same bits in both */
            if (data)
                assert_memory_equal(p + 28 + 12, r->body, r->n);
        }
        at += n;
    }
    assert_int_equal(blocks, ROWS + 2);
    pm_bytes_fini(&out);
}

static void native_is_the_recording_itself(void **state)
{
    (void)state;
    struct pm_bytes out = exported(PM_EXPORT_NATIVE, ROWS), plain = all_rows();
    assert_int_equal(pm_recording_check_magic(out.p, out.n), PM_RECORDING_MAGIC);
    assert_int_equal(out.n - PM_RECORDING_MAGIC, plain.n);
    assert_memory_equal(out.p + PM_RECORDING_MAGIC, plain.p, plain.n);
    pm_bytes_fini(&plain);
    pm_bytes_fini(&out);
}

static void no_record_is_larger_than_promised(void **state)
{
    (void)state;
    uint8_t *worst = malloc(PM_RECORD_BODY_MAX);
    memset(worst, 0xff, PM_RECORD_BODY_MAX);
    struct pm_record r = {PM_RECORD_DATA, PM_RECORD_RX, INT64_MIN, INT64_MIN, 1, worst, PM_RECORD_BODY_MAX};
    for (unsigned format = 0; format < PM_EXPORT_FORMATS; format++) {
        struct pm_export e = {.format = format};
        struct pm_bytes out = pm_bytes_empty(PM_EXPORT_RECORD_MAX);
        assert_int_equal(pm_export_record(&e, &r, &out), 0);
        assert_true(out.n > PM_RECORD_BODY_MAX);
        assert_int_equal(pm_export_record(&e, &r, &out), -ENOBUFS); /* whole or not at all */
        pm_bytes_fini(&out);
    }
    free(worst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(the_layout_is_the_documented_one),
        cmocka_unit_test(a_tail_torn_at_any_byte_is_recognised),
        cmocka_unit_test(no_changed_byte_goes_unseen),
        cmocka_unit_test(only_our_files_are_taken),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(fields_and_gaps_hold_their_bounds),
        cmocka_unit_test(times_are_those_of_the_calendar),
        cmocka_unit_test(text_is_for_people),
        cmocka_unit_test(csv_is_for_tables),
        cmocka_unit_test(pcapng_blocks_chain),
        cmocka_unit_test(native_is_the_recording_itself),
        cmocka_unit_test(no_record_is_larger_than_promised),
    };
    return cmocka_run_group_tests_name("proto/recording", tests, NULL, NULL);
}
