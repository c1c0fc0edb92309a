/* http_body.c - see http.h; the body behind a head: counted, or in chunks (RFC 9112 sections 6 and 7.1). */
#include "proto/http.h"

#include <errno.h>

enum {
    SIZE_DIGITS = 16,
    OVERHEAD_MIN = 16 * 1024, /* chunk heads and trailers may take this, and as much again as the data */
};

enum state {
    DONE,
    COUNTED,
    SIZE,      /* digits of a chunk's size */
    EXTENSION, /* ignored, up to the line's end */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,      /* at the start of a line */
    TRAILER_LINE, /* in the middle of one */
    TRAILER_LF,
    LAST_LF,
};

void pm_http_body_init(struct pm_http_body *b, const struct pm_http_head *h, const struct pm_http_limits *limits)
{
    *b = (struct pm_http_body){.max = limits->body, .overhead_max = OVERHEAD_MIN};
    b->state = h->chunked ? SIZE : h->content_length > 0 ? COUNTED : DONE;
    b->left = h->chunked ? 0 : h->content_length;
}

static ssize_t refuse(struct pm_http_refusal *why, unsigned status, const char *code, const char *message)
{
    *why = (struct pm_http_refusal){status, code, message};
    return -EPROTO;
}

static ssize_t malformed(struct pm_http_refusal *why)
{
    return refuse(why, 400, "bad-framing", "The chunks of the body are malformed.");
}

static ssize_t too_large(struct pm_http_refusal *why)
{
    return refuse(why, 413, "too-large", PM_HTTP_TOO_LARGE);
}

/* Hand out data of the body or chunk; `next` follows when it is complete. */
static size_t take_data(struct pm_http_body *b, const char *p, size_t n, enum state next, struct pm_http_text *ret)
{
    size_t part = n < b->left ? n : (size_t)b->left;
    *ret = (struct pm_http_text){p, part};
    b->left -= part;
    b->total += part;
    if (b->left == 0)
        b->state = (uint8_t)next;
    return part;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The line with a chunk's size is complete. */
static ssize_t start_chunk(struct pm_http_body *b, struct pm_http_refusal *why)
{
    if (b->left > b->max - b->total)
        return too_large(why);
    b->state = b->left > 0 ? DATA : TRAILER;
    return 0;
}

static ssize_t take_size(struct pm_http_body *b, char c, struct pm_http_refusal *why)
{
    int digit = digit_of(c);
    if (digit >= 0) {
        if (++b->digits > SIZE_DIGITS || b->left >> 59)
            return malformed(why);
        b->left = b->left << 4 | (unsigned)digit;
        return 0;
    }
    if (b->digits == 0 || (c != '\r' && c != ';'))
        return malformed(why);
    b->state = c == '\r' ? SIZE_LF : EXTENSION;
    return 0;
}

/* One byte of what is not data. */
static ssize_t take_framing(struct pm_http_body *b, char c, struct pm_http_refusal *why)
{
    if (++b->overhead > b->overhead_max + b->total)
        return malformed(why);
    switch ((enum state)b->state) {
    case SIZE:
        return take_size(b, c, why);
    case EXTENSION:
    case TRAILER_LINE:
        if (c == '\r')
            b->state = b->state == EXTENSION ? SIZE_LF : TRAILER_LF;
        return c == '\n' || c == 0 ? malformed(why) : 0;
    case TRAILER:
        b->state = c == '\r' ? LAST_LF : TRAILER_LINE;
        return c == '\n' || c == 0 ? malformed(why) : 0;
    case DATA_CR:
        b->state = DATA_LF;
        return c == '\r' ? 0 : malformed(why);
    default:
        break;
    }
    if (c != '\n')
        return malformed(why);
    enum state was = (enum state)b->state;
    if (was == SIZE_LF)
        return start_chunk(b, why);
    b->state = was == DATA_LF ? SIZE : was == TRAILER_LF ? TRAILER : DONE;
    b->digits = 0;
    return 0;
}

ssize_t pm_http_body_read(struct pm_http_body *b, const char *p, size_t n, struct pm_http_text *ret_data,
                          bool *ret_done, struct pm_http_refusal *why)
{
    size_t at = 0;
    *ret_data = (struct pm_http_text){0};
    while (at < n && b->state != DONE && ret_data->n == 0) {
        if (b->state == COUNTED || b->state == DATA) {
            at += take_data(b, p + at, n - at, b->state == COUNTED ? DONE : DATA_CR, ret_data);
        } else {
            ssize_t r = take_framing(b, p[at++], why);
            if (r < 0)
                return r;
        }
    }
    *ret_done = b->state == DONE;
    return (ssize_t)at;
}
