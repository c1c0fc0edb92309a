/* pauses.c - see pauses.h. */
#include "api/pauses.h"

#include <errno.h>
#include <stdlib.h>

int pm_pauses_want(struct pm_connection *c)
{
    if (!c->pauses) {
        c->pauses = calloc(1, sizeof(*c->pauses));
        if (!c->pauses)
            return -ENOMEM;
        c->pauses->last = pm_loop_now();
        c->pauses->end = c->journal.end;
    }
    c->pauses->readers++;
    return 0;
}

void pm_pauses_drop(struct pm_connection *c)
{
    if (--c->pauses->readers > 0)
        return;
    free(c->pauses);
    c->pauses = NULL;
}

void pm_pauses_note(struct pm_connection *c)
{
    struct pm_pauses *p = c->pauses;
    if (c->journal.end == p->end)
        return;
    struct pm_mono now = pm_loop_now();
    int64_t us = now.us - p->last.us;
    if (us >= PM_PAUSE_LEAST_US)
        p->kept[p->n++ % PM_PAUSES_KEPT] = (struct pm_pause){p->end, us};
    p->last = now;
    p->end = c->journal.end;
}
