/* consent.c - see consent.h. */
#include "access/consent.h"

#include "base/clean.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_CHARACTERS = 120, SECOND_MS = 1000, MINUTE_MS = 60000 };

const char *pm_consent_end_name(enum pm_consent_end e)
{
    static const char *const names[] = {
        [PM_CONSENT_APPROVED] = "approved",
        [PM_CONSENT_DENIED] = "denied",
        [PM_CONSENT_TIMEOUT] = "timeout",
        [PM_CONSENT_LEFT] = "left",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == PM_CONSENT_ENDS, "every end has a word");
    return names[e];
}

void pm_consent_init(struct pm_consent *c,
                     void (*on_end)(void *owner, const struct pm_consent_request *r, enum pm_consent_end end),
                     void *owner)
{
    *c = (struct pm_consent){.next_id = 1, .on_end = on_end, .owner = owner};
    pm_list_init(&c->requests);
}

void pm_consent_fini(struct pm_consent *c)
{
    while (!pm_list_empty(&c->requests))
        pm_consent_end(c, pm_container(c->requests.next, struct pm_consent_request, link), PM_CONSENT_LEFT,
                       (struct pm_mono){0});
}

/* ---- what origins did before ---- */

static struct pm_consent_past *find_past(const struct pm_consent *c, const char *origin)
{
    for (unsigned i = 0; i < c->n_past; i++) {
        if (strcmp(c->past[i].origin, origin) == 0)
            return (struct pm_consent_past *)&c->past[i];
    }
    return NULL;
}

static struct pm_consent_past *take_past(struct pm_consent *c, const char *origin)
{
    struct pm_consent_past *p = find_past(c, origin);
    if (p)
        return p;
    if (c->n_past < PM_CONSENT_ORIGINS) {
        p = &c->past[c->n_past++];
    } else {
        p = &c->past[0];
        for (unsigned i = 1; i < c->n_past; i++)
            p = c->past[i].last.us < p->last.us ? &c->past[i] : p;
    }
    *p = (struct pm_consent_past){0};
    snprintf(p->origin, sizeof(p->origin), "%s", origin);
    return p;
}

bool pm_consent_is_quiet(const struct pm_consent *c, const char *origin, struct pm_mono now)
{
    const struct pm_consent_past *p = find_past(c, origin);
    return p && p->quiet_until.us > 0 && !pm_mono_reached(now, p->quiet_until);
}

static bool may_ask_again(struct pm_consent_past *p, struct pm_mono now)
{
    if (p->asked == 0 || pm_mono_reached(now, pm_mono_add_ms(p->minute, MINUTE_MS))) {
        p->minute = now;
        p->asked = 0;
    }
    p->last = now;
    return p->asked++ < PM_CONSENT_A_MINUTE;
}

static void note_answer(struct pm_consent *c, const char *origin, enum pm_consent_end end, struct pm_mono now)
{
    struct pm_consent_past *p = take_past(c, origin);
    p->last = now;
    if (end == PM_CONSENT_APPROVED) {
        p->denials = 0;
        p->quiet_until.us = 0;
    } else if (end == PM_CONSENT_DENIED) {
        bool often = ++p->denials >= PM_CONSENT_DENIALS;
        p->quiet_until =
            pm_mono_add_ms(now, (int64_t)SECOND_MS * (often ? PM_CONSENT_LONG_QUIET_S : PM_CONSENT_QUIET_S));
        p->denials = often ? 0 : p->denials;
    }
}

/* ---- asking ---- */

static struct pm_consent_request *find_origin(const struct pm_consent *c, const char *origin)
{
    for (struct pm_link *link = c->requests.next; link != &c->requests; link = link->next) {
        struct pm_consent_request *r = pm_container(link, struct pm_consent_request, link);
        if (strcmp(r->origin, origin) == 0)
            return r;
    }
    return NULL;
}

