/* grants.c - see grants.h. */
#include "access/grants.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

void pm_grants_init(struct pm_grants *g)
{
    *g = (struct pm_grants){0};
    pm_list_init(&g->list);
}

static void drop(struct pm_grants *g, struct pm_grant *grant)
{
    pm_list_remove(&grant->link);
    g->n--;
    g->changes++;
    free(grant);
}

void pm_grants_fini(struct pm_grants *g)
{
    while (!pm_list_empty(&g->list))
        drop(g, pm_container(g->list.next, struct pm_grant, link));
}

/* Time goes on, whatever the clock says. */
static int64_t advance(struct pm_grants *g, int64_t now)
{
    if (now > g->clock)
        g->clock = now;
    return g->clock;
}

int64_t pm_grants_now(struct pm_grants *g, int64_t wall, struct pm_mono now)
{
    int64_t passed = g->base_mono.us > 0 ? g->base + (now.us - g->base_mono.us) / 1000000 : g->clock;
    int64_t time = wall > passed ? wall : passed;
    if (time > passed || g->base_mono.us == 0) {
        g->base = time;
        g->base_mono = now;
    }
    return advance(g, time);
}

static int make_id(char id[PM_GRANT_ID + 1])
{
    uint8_t random[6];
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return -errno;
    snprintf(id, PM_GRANT_ID + 1, "g_%02x%02x%02x%02x%02x%02x", random[0], random[1], random[2], random[3], random[4],
             random[5]);
    return 0;
}

/* What an option allows stands beside what the person did: it ends with the option, and takes nothing with it. */
static struct pm_grant *find(const struct pm_grants *g, const struct pm_grant_wish *wish)
{
    for (struct pm_link *link = g->list.next; link != &g->list; link = link->next) {
        struct pm_grant *grant = pm_container(link, struct pm_grant, link);
        if (strcmp(grant->origin, wish->origin) == 0 && strcmp(grant->device, wish->device) == 0 &&
            (grant->by == PM_BY_OPTION) == (wish->by == PM_BY_OPTION))
            return grant;
    }
    return NULL;
}

static void set_end(struct pm_grant *grant, int64_t now)
{
    if (grant->duration == PM_GRANT_ONE_DAY)
        grant->expires = grant->created + PM_GRANT_DAY;
    else
        grant->expires = grant->duration == PM_GRANT_ALWAYS ? now + PM_GRANT_UNUSED : 0;
}

static int add_new(struct pm_grants *g, const struct pm_grant_wish *wish, struct pm_grant **ret)
{
    if (g->n >= PM_GRANTS_MAX)
        return -ENOSPC;
    struct pm_grant *grant = calloc(1, sizeof(*grant));
    int r = grant ? make_id(grant->id) : -ENOMEM;
    if (r < 0) {
        free(grant);
        return r;
    }
    snprintf(grant->origin, sizeof(grant->origin), "%s", wish->origin);
    snprintf(grant->device, sizeof(grant->device), "%s", wish->device);
    pm_list_append(&g->list, &grant->link);
    g->n++;
    *ret = grant;
    return 0;
}

int pm_grants_add(struct pm_grants *g, const struct pm_grant_wish *wish, int64_t now, struct pm_grant **ret)
{
    struct pm_grant *grant = find(g, wish);
    int r = grant ? 0 : add_new(g, wish, &grant);
    if (r < 0)
        return r;
    now = advance(g, now);
    grant->capabilities = wish->capabilities;
    if (wish->duration > grant->duration) /* a new one's is the shortest */
        grant->duration = wish->duration;
    grant->by = wish->by;
    grant->until_unplug = wish->until_unplug;
    grant->shared = wish->shared;
    grant->created = grant->last_used = now;
    set_end(grant, now);
    g->changes++;
    *ret = grant;
    return 0;
}

/* ---- asking ---- */

static bool is_for(const struct pm_grant *grant, const char *origin)
{
    return strcmp(grant->origin, "*") == 0 || strcmp(grant->origin, origin) == 0;
}

static bool covers(const struct pm_grant *grant, const char *origin, const char *device)
{
    return is_for(grant, origin) && (strcmp(grant->device, "*") == 0 || strcmp(grant->device, device) == 0);
}

unsigned pm_grants_cover(const struct pm_grants *g, const char *origin, const char *device, bool *ret_shared)
{
    unsigned capabilities = 0;
    *ret_shared = false;
    for (struct pm_link *link = g->list.next; link != &g->list; link = link->next) {
        const struct pm_grant *grant = pm_container(link, struct pm_grant, link);
        if (!covers(grant, origin, device))
            continue;
        capabilities |= grant->capabilities;
        *ret_shared = *ret_shared || grant->shared;
    }
    return capabilities;
}

bool pm_grants_know(const struct pm_grants *g, const char *origin)
{
    for (struct pm_link *link = g->list.next; link != &g->list; link = link->next) {
        if (is_for(pm_container(link, struct pm_grant, link), origin))
            return true;
    }
    return false;
}

void pm_grants_used(struct pm_grants *g, const char *origin, const char *device, int64_t now)
{
    now = advance(g, now);
    pm_list_for_each (link, &g->list) {
        struct pm_grant *grant = pm_container(link, struct pm_grant, link);
        if (!covers(grant, origin, device))
            continue;
        if (now - grant->last_used >= PM_GRANT_DAY)
            g->changes++;
        grant->last_used = now;
        set_end(grant, now);
    }
}

