/* recording_reader.c - see recording_reader.h. */
#include "proto/recording_reader.h"

#include <errno.h>
#include <string.h>

struct pm_recording_reader pm_recording_reader_empty(void)
{
    return (struct pm_recording_reader){
        .in = pm_bytes_empty(PM_RECORD_HEAD + PM_RECORD_BODY_MAX + PM_RECORD_TAIL + PM_RECORDING_PIECE)};
}

void pm_recording_reader_fini(struct pm_recording_reader *r)
{
    pm_bytes_fini(&r->in);
}

int pm_recording_feed(struct pm_recording_reader *r, const uint8_t *p, size_t n)
{
    if (r->used > 0)
        pm_bytes_consume(&r->in, r->used);
    r->used = 0;
    return pm_bytes_append(&r->in, p, n);
}

/* How far it is to a record that is whole and good; n if none is there. */
static size_t find_good(const uint8_t *p, size_t n)
{
    struct pm_record r;
    for (size_t at = 1; at < n; at++) {
        if (pm_record_read(p + at, n - at, &r) > 0)
            return at;
    }
    return n;
}

/* How far it is to what could become a record. */
static size_t find_possible(const uint8_t *p, size_t n)
{
    size_t at = 1;
    while (at < n && pm_record_length(p + at, n - at) < 0)
        at++;
    return at;
}

static int tell_damage(struct pm_recording_reader *r, const struct pm_record *next, struct pm_record *ret)
{
    size_t n = pm_record_put_gap(r->gap, r->damaged, "damaged");
    r->damaged = 0;
    *ret = (struct pm_record){
        .type = PM_RECORD_GAP, .mono_us = next->mono_us, .wall_us = next->wall_us, .body = r->gap, .n = n};
    return 1;
}

int pm_recording_next(struct pm_recording_reader *r, bool last, struct pm_record *ret)
{
    if (!r->begun) {
        int magic = pm_recording_check_magic(r->in.p, r->in.n);
        if (magic <= 0)
            return magic == 0 && last ? -EPROTO : magic;
        r->begun = true;
        r->used = (size_t)magic;
    }
    for (;;) {
        const uint8_t *p = r->in.p + r->used;
        size_t n = r->in.n - r->used, skip;
        ssize_t length = pm_record_read(p, n, ret);
        if (length > 0 && r->damaged > 0)
            return tell_damage(r, ret, ret);
        if (length > 0) {
            r->used += (size_t)length;
            return 1;
        }
        if (length == 0 && (!last || n == 0))
            return 0;
        skip = length == 0 || last ? find_good(p, n) : find_possible(p, n);
        if (last && skip == n)
            return 0; /* a torn tail: its writer was killed */
        r->used += skip;
        r->damaged += skip;
    }
}
