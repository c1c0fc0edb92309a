/* utf8.c - see utf8.h. */
#include "base/utf8.h"

#include <string.h>

/* Start a multi-byte sequence: how many bytes follow, and which second byte is legal (RFC 3629 section 4). */
static bool start_sequence(struct pm_utf8 *u, uint8_t c)
{
    u->lo = 0x80;
    u->hi = 0xbf;
    if (c >= 0xc2 && c <= 0xdf) {
        u->need = 1;
    } else if (c >= 0xe0 && c <= 0xef) {
        u->need = 2;
        if (c == 0xe0)
            u->lo = 0xa0; /* overlong */
        if (c == 0xed)
            u->hi = 0x9f; /* surrogates */
    } else if (c >= 0xf0 && c <= 0xf4) {
        u->need = 3;
        if (c == 0xf0)
            u->lo = 0x90; /* overlong */
        if (c == 0xf4)
            u->hi = 0x8f; /* above U+10FFFF */
    } else {
        return false;
    }
    return true;
}

bool pm_utf8_feed(struct pm_utf8 *u, const uint8_t *p, size_t n)
{
    const uint8_t *end = p + n;

    while (p < end) {
        if (u->need == 0) {
            /* Most text is ASCII: pass eight bytes at a time. */
            uint64_t word;
            while (end - p >= 8 && (memcpy(&word, p, 8), (word & 0x8080808080808080u) == 0))
                p += 8;
            if (p == end)
                break;
            uint8_t c = *p++;
            if (c >= 0x80 && !start_sequence(u, c))
                return false;
            continue;
        }
        if (*p < u->lo || *p > u->hi)
            return false;
        p++;
        u->need--;
        u->lo = 0x80;
        u->hi = 0xbf;
    }
    return true;
}
