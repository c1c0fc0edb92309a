/* records.c - what happens on a connection, as records in a bounded buffer; what finds no room there becomes a gap. */
#include "record/recorder_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    RESERVE = 64 * 1024, /* of the buffer, for records that say what happened: gaps, openings, the end */
    SPARE = 8 * 1024,    /* bytes of memory behind the data, so that these need none when there is none left */
    RECORD_COST = PM_RECORD_HEAD + PM_RECORD_TAIL,
    FIELDS_MAX = 2048
};

static int64_t wall_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool put(struct pm_recording *r, enum pm_record_type type, enum pm_record_direction direction, uint64_t offset,
                const void *body, size_t n)
{
    struct pm_record record = {type, direction, pm_loop_now().us, wall_us(), offset, body, n};
    if (pm_record_append(&r->filling, &record) < 0)
        return false;
    r->part_size += RECORD_COST + n;
    r->recorder->waiting_bytes += RECORD_COST + n;
    return true;
}

/* A record that belongs to no direction stands where the device's bytes have come to. */
static bool put_news(struct pm_recording *r, enum pm_record_type type, const void *body, size_t n)
{
    return put(r, type, PM_RECORD_NONE, r->connection->journal.end, body, n);
}

/* ---- fields ---- */

/* A record's fields, in memory that is there. */
struct fields {
    uint8_t room[FIELDS_MAX];
    struct pm_bytes body;
};

static struct pm_bytes *begin_fields(struct fields *f)
{
    f->body = (struct pm_bytes){.p = f->room, .room = FIELDS_MAX, .max = FIELDS_MAX};
    return &f->body;
}

static void add_settings(struct pm_bytes *body, const struct pm_port_settings *s)
{
    static const char parity[] = "NEOMS";
    static const char *const flow[] = {"", " rts-cts", " xon-xoff"};
    char text[64];
    snprintf(text, sizeof(text), "%u %u%c%g%s", s->baud_rate, s->data_bits, parity[s->parity], s->stop_bits2 / 2.0,
             flow[s->flow]);
    pm_record_add_field(body, PM_FIELD_SETTINGS, text);
}

static void add_number(struct pm_bytes *body, enum pm_recording_field field, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    pm_record_add_field(body, field, text);
}

static void add_opening(struct pm_bytes *body, const struct pm_connection *c)
{
    pm_record_add_field(body, PM_FIELD_NAME, c->name);
    pm_record_add_field(body, PM_FIELD_DEVICE, c->device_id);
    pm_record_add_field(body, PM_FIELD_ADDRESS, c->path);
    add_settings(body, &c->options.line);
    add_number(body, PM_FIELD_EPOCH, c->epoch);
}

static bool put_start(struct pm_recording *r)
{
    struct fields fields;
    struct pm_bytes *body = begin_fields(&fields);
    pm_record_add_field(body, PM_FIELD_RECORDING, r->item.id);
    add_number(body, PM_FIELD_PART, r->part);
    add_opening(body, r->connection);
    pm_record_add_field(body, PM_FIELD_PROGRAM, r->recorder->program);
    pm_record_add_field(body, PM_FIELD_FORMAT, pm_export_words[r->item.format]);
    if (r->item.owner[0])
        pm_record_add_field(body, PM_FIELD_OWNER, r->item.owner);
    return put_news(r, PM_RECORD_START, body->p, body->n);
}

static bool put_opening(struct pm_recording *r)
{
    struct fields fields;
    struct pm_bytes *body = begin_fields(&fields);
    add_opening(body, r->connection);
    return put_news(r, PM_RECORD_OPENED, body->p, body->n);
}

/* ---- gaps ---- */

static bool miss_bytes(const struct pm_recording *r)
{
    return r->missing[PM_RECORD_RX].bytes || r->missing[PM_RECORD_TX].bytes;
}

bool pm_records_miss(const struct pm_recording *r)
{
    return miss_bytes(r) || r->reopened;
}

const char *pm_records_reason(const struct pm_recording *r)
{
    return !r->failures ? "too-slow" : r->error == -ENOSPC || r->error == -EDQUOT ? "disk-full" : "io-error";
}

static void miss(struct pm_recording *r, enum pm_record_direction direction, uint64_t offset, size_t n,
                 const char *reason)
{
    struct pm_missing *m = &r->missing[direction];
    if (m->bytes == 0)
        m->from = offset;
    m->bytes += n;
    r->item.lost += n;
    pm_recording_trouble(r, reason);
}

static void put_gaps(struct pm_recording *r)
{
    for (enum pm_record_direction d = PM_RECORD_RX; d < PM_RECORD_DIRECTIONS; d++) {
        uint8_t body[64];
        struct pm_missing *m = &r->missing[d];
        size_t n = pm_record_put_gap(body, m->bytes, r->trouble ? r->trouble : pm_records_reason(r));
        if (m->bytes > 0 && put(r, PM_RECORD_GAP, d, m->from, body, n))
            m->bytes = 0;
    }
    if (r->reopened && r->connection && !miss_bytes(r))
        r->reopened = !put_opening(r);
}

/* ---- bytes ---- */

/* Once bytes are missing, half of the buffer must be free before it goes on: few long gaps instead of many short ones.
 */
static bool has_room(const struct pm_recording *r, size_t n)
{
    size_t divisor = pm_records_miss(r) ? 2 : 1, need = 2 * RECORD_COST + n;
    return r->filling.n + need <= PM_RECORDING_BUFFER / divisor &&
           r->recorder->waiting_bytes + need <= PM_RECORDING_BUFFERS / divisor;
}

