/* sockets_who.c - who a client is, kept once for all that are the same: they come in crowds, and an origin has room for
 * 288 bytes. */
#include "net/sockets_private.h"

#include <stdlib.h>

static bool is_equal(const struct pm_who *a, const struct pm_who *b)
{
    return pm_who_is_same(a, b) && a->uid == b->uid && a->scopes == b->scopes && a->terminal == b->terminal;
}

struct pm_shared_who *pm_shared_who_ref(struct pm_shared_who *w)
{
    w->refs++;
    return w;
}

struct pm_shared_who *pm_shared_who_unref(struct pm_shared_who *w)
{
    if (w && --w->refs == 0)
        free(w);
    return NULL;
}

struct pm_shared_who *pm_shared_who_get(struct pm_sockets *all, const struct pm_who *who)
{
    if (!all->newest_who || !is_equal(&all->newest_who->who, who)) {
        struct pm_shared_who *w = malloc(sizeof(*w));
        if (!w)
            return NULL;
        *w = (struct pm_shared_who){.refs = 1, .who = *who};
        pm_shared_who_unref(all->newest_who);
        all->newest_who = w;
    }
    return pm_shared_who_ref(all->newest_who);
}