void pm_grants_seen(struct pm_grants *g, const char *origin, struct pm_mono now)
{
    pm_list_for_each (link, &g->list) {
        struct pm_grant *grant = pm_container(link, struct pm_grant, link);
        if (is_for(grant, origin))
            grant->seen = now;
    }
}

const struct pm_grant *pm_grants_idle(const struct pm_grants *g, struct pm_mono now,
                                      bool (*is_here)(void *owner, const char *origin), void *owner)
{
    for (struct pm_link *link = g->list.next; link != &g->list; link = link->next) {
        const struct pm_grant *grant = pm_container(link, struct pm_grant, link);
        if (grant->duration == PM_GRANT_ONCE &&
            pm_mono_reached(now, pm_mono_add_ms(grant->seen, PM_GRANT_IDLE_S * 1000)) && !is_here(owner, grant->origin))
            return grant;
    }
    return NULL;
}

/* ---- ending ---- */

static bool fits(const struct pm_grant *grant, const struct pm_grant_match *m)
{
    return (!m->id || strcmp(m->id, grant->id) == 0) && (!m->origin || strcmp(m->origin, grant->origin) == 0) &&
           (!m->device || strcmp(m->device, grant->device) == 0) && (!m->once || grant->duration == PM_GRANT_ONCE) &&
           (!m->until_unplug || grant->until_unplug);
}

unsigned pm_grants_end(struct pm_grants *g, const struct pm_grant_match *match)
{
    unsigned count = 0;
    pm_list_for_each (link, &g->list) {
        struct pm_grant *grant = pm_container(link, struct pm_grant, link);
        if (!fits(grant, match))
            continue;
        drop(g, grant);
        count++;
    }
    return count;
}

const struct pm_grant *pm_grants_first(const struct pm_grants *g, const struct pm_grant_match *match)
{
    for (struct pm_link *link = g->list.next; link != &g->list; link = link->next) {
        const struct pm_grant *grant = pm_container(link, struct pm_grant, link);
        if (fits(grant, match))
            return grant;
    }
    return NULL;
}

const struct pm_grant *pm_grants_over(struct pm_grants *g, int64_t now)
{
    now = advance(g, now);
    for (struct pm_link *link = g->list.next; link != &g->list; link = link->next) {
        const struct pm_grant *grant = pm_container(link, struct pm_grant, link);
        if (grant->expires > 0 && grant->expires <= now)
            return grant;
    }
    return NULL;
}

int64_t pm_grants_next_end(const struct pm_grants *g)
{
    int64_t next = 0;
    for (struct pm_link *link = g->list.next; link != &g->list; link = link->next) {
        int64_t end = pm_container(link, struct pm_grant, link)->expires;
        if (end > 0 && (next == 0 || end < next))
            next = end;
    }
    return next;
}

/* ---- words ---- */

const char *pm_grant_duration_name(enum pm_grant_duration d)
{
    static const char *const names[] = {
        [PM_GRANT_ONCE] = "once",
        [PM_GRANT_SESSION] = "session",
        [PM_GRANT_ONE_DAY] = "day",
        [PM_GRANT_ALWAYS] = "always",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == PM_GRANT_DURATIONS, "every duration has a word");
    return names[d];
}

const char *pm_grant_by_name(enum pm_grant_by by)
{
    static const char *const names[] = {
        [PM_BY_CONSOLE] = "console", [PM_BY_TERMINAL] = "terminal",     [PM_BY_CLI] = "cli",
        [PM_BY_OPTION] = "option",   [PM_BY_FOREGROUND] = "foreground",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == PM_GRANT_BYS, "every way has a word");
    return names[by];
}

const char *pm_grant_capability_name(unsigned bit)
{
    return bit == PM_MAY_USE        ? "serial"
           : bit == PM_MAY_CONTROL  ? "control"
           : bit == PM_MAY_FIRMWARE ? "firmware"
                                    : NULL;
}

void pm_grant_capability_list(unsigned capabilities, char out[PM_GRANT_CAPABILITIES])
{
    size_t n = 0;
    out[0] = 0;
    for (unsigned bit = 1; bit & PM_MAY_ALL; bit <<= 1) {
        if (capabilities & bit)
            n += (size_t)snprintf(out + n, PM_GRANT_CAPABILITIES - n, "%s%s", n ? ", " : "",
                                  pm_grant_capability_name(bit));
    }
}

unsigned pm_grant_capability_of(const char *word)
{
    for (unsigned bit = 1; bit & PM_MAY_ALL; bit <<= 1) {
        if (strcmp(pm_grant_capability_name(bit), word) == 0)
            return bit;
    }
    return 0;
}

void pm_time_write(int64_t t, char out[PM_TIME_TEXT])
{
    struct tm parts;
    time_t seconds = (time_t)t;
    out[0] = 0;
    if (gmtime_r(&seconds, &parts))
        strftime(out, PM_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

bool pm_time_read(const char *text, int64_t *ret)
{
    struct tm parts = {0};
    char again[PM_TIME_TEXT];
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (!end || *end)
        return false;
    *ret = timegm(&parts);
    pm_time_write(*ret, again);
    return *ret >= 0 && strcmp(text, again) == 0;
}
