/* failing.h - lets one allocation fail, by its number. For programs that are linked with failing.c and its --wrap
 * options. */
#ifndef PM_OOM_FAILING_H
#define PM_OOM_FAILING_H

/* From now on count allocations and let the n-th (from 1) fail; 0: only count. */
void pm_fail_allocation(unsigned long n);

/* Allocations since then. */
unsigned long pm_allocations(void);

#endif
