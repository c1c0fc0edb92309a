/* journal.h - the newest bytes of one connection, addressed by stream offset, so that readers hold a cursor and no
 * copy. */
#ifndef PM_HUB_JOURNAL_H
#define PM_HUB_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

/* An offset o can be read while start <= o < end; the byte at o lives in ring[o % capacity]. */
struct pm_journal {
    uint64_t end; /* bytes received since the connection was opened */
    size_t capacity;
    uint8_t *ring; /* made with the first byte */
};

/* An empty journal for the newest `capacity` bytes; it owns nothing yet. */
static inline struct pm_journal pm_journal_empty(size_t capacity)
{
    return (struct pm_journal){.capacity = capacity};
}

void pm_journal_fini(struct pm_journal *j);

/* Offset of the oldest byte that is kept. */
static inline uint64_t pm_journal_start(const struct pm_journal *j)
{
    return j->end > j->capacity ? j->end - j->capacity : 0;
}

/* Append a copy; the oldest bytes make room. 0, or -ENOMEM with the journal unchanged. */
int pm_journal_append(struct pm_journal *j, const uint8_t *p, size_t n);

/* Copy up to n bytes from offset `from` (within start..end) to out. Returns how many there were. */
size_t pm_journal_read(const struct pm_journal *j, uint64_t from, uint8_t *out, size_t n);

/* Borrow what follows offset `from` (within start..end) as far as it lies in one piece: call again for the rest. The
 * borrow ends with the next append. Returns how many bytes that are; 0 at the end. */
size_t pm_journal_peek(const struct pm_journal *j, uint64_t from, const uint8_t **ret);

#endif
