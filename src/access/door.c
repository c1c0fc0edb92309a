/* door.c - see door.h. */
#include "access/door.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct pm_door {
    struct pm_loop *loop;
    struct pm_grants grants;
    const struct pm_door_ops *ops;
    void *owner;
    bool local_pages;
};

static void no_news(void *owner, const char *origin)
{
    (void)owner, (void)origin;
}

static void no_end(void *owner, const char *origin, const char *reason)
{
    (void)owner, (void)origin, (void)reason;
}

/* ---- origins that are allowed from the start ---- */

static bool read_capabilities(const char *list, unsigned *ret)
{
    char word[32];
    *ret = 0;
    for (;;) {
        size_t n = strcspn(list, ",");
        if (n >= sizeof(word))
            return false;
        memcpy(word, list, n);
        word[n] = 0;
        unsigned bit = pm_grant_capability_of(word);
        *ret |= bit;
        if (bit == 0 || list[n] == 0)
            return bit != 0;
        list += n + 1;
    }
}

/* "ORIGIN" or "ORIGIN=capability,capability". */
static bool read_rule(const char *text, struct pm_origin *origin, unsigned *capabilities)
{
    size_t n = strcspn(text, "=");
    *capabilities = PM_MAY_USE | PM_MAY_CONTROL;
    return pm_origin_parse(text, n, origin) == 0 && (text[n] == 0 || read_capabilities(text + n + 1, capabilities));
}

bool pm_door_is_origin_rule(const char *text)
{
    struct pm_origin origin;
    unsigned capabilities;
    return read_rule(text, &origin, &capabilities);
}

/* Every device, for this run, beside other applications. */
static int grant_everything(struct pm_door *d, const char *origin, unsigned capabilities, enum pm_grant_by by)
{
    struct pm_grant *grant;
    struct pm_grant_wish wish = {.origin = origin,
                                 .device = "*",
                                 .capabilities = capabilities,
                                 .duration = PM_GRANT_SESSION,
                                 .by = by,
                                 .shared = true};
    return pm_grants_add(&d->grants, &wish, time(NULL), &grant);
}

static int grant_rules(struct pm_door *d, const struct pm_door_options *options)
{
    for (unsigned i = 0; i < options->n_allow_origins; i++) {
        struct pm_origin origin;
        unsigned capabilities;
        if (!read_rule(options->allow_origins[i], &origin, &capabilities))
            return -EINVAL;
        int r = grant_everything(d, origin.text, capabilities, PM_BY_OPTION);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- life ---- */

int pm_door_new(struct pm_loop *loop, const struct pm_door_options *options, struct pm_door **ret)
{
    static const struct pm_door_ops nobody = {no_news, no_end};
    struct pm_door *d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->loop = loop;
    d->ops = &nobody;
    d->local_pages = options->local_pages;
    pm_grants_init(&d->grants);
    int r = grant_rules(d, options);
    if (r < 0) {
        pm_door_free(d);
        return r;
    }
    *ret = d;
    return 0;
}

struct pm_door *pm_door_free(struct pm_door *d)
{
    if (!d)
        return NULL;
    pm_grants_fini(&d->grants);
    free(d);
    return NULL;
}

void pm_door_listen(struct pm_door *d, const struct pm_door_ops *ops, void *owner)
{
    d->ops = ops;
    d->owner = owner;
}

/* ---- questions ---- */

bool pm_door_knows(struct pm_door *d, const struct pm_origin *o)
{
    if (pm_grants_know(&d->grants, o->text))
        return true;
    if (!d->local_pages || !o->is_loopback || grant_everything(d, o->text, PM_MAY_ALL, PM_BY_FOREGROUND) < 0)
        return false;
    pm_log(PM_LOG_INFO, "Pages of %s may use the devices until this program ends, since they come from this machine.",
           o->text);
    return true;
}

unsigned pm_door_covers(const struct pm_door *d, const char *origin, const char *device, bool *ret_shared)
{
    return pm_grants_cover(&d->grants, origin, device, ret_shared);
}

const struct pm_grants *pm_door_grants(const struct pm_door *d)
{
    return &d->grants;
}

/* ---- taking back ---- */

unsigned pm_door_revoke(struct pm_door *d, const struct pm_grant_match *match, const char *reason)
{
    unsigned count = 0;
    for (const struct pm_grant *g; (g = pm_grants_first(&d->grants, match)); count++) {
        struct pm_grant ended = *g;
        pm_grants_end(&d->grants, &(struct pm_grant_match){.id = ended.id});
        d->ops->on_ended(d->owner, ended.origin, reason);
    }
    return count;
}
