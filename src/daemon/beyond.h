/* beyond.h - listening beyond this machine: never by accident, and never without all that makes it safe. */
#ifndef PM_DAEMON_BEYOND_H
#define PM_DAEMON_BEYOND_H

#include "daemon/gate.h"
#include "daemon/settings.h"

/* May the daemon start so? False after saying what is missing or wrong. */
bool pm_beyond_check(const struct pm_settings *s);

/* Tell the gate by which names this machine is asked for, and of whom tokens are required. The settings must outlive
 * it. */
void pm_beyond_names(const struct pm_settings *s, struct pm_gate *g);

/* Listen at each address of --listen. 0, or a negative errno after saying why. */
int pm_beyond_listen(const struct pm_settings *s, struct pm_server *server, unsigned port);

#endif
