/* framer.c - see framer.h. A frame with an end that lies in one piece of input is handed out from there, without a
 * copy. */
#include "proto/framer.h"

#include "proto/stuffing.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { LOOK = 128 }; /* bytes searched for CR, then for LF: so that neither is sought far behind the other */

const char *pm_framing_name(enum pm_framing_kind kind)
{
    static const char *const names[] = {
        [PM_FRAMING_LINES] = "lines",   [PM_FRAMING_DELIMITER] = "delimiter", [PM_FRAMING_START_END] = "start-end",
        [PM_FRAMING_LENGTH] = "length", [PM_FRAMING_FIXED] = "fixed",         [PM_FRAMING_IDLE] = "idle",
        [PM_FRAMING_SLIP] = "slip",     [PM_FRAMING_COBS] = "cobs",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == PM_FRAMING_KINDS, "every rule has a word");
    return names[kind];
}

static bool is_length(const struct pm_framing *r)
{
    bool field = r->length_bytes == 1 || r->length_bytes == 2 || r->length_bytes == 4;
    size_t header = r->length_at + r->length_bytes;
    return field && header <= PM_LENGTH_HEADER_MAX && header <= r->max && r->start.n <= r->max;
}

int pm_framing_check(const struct pm_framing *r)
{
    bool good = r->max > 0 && r->max <= PM_FRAME_MAX && r->start.n <= PM_MARKER_MAX && r->end.n <= PM_MARKER_MAX;
    switch (r->kind) {
    case PM_FRAMING_DELIMITER:
        good = good && r->end.n > 0;
        break;
    case PM_FRAMING_START_END:
        good = good && r->start.n > 0 && r->end.n > 0;
        break;
    case PM_FRAMING_LENGTH:
        good = good && is_length(r);
        break;
    case PM_FRAMING_FIXED:
        good = good && r->size > 0 && r->size <= r->max && r->start.n <= r->size;
        break;
    case PM_FRAMING_IDLE:
        good = good && r->idle_us > 0;
        break;
    default:
        break;
    }
    return good ? 0 : -EINVAL;
}

static size_t limit_of(const struct pm_framing *r)
{
    return r->kind == PM_FRAMING_COBS   ? pm_cobs_bound(r->max)
           : r->kind == PM_FRAMING_SLIP ? pm_slip_bound(r->max)
                                        : r->max;
}

void pm_framer_init(struct pm_framer *f, const struct pm_framing *rule)
{
    size_t limit = limit_of(rule);
    *f = (struct pm_framer){.rule = *rule, .limit = limit, .held = pm_bytes_empty(limit + PM_MARKER_MAX)};
    if (rule->kind == PM_FRAMING_COBS || rule->kind == PM_FRAMING_SLIP)
        f->rule.end = (struct pm_marker){1, {rule->kind == PM_FRAMING_COBS ? PM_COBS_DELIMITER : PM_SLIP_END}};
    else if (rule->kind == PM_FRAMING_LINES)
        f->rule.end = (struct pm_marker){1, {'\n'}}; /* or CR: see is_end() */
}

void pm_framer_fini(struct pm_framer *f)
{
    pm_bytes_fini(&f->held);
}

void pm_framer_reset(struct pm_framer *f)
{
    struct pm_bytes held = f->held;
    held.n = 0;
    *f = (struct pm_framer){.rule = f->rule, .limit = f->limit, .held = held};
}

int pm_framer_cut(struct pm_framer *f, struct pm_frame *ret)
{
    size_t n = pm_framer_held(f);
    bool begun = n > 0 || (f->inside && !f->skipping);
    pm_framer_reset(f);
    *ret = (struct pm_frame){f->held.p, n, PM_FRAME_INCOMPLETE}; /* no byte of it is touched before the next comes */
    return begun;
}

size_t pm_framer_held(const struct pm_framer *f)
{
    return f->given ? 0 : f->held.n;
}

/* ---- what the rules share ---- */

struct input {
    const uint8_t *p;
    size_t n;
};

static void skip(struct input *in, size_t n)
{
    in->p += n;
    in->n -= n;
}

