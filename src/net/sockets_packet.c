/* sockets_packet.c - outgoing Socket.IO packets: the text is written once, whoever gets it. */
#include "net/sockets_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OFFSET_TEXT_MAX = PM_OFFSET_MAX + 4 }; /* ,"…" */

struct pm_message *pm_text_message(struct pm_spare *spare, const char *head, size_t head_n, const char *body, size_t n)
{
    struct pm_message *m = pm_message_new(spare, false, head_n + n);
    if (!m)
        return NULL;
    memcpy(pm_message_payload(m), head, head_n);
    if (n > 0)
        memcpy(pm_message_payload(m) + head_n, body, n);
    return m;
}

static size_t size_of(unsigned attachments)
{
    return sizeof(struct pm_packet) + attachments * sizeof(struct pm_message *);
}

static size_t write_offset(char *out, const char *offset, bool first)
{
    if (!offset)
        return 0;
    size_t n = 0, length = strnlen(offset, PM_OFFSET_MAX);
    if (!first)
        out[n++] = ',';
    out[n++] = '"';
    memcpy(out + n, offset, length);
    n += length;
    out[n++] = '"';
    return n;
}

/* `<head>["name",args,"offset"]`; an acknowledgement has no name. */
static int write_text(struct pm_packet *p, enum pm_sio_type type, const char *name_space, int64_t id, const char *name,
                      const struct pm_args *args, const char *offset)
{
    size_t space_n = strlen(name_space), name_n = name ? strlen(name) : 0;
    char small[512], *front = small, tail[OFFSET_TEXT_MAX];
    size_t need = PM_SIO_HEAD_MAX + space_n + pm_json_quoted_max(name_n) + 2;
    if (need > sizeof(small) && !(front = malloc(need)))
        return -1;
    size_t at = pm_sio_write_head(front, type, args->n_attachments, name_space, space_n, id);
    front[at++] = '[';
    if (name)
        at += pm_json_quote(name, name_n, front + at);
    if (name && args->n > 0)
        front[at++] = ',';
    p->offset_n = write_offset(tail, offset, !name && args->n == 0);
    p->text = pm_message_new(p->spare, false, at + args->n + p->offset_n + 1);
    if (p->text) {
        char *out = (char *)pm_message_payload(p->text);
        memcpy(out, front, at);
        if (args->n > 0)
            memcpy(out + at, args->json, args->n);
        memcpy(out + at + args->n, tail, p->offset_n);
        out[at + args->n + p->offset_n] = ']';
        p->bytes = p->text->n;
    }
    if (front != small)
        free(front);
    return p->text ? 0 : -1;
}

struct pm_packet *pm_packet_make(struct pm_sockets *all, enum pm_sio_type type, const char *name_space, int64_t id,
                                 const char *name, const struct pm_args *args, const char *offset)
{
    struct pm_spare *spare = &all->loop->spare;
    struct pm_packet *p = pm_spare_take(spare, size_of(args->n_attachments));
    if (!p)
        return NULL;
    *p = (struct pm_packet){.refs = 1, .spare = spare, .room = args->n_attachments};
    if (write_text(p, type, name_space, id, name, args, offset) < 0)
        return pm_packet_unref(p);
    for (unsigned i = 0; i < args->n_attachments; i++) {
        const struct pm_span *from = &args->attachments[i];
        struct pm_message *m = pm_message_new(spare, true, from->n);
        if (!m)
            return pm_packet_unref(p);
        if (from->n > 0)
            memcpy(pm_message_payload(m), from->p, from->n);
        p->attachments[p->n_attachments++] = m;
        p->bytes += from->n;
    }
    return p;
}

struct pm_packet *pm_packet_new(struct pm_sockets *all, const char *name_space, const char *name,
                                const struct pm_args *args)
{
    char text[OFFSET_TEXT_MAX];
    uint64_t offset = all->options.recovery_ms ? ++all->next_offset : 0;
    snprintf(text, sizeof(text), "%llu", (unsigned long long)offset);
    struct pm_packet *p =
        pm_packet_make(all, PM_SIO_EVENT, name_space, PM_SIO_NO_ID, name, args, offset > 0 ? text : NULL);
    if (p)
        p->offset = offset;
    return p;
}

struct pm_packet *pm_packet_new_at(struct pm_sockets *all, const char *name_space, const char *name,
                                   const struct pm_args *args, const char *offset)
{
    return pm_packet_make(all, PM_SIO_EVENT, name_space, PM_SIO_NO_ID, name, args,
                          all->options.recovery_ms ? offset : NULL);
}

struct pm_packet *pm_packet_ref(struct pm_packet *p)
{
    p->refs++;
    return p;
}

struct pm_packet *pm_packet_unref(struct pm_packet *p)
{
    if (!p || --p->refs > 0)
        return NULL;
    pm_message_unref(p->plain);
    pm_message_unref(p->text);
    pm_message_unref(p->joined[0]);
    pm_message_unref(p->joined[1]);
    for (unsigned i = 0; i < p->n_attachments; i++)
        pm_message_unref(p->attachments[i]);
    pm_spare_give(p->spare, p, size_of(p->room));
    return NULL;
}

static struct pm_message *join(struct pm_packet *p, bool with_offset)
{
    struct pm_message *all[1 + PM_EVENT_ATTACHMENTS_MAX] = {pm_packet_text(p, with_offset)};
    for (unsigned i = 0; i < p->n_attachments; i++)
        all[1 + i] = p->attachments[i];
    return all[0] ? pm_message_join(all, 1 + p->n_attachments) : NULL;
}

struct pm_message *pm_packet_joined(struct pm_packet *p, bool with_offset)
{
    struct pm_message **slot = &p->joined[with_offset];
    if (!*slot && p->n_attachments > 0 && p->n_attachments <= PM_EVENT_ATTACHMENTS_MAX && p->bytes < PM_JOIN_MAX)
        *slot = join(p, with_offset);
    return *slot;
}

struct pm_message *pm_packet_text(struct pm_packet *p, bool with_offset)
{
    if (with_offset || p->offset_n == 0)
        return p->text;
    if (!p->plain)
        p->plain = pm_text_message(p->spare, (char *)pm_message_payload(p->text), p->text->n - p->offset_n - 1, "]", 1);
    return p->plain;
}
