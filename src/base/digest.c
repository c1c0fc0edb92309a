/* digest.c - see digest.h. */
#include "base/digest.h"

#include <string.h>

static void feed(pm_digest_block_fn block, uint32_t *h, const uint8_t *p)
{
    uint32_t words[16];
    for (unsigned t = 0; t < 16; t++)
        words[t] = (uint32_t)p[4 * t] << 24 | (uint32_t)p[4 * t + 1] << 16 | (uint32_t)p[4 * t + 2] << 8 | p[4 * t + 3];
    block(h, words);
}

void pm_digest(const void *p, size_t n, pm_digest_block_fn block, uint32_t *h, uint8_t *ret, size_t size)
{
    const uint8_t *at = p;
    size_t left = n;
    for (; left >= 64; at += 64, left -= 64)
        feed(block, h, at);

    /* The last bytes, a one bit, zeros, and the length in bits, in one block or two. */
    uint8_t tail[128] = {0};
    if (left > 0)
        memcpy(tail, at, left);
    tail[left] = 0x80;
    size_t end = left + 9 > 64 ? 128 : 64;
    uint64_t bits = (uint64_t)n * 8;
    for (unsigned i = 0; i < 8; i++)
        tail[end - 1 - i] = (uint8_t)(bits >> (8 * i));
    for (size_t i = 0; i < end; i += 64)
        feed(block, h, tail + i);

    for (size_t i = 0; i < size; i++)
        ret[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}
