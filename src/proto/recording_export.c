/* recording_export.c - see recording_export.h. What came from outside is escaped in every format: an export is opened
 * by terminals and spreadsheets. */
#include "proto/recording_export.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

const char *const pm_export_words[PM_EXPORT_FORMATS + 1] = {"native", "text", "csv", "pcapng", NULL};
const char *const pm_export_media_types[PM_EXPORT_FORMATS] = {"application/octet-stream", "text/plain; charset=utf-8",
                                                              "text/csv; charset=utf-8", "application/octet-stream"};
const char *const pm_export_endings[PM_EXPORT_FORMATS] = {"pmrec", "txt", "csv", "pcapng"};

enum { NOTE_MAX = 2048 };
static_assert(PM_EXPORT_RECORD_MAX == 4 * (PM_RECORD_BODY_MAX + NOTE_MAX), "what pm_export_record() makes room for");

static const char *const type_words[] = {
    [PM_RECORD_START] = "start",   [PM_RECORD_DATA] = "data",       [PM_RECORD_GAP] = "gap",
    [PM_RECORD_OPENED] = "opened", [PM_RECORD_CLOSED] = "closed",   [PM_RECORD_SETTINGS] = "settings",
    [PM_RECORD_ERROR] = "error",   [PM_RECORD_SIGNALS] = "signals", [PM_RECORD_END] = "end",
};
static const char *const direction_words[PM_RECORD_DIRECTIONS] = {"--", "rx", "tx"};
static const char *const field_words[PM_FIELDS] = {
    [PM_FIELD_RECORDING] = "recording", [PM_FIELD_PART] = "part",       [PM_FIELD_NAME] = "name",
    [PM_FIELD_DEVICE] = "device",       [PM_FIELD_ADDRESS] = "address", [PM_FIELD_PRODUCT] = "product",
    [PM_FIELD_SETTINGS] = "settings",   [PM_FIELD_EPOCH] = "epoch",     [PM_FIELD_PROGRAM] = "program",
    [PM_FIELD_FORMAT] = "format",       [PM_FIELD_OWNER] = "owner",
};

/* ---- text; a buffer that is full stays as it is, and its caller compares what it asked for ---- */

static void put_text(struct pm_bytes *b, const char *text)
{
    pm_bytes_append(b, text, strlen(text));
}

static void put_digits(char *out, unsigned digits, uint64_t value)
{
    for (unsigned i = digits; i > 0; i--, value /= 10)
        out[i - 1] = (char)('0' + value % 10);
}

static void put_number(struct pm_bytes *b, int64_t value)
{
    char digits[21];
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    unsigned at = sizeof(digits);
    do
        digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0)
        digits[--at] = '-';
    pm_bytes_append(b, digits + at, sizeof(digits) - at);
}

static const char hex_digits[] = "0123456789abcdef";

/* Printable ASCII as it is, the rest as C writes it. */
static void put_escaped(struct pm_bytes *b, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char hex[4] = {'\\', 'x', hex_digits[p[i] >> 4], hex_digits[p[i] & 15]};
        if (p[i] == '\r')
            put_text(b, "\\r");
        else if (p[i] == '\n')
            put_text(b, "\\n");
        else if (p[i] == '\t')
            put_text(b, "\\t");
        else if (p[i] == '"' || p[i] == '\\')
            pm_bytes_append(b, (char[2]){'\\', (char)p[i]}, 2);
        else if (p[i] >= 0x20 && p[i] < 0x7f)
            pm_bytes_append(b, p + i, 1);
        else
            pm_bytes_append(b, hex, 4);
    }
}

static void put_quoted(struct pm_bytes *b, const char *text)
{
    put_text(b, "\"");
    put_escaped(b, (const uint8_t *)text, strlen(text));
    put_text(b, "\"");
}

/* The calendar date of a day since 1970-01-01; years begin in March here, so that the leap day is their last. */
static void date_of(int64_t day, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    int64_t shifted = day + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned of_era = (unsigned)(shifted - era * 146097);
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    *ret_day = of_year - (153 * month + 2) / 5 + 1;
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = (int64_t)year + era * 400 + (*ret_month <= 2);
}

