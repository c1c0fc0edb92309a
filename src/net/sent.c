/* sent.c - see sent.h. */
#include "net/sent.h"

#include <errno.h>
#include <stdlib.h>

enum kind { RUN, GAP, EVENT, END };

struct pm_sent_entry {
    uint64_t number; /* of the event, or of the first of a run */
    enum kind kind;
    uint32_t connection; /* RUN, GAP */
    union {
        uint64_t offset; /* RUN: of its first byte */
        struct pm_api_gap gap;
        struct {
            struct pm_packet *packet;
            size_t n;
        } event;
        struct pm_sent_end *end;
    };
};

static struct pm_sent_entry *at(const struct pm_sent *s, unsigned i)
{
    return &s->ring[(s->first + i) & (s->room - 1)]; /* the room is a power of two: this is on the way of each event */
}

static void release(struct pm_sent *s, struct pm_sent_entry *e)
{
    if (e->kind == END)
        free(e->end);
    if (e->kind != EVENT)
        return;
    pm_packet_unref(e->event.packet);
    s->bytes -= e->event.n;
}

static void drop_first(struct pm_sent *s)
{
    release(s, at(s, 0));
    s->first = (s->first + 1) & (s->room - 1);
    s->n--;
}

void pm_sent_fini(struct pm_sent *s)
{
    while (s->n > 0)
        drop_first(s);
    free(s->ring);
    *s = (struct pm_sent){0};
}

static int grow(struct pm_sent *s)
{
    unsigned room = s->room ? s->room * 2 : 8;
    struct pm_sent_entry *ring = malloc(room * sizeof(*ring));
    if (!ring)
        return -ENOMEM;
    for (unsigned i = 0; i < s->n; i++)
        ring[i] = *at(s, i);
    free(s->ring);
    s->ring = ring;
    s->room = room;
    s->first = 0;
    return 0;
}

/* Forget the oldest: nobody whose last event is before what remains can be brought back. */
static void forget(struct pm_sent *s, uint64_t number)
{
    drop_first(s);
    s->floor = s->n > 0 ? at(s, 0)->number : number;
}

static void push(struct pm_sent *s, struct pm_sent_entry e)
{
    while (s->n >= PM_SENT_ENTRIES_MAX || (s->n > 0 && s->bytes > PM_SENT_BYTES_MAX))
        forget(s, e.number);
    if (s->n == s->room && grow(s) < 0) {
        while (s->n > 0)
            drop_first(s);
        s->floor = e.number; /* it may be that this one is missed, too: then nothing brings the client back */
        if (s->room == 0) {
            release(s, &e);
            s->floor++;
            return;
        }
    }
    s->n++;
    *at(s, s->n - 1) = e;
}

void pm_sent_bytes(struct pm_sent *s, uint64_t number, uint32_t connection, uint64_t offset)
{
    const struct pm_sent_entry *last = s->n > 0 ? at(s, s->n - 1) : NULL;
    if (!last || last->kind != RUN || last->connection != connection)
        push(s, (struct pm_sent_entry){.number = number, .kind = RUN, .connection = connection, .offset = offset});
}

void pm_sent_gap(struct pm_sent *s, uint64_t number, uint32_t connection, const struct pm_api_gap *gap)
{
    push(s, (struct pm_sent_entry){.number = number, .kind = GAP, .connection = connection, .gap = *gap});
}

void pm_sent_event(struct pm_sent *s, uint64_t number, struct pm_packet *packet, size_t n)
{
    s->bytes += n;
    push(s, (struct pm_sent_entry){.number = number, .kind = EVENT, .event = {pm_packet_ref(packet), n}});
}

void pm_sent_ended(struct pm_sent *s, uint64_t number, const struct pm_sent_end *end)
{
    struct pm_sent_entry e = {.number = number, .kind = END, .end = malloc(sizeof(*end))};
    if (e.end) {
        *e.end = *end;
        push(s, e);
        return;
    }
    while (s->n > 0)
        drop_first(s);
    s->floor = number + 1;
}

/* ---- coming back ---- */

/* The place behind the last entry that is not newer. */
static unsigned find(const struct pm_sent *s, uint64_t number)
{
    unsigned i = 0;
    while (i < s->n && at(s, i)->number <= number)
        i++;
    return i;
}

int pm_sent_seek(struct pm_sent *s, uint64_t number, bool bytes, uint64_t offset)
{
    unsigned behind = find(s, number);
    if (number < s->floor)
        return -ERANGE;
    struct pm_sent_entry *last = behind > 0 ? at(s, behind - 1) : NULL;
    bool in_run = last && last->kind == RUN;
    if (last && (in_run != bytes || (in_run && offset < last->offset)))
        return -ERANGE;
    if (in_run) {
        last->number = number;
        last->offset = offset;
        behind--;
    }
    for (; behind > 0; behind--)
        drop_first(s);
    s->floor = number;
    return 0;
}

static bool is_of_stream(const struct pm_sent_entry *e)
{
    return e->kind == RUN || e->kind == GAP;
}

/* Where what the client has of this connection ends, if any more of it is in the first `n` entries. */
static const struct pm_sent_entry *first_of(const struct pm_sent *s, unsigned n, uint32_t connection)
{
    for (unsigned i = 0; i < n; i++) {
        const struct pm_sent_entry *e = at(s, i);
        if (is_of_stream(e) && e->connection == connection)
            return e;
    }
    return NULL;
}

static void tell_end(const struct pm_sent *s, unsigned i, const struct pm_sent_ops *ops, void *owner)
{
    struct pm_sent_end end = *at(s, i)->end;
    const struct pm_sent_entry *first = first_of(s, i, end.connection);
    if (first)
        end.cursor = first->kind == RUN ? first->offset : first->gap.foreign ? first->gap.to : first->gap.from;
    if (end.cursor < end.end)
        ops->on_end(owner, &end);
}

void pm_sent_replay(struct pm_sent *s, const struct pm_sent_ops *ops, void *owner)
{
    struct pm_sent old = *s;
    *s = pm_sent_begin(old.floor);
    for (unsigned i = 0; i < old.n; i++) {
        const struct pm_sent_entry *e = at(&old, i);
        bool first = is_of_stream(e) && first_of(&old, i, e->connection) == NULL;
        if (first && e->kind == RUN)
            ops->on_bytes(owner, e->connection, e->offset);
        if (first && e->kind == GAP)
            ops->on_gap(owner, e->connection, &e->gap);
        if (e->kind == EVENT) {
            pm_sent_event(s, e->number, e->event.packet, e->event.n);
            ops->on_event(owner, e->event.packet);
        }
    }
    for (unsigned i = 0; i < old.n; i++) { /* last, since these are new events */
        if (at(&old, i)->kind == END)
            tell_end(&old, i, ops, owner);
    }
    pm_sent_fini(&old);
}
