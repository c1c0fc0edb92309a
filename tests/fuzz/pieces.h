/* pieces.h - what the fuzz targets share: inputs cut where the input itself says, in memory of exactly that size. */
#ifndef PM_FUZZ_PIECES_H
#define PM_FUZZ_PIECES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PM_FUZZ_CHECK(condition)                                                                                       \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

/* A copy that the sanitizer guards at both ends; free() it. */
static inline uint8_t *pm_fuzz_copy(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    PM_FUZZ_CHECK(copy);
    if (n > 0)
        memcpy(copy, p, n);
    return copy;
}

/* Length of the next piece of what is left: chosen by the first byte of it. */
static inline size_t pm_fuzz_piece(const uint8_t *p, size_t left)
{
    size_t n = 1 + p[0] % 17;
    return n < left ? n : left;
}

#endif
