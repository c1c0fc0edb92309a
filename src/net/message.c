/* message.c - see message.h. */
#include "net/message.h"

#include "proto/websocket.h"

#include <stdlib.h>
#include <string.h>

struct pm_message *pm_message_new(bool binary, size_t n)
{
    struct pm_message *m = malloc(sizeof(*m) + PM_MESSAGE_HEADROOM + n);
    if (!m)
        return NULL;
    *m = (struct pm_message){.refs = 1, .binary = binary, .n = n};
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

struct pm_message *pm_message_ref(struct pm_message *m)
{
    m->refs++;
    return m;
}

struct pm_message *pm_message_unref(struct pm_message *m)
{
    if (m && --m->refs == 0)
        free(m);
    return NULL;
}
