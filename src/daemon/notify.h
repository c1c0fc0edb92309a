/* notify.h - while a page waits to be let in, a notification on the desktop says so. It has no button: whoever wants to
 * say yes does it where no page can click. */
#ifndef PM_DAEMON_NOTIFY_H
#define PM_DAEMON_NOTIFY_H

#include "api/api.h"
#include "daemon/session_bus.h"

struct pm_notify {
    struct pm_api *api;
    struct pm_loop *loop;
    struct pm_api_client client;
    struct pm_session_bus *bus; /* NULL: nothing was to be said so far, or there is no desktop */
    struct pm_timer pause;      /* between two calls, so that no page can drive the desktop */
    bool calling, resting, stale;
    unsigned tries;         /* to find a bus, since something was shown */
    uint32_t shown;         /* the notification's number, 0: none */
    char id[PM_CONSENT_ID]; /* of the question it is about, */
    unsigned count;         /* and how many there were */
};

/* Begin. Without a desktop nothing happens, and nothing is loaded before a page asks. The struct must not move until
 * pm_notify_end(), and its memory must stay until the loop has let go. */
void pm_notify_begin(struct pm_notify *n, struct pm_loop *loop, struct pm_api *api);
void pm_notify_end(struct pm_notify *n);

/* For pm_notify_begin(), and its tests: copy text so that it means nothing as markup (Desktop Notifications
 * Specification, Markup). out has room for `room` bytes with its end; what does not fit is left out whole. */
void pm_notify_escape(const char *text, char *out, size_t room);

#endif
