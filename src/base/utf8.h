/* utf8.h - strict incremental UTF-8 validation (RFC 3629), for text that arrives in pieces. */
#ifndef PM_BASE_UTF8_H
#define PM_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* State between two pieces. Zero-initialise; it owns nothing. */
struct pm_utf8 {
    uint8_t need;   /* continuation bytes still to come */
    uint8_t lo, hi; /* what the next continuation byte may be; both 0 outside a sequence */
};

/* Check the next n bytes. False as soon as the text cannot be UTF-8: overlong forms, surrogates and code points
 * above U+10FFFF are refused at the first byte that shows it. After false the state must not be used again. */
bool pm_utf8_feed(struct pm_utf8 *u, const uint8_t *p, size_t n);

/* True between characters, so at the end of a complete text. */
static inline bool pm_utf8_complete(const struct pm_utf8 *u)
{
    return u->need == 0;
}

/* One whole text at once. */
static inline bool pm_utf8_valid(const void *p, size_t n)
{
    struct pm_utf8 u = {0};
    return pm_utf8_feed(&u, p, n) && pm_utf8_complete(&u);
}

#endif
