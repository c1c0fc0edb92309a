/* spare.c - see spare.h. */
#include "base/spare.h"

#include <sanitizer/asan_interface.h> /* without the sanitizer its macros do nothing */
#include <stdlib.h>

enum { SMALLEST_BITS = 6, KEPT_BYTES = 256 * 1024, KEPT_PIECES = 64 };

struct pm_spare_piece {
    struct pm_spare_piece *next;
};

static void hide(struct pm_spare_piece *piece, unsigned class)
{
    ASAN_POISON_MEMORY_REGION(piece, (size_t)1 << (SMALLEST_BITS + class));
    (void)piece, (void)class;
}

static void show(struct pm_spare_piece *piece, unsigned class)
{
    ASAN_UNPOISON_MEMORY_REGION(piece, (size_t)1 << (SMALLEST_BITS + class));
    (void)piece, (void)class;
}

/* The class of n bytes; PM_SPARE_CLASSES if they are too many for any. */
static unsigned class_of(size_t n)
{
    unsigned i = 0;
    while (i < PM_SPARE_CLASSES && n > (size_t)1 << (SMALLEST_BITS + i))
        i++;
    return i;
}

void *pm_spare_take(struct pm_spare *s, size_t n)
{
    unsigned i = class_of(n);
    if (i == PM_SPARE_CLASSES)
        return malloc(n);
    struct pm_spare_piece *piece = s->first[i];
    if (!piece)
        return malloc((size_t)1 << (SMALLEST_BITS + i));
    show(piece, i);
    s->first[i] = piece->next;
    s->n[i]--;
    return piece;
}

void pm_spare_give(struct pm_spare *s, void *p, size_t n)
{
    unsigned i = class_of(n);
    if (!p)
        return;
    if (i == PM_SPARE_CLASSES || s->n[i] >= KEPT_PIECES || s->n[i] >= (unsigned)KEPT_BYTES >> (SMALLEST_BITS + i)) {
        free(p);
        return;
    }
    struct pm_spare_piece *piece = p;
    piece->next = s->first[i];
    s->first[i] = piece;
    s->n[i]++;
    hide(piece, i);
}

void pm_spare_fini(struct pm_spare *s)
{
    for (unsigned i = 0; i < PM_SPARE_CLASSES; i++) {
        while (s->first[i]) {
            struct pm_spare_piece *piece = s->first[i];
            show(piece, i);
            s->first[i] = piece->next;
            free(piece);
        }
        s->n[i] = 0;
    }
}
