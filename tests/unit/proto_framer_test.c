/* proto_framer_test.c - every rule over whole streams and streams cut at every byte, and what comes after damage. */
#include "proto/framer.h"
#include "proto/stuffing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Frames as text: "[content]" each; "!" before one that is too long, "#" before a damaged one. */
static void feed(struct pm_framer *f, const char *p, size_t n, char *out)
{
    const uint8_t *at = (const uint8_t *)p;
    struct pm_frame frame;
    int r;
    while ((r = pm_framer_next(f, (struct pm_mono){0}, &at, &n, &frame)) == 1) {
        strcat(out, frame.fault == PM_FRAME_GOOD ? "[" : frame.fault == PM_FRAME_TOO_LONG ? "![" : "#[");
        for (size_t i = 0; i < frame.n; i++) {
            bool visible = frame.p[i] >= ' ' && frame.p[i] < 0x7f;
            sprintf(out + strlen(out), visible ? "%c" : "\\%02x", frame.p[i]);
        }
        strcat(out, "]");
    }
    assert_int_equal(r, 0);
    assert_int_equal(n, 0);
}

struct row {
    struct pm_framing rule;
    const char *in;
    size_t n;
    const char *frames;
};
#define IN(text) text, sizeof(text) - 1
#define MARK(text)                                                                                                     \
    {                                                                                                                  \
        sizeof(text) - 1, text                                                                                         \
    }

static const struct row rows[] = {
    {{PM_FRAMING_LINES, .max = 20}, IN("one\r\ntwo\nthree\rfour\r\n\r\nfi"), "[one][two][three][four][]"},
    {{PM_FRAMING_LINES, .max = 20}, IN("\n\r\r\n"), "[][][]"},
    {{PM_FRAMING_LINES, .max = 4}, IN("four\r\nfive5\r\nx\r\nsixsix\nok\n"), "[four]![five][x]![sixs][ok]"},
    {{PM_FRAMING_DELIMITER, .max = 9, .end = MARK(";")}, IN("a;bb;;c"), "[a][bb][]"},
    {{PM_FRAMING_DELIMITER, .max = 9, .end = MARK("\r\n")}, IN("a\rb\r\n\nc\r\r\n\r\n"), "[a\\0db][\\0ac\\0d][]"},
    {{PM_FRAMING_DELIMITER, .max = 3, .end = MARK("aab")}, IN("xaaabaabaaaaabyyyyyyaaabzaab"), "[xa][][aaa]![yyy][z]"},
    {{PM_FRAMING_START_END, .max = 12, .start = MARK("\x02"), .end = MARK("\x03")},
     IN("junk\x02"
        "00S\x03\x03 \x02 lost \x02"
        "00I\x03\x02\x03"),
     "[00S][00I][]"},
    {{PM_FRAMING_START_END, .max = 4, .start = MARK("<<"), .end = MARK(">>")},
     IN("<<<ab>>x<<toolong>>><<ok>>"),
     "[<ab]![tool][ok]"},
    {{PM_FRAMING_LENGTH, .max = 8, .length_at = 0, .length_bytes = 1, .length_add = 1},
     IN("\x02"
        "ab\x01"
        "c\x00\x03"
        "abc"),
     "[\\02ab][\\01c][\\00][\\03abc]"},
    {{PM_FRAMING_LENGTH, .max = 9, .start = MARK("\xaa\x55"), .length_at = 2, .length_bytes = 2, .length_add = 4,
      .big_endian = true},
     IN("x\xaa\xaa\x55\x00\x01"
        "a\xaa\x55\xff\xff\xaa\x55\x00\x02"
        "bc\xaa"),
     "[\\aaU\\00\\01a]#[\\aaU\\ff\\ff][\\aaU\\00\\02bc]"},
    {{PM_FRAMING_LENGTH, .max = 9, .length_at = 1, .length_bytes = 4, .length_add = -100},
     IN("\x00\x6a\x00\x00\x00!"),
     "[\\00j\\00\\00\\00!]"},
    {{PM_FRAMING_FIXED, .max = 9, .size = 3}, IN("abcdefgh"), "[abc][def]"},
    {{PM_FRAMING_FIXED, .max = 9, .size = 3, .start = MARK("$")}, IN("x$ab?$cd$$e"), "[$ab][$cd][$$e]"},
    {{PM_FRAMING_SLIP, .max = 4},
     IN("\xc0"
        "ab\xc0\xc0\xdb\xdc\xdb\xdd\xc0\xdb!\xc0\xdb\xc0"
        "12345\xc0"
        "ok\xc0"),
     "[ab][\\c0\\db]#[\\db!]#[\\db]![1234][ok]"},
    {{PM_FRAMING_SLIP, .max = 4},
     IN("1234567890\xc0"
        "ok\xc0"),
     "![1234][ok]"},
    {{PM_FRAMING_COBS, .max = 4},
     IN("\x03"
        "ab\x00\x00\x01\x02"
        "c\x00\x05"
        "x\x00\x05"
        "1234\x00"),
     "[ab][\\00c]#[\\05x][1234]"},
    {{PM_FRAMING_COBS, .max = 4},
     IN("\x09"
        "12345678\x00\x02"
        "c\x00"),
     "![\\09123][c]"},
};