/* Keep up to n bytes of the input, until `want` are held. 0 or -ENOMEM. */
static int hold(struct pm_framer *f, struct input *in, size_t n, size_t want)
{
    size_t part = want > f->held.n ? want - f->held.n : 0;
    part = part < n ? part : n;
    if (part > 0 && pm_bytes_append(&f->held, in->p, part) < 0)
        return -ENOMEM;
    skip(in, part);
    return 0;
}

static int give(struct pm_framer *f, const uint8_t *p, size_t n, struct pm_frame *ret)
{
    *ret = (struct pm_frame){p, n, PM_FRAME_GOOD};
    f->given = true;
    f->astray = false;
    return 1;
}

static int give_too_long(struct pm_framer *f, struct pm_frame *ret)
{
    *ret = (struct pm_frame){f->held.p, f->rule.max, PM_FRAME_TOO_LONG};
    f->given = true;
    f->skipping = true;
    return 1;
}

/* One byte more of a marker that is looked for: true with its last one. */
static bool step(const struct pm_marker *m, uint8_t *matched, uint8_t byte)
{
    while (*matched > 0 && m->bytes[*matched] != byte) { /* what was seen may end with a shorter beginning */
        uint8_t k = *matched - 1;
        while (k > 0 && memcmp(m->bytes, m->bytes + *matched - k, k) != 0)
            k--;
        *matched = k;
    }
    if (m->bytes[*matched] == byte)
        ++*matched;
    if (*matched < m->n)
        return false;
    *matched = 0;
    return true;
}

/* ---- frames that something ends ---- */

/* How far the first CR or LF is, or n. */
static size_t find_line_end(const uint8_t *p, size_t n)
{
    for (size_t at = 0; at < n; at += LOOK) {
        size_t part = n - at < LOOK ? n - at : LOOK;
        const uint8_t *lf = memchr(p + at, '\n', part);
        part = lf ? (size_t)(lf - p) - at : part;
        const uint8_t *cr = memchr(p + at, '\r', part);
        if (cr || lf)
            return (size_t)((cr ? cr : lf) - p);
    }
    return n;
}

/* Bytes up to and with the first that may be the end's last one; 0 if none is. */
static size_t find_end(const struct pm_framer *f, const struct input *in)
{
    if (f->rule.kind == PM_FRAMING_LINES) {
        size_t n = find_line_end(in->p, in->n);
        return n < in->n ? n + 1 : 0;
    }
    const uint8_t *last = memchr(in->p, f->rule.end.bytes[f->rule.end.n - 1], in->n);
    return last ? (size_t)(last - in->p) + 1 : 0;
}

static bool is_end(const struct pm_framer *f, const uint8_t *p, size_t n)
{
    const struct pm_marker *end = &f->rule.end;
    if (f->rule.kind == PM_FRAMING_LINES)
        return p[n - 1] == '\n' || p[n - 1] == '\r';
    return n >= end->n && memcmp(p + n - end->n, end->bytes, end->n) == 0;
}

static int give_ended(struct pm_framer *f, const uint8_t *p, size_t n, struct pm_frame *ret)
{
    f->inside = false;
    f->after_cr = p[n - 1] == '\r';
    return give(f, p, n - f->rule.end.n, ret);
}

/* The end of a frame that was too long may have begun in what is held of it. */
static int begin_skipping(struct pm_framer *f, struct pm_frame *ret)
{
    f->matched = 0;
    for (size_t i = f->held.n - f->rule.end.n + 1; i < f->held.n; i++)
        step(&f->rule.end, &f->matched, f->held.p[i]);
    return give_too_long(f, ret);
}

static void skip_past_end(struct pm_framer *f, struct input *in)
{
    while (in->n > 0 && f->skipping) {
        uint8_t byte = *in->p;
        bool ended =
            f->rule.kind == PM_FRAMING_LINES ? byte == '\n' || byte == '\r' : step(&f->rule.end, &f->matched, byte);
        skip(in, 1);
        f->skipping = !ended;
        f->inside = f->inside && !ended;
        f->after_cr = byte == '\r';
    }
}

