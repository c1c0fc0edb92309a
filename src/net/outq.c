/* outq.c - see outq.h. */
#include "net/outq.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    COPY_ROOM = 4000,  /* bytes in a piece of copied things */
    SHARE_FROM = 1024, /* behind others a smaller message is copied: cheaper than one more iovec */
    COPIES_MAX = 64,   /* free pieces of each kind that are kept */
    SHARES_MAX = 1024,
    PIECES_A_WRITE = 64,
};

struct pm_out_piece {
    struct pm_out_piece *next;
    struct pm_message *shared; /* NULL: the bytes are in own[] */
    const uint8_t *p;
    size_t n;
    uint8_t own[];
};

static struct pm_out_piece *take_free(struct pm_out_piece **list, unsigned *n)
{
    struct pm_out_piece *piece = *list;
    if (piece) {
        *list = piece->next;
        --*n;
    }
    return piece;
}

static void drop_list(struct pm_out_piece *piece)
{
    while (piece) {
        struct pm_out_piece *next = piece->next;
        free(piece);
        piece = next;
    }
}

void pm_out_pool_fini(struct pm_out_pool *pool)
{
    drop_list(pool->copies);
    drop_list(pool->shares);
    *pool = (struct pm_out_pool){0};
}

static struct pm_out_piece *append(struct pm_outq *q, struct pm_out_pool *pool, bool copy)
{
    struct pm_out_piece *piece =
        copy ? take_free(&pool->copies, &pool->n_copies) : take_free(&pool->shares, &pool->n_shares);
    if (!piece)
        piece = malloc(sizeof(*piece) + (copy ? COPY_ROOM : 0));
    if (!piece)
        return NULL;
    piece->next = NULL;
    piece->shared = NULL;
    piece->p = piece->own;
    piece->n = 0;
    if (q->last)
        q->last->next = piece;
    else
        q->first = piece;
    q->last = piece;
    return piece;
}

static void recycle(struct pm_out_pool *pool, struct pm_out_piece *piece)
{
    struct pm_out_piece **list = piece->shared ? &pool->shares : &pool->copies;
    unsigned *n = piece->shared ? &pool->n_shares : &pool->n_copies;
    unsigned most = piece->shared ? SHARES_MAX : COPIES_MAX;
    pm_message_unref(piece->shared);
    if (*n >= most) {
        free(piece);
        return;
    }
    piece->next = *list;
    *list = piece;
    ++*n;
}

static void drop_first(struct pm_outq *q, struct pm_out_pool *pool)
{
    struct pm_out_piece *piece = q->first;
    q->queued -= piece->n;
    q->first = piece->next;
    if (!q->first)
        q->last = NULL;
    recycle(pool, piece);
}

void pm_outq_clear(struct pm_outq *q, struct pm_out_pool *pool)
{
    while (q->first)
        drop_first(q, pool);
}

int pm_outq_copy(struct pm_outq *q, struct pm_out_pool *pool, const void *from, size_t n)
{
    const uint8_t *p = from;
    while (n > 0) {
        struct pm_out_piece *piece = q->last;
        size_t used = piece && !piece->shared ? (size_t)(piece->p - piece->own) + piece->n : COPY_ROOM;
        if (used == COPY_ROOM) {
            piece = append(q, pool, true);
            if (!piece)
                return -ENOMEM;
            used = 0;
        }
        size_t part = n < COPY_ROOM - used ? n : COPY_ROOM - used;
        memcpy(piece->own + used, p, part);
        piece->n += part;
        q->queued += part;
        p += part;
        n -= part;
    }
    return 0;
}

int pm_outq_share(struct pm_outq *q, struct pm_out_pool *pool, struct pm_message *m, const uint8_t *p, size_t n)
{
    if (n < SHARE_FROM && q->first)
        return pm_outq_copy(q, pool, p, n);
    struct pm_out_piece *piece = append(q, pool, false);
    if (!piece)
        return -ENOMEM;
    piece->shared = pm_message_ref(m);
    piece->p = p;
    piece->n = n;
    q->queued += n;
    return 0;
}

static void written(struct pm_outq *q, struct pm_out_pool *pool, size_t n)
{
    while (n > 0) {
        struct pm_out_piece *piece = q->first;
        assert(piece); /* no more is written than was queued */
        if (n < piece->n) {
            piece->p += n;
            piece->n -= n;
            q->queued -= n;
            return;
        }
        n -= piece->n;
        drop_first(q, pool);
    }
}

int pm_outq_write(struct pm_outq *q, struct pm_out_pool *pool, struct pm_wire *wire)
{
    while (q->first) {
        struct iovec parts[PIECES_A_WRITE];
        int count = 0;
        size_t total = 0;
        for (struct pm_out_piece *piece = q->first; piece && count < PIECES_A_WRITE; piece = piece->next) {
            parts[count].iov_base = (void *)(uintptr_t)piece->p;
            parts[count++].iov_len = piece->n;
            total += piece->n;
        }
        ssize_t n = pm_wire_write(wire, parts, count, total);
        if (n < 0)
            return (int)n;
        written(q, pool, (size_t)n);
        if ((size_t)n < total)
            return 1;
    }
    return 0;
}