static void streams_are_cut_the_same_in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct pm_framer f;
        assert_int_equal(pm_framing_check(&row->rule), 0);
        pm_framer_init(&f, &row->rule);
        for (size_t cut = 0; cut <= row->n; cut++) {
            char out[512] = "";
            pm_framer_reset(&f);
            feed(&f, row->in, cut, out);
            feed(&f, row->in + cut, row->n - cut, out);
            if (strcmp(out, row->frames) != 0)
                fail_msg("row %zu cut at %zu: %s, not %s", i, cut, out, row->frames);
        }
        char out[512] = "";
        pm_framer_reset(&f);
        for (size_t at = 0; at < row->n; at++)
            feed(&f, row->in + at, 1, out);
        assert_string_equal(out, row->frames);
        pm_framer_fini(&f);
    }
}

static void what_was_begun_is_told_when_the_stream_ends(void **state)
{
    (void)state;
    static const struct row ends[] = {
        {{PM_FRAMING_LINES, .max = 4}, IN("ab\ncd"), "cd"},
        {{PM_FRAMING_LINES, .max = 4}, IN("ab\n"), NULL},
        {{PM_FRAMING_LINES, .max = 4}, IN("abcdefgh"), NULL}, /* it was too long, which was told */
        {{PM_FRAMING_START_END, .max = 4, .start = MARK("<"), .end = MARK(">")}, IN("<ab>noise"), NULL},
        {{PM_FRAMING_START_END, .max = 4, .start = MARK("<"), .end = MARK(">")}, IN("<ab><"), ""},
        {{PM_FRAMING_LENGTH, .max = 9, .length_bytes = 1, .length_add = 1},
         IN("\x04"
            "abc"),
         "\x04"
         "abc"},
        {{PM_FRAMING_FIXED, .max = 9, .size = 3}, IN("abcde"), "de"},
        {{PM_FRAMING_IDLE, .max = 9, .idle_us = 1000}, IN("abc"), "abc"},
        {{PM_FRAMING_SLIP, .max = 4},
         IN("\xc0"
            "a\xdb\xdc"),
         "a\xdb\xdc"},
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const struct row *row = &ends[i];
        struct pm_framer f;
        struct pm_frame frame;
        char out[512] = "";
        pm_framer_init(&f, &row->rule);
        feed(&f, row->in, row->n, out);
        assert_int_equal(pm_framer_cut(&f, &frame), row->frames != NULL);
        if (row->frames) {
            assert_int_equal(frame.fault, PM_FRAME_INCOMPLETE);
            assert_int_equal(frame.n, strlen(row->frames));
            assert_memory_equal(frame.p, row->frames, frame.n);
        }
        assert_int_equal(pm_framer_cut(&f, &frame), 0);
        pm_framer_fini(&f);
    }
}

static void silence_ends_a_frame(void **state)
{
    (void)state;
    struct pm_framing rule = {PM_FRAMING_IDLE, .max = 4, .idle_us = 1750};
    struct pm_framer f;
    struct pm_frame frame;
    struct pm_mono due;
    const uint8_t *p = (const uint8_t *)"abcdefghi";
    size_t n = 2;
    pm_framer_init(&f, &rule);
    assert_false(pm_framer_deadline(&f, &due));
    assert_int_equal(pm_framer_next(&f, (struct pm_mono){1000}, &p, &n, &frame), 0);
    assert_true(pm_framer_deadline(&f, &due) && due.us == 2750);
    assert_int_equal(pm_framer_expire(&f, (struct pm_mono){2749}, &frame), 0);
    assert_int_equal(pm_framer_held(&f), 2);
    n = 1; /* in time: the same frame */
    assert_int_equal(pm_framer_next(&f, (struct pm_mono){2700}, &p, &n, &frame), 0);
    assert_int_equal(pm_framer_expire(&f, (struct pm_mono){4450}, &frame), 1);
    assert_int_equal(frame.n, 3);
    assert_memory_equal(frame.p, "abc", 3);
    n = 1; /* nobody looked in time: the next bytes tell that there was silence */
    assert_int_equal(pm_framer_next(&f, (struct pm_mono){9000}, &p, &n, &frame), 0);
    n = 5;
    assert_int_equal(pm_framer_next(&f, (struct pm_mono){20000}, &p, &n, &frame), 1);
    assert_int_equal(frame.n, 1);
    assert_int_equal(n, 5);
    assert_int_equal(pm_framer_next(&f, (struct pm_mono){20000}, &p, &n, &frame), 1);
    assert_int_equal(frame.fault, PM_FRAME_TOO_LONG);
    assert_memory_equal(frame.p, "efgh", 4);
    assert_int_equal(pm_framer_next(&f, (struct pm_mono){20000}, &p, &n, &frame), 0);
    assert_int_equal(pm_framer_expire(&f, (struct pm_mono){30000}, &frame), 0);
    pm_framer_fini(&f);
}