void pm_export_time(int64_t wall_us, char out[48])
{
    enum { DAY_S = 86400 };
    int64_t us = wall_us % 1000000, seconds = wall_us / 1000000;
    if (us < 0) {
        us += 1000000;
        seconds--;
    }
    int64_t day = seconds / DAY_S, rest = seconds % DAY_S, year;
    if (rest < 0) {
        rest += DAY_S;
        day--;
    }
    unsigned month, of_month;
    date_of(day, &year, &month, &of_month);
    struct pm_bytes b = {.p = (uint8_t *)out, .room = 48, .max = 47};
    if (year >= 0 && year <= 9999) {
        put_digits(out, 4, (uint64_t)year);
        b.n = 4;
    } else {
        put_number(&b, year);
    }
    char tail[] = "-00-00T00:00:00.000000Z";
    put_digits(tail + 1, 2, month);
    put_digits(tail + 4, 2, of_month);
    put_digits(tail + 7, 2, (uint64_t)rest / 3600);
    put_digits(tail + 10, 2, (uint64_t)rest / 60 % 60);
    put_digits(tail + 13, 2, (uint64_t)rest % 60);
    put_digits(tail + 16, 6, (uint64_t)us);
    put_text(&b, tail);
    out[b.n] = 0;
}

/* ---- what a record that holds no data says ---- */

static void note_fields(struct pm_bytes *b, const struct pm_record *r)
{
    char text[256];
    for (unsigned field = 1; field < PM_FIELDS; field++) {
        if (!pm_record_get_field(r, field, text, sizeof(text)))
            continue;
        put_text(b, b->n > 0 ? " " : "");
        put_text(b, field_words[field]);
        put_text(b, "=");
        put_quoted(b, text);
    }
}

static void note_signals(struct pm_bytes *b, uint32_t signals)
{
    static const char *const words[] = {"cts", "dsr", "dcd", "ri", "dtr", "rts"};
    put_text(b, "on:");
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!(signals >> i & 1))
            continue;
        put_text(b, " ");
        put_text(b, words[i]);
    }
}

static void note(struct pm_bytes *b, const struct pm_record *r)
{
    char reason[64];
    switch (r->type) {
    case PM_RECORD_START:
    case PM_RECORD_OPENED:
    case PM_RECORD_SETTINGS:
        note_fields(b, r);
        break;
    case PM_RECORD_GAP:
        put_number(b, (int64_t)pm_record_get_gap(r, reason, sizeof(reason)));
        put_text(b, " bytes are missing: ");
        put_quoted(b, reason);
        break;
    case PM_RECORD_CLOSED:
    case PM_RECORD_ERROR:
        put_text(b, "reason=\"");
        put_escaped(b, r->body, r->n < sizeof(reason) ? r->n : sizeof(reason));
        put_text(b, "\"");
        break;
    case PM_RECORD_SIGNALS:
        note_signals(b, pm_record_get_signals(r));
        break;
    case PM_RECORD_DATA:
    case PM_RECORD_END:
        break;
    }
}

/* ---- text and CSV ---- */

static void text_record(const struct pm_record *r, const struct pm_bytes *said, struct pm_bytes *out)
{
    char time[48];
    pm_export_time(r->wall_us, time);
    put_text(out, time);
    put_text(out, " ");
    put_text(out, direction_words[r->direction]);
    put_text(out, " @");
    put_number(out, (int64_t)r->offset);
    if (r->type == PM_RECORD_DATA) {
        put_text(out, " \"");
        put_escaped(out, r->body, r->n);
        put_text(out, "\"\n");
        return;
    }
    put_text(out, " ");
    put_text(out, type_words[r->type]);
    put_text(out, said->n > 0 ? " " : "");
    pm_bytes_append(out, said->p, said->n);
    put_text(out, "\n");
}

