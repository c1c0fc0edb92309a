/* secret.h - comparing secrets in a time that tells nothing of them. */
#ifndef PM_BASE_SECRET_H
#define PM_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Are n bytes the same? The time depends on n alone. */
static inline bool pm_secret_equal(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t different = 0;
    for (size_t i = 0; i < n; i++)
        different |= (uint8_t)(x[i] ^ y[i]);
    return different == 0;
}

#endif
