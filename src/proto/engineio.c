/* engineio.c - see engineio.h. Version 3 text payloads count UTF-16 code units, its binary payloads count bytes. */
#include "proto/engineio.h"

#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { SEPARATOR = 0x1e, MESSAGE_BYTE = 0x04, LENGTH_DIGITS = 10 };

static int read_base64(enum pm_eio_version version, uint8_t *p, size_t n, struct pm_eio_packet *ret)
{
    size_t skip = version == PM_EIO_3 ? 2 : 1; /* "b4" or "b" */
    if (n < skip || (version == PM_EIO_3 && p[1] != '4'))
        return -EPROTO;
    ssize_t decoded = pm_base64_decode((const char *)p + skip, n - skip, p + skip);
    if (decoded < 0)
        return -EPROTO;
    *ret = (struct pm_eio_packet){PM_EIO_MESSAGE, true, p + skip, (size_t)decoded};
    return 0;
}

int pm_eio_read_text(enum pm_eio_version version, uint8_t *p, size_t n, struct pm_eio_packet *ret)
{
    if (n == 0)
        return -EPROTO;
    if (p[0] == 'b')
        return read_base64(version, p, n, ret);
    if (p[0] < '0' || p[0] > '0' + PM_EIO_NOOP)
        return -EPROTO;
    *ret = (struct pm_eio_packet){(enum pm_eio_type)(p[0] - '0'), false, p + 1, n - 1};
    return 0;
}

int pm_eio_read_binary(enum pm_eio_version version, const uint8_t *p, size_t n, struct pm_eio_packet *ret)
{
    size_t skip = version == PM_EIO_3 ? 1 : 0;
    if (n < skip || (skip && p[0] != MESSAGE_BYTE))
        return -EPROTO;
    *ret = (struct pm_eio_packet){PM_EIO_MESSAGE, true, p + skip, n - skip};
    return 0;
}

void pm_eio_payload_init(struct pm_eio_payload *r, enum pm_eio_version version, bool binary, uint8_t *p, size_t n,
                         unsigned max_packets)
{
    assert(!binary || version == PM_EIO_3);
    *r = (struct pm_eio_payload){
        .version = version, .binary = binary, .p = p, .n = n, .left = max_packets, .owed = true};
}

static int read_text_packet(struct pm_eio_payload *r, size_t n, struct pm_eio_packet *ret)
{
    uint8_t *p = r->p + r->at;
    if (!pm_utf8_valid(p, n))
        return -EPROTO;
    int status = pm_eio_read_text(r->version, p, n, ret);
    return status < 0 ? status : 1;
}

static int next_separated(struct pm_eio_payload *r, struct pm_eio_packet *ret)
{
    uint8_t *start = r->p + r->at, *end = memchr(start, SEPARATOR, r->n - r->at);
    size_t n = end ? (size_t)(end - start) : r->n - r->at;
    int status = read_text_packet(r, n, ret);
    r->owed = end != NULL;
    r->at += n + r->owed;
    return status;
}

/* Bytes of the text at p that make up `units` UTF-16 code units, or -EPROTO if no character ends there. */
static ssize_t utf16_extent(const uint8_t *p, size_t n, uint64_t units)
{
    size_t at = 0;
    while (units > 0) {
        if (at >= n)
            return -EPROTO;
        size_t bytes = p[at] < 0x80 ? 1 : p[at] < 0xe0 ? 2 : p[at] < 0xf0 ? 3 : 4;
        uint64_t takes = bytes == 4 ? 2 : 1;
        if (takes > units || bytes > n - at)
            return -EPROTO;
        units -= takes;
        at += bytes;
    }
    return (ssize_t)at;
}

/* 0 for "0:", which the references skip. */
static int next_counted(struct pm_eio_payload *r, struct pm_eio_packet *ret)
{
    uint64_t units = 0;
    size_t digits = 0;
    while (r->at < r->n && digits <= LENGTH_DIGITS && r->p[r->at] >= '0' && r->p[r->at] <= '9') {
        units = units * 10 + (r->p[r->at++] - '0');
        digits++;
    }
    if (digits == 0 || digits > LENGTH_DIGITS || r->at >= r->n || r->p[r->at] != ':')
        return -EPROTO;
    r->at++;
    ssize_t n = utf16_extent(r->p + r->at, r->n - r->at, units);
    if (n <= 0)
        return n < 0 ? -EPROTO : 0;
    int status = read_text_packet(r, (size_t)n, ret);
    r->at += (size_t)n;
    return status;
}

static int next_binary(struct pm_eio_payload *r, struct pm_eio_packet *ret)
{
    uint8_t kind = r->p[r->at++];
    uint64_t n = 0;
    size_t digits = 0;
    while (r->at < r->n && digits <= LENGTH_DIGITS && r->p[r->at] <= 9) {
        n = n * 10 + r->p[r->at++];
        digits++;
    }
    if (kind > 1 || digits == 0 || digits > LENGTH_DIGITS || r->at >= r->n || r->p[r->at] != 0xff)
        return -EPROTO;
    r->at++;
    if (n > r->n - r->at)
        return -EPROTO;
    int status;
    if (kind == 0) {
        status = read_text_packet(r, (size_t)n, ret);
    } else {
        status = pm_eio_read_binary(r->version, r->p + r->at, (size_t)n, ret);
        status = status < 0 ? status : 1;
    }
    r->at += (size_t)n;
    return status;
}

