/* proto_recording_reader_test.c - recordings read in pieces: of any size, with damage at any byte, torn anywhere. */
#include "proto/recording_reader.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RECORDS = 6, BODY = 20, WHOLE = PM_RECORD_HEAD + BODY + PM_RECORD_TAIL };
enum { FILE_N = PM_RECORDING_MAGIC + RECORDS * WHOLE };

/* A file of RECORDS records; the body of each is its number, over and over. */
static struct pm_bytes make_file(void)
{
    struct pm_bytes b = pm_bytes_empty(FILE_N);
    uint8_t body[BODY], magic[PM_RECORDING_MAGIC];
    pm_recording_magic(magic);
    assert_int_equal(pm_bytes_append(&b, magic, sizeof(magic)), 0);
    for (unsigned i = 0; i < RECORDS; i++) {
        memset(body, (int)i, sizeof(body));
        struct pm_record r = {PM_RECORD_DATA, PM_RECORD_RX, i, 1000 + i, (uint64_t)i * BODY, body, BODY};
        assert_int_equal(pm_record_append(&b, &r), 0);
    }
    assert_int_equal(b.n, FILE_N);
    return b;
}

/* What a reader makes of a file. */
struct seen {
    bool record[RECORDS];
    unsigned records, gaps;
    uint64_t damaged;
    int end;
};

static void see(struct seen *s, const struct pm_record *r)
{
    char reason[16];
    if (r->type == PM_RECORD_GAP) {
        s->gaps++;
        s->damaged += pm_record_get_gap(r, reason, sizeof(reason));
        assert_string_equal(reason, "damaged");
        return;
    }
    assert_int_equal(r->n, BODY);
    assert_int_equal(r->offset, (uint64_t)r->body[0] * BODY);
    assert_false(s->record[r->body[0]]);
    s->record[r->body[0]] = true;
    s->records++;
}

static struct seen read_file(const uint8_t *p, size_t n, size_t piece)
{
    struct pm_recording_reader reader = pm_recording_reader_empty();
    struct pm_record r;
    struct seen s = {0};
    for (size_t at = 0;; at += piece) {
        bool last = n - at <= piece;
        assert_int_equal(pm_recording_feed(&reader, p + at, last ? n - at : piece), 0);
        while ((s.end = pm_recording_next(&reader, last, &r)) > 0)
            see(&s, &r);
        if (last || s.end < 0)
            break;
    }
    pm_recording_reader_fini(&reader);
    return s;
}

static void pieces_of_any_size_give_the_same(void **state)
{
    (void)state;
    struct pm_bytes b = make_file();
    for (size_t piece = 1; piece <= b.n; piece++) {
        struct seen s = read_file(b.p, b.n, piece);
        assert_int_equal(s.end, 0);
        assert_int_equal(s.records, RECORDS);
        assert_int_equal(s.gaps, 0);
    }
    pm_bytes_fini(&b);
}

/* I04, for recordings: one changed byte costs one record, and is told. */
static void damage_at_any_byte_costs_its_record_alone(void **state)
{
    (void)state;
    struct pm_bytes b = make_file();
    static const size_t pieces[] = {1, 50, FILE_N};
    for (size_t at = PM_RECORDING_MAGIC; at < b.n; at++) {
        for (unsigned i = 0; i < 3; i++) {
            b.p[at] ^= 0x10;
            struct seen s = read_file(b.p, b.n, pieces[i]);
            b.p[at] ^= 0x10;
            unsigned hit = (unsigned)(at - PM_RECORDING_MAGIC) / WHOLE;
            assert_int_equal(s.end, 0);
            assert_int_equal(s.records, RECORDS - 1);
            assert_false(s.record[hit]);
            bool torn = hit == RECORDS - 1; /* nothing good follows: it could as well be a torn tail */
            assert_int_equal(s.gaps, torn ? 0 : 1);
            assert_int_equal(s.damaged, torn ? 0 : WHOLE);
        }
    }
    pm_bytes_fini(&b);
}

static void a_torn_tail_is_no_damage(void **state)
{
    (void)state;
    struct pm_bytes b = make_file();
    for (size_t n = PM_RECORDING_MAGIC; n <= b.n; n++) {
        struct seen s = read_file(b.p, n, 64);
        assert_int_equal(s.end, 0);
        assert_int_equal(s.records, (n - PM_RECORDING_MAGIC) / WHOLE);
        assert_int_equal(s.gaps, 0);
    }
    pm_bytes_fini(&b);
}

static void what_is_no_recording_is_refused(void **state)
{
    (void)state;
    struct pm_bytes b = make_file();
    assert_int_equal(read_file((const uint8_t *)"not a recording", 15, 4).end, -EPROTO);
    for (size_t n = 0; n < PM_RECORDING_MAGIC; n++)
        assert_int_equal(read_file(b.p, n, 5).end, -EPROTO);
    b.p[8]++;
    assert_int_equal(read_file(b.p, b.n, 5).end, -ENOTSUP);
    pm_bytes_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_size_give_the_same),
        cmocka_unit_test(damage_at_any_byte_costs_its_record_alone),
        cmocka_unit_test(a_torn_tail_is_no_damage),
        cmocka_unit_test(what_is_no_recording_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
