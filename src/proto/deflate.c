/* deflate.c - see deflate.h. */
#include "proto/deflate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { WINDOW_BITS = 15, MEMORY_LEVEL = 8, STEP = 16 * 1024 };

static const uint8_t tail[4] = {0x00, 0x00, 0xff, 0xff}; /* of an empty stored block, 7.2.1 */

struct pm_deflate {
    z_stream out, in;
    bool out_ready, in_ready;
};

int pm_deflate_new(struct pm_deflate **ret)
{
    *ret = calloc(1, sizeof(**ret));
    return *ret ? 0 : -ENOMEM;
}

struct pm_deflate *pm_deflate_free(struct pm_deflate *d)
{
    if (!d)
        return NULL;
    if (d->out_ready)
        deflateEnd(&d->out);
    if (d->in_ready)
        inflateEnd(&d->in);
    free(d);
    return NULL;
}

/* ---- negotiation ---- */

struct text {
    const char *p;
    size_t n;
};

static struct text trimmed(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct text){p, (size_t)(end - p)};
}

static bool is(struct text t, const char *word)
{
    return t.n == strlen(word) && strncasecmp(t.p, word, t.n) == 0;
}

/* A window of 8 to 15 bits, perhaps in quotes (7.1.2). */
static bool is_window(struct text t)
{
    if (t.n >= 2 && t.p[0] == '"' && t.p[t.n - 1] == '"')
        t = (struct text){t.p + 1, t.n - 2};
    return (t.n == 1 && (t.p[0] == '8' || t.p[0] == '9')) ||
           (t.n == 2 && t.p[0] == '1' && t.p[1] >= '0' && t.p[1] <= '5');
}

/* One parameter of an offer; `seen` has a bit for each that we know. To server_max_window_bits the answer would have to
 * say something (7.1.2.1), and one window serves all receivers. */
static bool takes_parameter(struct text parameter, unsigned *seen)
{
    const char *equals = memchr(parameter.p, '=', parameter.n), *end = parameter.p + parameter.n;
    struct text name = trimmed(parameter.p, equals ? equals : end);
    struct text value = equals ? trimmed(equals + 1, end) : (struct text){NULL, 0};
    unsigned bit;
    bool good;
    if (is(name, "server_no_context_takeover") || is(name, "client_no_context_takeover")) {
        bit = is(name, "server_no_context_takeover") ? 1 : 2;
        good = !equals;
    } else {
        bit = 4;
        good = is(name, "client_max_window_bits") && (!equals || is_window(value));
    }
    if (!good || (*seen & bit))
        return false;
    *seen |= bit;
    return true;
}

static bool takes_offer(const char *p, const char *end)
{
    unsigned seen = 0;
    const char *semicolon = memchr(p, ';', (size_t)(end - p));
    if (!is(trimmed(p, semicolon ? semicolon : end), "permessage-deflate"))
        return false;
    while (semicolon) {
        p = semicolon + 1;
        semicolon = memchr(p, ';', (size_t)(end - p));
        if (!takes_parameter(trimmed(p, semicolon ? semicolon : end), &seen))
            return false;
    }
    return true;
}

bool pm_deflate_is_offered(const char *value, size_t n)
{
    const char *p = value, *end = value + n;
    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        if (takes_offer(p, comma ? comma : end))
            return true;
        p = comma ? comma + 1 : end;
    }
    return false;
}

/* ---- messages ---- */

enum { GO_ON, NO_PROGRESS, END };

/* Let zlib write behind what is in `out`. Returns one of the above, or a negative errno. */
static int step(z_stream *z, int (*run)(z_stream *, int), struct pm_bytes *out)
{
    size_t room = out->max - out->n < STEP ? out->max - out->n : STEP;
    uint8_t spill[1]; /* with a full buffer: is there a byte more? */
    int r = pm_bytes_reserve(out, room);
    if (r < 0)
        return r;
    z->next_out = room > 0 ? out->p + out->n : spill;
    z->avail_out = room > 0 ? (uInt)room : 1;
    uInt before = z->avail_out;
    int status = run(z, Z_SYNC_FLUSH);
    size_t made = before - z->avail_out;
    if (room == 0 && made > 0)
        return -ENOBUFS;
    out->n += room > 0 ? made : 0;
    switch (status) {
    case Z_OK:
        return GO_ON;
    case Z_BUF_ERROR:
        return NO_PROGRESS;
    case Z_STREAM_END:
        return END;
    default:
        return status == Z_MEM_ERROR ? -ENOMEM : -EPROTO;
    }
}

int pm_deflate_message(struct pm_deflate *d, const uint8_t *p, size_t n, struct pm_bytes *out)
{
    if (!d->out_ready &&
        deflateInit2(&d->out, Z_BEST_SPEED, Z_DEFLATED, -WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    d->out_ready = true;
    deflateReset(&d->out);
    d->out.next_in = (Bytef *)(uintptr_t)p;
    d->out.avail_in = (uInt)n;
    size_t start = out->n;
    do {
        int r = step(&d->out, deflate, out);
        if (r < 0)
            return r;
    } while (d->out.avail_out == 0);
    if (out->n - start < sizeof(tail) || memcmp(out->p + out->n - sizeof(tail), tail, sizeof(tail)) != 0)
        return -EPROTO;
    out->n -= sizeof(tail);
    return 0;
}

static int inflate_part(struct pm_deflate *d, const uint8_t *p, size_t n, struct pm_bytes *out)
{
    d->in.next_in = (Bytef *)(uintptr_t)p;
    d->in.avail_in = (uInt)n;
    do {
        int r = step(&d->in, inflate, out);
        if (r < 0)
            return r;
        if (r == END) /* a final block may end what is only a part of the message, 7.2.3.4 */
            inflateReset(&d->in);
        if (r == NO_PROGRESS)
            return 0; /* all input is used and all output made */
    } while (d->in.avail_in > 0 || d->in.avail_out == 0);
    return 0;
}

int pm_inflate_message(struct pm_deflate *d, const uint8_t *p, size_t n, struct pm_bytes *out)
{
    if (!d->in_ready && inflateInit2(&d->in, -WINDOW_BITS) != Z_OK)
        return -ENOMEM;
    d->in_ready = true;
    inflateReset(&d->in);
    int r = inflate_part(d, p, n, out);
    return r < 0 ? r : inflate_part(d, tail, sizeof(tail), out);
}
