/* decimal.c - see decimal.h. */
#include "base/decimal.h"

#include <string.h>

size_t pm_decimal(char *out, uint64_t value)
{
    char digits[PM_DECIMAL_MAX];
    size_t at = sizeof(digits);
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    memcpy(out, digits + at, sizeof(digits) - at);
    return sizeof(digits) - at;
}
