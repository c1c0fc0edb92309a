/* journal.c - see journal.h. */
#include "hub/journal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pm_journal_fini(struct pm_journal *j)
{
    free(j->ring);
    *j = pm_journal_empty(j->capacity);
}

int pm_journal_append(struct pm_journal *j, const uint8_t *p, size_t n)
{
    if (!j->ring && !(j->ring = malloc(j->capacity)))
        return -ENOMEM;
    if (n > j->capacity) { /* only the newest can be kept */
        j->end += n - j->capacity;
        p += n - j->capacity;
        n = j->capacity;
    }
    size_t at = j->end % j->capacity, first = n < j->capacity - at ? n : j->capacity - at;
    memcpy(j->ring + at, p, first);
    memcpy(j->ring, p + first, n - first);
    j->end += n;
    return 0;
}

size_t pm_journal_read(const struct pm_journal *j, uint64_t from, uint8_t *out, size_t n)
{
    assert(from >= pm_journal_start(j) && from <= j->end);
    if (n > j->end - from)
        n = (size_t)(j->end - from);
    if (n == 0)
        return 0;
    size_t at = from % j->capacity, first = n < j->capacity - at ? n : j->capacity - at;
    memcpy(out, j->ring + at, first);
    memcpy(out + first, j->ring, n - first);
    return n;
}

size_t pm_journal_peek(const struct pm_journal *j, uint64_t from, const uint8_t **ret)
{
    assert(from >= pm_journal_start(j) && from <= j->end);
    if (from == j->end)
        return 0;
    size_t at = from % j->capacity, first = j->capacity - at;
    *ret = j->ring + at;
    return j->end - from < first ? (size_t)(j->end - from) : first;
}
