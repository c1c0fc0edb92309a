/* stopping.h - the end in good order: nobody new comes in, and what is on its way gets some time to arrive (I17). */
#ifndef PM_DAEMON_STOPPING_H
#define PM_DAEMON_STOPPING_H

#include "api/api.h"
#include "loop/loop.h"
#include "net/server.h"

enum { PM_STOPPING_MS = 5000 }; /* for what is on its way */

/* Zero-initialise. */
struct pm_stopping {
    struct pm_timer timer;
    struct pm_mono until;
    struct pm_api *api;
    struct pm_server *server;
    void (*on_stopped)(void *owner);
    void *owner;
    bool running;
};

/* Accept nobody any more; call on_stopped(owner) from the loop once devices and clients have got everything, or after
 * PM_STOPPING_MS, when the log says what did not go out. */
void pm_stopping_begin(struct pm_stopping *s, struct pm_loop *loop, struct pm_api *api, struct pm_server *server,
                       void (*on_stopped)(void *owner), void *owner);

/* No more calls. Fine if it never began. */
void pm_stopping_end(struct pm_stopping *s);

#endif