void pm_records_settle(struct pm_recording *r)
{
    if (pm_records_miss(r) && has_room(r, 2 * RECORD_COST))
        put_gaps(r);
}

/* The part is full: end it, and begin the next one. */
static void cut(struct pm_recording *r)
{
    put_news(r, PM_RECORD_END, NULL, 0);
    r->part++;
    r->part_size = PM_RECORDING_MAGIC;
    put_start(r);
}

static void put_bytes(struct pm_recording *r, enum pm_record_direction direction, uint64_t offset, const uint8_t *p,
                      size_t n)
{
    if (!has_room(r, n)) {
        miss(r, direction, offset, n, pm_records_reason(r));
        return;
    }
    if (pm_bytes_reserve(&r->filling, RECORD_COST + n + SPARE) < 0) {
        miss(r, direction, offset, n, "no-memory");
        return;
    }
    put_gaps(r);
    if (r->part_size + RECORD_COST + n > r->recorder->part_size && r->part < PM_DISK_PARTS)
        cut(r);
    put(r, PM_RECORD_DATA, direction, offset, p, n);
}

void pm_records_on_bytes(struct pm_tap *tap, bool to_device, uint64_t offset, const uint8_t *p, size_t n)
{
    struct pm_recording *r = pm_container(tap, struct pm_recording, tap);
    for (size_t at = 0; at < n;) {
        size_t piece = n - at < PM_RECORD_BODY_MAX ? n - at : PM_RECORD_BODY_MAX;
        put_bytes(r, to_device ? PM_RECORD_TX : PM_RECORD_RX, offset + at, p + at, piece);
        at += piece;
    }
    pm_recorder_ask(r->recorder);
}

/* ---- what else happens ---- */

static void put_fields(struct pm_recording *r, enum pm_hub_news news)
{
    struct fields fields;
    struct pm_bytes *body = begin_fields(&fields);
    if (news == PM_CONNECTION_RENAMED)
        pm_record_add_field(body, PM_FIELD_NAME, r->connection->name);
    else
        add_settings(body, &r->connection->options.line);
    put_news(r, PM_RECORD_SETTINGS, body->p, body->n);
}

static void put_signals(struct pm_recording *r)
{
    static const struct {
        unsigned here, there;
    } bits[] = {{PM_SIGNAL_CTS, PM_RECORD_CTS}, {PM_SIGNAL_DSR, PM_RECORD_DSR}, {PM_SIGNAL_DCD, PM_RECORD_DCD},
                {PM_SIGNAL_RI, PM_RECORD_RI},   {PM_SIGNAL_DTR, PM_RECORD_DTR}, {PM_SIGNAL_RTS, PM_RECORD_RTS}};
    uint8_t body[4] = {0};
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
        body[0] |= r->connection->signals & bits[i].here ? bits[i].there : 0;
    if (has_room(r, sizeof(body)))
        put_news(r, PM_RECORD_SIGNALS, body, sizeof(body));
}

static void put_error(struct pm_recording *r, unsigned count, const char *which)
{
    if (count > 0 && has_room(r, strlen(which)))
        put(r, PM_RECORD_ERROR, PM_RECORD_RX, r->connection->journal.end, which, strlen(which));
}

void pm_records_on_news(struct pm_recording *r, enum pm_hub_news news, const char *text)
{
    const struct pm_line_errors *e = &r->connection->new_errors;
    if (news == PM_CONNECTION_RX || news == PM_CONNECTION_DRAINED || news == PM_CONNECTION_OPENED)
        return;  /* the bytes were taken as they passed */
    put_gaps(r); /* in their place */
    switch (news) {
    case PM_CONNECTION_LOST:
    case PM_CONNECTION_CLOSED:
        put_news(r, PM_RECORD_CLOSED, text, strlen(text));
        break;
    case PM_CONNECTION_RESTORED:
        r->reopened = true;
        put_gaps(r);
        break;
    case PM_CONNECTION_RENAMED:
    case PM_CONNECTION_CHANGED:
        put_fields(r, news);
        break;
    case PM_CONNECTION_SIGNALS:
        put_signals(r);
        break;
    case PM_CONNECTION_ERRORS:
        put_error(r, e->framing, "framing");
        put_error(r, e->parity, "parity");
        put_error(r, e->breaks, "break");
        put_error(r, e->overrun + e->buffer_overrun, "overrun");
        break;
    default:
        break;
    }
    pm_recorder_ask(r->recorder);
}

/* ---- beginning and end ---- */

int pm_records_start(struct pm_recording *r)
{
    r->filling = r->disk.batch = pm_bytes_empty(PM_RECORDING_BUFFER + RESERVE);
    r->part = 1;
    r->part_size = PM_RECORDING_MAGIC;
    struct pm_record first;
    if (pm_bytes_reserve(&r->filling, SPARE) < 0 || pm_bytes_reserve(&r->disk.batch, SPARE) < 0)
        return -ENOMEM;
    if (put_start(r) && pm_record_read(r->filling.p, r->filling.n, &first) > 0)
        r->item.started_us = first.wall_us; /* what the file will say later */
    return 0;
}

void pm_records_end(struct pm_recording *r)
{
    put_gaps(r);
    put_news(r, PM_RECORD_END, NULL, 0);
    pm_recorder_ask(r->recorder);
}
