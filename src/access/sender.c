/* sender.c - see sender.h. */
#include "access/sender.h"

#include <assert.h>
#include <string.h>

static bool is_text(struct pm_sender_text t, const char *text)
{
    return t.p && t.n == strlen(text) && memcmp(t.p, text, t.n) == 0;
}

/* A frame shows us inside another page; opening an address does not. */
static bool is_framed(struct pm_sender_text dest)
{
    static const char *const frames[] = {"iframe", "frame", "object", "embed", "fencedframe"};
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        if (is_text(dest, frames[i]))
            return true;
    }
    return false;
}

static enum pm_sender without_origin(const struct pm_sender_facts *f)
{
    /* Browsers send all of these fields or none; fetch() of Node sends Sec-Fetch-Mode alone. */
    if (!f->fetch_site.p && !f->fetch_dest.p && (!f->fetch_mode.p || is_text(f->fetch_mode, "cors")))
        return PM_SENDER_NATIVE;
    if (is_framed(f->fetch_dest))
        return PM_SENDER_EMBED;
    if (is_text(f->fetch_mode, "navigate"))
        return f->is_get ? PM_SENDER_NAV : PM_SENDER_EMBED;
    return is_text(f->fetch_site, "same-origin") ? PM_SENDER_CONSOLE : PM_SENDER_EMBED;
}

enum pm_sender pm_sender_class(const struct pm_hosts *own, const struct pm_sender_facts *f, struct pm_origin *ret)
{
    *ret = (struct pm_origin){0};
    if (f->n_origin == 0)
        return without_origin(f);
    if (f->n_origin > 1 || pm_origin_parse(f->origin.p, f->origin.n, ret) < 0)
        return PM_SENDER_NULL;
    return pm_origin_is_own(own, ret) ? PM_SENDER_CONSOLE : PM_SENDER_WEB;
}

#define BIT(sender) (1u << PM_SENDER_##sender)

static const struct {
    const char *path; /* it, and everything below */
    unsigned admits;
} routes[] = {
    [PM_ROUTE_PAGE] = {"/", BIT(CONSOLE) | BIT(NAV) | BIT(NATIVE)},
    [PM_ROUTE_CLIENT] = {"/client", BIT(CONSOLE) | BIT(WEB) | BIT(NULL) | BIT(NAV) | BIT(NATIVE) | BIT(EMBED)},
    [PM_ROUTE_HEALTH] = {"/health", BIT(CONSOLE) | BIT(WEB) | BIT(NATIVE)},
    [PM_ROUTE_SOCKETS] = {"/socket.io", BIT(CONSOLE) | BIT(WEB) | BIT(NATIVE)},
    [PM_ROUTE_API] = {"/api/v1", BIT(CONSOLE) | BIT(WEB) | BIT(NATIVE)},
    [PM_ROUTE_RECORDINGS] = {"/recordings", BIT(CONSOLE) | BIT(WEB) | BIT(NAV) | BIT(NATIVE)},
    [PM_ROUTE_CONSOLE] = {"/console/api", BIT(CONSOLE)},
    [PM_ROUTE_METRICS] = {"/metrics", BIT(CONSOLE) | BIT(NATIVE)},
};
static_assert(sizeof(routes) / sizeof(routes[0]) == PM_ROUTES, "every route says whom it is for");

enum pm_route_kind pm_route_kind(const char *path, size_t n)
{
    for (size_t i = PM_ROUTE_CLIENT; i < PM_ROUTES; i++) {
        size_t length = strlen(routes[i].path);
        if (n >= length && memcmp(path, routes[i].path, length) == 0 && (n == length || path[length] == '/'))
            return (enum pm_route_kind)i;
    }
    return PM_ROUTE_PAGE;
}

bool pm_route_admits(enum pm_route_kind route, enum pm_sender sender)
{
    return (routes[route].admits & (1u << sender)) != 0;
}