/* RFC 4180. No cell begins with what came from outside: a spreadsheet would take "=…" for a formula. */
static void csv_record(const struct pm_record *r, const struct pm_bytes *said, struct pm_bytes *out)
{
    char time[48];
    pm_export_time(r->wall_us, time);
    put_text(out, time);
    put_text(out, ",");
    put_number(out, r->mono_us);
    put_text(out, ",");
    put_text(out, type_words[r->type]);
    put_text(out, r->direction == PM_RECORD_NONE ? "," : r->direction == PM_RECORD_RX ? ",rx" : ",tx");
    put_text(out, ",");
    put_number(out, (int64_t)r->offset);
    put_text(out, ",");
    put_number(out, r->type == PM_RECORD_DATA ? (int64_t)r->n : 0);
    put_text(out, ",");
    for (size_t i = 0; r->type == PM_RECORD_DATA && i < r->n; i++)
        pm_bytes_append(out, (char[2]){hex_digits[r->body[i] >> 4], hex_digits[r->body[i] & 15]}, 2);
    put_text(out, ",\"");
    for (size_t i = 0; i < said->n; i++) {
        pm_bytes_append(out, said->p + i, 1);
        if (said->p[i] == '"')
            put_text(out, "\"");
    }
    put_text(out, "\"\r\n");
}

/* ---- pcapng (draft-ietf-opsawg-pcapng), link type RTAC serial: it knows direction, signals and line errors ---- */

enum {
    PCAP_SECTION = 0x0a0d0d0a,
    PCAP_INTERFACE = 1,
    PCAP_PACKET = 6,
    OPTION_COMMENT = 1,
    OPTION_IF_NAME = 2,
    OPTION_PACKET_FLAGS = 2,
    OPTION_IF_DESCRIPTION = 3,
    OPTION_APPLICATION = 4,
    LINK_RTAC_SERIAL = 250,
    RTAC_HEAD = 12,
};

static void put_le(struct pm_bytes *b, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        pm_bytes_append(b, (uint8_t[1]){(uint8_t)(value >> (8 * i))}, 1);
}

static void put_padded(struct pm_bytes *b, const void *p, size_t n)
{
    pm_bytes_append(b, p, n);
    put_le(b, 0, (4 - n % 4) % 4);
}

static void put_option(struct pm_bytes *b, unsigned code, const void *p, size_t n)
{
    put_le(b, code, 2);
    put_le(b, n, 2);
    put_padded(b, p, n);
}

/* A block's length stands at both of its ends, and is known when it is complete. */
static size_t begin_block(struct pm_bytes *b, uint32_t type)
{
    size_t at = b->n;
    put_le(b, type, 4);
    put_le(b, 0, 4);
    return at;
}

static void end_block(struct pm_bytes *b, size_t at)
{
    put_le(b, 0, 4); /* end of options */
    uint32_t n = (uint32_t)(b->n - at + 4);
    put_le(b, n, 4);
    for (unsigned i = 0; i < 4 && b->n > at + 8; i++)
        b->p[at + 4 + i] = (uint8_t)(n >> (8 * i));
}

static void pcapng_head(const struct pm_record *r, const struct pm_bytes *said, struct pm_bytes *out)
{
    static const char application[] = "Peripheral Manager";
    char name[128];
    size_t at = begin_block(out, PCAP_SECTION);
    put_le(out, 0x1a2b3c4d, 4);
    put_le(out, 1, 2);
    put_le(out, 0, 2);
    put_le(out, UINT64_MAX, 8); /* length of the section: not said */
    put_option(out, OPTION_APPLICATION, application, sizeof(application) - 1);
    end_block(out, at);

    at = begin_block(out, PCAP_INTERFACE);
    put_le(out, LINK_RTAC_SERIAL, 2);
    put_le(out, 0, 2);
    put_le(out, 0, 4); /* no limit on the length of packets */
    if (pm_record_get_field(r, PM_FIELD_NAME, name, sizeof(name)))
        put_option(out, OPTION_IF_NAME, name, strlen(name));
    put_option(out, OPTION_IF_DESCRIPTION, said->p, said->n);
    end_block(out, at);
}

static uint8_t rtac_event(const struct pm_record *r)
{
    static const struct {
        const char *reason;
        uint8_t event;
    } errors[] = {{"framing", 7}, {"parity", 8}, {"break", 9}, {"overrun", 10}};
    if (r->type == PM_RECORD_DATA)
        return r->direction == PM_RECORD_TX ? 1 : 2;
    if (r->type == PM_RECORD_GAP)
        return 5;
    if (r->type == PM_RECORD_END)
        return 6;
    for (unsigned i = 0; r->type == PM_RECORD_ERROR && i < sizeof(errors) / sizeof(errors[0]); i++)
        if (r->n >= strlen(errors[i].reason) && memcmp(r->body, errors[i].reason, strlen(errors[i].reason)) == 0)
            return errors[i].event;
    return 0;
}