static int cut_ended(struct pm_framer *f, struct input *in, struct pm_frame *ret)
{
    size_t end_n = f->rule.end.n, want = f->limit + end_n;
    while (in->n > 0) {
        size_t run = find_end(f, in);
        bool found = run > 0;
        if (found && f->held.n == 0 && run <= want && is_end(f, in->p, run)) {
            const uint8_t *p = in->p;
            skip(in, run);
            return give_ended(f, p, run, ret);
        }
        if (hold(f, in, found ? run : in->n, want) < 0)
            return -ENOMEM;
        if (f->held.n > 0 && is_end(f, f->held.p, f->held.n))
            return give_ended(f, f->held.p, f->held.n, ret);
        if (f->held.n == want)
            return begin_skipping(f, ret);
    }
    return 0;
}

static int cut_lines(struct pm_framer *f, struct input *in, struct pm_frame *ret)
{
    if (f->after_cr && in->n > 0) {
        f->after_cr = false;
        skip(in, *in->p == '\n' ? 1 : 0);
    }
    return cut_ended(f, in, ret);
}

/* A `start` inside a frame means that the end of the one before was lost. */
static int cut_start_end(struct pm_framer *f, struct input *in, struct pm_frame *ret)
{
    const struct pm_marker *start = &f->rule.start;
    while (!f->inside && in->n > 0) {
        f->inside = step(start, &f->matched, *in->p);
        skip(in, 1);
    }
    int r = f->inside ? cut_ended(f, in, ret) : 0;
    if (r != 1 || ret->fault != PM_FRAME_GOOD)
        return r;
    for (size_t at = ret->n; at >= start->n; at--) {
        if (memcmp(ret->p + at - start->n, start->bytes, start->n) == 0) {
            ret->p += at;
            ret->n -= at;
            break;
        }
    }
    return r;
}

/* ---- stuffed frames ---- */

static ssize_t decode(const struct pm_framer *f, const struct pm_frame *in, uint8_t *out)
{
    return f->rule.kind == PM_FRAMING_COBS ? pm_cobs_decode(in->p, in->n, out) : pm_slip_decode(in->p, in->n, out);
}

static int unstuff(struct pm_framer *f, struct pm_frame *ret)
{
    bool direct = f->held.n == 0;
    if (ret->fault != PM_FRAME_GOOD)
        return 1;
    if (direct && pm_bytes_reserve(&f->held, ret->n) < 0)
        return -ENOMEM;
    /* In place, only once it is known to be good: a damaged one is told as it came. */
    ssize_t n = direct || decode(f, ret, NULL) >= 0 ? decode(f, ret, f->held.p) : -EBADMSG;
    if (n < 0)
        ret->fault = PM_FRAME_DAMAGED;
    else if ((size_t)n > f->rule.max)
        *ret = (struct pm_frame){f->held.p, f->rule.max, PM_FRAME_TOO_LONG};
    else
        *ret = (struct pm_frame){f->held.p, (size_t)n, PM_FRAME_GOOD};
    return 1;
}

static int cut_stuffed(struct pm_framer *f, struct input *in, struct pm_frame *ret)
{
    int r;
    do {
        if (f->given)
            f->held.n = 0;
        f->given = false;
        r = cut_ended(f, in, ret);
    } while (r == 1 && ret->n == 0);
    return r == 1 ? unstuff(f, ret) : r;
}

/* ---- frames of a known length ---- */

/* Bytes that must be held before the frame's length is known. */
static size_t header_of(const struct pm_framing *r)
{
    size_t field = r->kind == PM_FRAMING_LENGTH ? r->length_at + r->length_bytes : 0u;
    return field > r->start.n ? field : r->start.n;
}

/* Bytes of the frame that is held, or 0 for a length that cannot be. */
static size_t length_of(const struct pm_framer *f)
{
    const struct pm_framing *r = &f->rule;
    if (r->kind == PM_FRAMING_FIXED)
        return r->size;
    uint64_t value = 0;
    for (unsigned i = 0; i < r->length_bytes; i++) {
        unsigned shift = 8 * (r->big_endian ? r->length_bytes - 1u - i : i);
        value |= (uint64_t)f->held.p[r->length_at + i] << shift;
    }
    int64_t whole = (int64_t)value + r->length_add;
    return whole >= (int64_t)header_of(r) && whole <= (int64_t)r->max ? (size_t)whole : 0;
}

