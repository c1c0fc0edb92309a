/* door.c - see door.h. */
#include "access/door_private.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t pm_door_time(struct pm_door *d)
{
    return pm_grants_now(&d->grants, time(NULL), pm_loop_now());
}

static void no_grant(void *owner, const char *origin)
{
    (void)owner, (void)origin;
}

static void no_end(void *owner, const char *origin, const char *reason)
{
    (void)owner, (void)origin, (void)reason;
}

static void no_question(void *owner, const struct pm_consent_request *r)
{
    (void)owner, (void)r;
}

static void no_answer(void *owner, const struct pm_consent_request *r, enum pm_consent_end end)
{
    (void)owner, (void)r, (void)end;
}

static void no_token_end(void *owner, uint32_t number) /* nor a session's */
{
    (void)owner, (void)number;
}

static bool nobody_is_here(void *owner, const char *origin)
{
    (void)owner, (void)origin;
    return false;
}

static const struct pm_door_ops nobody = {no_grant,     no_end,       no_question,   no_answer,
                                          no_token_end, no_token_end, nobody_is_here};

/* ---- how a grant ends ---- */

static void note_grant(struct pm_door *d, const char *kind, const struct pm_grant *g)
{
    pm_audit(&d->audit, &(struct pm_audit_entry){.kind = kind,
                                                 .origin = g->origin,
                                                 .device = g->device,
                                                 .id = g->id,
                                                 .result = pm_grant_duration_name(g->duration),
                                                 .uid = -1});
}

