/* bytes.c - see bytes.h. */
#include "base/bytes.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pm_bytes_fini(struct pm_bytes *b)
{
    free(b->p);
    *b = pm_bytes_empty(b->max);
}

int pm_bytes_reserve(struct pm_bytes *b, size_t n)
{
    assert(b->n <= b->room && b->n <= b->max);
    if (n > b->max - b->n)
        return -ENOBUFS;
    size_t need = b->n + n;
    if (need <= b->room)
        return 0;
    size_t room = b->room > b->max / 2 ? b->max : b->room * 2;
    if (room < need)
        room = need;
    uint8_t *p = realloc(b->p, room);
    if (!p)
        return -ENOMEM;
    b->p = p;
    b->room = room;
    return 0;
}

void pm_bytes_shrink(struct pm_bytes *b, size_t room)
{
    size_t keep = room > b->n ? room : b->n;
    uint8_t *p = keep > 0 && keep < b->room ? realloc(b->p, keep) : NULL;
    if (!p)
        return;
    b->p = p;
    b->room = keep;
}

int pm_bytes_append(struct pm_bytes *b, const void *from, size_t n)
{
    int r = pm_bytes_reserve(b, n);
    if (r < 0)
        return r;
    if (n > 0)
        memcpy(b->p + b->n, from, n);
    b->n += n;
    return 0;
}

void pm_bytes_consume(struct pm_bytes *b, size_t n)
{
    assert(n <= b->n);
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

struct pm_block *pm_block_new(size_t n)
{
    if (n > UINT32_MAX)
        return NULL;
    struct pm_block *b = malloc(sizeof(*b) + n);
    if (!b)
        return NULL;
    b->refs = 1;
    b->n = (uint32_t)n;
    return b;
}

struct pm_block *pm_block_ref(struct pm_block *b)
{
    b->refs++;
    return b;
}

struct pm_block *pm_block_unref(struct pm_block *b)
{
    if (b && --b->refs == 0)
        free(b);
    return NULL;
}
