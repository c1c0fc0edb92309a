/* sender.h - who sends a request, in five classes, and which of them each route is for: two tables, no code in
 * handlers. */
#ifndef PM_ACCESS_SENDER_H
#define PM_ACCESS_SENDER_H

#include "access/origin.h"

enum pm_sender {
    PM_SENDER_CONSOLE, /* the page that we serve ourselves */
    PM_SENDER_WEB,     /* a page with another origin: grants decide */
    PM_SENDER_NULL,    /* a page without an origin: sandboxed frames, files and redirected forms share it */
    PM_SENDER_NAV,     /* somebody opens an address */
    PM_SENDER_NATIVE,  /* a program: whose it is, the kernel knows */
    PM_SENDER_EMBED,   /* an image, script or frame of another page: browsers leave the origin out */
    PM_SENDERS
};

/* A field of the head; p is NULL where it is absent. */
struct pm_sender_text {
    const char *p;
    size_t n;
};

struct pm_sender_facts {
    struct pm_sender_text origin, fetch_site, fetch_mode, fetch_dest;
    size_t n_origin; /* how many Origin fields */
    bool is_get;     /* GET or HEAD */
};

/* The class; for WEB and CONSOLE with an origin, *ret is that. Browsers send no Sec-Fetch fields with WebSocket
 * upgrades, but always an Origin: an upgrade with neither is a program's. */
enum pm_sender pm_sender_class(const struct pm_hosts *own, const struct pm_sender_facts *f, struct pm_origin *ret);

enum pm_route_kind {
    PM_ROUTE_PAGE,   /* the console's files, and whatever is not below */
    PM_ROUTE_CLIENT, /* scripts for pages: constant */
    PM_ROUTE_HEALTH,
    PM_ROUTE_SOCKETS, /* Engine.IO and Socket.IO */
    PM_ROUTE_API,
    PM_ROUTE_RECORDINGS, /* files to keep: a link leads to them, no page can read them by it */
    PM_ROUTE_CONSOLE,    /* what only a console session may ask */
    PM_ROUTE_METRICS,
    PM_ROUTES
};

enum pm_route_kind pm_route_kind(const char *path, size_t n);

/* May this class use this route at all? A WEB origin's grants and a program's user are looked at behind that. */
bool pm_route_admits(enum pm_route_kind route, enum pm_sender sender);

#endif
