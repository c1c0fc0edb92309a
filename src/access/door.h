/* door.h - the door: who may do what. One place that holds the grants and answers every such question. */
#ifndef PM_ACCESS_DOOR_H
#define PM_ACCESS_DOOR_H

#include "access/grants.h"
#include "access/who.h"
#include "loop/loop.h"

struct pm_door;

struct pm_door_options {
    const char *const *allow_origins; /* as `--allow-origin` takes them; borrowed for the call */
    unsigned n_allow_origins;
    bool local_pages; /* pages of this machine get every device without asking */
};

/* Told when grants changed, after the fact and from the loop. */
struct pm_door_ops {
    void (*on_granted)(void *owner, const char *origin);
    void (*on_ended)(void *owner, const char *origin, const char *reason); /* it may have lost devices */
};

/* The caller owns *ret. 0; -EINVAL (one of allow_origins is none); -ENOMEM. */
int pm_door_new(struct pm_loop *loop, const struct pm_door_options *options, struct pm_door **ret);
struct pm_door *pm_door_free(struct pm_door *d);

/* Who wants to hear; once. */
void pm_door_listen(struct pm_door *d, const struct pm_door_ops *ops, void *owner);

/* Is `text` what --allow-origin takes: an origin, or one and "=" with capabilities behind it ("serial,control")? */
bool pm_door_is_origin_rule(const char *text);

/* May this origin come in at all, since it has a grant? Pages of this machine get theirs here, if they need none from
 * the person. */
bool pm_door_knows(struct pm_door *d, const struct pm_origin *o);

/* What a page may do with a device, as PM_MAY_* bits. *ret_shared: its grant lets other applications use it too. */
unsigned pm_door_covers(const struct pm_door *d, const char *origin, const char *device, bool *ret_shared);

/* End what fits, and tell. How many. */
unsigned pm_door_revoke(struct pm_door *d, const struct pm_grant_match *match, const char *reason);

const struct pm_grants *pm_door_grants(const struct pm_door *d);

#endif