/* And tell. `g` is gone then. */
static void end_grant(struct pm_door *d, const struct pm_grant *g, const char *reason)
{
    struct pm_grant ended = *g;
    pm_grants_end(&d->grants, &(struct pm_grant_match){.id = ended.id});
    note_grant(d, strcmp(reason, "expired") == 0 ? "grant_expired" : "grant_revoked", &ended);
    d->ops->on_ended(d->owner, ended.origin, reason);
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

/* "ORIGIN", "ORIGIN=capability,capability", or "*" for every origin, which never gets more than the usual. */
static bool read_rule(const char *text, struct pm_origin *origin, unsigned *capabilities)
{
    size_t n = strcspn(text, "=");
    *capabilities = PM_MAY_USE | PM_MAY_CONTROL;
    *origin = (struct pm_origin){.text = "*"};
    if (strcmp(text, "*") == 0)
        return true;
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
    return pm_grants_add(&d->grants, &wish, pm_door_time(d), &grant);
}

bool pm_door_is_listed(const char *const *rules, unsigned n, const char *origin)
{
    for (unsigned i = 0; i < n; i++) {
        struct pm_origin known;
        unsigned capabilities;
        if (read_rule(rules[i], &known, &capabilities) && strcmp(known.text, origin) == 0)
            return true;
    }
    return false;
}

int pm_door_set_origins(struct pm_door *d, const char *const *rules, unsigned n)
{
    const struct pm_link *list = &d->grants.list;
    for (unsigned i = 0; i < n; i++) { /* all or nothing */
        if (!pm_door_is_origin_rule(rules[i]))
            return -EINVAL;
    }
    for (struct pm_link *link = list->next, *next = link->next; link != list; link = next, next = link->next) {
        const struct pm_grant *g = pm_container(link, struct pm_grant, link);
        if (g->by == PM_BY_OPTION && !pm_door_is_listed(rules, n, g->origin))
            end_grant(d, g, "revoked");
    }
    for (unsigned i = 0; i < n; i++) {
        struct pm_origin origin;
        unsigned capabilities;
        (void)read_rule(rules[i], &origin, &capabilities);
        int r = grant_everything(d, origin.text, capabilities, PM_BY_OPTION);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- life ---- */

static void on_consent_end(void *owner, const struct pm_consent_request *r, enum pm_consent_end end)
{
    static const char *const kinds[] = {[PM_CONSENT_APPROVED] = "consent_given",
                                        [PM_CONSENT_DENIED] = "consent_denied",
                                        [PM_CONSENT_TIMEOUT] = "consent_timeout",
                                        [PM_CONSENT_LEFT] = "consent_left"};
    struct pm_door *d = owner;
    pm_audit(&d->audit, &(struct pm_audit_entry){.kind = kinds[end], .origin = r->origin, .id = r->id, .uid = -1});
    d->ops->on_answered(d->owner, r, end);
}

static void on_session_end(void *owner, uint32_t number)
{
    struct pm_door *d = owner;
    d->ops->on_session_ended(d->owner, number);
}

/* Look again when the next thing ends by itself. The clock may be set meanwhile: so not too late. */
static void schedule(struct pm_door *d)
{
    enum { LOOK_MS = 60000 };
    struct pm_mono now = pm_loop_now(), when = pm_mono_add_ms(now, LOOK_MS), next;
    int64_t wall = pm_door_time(d), end = pm_grants_next_end(&d->grants),
            token_end = pm_tokens_next_end(&d->grants.tokens);
    bool waits = pm_consent_expire(&d->consent, now, &next);
    if (token_end > 0 && (end == 0 || token_end < end))
        end = token_end;
    if (waits && next.us < when.us)
        when = next;
    if (end > 0 && end - wall < LOOK_MS / 1000) {
        struct pm_mono over = pm_mono_add_ms(now, end > wall ? (end - wall) * 1000 : 0);
        if (over.us < when.us)
            when = over;
    }
    struct pm_mono session = pm_sessions_expire(&d->sessions, now);
    if (session.us > 0 && session.us < when.us)
        when = session;
    if (waits || end > 0 || session.us > 0 || pm_grants_first(&d->grants, &(struct pm_grant_match){.once = true}))
        pm_timer_set(&d->timer, when);
}

static void on_time(struct pm_timer *t)
{
    struct pm_door *d = t->owner;
    const struct pm_grant *g;
    int64_t now = pm_door_time(d);
    while ((g = pm_grants_over(&d->grants, now)))
        end_grant(d, g, "expired");
    while ((g = pm_grants_idle(&d->grants, pm_loop_now(), d->ops->is_here, d->owner)))
        end_grant(d, g, "once");
    pm_door_expire_tokens(d);
    pm_door_keep(d);
    schedule(d);
}

void pm_door_changed(struct pm_door *d)
{
    pm_door_keep(d);
    schedule(d);
}

int pm_door_new(struct pm_loop *loop, const struct pm_door_options *options, struct pm_door **ret)
{
    struct pm_door *d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->loop = loop;
    d->ops = &nobody;
    d->local_pages = options->local_pages;
    d->share_all = options->share_all;
    d->handles = 1;
    pm_grants_init(&d->grants);
    pm_consent_init(&d->consent, on_consent_end, d);
    d->sessions.on_end = on_session_end;
    d->sessions.owner = d;
    pm_list_init(&d->savings);
    pm_timer_init(&d->timer, loop, on_time, d);
    pm_audit_open(&d->audit, options->folder);
    pm_audit(&d->audit, &(struct pm_audit_entry){.kind = "start", .uid = -1});
    int r = pm_door_load(d, options->folder);
    if (r == 0)
        r = pm_door_set_origins(d, options->allow_origins, options->n_allow_origins);
    if (r < 0) {
        pm_door_free(d);
        return r;
    }
    schedule(d);
    *ret = d;
    return 0;
}

static void on_closed(void *owner)
{
    struct pm_door *d = owner;
    if (--d->handles == 0)
        free(d);
}

struct pm_door *pm_door_free(struct pm_door *d)
{
    if (!d)
        return NULL;
    d->ops = &nobody;
    pm_audit(&d->audit, &(struct pm_audit_entry){.kind = "stop", .uid = -1});
    pm_audit_close(&d->audit);
    pm_consent_fini(&d->consent);
    pm_grants_fini(&d->grants);
    if (d->keeps)
        pm_saver_close(&d->saver, on_closed);
    pm_timer_close(&d->timer, on_closed);
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
    if (pm_grants_know(&d->grants, o->text)) {
        pm_grants_seen(&d->grants, o->text, pm_loop_now());
        return true;
    }
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

bool pm_door_shares_all(const struct pm_door *d)
{
    return d->share_all;
}

void pm_door_set_address(struct pm_door *d, const char *address)
{
    snprintf(d->address, sizeof(d->address), "%s", address);
}

const char *pm_door_address(const struct pm_door *d)
{
    return d->address;
}

struct pm_audit *pm_door_audit(struct pm_door *d)
{
    return &d->audit;
}

struct pm_sessions *pm_door_sessions(struct pm_door *d)
{
    return &d->sessions;
}

int pm_door_start_session(struct pm_door *d, const char *code, size_t n, const struct pm_console_session **ret)
{
    int r = pm_sessions_start(&d->sessions, code, n, pm_loop_now(), ret);
    schedule(d);
    return r;
}

/* ---- giving and taking back ---- */

int pm_door_grant(struct pm_door *d, const struct pm_grant_wish *wish, const struct pm_grant **ret)
{
    struct pm_grant *grant;
    int r = pm_grants_add(&d->grants, wish, pm_door_time(d), &grant);
    if (r < 0)
        return r;
    *ret = grant;
    pm_grants_seen(&d->grants, wish->origin, pm_loop_now());
    note_grant(d, "grant_added", grant);
    pm_door_changed(d);
    d->ops->on_granted(d->owner, wish->origin);
    return 0;
}

unsigned pm_door_revoke(struct pm_door *d, const struct pm_grant_match *match, const char *reason)
{
    unsigned count = 0;
    for (const struct pm_grant *g; (g = pm_grants_first(&d->grants, match)); count++)
        end_grant(d, g, reason);
    pm_door_keep(d);
    return count;
}

void pm_door_used(struct pm_door *d, const char *origin, const char *device)
{
    pm_grants_used(&d->grants, origin, device, pm_door_time(d));
    pm_door_keep(d);
}

void pm_door_origin_left(struct pm_door *d, const char *origin)
{
    pm_door_revoke(d, &(struct pm_grant_match){.origin = origin, .once = true}, "once");
}

void pm_door_unplugged(struct pm_door *d, const char *device)
{
    pm_door_revoke(d, &(struct pm_grant_match){.device = device, .until_unplug = true}, "unplugged");
}

/* ---- questions to the person ---- */

int pm_door_ask(struct pm_door *d, const struct pm_consent_wish *wish, struct pm_consent_waiter *waiter,
                struct pm_consent_request **ret)
{
    int r = pm_consent_ask(&d->consent, wish, pm_loop_now(), ret);
    if (r < 0)
        return r;
    if (waiter)
        pm_consent_wait(*ret, waiter);
    else
        (*ret)->unattended = true;
    if (r == 0) {
        schedule(d);
        pm_audit(&d->audit, &(struct pm_audit_entry){
                                .kind = "consent_asked", .origin = (*ret)->origin, .id = (*ret)->id, .uid = -1});
        d->ops->on_asked(d->owner, *ret);
    }
    return r;
}

void pm_door_leave(struct pm_door *d, struct pm_consent_waiter *waiter)
{
    pm_consent_leave(&d->consent, waiter);
}

const struct pm_link *pm_door_requests(const struct pm_door *d)
{
    return &d->consent.requests;
}

struct pm_consent_request *pm_door_request(const struct pm_door *d, const char *id)
{
    return pm_consent_find(&d->consent, id);
}

void pm_door_answer(struct pm_door *d, struct pm_consent_request *r, enum pm_consent_end end)
{
    pm_consent_end(&d->consent, r, end, pm_loop_now());
}

bool pm_door_is_quiet(const struct pm_door *d, const char *origin)
{
    return pm_consent_is_quiet(&d->consent, origin, pm_loop_now());
}
