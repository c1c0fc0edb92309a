/* hub_journal_test.c - the ring of newest bytes: every offset says the byte that was received there. */
#include "hub/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 31 % 251);
}

static void append(struct pm_journal *j, size_t n)
{
    uint8_t *bytes = malloc(n ? n : 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_at(j->end + i);
    assert_int_equal(pm_journal_append(j, bytes, n), 0);
    free(bytes);
}

static void assert_reads(const struct pm_journal *j, uint64_t from, size_t ask, size_t expect)
{
    uint8_t out[64];
    assert_int_equal(pm_journal_read(j, from, out, ask), expect);
    for (size_t i = 0; i < expect; i++)
        assert_int_equal(out[i], byte_at(from + i));
}

static void every_offset_keeps_its_byte(void **state)
{
    (void)state;
    for (size_t step = 1; step <= 40; step++) { /* also steps larger than the ring */
        struct pm_journal j = pm_journal_empty(16);
        assert_int_equal(pm_journal_start(&j), 0);
        assert_reads(&j, 0, 8, 0);
        for (int i = 0; i < 20; i++) {
            append(&j, step);
            uint64_t start = pm_journal_start(&j);
            assert_int_equal(j.end, step * (size_t)(i + 1));
            assert_int_equal(j.end - start, j.end < 16 ? j.end : 16);
            for (uint64_t from = start; from <= j.end; from++) {
                assert_reads(&j, from, 64, (size_t)(j.end - from));
                assert_reads(&j, from, 3, j.end - from < 3 ? (size_t)(j.end - from) : 3);
            }
        }
        pm_journal_fini(&j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_offset_keeps_its_byte)};
    return cmocka_run_group_tests_name("hub/journal", tests, NULL, NULL);
}