/* The bits of a signals record in RTAC's order. */
static uint8_t rtac_lines(uint32_t signals)
{
    static const uint8_t bits[] = {0x01, 0x04, 0x02, 0x20, 0x10, 0x08}; /* cts, dsr, dcd, ri, dtr, rts */
    uint8_t lines = 0;
    for (unsigned i = 0; i < sizeof(bits); i++)
        lines |= signals >> i & 1 ? bits[i] : 0;
    return lines;
}

static void put_be32(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void pcapng_record(struct pm_export *e, const struct pm_record *r, const struct pm_bytes *said,
                          struct pm_bytes *out)
{
    bool data = r->type == PM_RECORD_DATA;
    uint64_t wall = r->wall_us > 0 ? (uint64_t)r->wall_us : 0;
    uint32_t n = RTAC_HEAD + (data ? (uint32_t)r->n : 0);
    uint8_t rtac[RTAC_HEAD] = {0};
    if (r->type == PM_RECORD_SIGNALS)
        e->signals = pm_record_get_signals(r);
    put_be32(rtac, (uint32_t)(wall / 1000000));
    put_be32(rtac + 4, (uint32_t)(wall % 1000000));
    rtac[8] = rtac_event(r);
    rtac[9] = rtac_lines(e->signals);

    size_t at = begin_block(out, PCAP_PACKET);
    put_le(out, 0, 4);
    put_le(out, wall >> 32, 4);
    put_le(out, wall & UINT32_MAX, 4);
    put_le(out, n, 4);
    put_le(out, n, 4);
    pm_bytes_append(out, rtac, sizeof(rtac));
    put_padded(out, r->body, data ? r->n : 0);
    uint8_t flags[4] = {(uint8_t)r->direction}; /* 1 is inbound, 2 is outbound, as here */
    put_option(out, OPTION_PACKET_FLAGS, flags, sizeof(flags));
    if (said->n > 0)
        put_option(out, OPTION_COMMENT, said->p, said->n);
    end_block(out, at);
}

/* ---- all of them ---- */

static void put_head(struct pm_export *e, const struct pm_record *r, const struct pm_bytes *said, struct pm_bytes *out)
{
    static const char csv_head[] = "time,monotonic_us,event,direction,offset,bytes,hex,note\r\n";
    uint8_t magic[PM_RECORDING_MAGIC];
    e->begun = true;
    if (e->format == PM_EXPORT_CSV)
        put_text(out, csv_head);
    if (e->format == PM_EXPORT_PCAPNG)
        pcapng_head(r, said, out);
    if (e->format == PM_EXPORT_NATIVE) {
        pm_recording_magic(magic);
        pm_bytes_append(out, magic, sizeof(magic));
    }
}

int pm_export_record(struct pm_export *e, const struct pm_record *r, struct pm_bytes *out)
{
    uint8_t room[NOTE_MAX];
    struct pm_bytes said = {.p = room, .room = sizeof(room), .max = sizeof(room)};
    bool known = r->type > 0 && r->type <= PM_RECORD_END;
    if (!known && e->format != PM_EXPORT_NATIVE)
        return 0; /* of a newer version */
    int error = pm_bytes_reserve(out, 4 * r->n + 4 * NOTE_MAX);
    if (error < 0)
        return error;
    note(&said, r);
    if (!e->begun)
        put_head(e, r, &said, out);
    switch (e->format) {
    case PM_EXPORT_NATIVE:
        return pm_record_append(out, r);
    case PM_EXPORT_TEXT:
        text_record(r, &said, out);
        return 0;
    case PM_EXPORT_CSV:
        csv_record(r, &said, out);
        return 0;
    case PM_EXPORT_PCAPNG:
    case PM_EXPORT_FORMATS:
        pcapng_record(e, r, &said, out);
        return 0;
    }
    return -EINVAL;
}
