/* bytes.h - a growing byte buffer that learns its maximum at birth, and a counted block of bytes that many may share.
 */
#ifndef PM_BASE_BYTES_H
#define PM_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes [p, p+n), room for `room`, never more than `max`. */
struct pm_bytes {
    uint8_t *p;
    size_t n, room, max;
};

/* An empty buffer that owns nothing yet. */
static inline struct pm_bytes pm_bytes_empty(size_t max)
{
    return (struct pm_bytes){.max = max};
}

/* Give the memory back; the buffer is empty and may be used again. */
void pm_bytes_fini(struct pm_bytes *b);

/* Make room for n more bytes behind the present ones. 0, -ENOBUFS (over the maximum), -ENOMEM; unchanged on error. */
int pm_bytes_reserve(struct pm_bytes *b, size_t n);

/* Give memory back until there is room for `room` bytes, or for those that are there; as far as the system takes it. */
void pm_bytes_shrink(struct pm_bytes *b, size_t room);

/* Append a copy of n bytes. 0 or as pm_bytes_reserve(). `from` must not lie inside the buffer. */
int pm_bytes_append(struct pm_bytes *b, const void *from, size_t n);

/* Drop the first n bytes (n <= b->n). */
void pm_bytes_consume(struct pm_bytes *b, size_t n);

/* An immutable block, shared by reference count: what is encoded once and sent to many. Not for several threads. */
struct pm_block {
    uint32_t refs;
    uint32_t n;
    uint8_t bytes[];
};

/* A block of n bytes with one reference, which the caller owns; its bytes may be written until it is shared.
 * NULL if there is no memory or n does not fit 32 bits. */
struct pm_block *pm_block_new(size_t n);

struct pm_block *pm_block_ref(struct pm_block *b);

/* Drop one reference; NULL is fine. Returns NULL. */
struct pm_block *pm_block_unref(struct pm_block *b);

#endif
