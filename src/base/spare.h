/* spare.h - memory that was just used, kept for the next thing of about its size: what is done over and over allocates
 * nothing. Not for several threads. */
#ifndef PM_BASE_SPARE_H
#define PM_BASE_SPARE_H

#include <stddef.h>

enum { PM_SPARE_CLASSES = 12 }; /* 64 bytes, 128, … 128 KiB; larger things are not kept */

struct pm_spare_piece;

/* Zero-initialise. At most 256 KiB are kept of each class, and 64 pieces. */
struct pm_spare {
    struct pm_spare_piece *first[PM_SPARE_CLASSES];
    unsigned n[PM_SPARE_CLASSES];
};

/* Free what is kept. What is given back afterwards is kept again: so the last call of the owner. */
void pm_spare_fini(struct pm_spare *s);

/* n bytes, not initialised; NULL without memory. Give them back with the same n. */
void *pm_spare_take(struct pm_spare *s, size_t n);

/* NULL is fine. */
void pm_spare_give(struct pm_spare *s, void *p, size_t n);

#endif