static void rules_that_cut_nothing_are_refused(void **state)
{
    (void)state;
    static const struct pm_framing bad[] = {
        {.kind = PM_FRAMING_LINES},
        {PM_FRAMING_LINES, .max = PM_FRAME_MAX + 1},
        {PM_FRAMING_DELIMITER, .max = 9},
        {PM_FRAMING_START_END, .max = 9, .start = MARK("a")},
        {PM_FRAMING_LENGTH, .max = 9, .length_bytes = 3},
        {PM_FRAMING_LENGTH, .max = 9, .length_bytes = 4, .length_at = 29},
        {PM_FRAMING_LENGTH, .max = 9, .length_bytes = 2, .length_at = 8},
        {PM_FRAMING_FIXED, .max = 9},
        {PM_FRAMING_FIXED, .max = 9, .size = 10},
        {PM_FRAMING_FIXED, .max = 9, .size = 1, .start = MARK("ab")},
        {PM_FRAMING_IDLE, .max = 9},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(pm_framing_check(&bad[i]), -EINVAL);
}

/* Cheshire and Baker's examples, and blocks around 254 bytes. */
static void cobs_is_as_published(void **state)
{
    (void)state;
    static const struct {
        const char *plain;
        size_t n;
        const char *stuffed;
        size_t n_stuffed;
    } examples[] = {
        {IN(""), IN("\x01")},
        {IN("\x00"), IN("\x01\x01")},
        {IN("\x00\x00"), IN("\x01\x01\x01")},
        {IN("\x11\x22\x00\x33"), IN("\x03\x11\x22\x02\x33")},
        {IN("\x11\x00\x00\x00"), IN("\x02\x11\x01\x01\x01")},
    };
    uint8_t out[1024], back[1024], long_one[600];
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        size_t n = pm_cobs_encode((const uint8_t *)examples[i].plain, examples[i].n, out);
        assert_int_equal(n, examples[i].n_stuffed);
        assert_memory_equal(out, examples[i].stuffed, n);
    }
    memset(long_one, 'x', sizeof(long_one));
    for (size_t n = 250; n < 520; n++) {
        for (size_t zero = n - 3; zero < n + 1; zero++) {
            long_one[zero] = 0;
            size_t stuffed = pm_cobs_encode(long_one, n, out);
            assert_true(stuffed <= pm_cobs_bound(n));
            assert_null(memchr(out, 0, stuffed));
            assert_int_equal(pm_cobs_decode(out, stuffed, back), n);
            assert_memory_equal(back, long_one, n);
            assert_int_equal(pm_cobs_decode(out, stuffed, out), n); /* in place */
            long_one[zero] = 'x';
        }
    }
    assert_int_equal(pm_cobs_encode(long_one, 254, out), 255); /* no block behind a full one */
    assert_int_equal(pm_cobs_decode(out, 0, back), -EBADMSG);
    assert_int_equal(pm_cobs_decode((const uint8_t *)"\x03z", 2, back), -EBADMSG);
    assert_int_equal(pm_cobs_decode((const uint8_t *)"\x03z\x00", 3, back), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_cut_the_same_in_any_pieces),
        cmocka_unit_test(what_was_begun_is_told_when_the_stream_ends),
        cmocka_unit_test(silence_ends_a_frame),
        cmocka_unit_test(rules_that_cut_nothing_are_refused),
        cmocka_unit_test(cobs_is_as_published),
    };
    return cmocka_run_group_tests_name("proto/framer", tests, NULL, NULL);
}
