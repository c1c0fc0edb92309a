/* decimal.h - numbers as text, where printf would take most of the time. */
#ifndef PM_BASE_DECIMAL_H
#define PM_BASE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

enum { PM_DECIMAL_MAX = 20 }; /* digits of the largest value */

/* Write the decimal digits of the value to out, which has room for PM_DECIMAL_MAX. Returns how many; there is no end
 * behind them. */
size_t pm_decimal(char *out, uint64_t value);

#endif
