/* proto_command_frame_test.c - the command frame is what docs/command-frame.md says: its vectors, read from there. */
#include "proto/command_frame.h"
#include "proto/framer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t *unhex(const char *hex, size_t *n)
{
    static uint8_t out[PM_COMMAND_WIRE_MAX];
    unsigned byte;
    for (*n = 0; sscanf(hex + 2 * *n, "%2x", &byte) == 1; ++*n)
        out[*n] = (uint8_t)byte;
    return out;
}

/* Through the framer, as the daemon does: 0 and the frame, or -1. */
static int receive(const uint8_t *p, size_t n, struct pm_command_frame *ret)
{
    static const struct pm_framing rule = {.kind = PM_FRAMING_COBS, .max = PM_COMMAND_PLAIN_MAX};
    struct pm_framer f;
    struct pm_frame frame;
    pm_framer_init(&f, &rule);
    int r = pm_framer_next(&f, (struct pm_mono){0}, &p, &n, &frame) == 1 && frame.fault == PM_FRAME_GOOD &&
            pm_command_decode(frame.p, frame.n, ret) == 0;
    pm_framer_fini(&f);
    return r ? 0 : -1;
}

static void check_vector(const char *row)
{
    struct pm_command_frame f = {0}, back;
    uint8_t out[PM_COMMAND_WIRE_MAX];
    unsigned sequence, id;
    int used = 0, more;
    long value;
    size_t n;
    assert_int_equal(sscanf(row, "| %u | %u |%n", &sequence, &id, &used), 2);
    f.sequence = (uint8_t)sequence;
    f.id = (uint16_t)id;
    for (const char *p = row + used; sscanf(p, " %ld%n", &value, &more) == 1; p += more)
        f.args[f.n_args++] = (int32_t)value;
    const uint8_t *wire = unhex(strchr(row, '`') + 1, &n);
    assert_int_equal(pm_command_encode(&f, out), n);
    assert_memory_equal(out, wire, n);
    assert_int_equal(receive(wire, n, &back), 0);
    assert_true(back.sequence == f.sequence && back.id == f.id && back.n_args == f.n_args);
    assert_memory_equal(back.args, f.args, 4 * f.n_args);
}

static void the_vectors_of_the_document_hold(void **state)
{
    (void)state;
    struct pm_command_frame f;
    char row[4096];
    unsigned vectors = 0, refused = 0;
    size_t n;
    FILE *doc = fopen("docs/command-frame.md", "r");
    assert_non_null(doc);
    while (fgets(row, sizeof(row), doc)) {
        if (row[0] == '|' && row[2] >= '0' && row[2] <= '9' && strchr(row, '`')) {
            check_vector(row);
            vectors++;
        } else if (strncmp(row, "| `", 3) == 0) {
            const uint8_t *wire = unhex(row + 3, &n);
            assert_int_equal(receive(wire, n, &f), -1);
            refused++;
        }
    }
    fclose(doc);
    assert_int_equal(vectors, 8);
    assert_int_equal(refused, 6);
}

/* The longest and the shortest are as long as the document says. */
static void lengths_are_as_told(void **state)
{
    (void)state;
    struct pm_command_frame f = {.n_args = PM_COMMAND_ARGS_MAX}, back;
    uint8_t out[PM_COMMAND_WIRE_MAX];
    for (unsigned i = 0; i < PM_COMMAND_ARGS_MAX; i++)
        f.args[i] = -1;
    size_t n = pm_command_encode(&f, out);
    assert_true(n <= 1033 && PM_COMMAND_WIRE_MAX == 1033);
    assert_int_equal(receive(out, n, &back), 0);
    f.n_args = 0;
    assert_int_equal(pm_command_encode(&f, out), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_document_hold),
        cmocka_unit_test(lengths_are_as_told),
    };
    return cmocka_run_group_tests_name("proto/command_frame", tests, NULL, NULL);
}
