/* message.c - see message.h. */
#include "net/message.h"

#include "proto/websocket.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEFLATE_FROM = 1024, /* bytes: below, compressing costs more than it saves */
    DEFLATE_SLACK = 1024 /* what cannot be compressed grows a little */
};

static size_t size_of(size_t n)
{
    return sizeof(struct pm_message) + PM_MESSAGE_HEADROOM + n;
}

static struct pm_message *new_message(struct pm_spare *spare, bool binary, size_t n)
{
    struct pm_message *m = pm_spare_take(spare, size_of(n));
    if (m)
        *m = (struct pm_message){.refs = 1, .binary = binary, .frame_at = PM_MESSAGE_HEADROOM, .spare = spare, .n = n};
    return m;
}

struct pm_message *pm_message_new(struct pm_spare *spare, bool binary, size_t n)
{
    struct pm_message *m = new_message(spare, binary, n);
    if (!m)
        return NULL;
    uint8_t head[PM_WS_HEAD_MAX], *front = m->bytes + PM_MESSAGE_HEADROOM;
    size_t type = binary ? 0 : 1; /* version 4 has no type before binary data; version 3's head is made when sent */
    if (type)
        *--front = '0' + PM_EIO_MESSAGE;
    size_t head_n = pm_ws_frame_head(head, binary ? PM_WS_BINARY : PM_WS_TEXT, false, n + type);
    front -= head_n;
    memcpy(front, head, head_n);
    m->frame_at = (uint8_t)(front - m->bytes);
    return m;
}

static size_t frame_size(const struct pm_message *m)
{
    return PM_MESSAGE_HEADROOM + m->n - m->frame_at;
}

struct pm_message *pm_message_join(struct pm_message *const *messages, unsigned n)
{
    size_t total = 0, at = 0;
    for (unsigned i = 0; i < n; i++)
        total += frame_size(messages[i]);
    struct pm_message *m = total <= PM_JOIN_MAX ? new_message(messages[0]->spare, false, total) : NULL;
    for (unsigned i = 0; m && i < n; i++) {
        memcpy(pm_message_payload(m) + at, messages[i]->bytes + messages[i]->frame_at, frame_size(messages[i]));
        at += frame_size(messages[i]);
    }
    return m;
}

struct pm_message *pm_message_ref(struct pm_message *m)
{
    m->refs++;
    return m;
}

struct pm_message *pm_message_unref(struct pm_message *m)
{
    if (!m || --m->refs > 0)
        return NULL;
    pm_block_unref(m->deflated[0]);
    pm_block_unref(m->deflated[1]);
    pm_spare_give(m->spare, m, size_of(m->n));
    return NULL;
}

static struct pm_block *deflate_frame(enum pm_ws_opcode opcode, const uint8_t *p, size_t n, struct pm_deflate *d)
{
    struct pm_block *block = NULL;
    uint8_t head[PM_WS_HEAD_MAX];
    struct pm_bytes packed = pm_bytes_empty(n + n / 8 + DEFLATE_SLACK);
    if (pm_deflate_message(d, p, n, &packed) == 0) {
        size_t head_n = pm_ws_frame_head(head, opcode, true, packed.n);
        block = pm_block_new(head_n + packed.n);
        if (block) {
            memcpy(block->bytes, head, head_n);
            memcpy(block->bytes + head_n, packed.p, packed.n);
        }
    }
    pm_bytes_fini(&packed);
    return block;
}

/* Version 3 wants a type byte before binary data, where the other frame has its head: so in a copy. */
static struct pm_block *deflate_typed(struct pm_message *m, struct pm_deflate *d)
{
    uint8_t *copy = malloc(m->n + 1);
    if (!copy)
        return NULL;
    copy[0] = PM_EIO_MESSAGE;
    memcpy(copy + 1, pm_message_payload(m), m->n);
    struct pm_block *block = deflate_frame(PM_WS_BINARY, copy, m->n + 1, d);
    free(copy);
    return block;
}

const struct pm_block *pm_message_deflated(struct pm_message *m, enum pm_eio_version version, struct pm_deflate *d)
{
    bool typed = m->binary && version == PM_EIO_3;
    struct pm_block **slot = &m->deflated[typed];
    if (m->n < DEFLATE_FROM || *slot)
        return *slot;
    if (typed)
        *slot = deflate_typed(m, d);
    else if (m->binary)
        *slot = deflate_frame(PM_WS_BINARY, pm_message_payload(m), m->n, d);
    else
        *slot = deflate_frame(PM_WS_TEXT, pm_message_payload(m) - 1, m->n + 1, d); /* the type stands before it */
    return *slot;
}