int pm_eio_payload_next(struct pm_eio_payload *r, struct pm_eio_packet *ret)
{
    int status = 0;
    while (status == 0 && r->at < r->n) {
        if (r->left == 0)
            return -E2BIG;
        r->left--;
        if (r->version == PM_EIO_4)
            return next_separated(r, ret);
        r->owed = false;
        status = r->binary ? next_binary(r, ret) : next_counted(r, ret);
    }
    return status == 0 && r->owed ? -EPROTO : status;
}

/* UTF-16 code units of valid UTF-8: one for each character, one more for those beyond the basic plane. */
static size_t utf16_units(const uint8_t *p, size_t n)
{
    size_t units = 0;
    for (size_t i = 0; i < n; i++)
        units += ((p[i] & 0xc0) != 0x80) + (p[i] >= 0xf0);
    return units;
}

size_t pm_eio_payload_bound(const struct pm_eio_packet *packet)
{
    return (packet->binary ? pm_base64_length(packet->n) : packet->n) + LENGTH_DIGITS + 4;
}

/* Decimal digits of n, each offset by `zero` ('0', or 0 in binary payloads). Returns how many. */
static size_t write_digits(size_t n, uint8_t zero, uint8_t *out)
{
    uint8_t reversed[20];
    size_t count = 0;
    do
        reversed[count++] = (uint8_t)(zero + n % 10);
    while ((n /= 10) > 0);
    for (size_t i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    return count;
}

static size_t append_data(uint8_t *out, const struct pm_eio_packet *packet)
{
    if (packet->n > 0)
        memcpy(out, packet->data, packet->n);
    return packet->n;
}

size_t pm_eio_base64_write(enum pm_eio_version version, const uint8_t *p, size_t n, char *out)
{
    size_t at = 0;
    out[at++] = 'b';
    if (version == PM_EIO_3)
        out[at++] = '0' + PM_EIO_MESSAGE;
    return at + pm_base64_encode(p, n, out + at);
}

static size_t write_binary_form(uint8_t *out, const struct pm_eio_packet *packet)
{
    size_t at = 0;
    out[at++] = packet->binary;
    at += write_digits(packet->n + 1, 0, out + at);
    out[at++] = 0xff;
    out[at++] = packet->binary ? MESSAGE_BYTE : (uint8_t)('0' + packet->type);
    return at + append_data(out + at, packet);
}

static size_t write_text_form(uint8_t *out, enum pm_eio_version version, const struct pm_eio_packet *packet)
{
    size_t at = 0;
    if (version == PM_EIO_3) {
        size_t units = packet->binary ? pm_base64_length(packet->n) + 2 : utf16_units(packet->data, packet->n) + 1;
        at += write_digits(units, '0', out);
        out[at++] = ':';
    }
    if (packet->binary)
        return at + pm_eio_base64_write(version, packet->data, packet->n, (char *)out + at);
    out[at++] = (uint8_t)('0' + packet->type);
    return at + append_data(out + at, packet);
}

int pm_eio_payload_append(struct pm_bytes *out, enum pm_eio_version version, enum pm_eio_form form,
                          const struct pm_eio_packet *packet)
{
    assert(form == PM_EIO_FORM_TEXT || version == PM_EIO_3);
    int r = pm_bytes_reserve(out, pm_eio_payload_bound(packet) + 1);
    if (r < 0)
        return r;
    if (version == PM_EIO_4 && out->n > 0)
        out->p[out->n++] = SEPARATOR;
    uint8_t *end = out->p + out->n;
    out->n += form == PM_EIO_FORM_BINARY ? write_binary_form(end, packet) : write_text_form(end, version, packet);
    return 0;
}

static size_t write_text(char *out, const char *text)
{
    size_t n = strlen(text);
    memcpy(out, text, n);
    return n;
}

size_t pm_eio_handshake_write(const struct pm_eio_handshake *h, char out[PM_EIO_HANDSHAKE_MAX])
{
    assert(h->sid_n <= 64);
    size_t at = write_text(out, "{\"sid\":\"");
    memcpy(out + at, h->sid, h->sid_n);
    at += h->sid_n;
    at += write_text(out + at, h->can_upgrade ? "\",\"upgrades\":[\"websocket\"]" : "\",\"upgrades\":[]");
    at += write_text(out + at, ",\"pingInterval\":");
    at += write_digits(h->ping_interval_ms, '0', (uint8_t *)out + at);
    at += write_text(out + at, ",\"pingTimeout\":");
    at += write_digits(h->ping_timeout_ms, '0', (uint8_t *)out + at);
    at += write_text(out + at, ",\"maxPayload\":");
    at += write_digits(h->max_payload, '0', (uint8_t *)out + at);
    out[at++] = '}';
    return at;
}
