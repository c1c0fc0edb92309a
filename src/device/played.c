/* played.c - see played.h. */
#include "device/played.h"

#include "device/virtual_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pm_played {
    struct pm_virtual_added added;
    struct pm_devices *all;
    struct pm_loop *loop;
    char address[PM_DEVICE_TEXT]; /* "virtual:NAME" */
    char description[PM_DEVICE_TEXT];
    struct virtual *port; /* NULL: nobody has it open */
    struct pm_turn turn;
    void (*on_ready)(void *owner);
    void *owner;
};

static struct pm_played *of(const struct virtual *v)
{
    return pm_container(v->kind, struct pm_played, added.kind);
}

static void played_begin(struct virtual *v)
{
    struct pm_played *p = of(v);
    p->port = v;
    p->loop = v->port.loop;
    pm_turn_ask(&p->turn, p->loop);
}

static void played_end(struct virtual *v)
{
    of(v)->port = NULL;
}

static void played_told(struct virtual *v)
{
    struct pm_played *p = of(v);
    pm_turn_ask(&p->turn, p->loop);
}

static size_t played_take(struct virtual *v, const char *bytes, size_t n)
{
    (void)v, (void)bytes;
    return n;
}

static const struct pm_virtual_does played = {
    .begin = played_begin, .end = played_end, .told = played_told, .take = played_take};

static void on_turn(struct pm_turn *t)
{
    struct pm_played *p = pm_container(t, struct pm_played, turn);
    if (pm_played_is_ready(p))
        p->on_ready(p->owner);
}

int pm_played_new(struct pm_devices *all, const char *name, const char *description, void (*on_ready)(void *owner),
                  void *owner, struct pm_played **ret)
{
    size_t n = strlen(name);
    if (n == 0 || n >= PM_PLAYED_NAME || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
        return -EINVAL;
    struct pm_played *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->all = all;
    p->on_ready = on_ready;
    p->owner = owner;
    pm_turn_init(&p->turn, on_turn);
    snprintf(p->address, sizeof(p->address), "virtual:%s", name);
    snprintf(p->description, sizeof(p->description), "%s", description);
    p->added.kind = (struct pm_virtual){strchr(p->address, ':') + 1, p->description, p->description, &played};
    int r = pm_devices_add_virtual(all, &p->added);
    if (r < 0) {
        free(p);
        return r;
    }
    *ret = p;
    return 0;
}

struct pm_played *pm_played_free(struct pm_played *p)
{
    if (!p)
        return NULL;
    pm_devices_remove_virtual(p->all, &p->added);
    pm_turn_cancel(&p->turn);
    free(p);
    return NULL;
}

const char *pm_played_address(const struct pm_played *p)
{
    return p->address;
}

bool pm_played_is_ready(const struct pm_played *p)
{
    return p->port && p->port->says.n == 0;
}

void pm_played_say(struct pm_played *p, const void *bytes, size_t n)
{
    assert(pm_played_is_ready(p) && n <= PM_PLAYED_MAX);
    pm_virtual_say(p->port, bytes, n);
}