/* Drop bytes from what is held until it can be the beginning of a frame. */
static void find_start(struct pm_framer *f)
{
    const struct pm_marker *start = &f->rule.start;
    size_t at = 0;
    while (at < f->held.n) {
        size_t part = f->held.n - at < start->n ? f->held.n - at : start->n;
        if (memcmp(f->held.p + at, start->bytes, part) == 0)
            break;
        at++;
    }
    pm_bytes_consume(&f->held, at);
}

static bool tell_damaged(struct pm_framer *f, struct pm_frame *ret)
{
    size_t n = header_of(&f->rule);
    bool news = !f->astray;
    memcpy(f->damaged, f->held.p, n);
    *ret = (struct pm_frame){f->damaged, n, PM_FRAME_DAMAGED};
    f->astray = true;
    pm_bytes_consume(&f->held, 1);
    return news;
}

static int cut_counted(struct pm_framer *f, struct input *in, struct pm_frame *ret)
{
    size_t header = header_of(&f->rule);
    for (;;) {
        if (hold(f, in, in->n, header > 0 ? header : 1) < 0)
            return -ENOMEM;
        if (f->rule.start.n > 0)
            find_start(f);
        if (f->held.n < header || f->held.n == 0) {
            if (in->n == 0)
                return 0;
            continue;
        }
        size_t whole = length_of(f);
        if (whole == 0) {
            if (tell_damaged(f, ret))
                return 1;
            continue;
        }
        if (hold(f, in, in->n, whole) < 0)
            return -ENOMEM;
        return f->held.n == whole ? give(f, f->held.p, whole, ret) : 0;
    }
}

/* ---- frames that silence ends ---- */

int pm_framer_expire(struct pm_framer *f, struct pm_mono now, struct pm_frame *ret)
{
    if (f->rule.kind != PM_FRAMING_IDLE || f->given || now.us - f->last.us < (int64_t)f->rule.idle_us)
        return 0;
    f->skipping = false;
    return f->held.n > 0 ? give(f, f->held.p, f->held.n, ret) : 0;
}

bool pm_framer_deadline(const struct pm_framer *f, struct pm_mono *ret)
{
    *ret = (struct pm_mono){f->last.us + f->rule.idle_us};
    return f->rule.kind == PM_FRAMING_IDLE && pm_framer_held(f) > 0;
}

static int cut_idle(struct pm_framer *f, struct pm_mono now, struct input *in, struct pm_frame *ret)
{
    int r = pm_framer_expire(f, now, ret);
    if (r != 0 || in->n == 0)
        return r;
    f->last = now;
    if (!f->skipping && hold(f, in, in->n, f->limit) < 0)
        return -ENOMEM;
    if (in->n > 0 && !f->skipping)
        return give_too_long(f, ret);
    skip(in, in->n);
    return 0;
}

/* ---- all of them ---- */

int pm_framer_next(struct pm_framer *f, struct pm_mono now, const uint8_t **p, size_t *n, struct pm_frame *ret)
{
    struct input in = {*p, *n};
    int r;
    if (f->given)
        f->held.n = 0;
    f->given = false;
    if (f->skipping && f->rule.end.n > 0)
        skip_past_end(f, &in);
    switch (f->rule.kind) {
    case PM_FRAMING_LINES:
        r = cut_lines(f, &in, ret);
        break;
    case PM_FRAMING_START_END:
        r = cut_start_end(f, &in, ret);
        break;
    case PM_FRAMING_SLIP:
    case PM_FRAMING_COBS:
        r = cut_stuffed(f, &in, ret);
        break;
    case PM_FRAMING_LENGTH:
    case PM_FRAMING_FIXED:
        r = cut_counted(f, &in, ret);
        break;
    case PM_FRAMING_IDLE:
        r = cut_idle(f, now, &in, ret);
        break;
    default:
        r = cut_ended(f, &in, ret);
    }
    *p = in.p;
    *n = in.n;
    return r;
}
