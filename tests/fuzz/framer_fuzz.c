/* framer_fuzz.c - any rule over any stream: the same frames whole and in pieces, none longer than it may be; and
 * command frames, checksums and stuffing over the same bytes. */
#include "pieces.h"
#include "proto/checksum.h"
#include "proto/command_frame.h"
#include "proto/framer.h"
#include "proto/stuffing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RULE = 16 };

/* What came out: how much, and a checksum over content and faults. */
struct seen {
    size_t frames, bytes;
    uint32_t sum;
};

static void note(struct seen *s, const struct pm_framer *f, const struct pm_frame *frame)
{
    struct pm_command_frame command;
    size_t most = frame->fault == PM_FRAME_DAMAGED      ? f->limit
                  : frame->fault == PM_FRAME_INCOMPLETE ? f->limit + f->rule.end.n
                                                        : f->rule.max;
    PM_FUZZ_CHECK(f->rule.kind == PM_FRAMING_LENGTH || frame->n <= most);
    s->frames++;
    s->bytes += frame->n;
    s->sum = s->sum * 31 + frame->fault;
    for (size_t i = 0; i < frame->n; i++)
        s->sum = s->sum * 31 + frame->p[i];
    if (frame->n > 0)
        pm_command_decode(frame->p, frame->n, &command);
}

static void feed(struct pm_framer *f, const uint8_t *p, size_t n, struct seen *s)
{
    struct pm_frame frame;
    int r;
    while ((r = pm_framer_next(f, (struct pm_mono){0}, &p, &n, &frame)) == 1)
        note(s, f, &frame);
    PM_FUZZ_CHECK(r == 0 && n == 0);
}

/* The stream's end. */
static void cut(struct pm_framer *f, struct seen *s)
{
    struct pm_frame frame;
    if (pm_framer_cut(f, &frame) == 1)
        note(s, f, &frame);
    PM_FUZZ_CHECK(pm_framer_held(f) == 0 && pm_framer_cut(f, &frame) == 0);
}

static struct pm_framing rule_of(const uint8_t r[RULE])
{
    struct pm_framing rule = {.kind = r[0] % PM_FRAMING_KINDS,
                              .max = 1 + r[1],
                              .start = {r[2] % 4, {r[3] % 3, r[4] % 3, r[5] % 3}},
                              .end = {r[6] % 4, {r[7] % 3, r[8] % 3, r[9] % 3}},
                              .size = r[10],
                              .length_at = r[11] % 40,
                              .length_bytes = r[12] % 5,
                              .big_endian = r[13] & 1,
                              .length_add = (int8_t)r[14],
                              .idle_us = r[15]};
    return rule;
}

static void check_stuffing(const uint8_t *p, size_t n)
{
    uint8_t *out = malloc(pm_slip_bound(n) + pm_cobs_bound(n)), *back = malloc(n + 1);
    PM_FUZZ_CHECK(out && back);
    size_t stuffed = pm_cobs_encode(p, n, out);
    PM_FUZZ_CHECK(!memchr(out, PM_COBS_DELIMITER, stuffed));
    PM_FUZZ_CHECK(pm_cobs_decode(out, stuffed, out) == (ssize_t)n && memcmp(out, p, n) == 0);
    stuffed = pm_slip_encode(p, n, out);
    PM_FUZZ_CHECK(!memchr(out, PM_SLIP_END, stuffed));
    PM_FUZZ_CHECK(pm_slip_decode(out, stuffed, back) == (ssize_t)n && memcmp(back, p, n) == 0);
    free(out);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < RULE)
        return 0;
    struct pm_framing rule = rule_of(data);
    uint8_t *stream = pm_fuzz_copy(data + RULE, size - RULE);
    size_t n = size - RULE;
    check_stuffing(stream, n);
    if (pm_framing_check(&rule) == 0) {
        struct seen whole = {0}, pieces = {0};
        struct pm_framer f;
        pm_framer_init(&f, &rule);
        feed(&f, stream, n, &whole);
        cut(&f, &whole);
        for (size_t at = 0, part; at < n; at += part) {
            part = pm_fuzz_piece(stream + at, n - at);
            feed(&f, stream + at, part, &pieces);
        }
        cut(&f, &pieces);
        PM_FUZZ_CHECK(rule.kind == PM_FRAMING_IDLE || memcmp(&whole, &pieces, sizeof(whole)) == 0);
        pm_framer_fini(&f);
    }
    free(stream);
    return 0;
}
