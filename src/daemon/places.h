/* places.h - the daemon's directories, made ready before anything else starts. */
#ifndef PM_DAEMON_PLACES_H
#define PM_DAEMON_PLACES_H

#include "base/paths.h"
#include "daemon/daemon.h"
#include "net/control.h"

struct pm_places {
    char state[PM_PATH_MAX]; /* where to keep things; "" with --ephemeral */
    int state_lock;          /* or -1 */
    struct pm_control control;
};

/* Make them, lock them, and listen in the runtime directory. PM_EXIT_OK and *ret, which pm_places_close() ends; or what
 * the program ends with, after saying what is wrong and how to mend it. */
enum pm_exit pm_places_open(const struct pm_settings *settings, struct pm_places *ret);
void pm_places_close(struct pm_places *p);

#endif
