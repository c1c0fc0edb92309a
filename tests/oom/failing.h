/* failing.h - lets one allocation fail, by its number, or all from there on. For programs that are linked with
 * failing.c and its --wrap options. Several threads may allocate. */
#ifndef PM_OOM_FAILING_H
#define PM_OOM_FAILING_H

/* From now on count allocations and let the n-th (from 1) fail; 0: only count. */
void pm_fail_allocation(unsigned long n);

/* The same, and all behind it fail as well. */
void pm_fail_allocations_from(unsigned long n);

/* Allocations since then. */
unsigned long pm_allocations(void);

#endif