static void fill(struct pm_consent_request *r, const struct pm_consent_wish *wish)
{
    r->capabilities = wish->capabilities;
    r->chooser = wish->chooser;
    r->n_filters = wish->n_filters < PM_CONSENT_FILTERS ? wish->n_filters : PM_CONSENT_FILTERS;
    snprintf(r->origin, sizeof(r->origin), "%s", wish->origin);
    if (r->n_filters > 0)
        memcpy(r->filters, wish->filters, r->n_filters * sizeof(r->filters[0]));
    if (wish->reason)
        pm_text_clean(r->reason, sizeof(r->reason), wish->reason, wish->reason_n, REASON_CHARACTERS);
}

int pm_consent_ask(struct pm_consent *c, const struct pm_consent_wish *wish, struct pm_mono now,
                   struct pm_consent_request **ret)
{
    struct pm_consent_request *r = find_origin(c, wish->origin);
    if (r) {
        *ret = r;
        return wish->chooser || r->chooser ? -EBUSY : 1;
    }
    if (pm_consent_is_quiet(c, wish->origin, now))
        return -EACCES;
    if (c->n >= PM_CONSENT_MAX || !may_ask_again(take_past(c, wish->origin), now))
        return -EBUSY;
    r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    fill(r, wish);
    snprintf(r->id, sizeof(r->id), "q_%" PRIu64, c->next_id++ % 1000000000);
    r->since = now;
    pm_list_init(&r->waiters);
    pm_list_append(&c->requests, &r->link);
    c->n++;
    *ret = r;
    return 0;
}

void pm_consent_wait(struct pm_consent_request *r, struct pm_consent_waiter *w)
{
    w->request = r;
    pm_list_append(&r->waiters, &w->link);
}

void pm_consent_leave(struct pm_consent *c, struct pm_consent_waiter *w)
{
    struct pm_consent_request *r = w->request;
    if (!r)
        return;
    w->request = NULL;
    pm_list_remove(&w->link);
    bool ends = pm_list_empty(&r->link); /* whoever was told of the end may take others along */
    if (!ends && pm_list_empty(&r->waiters) && !r->unattended)
        pm_consent_end(c, r, PM_CONSENT_LEFT, (struct pm_mono){0});
}

struct pm_consent_request *pm_consent_find(const struct pm_consent *c, const char *id)
{
    for (struct pm_link *link = c->requests.next; link != &c->requests; link = link->next) {
        struct pm_consent_request *r = pm_container(link, struct pm_consent_request, link);
        if (strcmp(r->id, id) == 0)
            return r;
    }
    return NULL;
}

bool pm_consent_fits(const struct pm_consent_request *r, int vid, int pid)
{
    for (unsigned i = 0; i < r->n_filters; i++) {
        const struct pm_consent_filter *f = &r->filters[i];
        if ((f->vid < 0 || f->vid == vid) && (f->pid < 0 || f->pid == pid))
            return true;
    }
    return r->n_filters == 0;
}

/* ---- ends ---- */

void pm_consent_end(struct pm_consent *c, struct pm_consent_request *r, enum pm_consent_end end, struct pm_mono now)
{
    pm_list_remove(&r->link);
    c->n--;
    if (end == PM_CONSENT_APPROVED || end == PM_CONSENT_DENIED)
        note_answer(c, r->origin, end, now);
    c->on_end(c->owner, r, end);
    while (!pm_list_empty(&r->waiters)) {
        struct pm_consent_waiter *w = pm_container(r->waiters.next, struct pm_consent_waiter, link);
        pm_list_remove(&w->link);
        w->request = NULL;
        w->on_end(w, r, end);
    }
    free(r);
}

bool pm_consent_expire(struct pm_consent *c, struct pm_mono now, struct pm_mono *ret_next)
{
    while (!pm_list_empty(&c->requests)) {
        struct pm_consent_request *r = pm_container(c->requests.next, struct pm_consent_request, link);
        *ret_next = pm_mono_add_ms(r->since, (int64_t)SECOND_MS * PM_CONSENT_WAIT_S);
        if (!pm_mono_reached(now, *ret_next))
            return true;
        pm_consent_end(c, r, PM_CONSENT_TIMEOUT, now);
    }
    return false;
}
