/* recording.c - see recording.h. All numbers are little-endian, whatever machine wrote the file. */
#include "proto/recording.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

enum { VERSION = 1, FIELD_HEAD = 3, FIELD_MAX = 1024, SYNC_0 = 0xa5, SYNC_1 = 0x5a };

/* As PNG has it: a byte over 127, a name, and line ends that show a transfer that "mends" text. */
static const uint8_t magic[8] = {0x89, 'P', 'M', 'R', '\r', '\n', 0x1a, '\n'};

static void put(uint8_t *p, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

void pm_recording_magic(uint8_t out[PM_RECORDING_MAGIC])
{
    memcpy(out, magic, sizeof(magic));
    put(out + 8, VERSION, 2);
    put(out + 10, 0, 2);
}

int pm_recording_check_magic(const uint8_t *p, size_t n)
{
    if (n > 0 && memcmp(p, magic, n < sizeof(magic) ? n : sizeof(magic)) != 0)
        return -EPROTO;
    if (n < PM_RECORDING_MAGIC)
        return 0;
    return get(p + 8, 2) == VERSION ? PM_RECORDING_MAGIC : -ENOTSUP;
}

/* ---- records: sync 2, type 1, direction 1, length 4, monotonic 8, wall 8, offset 8, body, CRC-32 4 ---- */

int pm_record_append(struct pm_bytes *out, const struct pm_record *r)
{
    if (r->n > PM_RECORD_BODY_MAX)
        return -EMSGSIZE;
    size_t whole = PM_RECORD_HEAD + r->n + PM_RECORD_TAIL;
    int error = pm_bytes_reserve(out, whole);
    if (error < 0)
        return error;
    uint8_t *p = out->p + out->n;
    p[0] = SYNC_0;
    p[1] = SYNC_1;
    p[2] = (uint8_t)r->type;
    p[3] = (uint8_t)r->direction;
    put(p + 4, r->n, 4);
    put(p + 8, (uint64_t)r->mono_us, 8);
    put(p + 16, (uint64_t)r->wall_us, 8);
    put(p + 24, r->offset, 8);
    if (r->n > 0)
        memcpy(p + PM_RECORD_HEAD, r->body, r->n);
    put(p + PM_RECORD_HEAD + r->n, crc32(0, p, (uInt)(PM_RECORD_HEAD + r->n)), PM_RECORD_TAIL);
    out->n += whole;
    return 0;
}

ssize_t pm_record_length(const uint8_t *p, size_t n)
{
    if ((n > 0 && p[0] != SYNC_0) || (n > 1 && p[1] != SYNC_1))
        return -EBADMSG;
    if (n < PM_RECORD_HEAD)
        return 0;
    uint64_t body = get(p + 4, 4);
    if (p[2] == 0 || p[3] >= PM_RECORD_DIRECTIONS || body > PM_RECORD_BODY_MAX)
        return -EBADMSG;
    return (ssize_t)(PM_RECORD_HEAD + body + PM_RECORD_TAIL);
}

ssize_t pm_record_read(const uint8_t *p, size_t n, struct pm_record *ret)
{
    ssize_t whole = pm_record_length(p, n);
    if (whole <= 0)
        return whole;
    if (n < (size_t)whole)
        return 0;
    size_t summed = (size_t)whole - PM_RECORD_TAIL;
    if (get(p + summed, PM_RECORD_TAIL) != crc32(0, p, (uInt)summed))
        return -EBADMSG;
    *ret = (struct pm_record){.type = p[2],
                              .direction = p[3],
                              .mono_us = (int64_t)get(p + 8, 8),
                              .wall_us = (int64_t)get(p + 16, 8),
                              .offset = get(p + 24, 8),
                              .body = p + PM_RECORD_HEAD,
                              .n = summed - PM_RECORD_HEAD};
    return whole;
}

bool pm_record_is_start(const uint8_t *p, size_t n)
{
    return pm_record_length(p, n) > 0 && p[2] == PM_RECORD_START;
}

/* ---- bodies ---- */

int pm_record_add_field(struct pm_bytes *body, enum pm_recording_field field, const char *text)
{
    size_t n = strnlen(text, FIELD_MAX);
    uint8_t head[FIELD_HEAD] = {(uint8_t)field};
    put(head + 1, n, 2);
    int error = pm_bytes_reserve(body, sizeof(head) + n);
    if (error < 0)
        return error;
    pm_bytes_append(body, head, sizeof(head)); /* there is room */
    return pm_bytes_append(body, text, n);
}

static void copy_text(char *out, size_t room, const uint8_t *p, size_t n)
{
    if (room == 0)
        return;
    size_t part = n < room ? n : room - 1;
    memcpy(out, p, part);
    out[part] = 0;
}

bool pm_record_get_field(const struct pm_record *r, enum pm_recording_field field, char *out, size_t room)
{
    out[0] = 0;
    for (size_t at = 0; r->n - at >= FIELD_HEAD;) {
        size_t n = get(r->body + at + 1, 2);
        if (n > r->n - at - FIELD_HEAD)
            return false;
        if (r->body[at] == field) {
            copy_text(out, room, r->body + at + FIELD_HEAD, n);
            return true;
        }
        at += FIELD_HEAD + n;
    }
    return false;
}

size_t pm_record_put_gap(uint8_t out[64], uint64_t missing, const char *reason)
{
    size_t n = strnlen(reason, 64 - 8);
    put(out, missing, 8);
    memcpy(out + 8, reason, n);
    return 8 + n;
}

uint64_t pm_record_get_gap(const struct pm_record *r, char *reason, size_t room)
{
    bool good = r->n >= 8;
    copy_text(reason, room, good ? r->body + 8 : r->body, good ? r->n - 8 : 0);
    return good ? get(r->body, 8) : 0;
}

uint32_t pm_record_get_signals(const struct pm_record *r)
{
    return r->n >= 4 ? (uint32_t)get(r->body, 4) : 0;
}
