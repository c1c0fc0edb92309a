/* notice.h - events as sentences for a person: what the daemon writes to its terminal, and the command line shows. */
#ifndef PM_DAEMON_NOTICE_H
#define PM_DAEMON_NOTICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { PM_NOTICE_MAX = 600 };

/* Say what an event means, in one line without its end; what comes from outside is made harmless. False if it is
 * nothing to tell everybody: then out holds its name and data. */
bool pm_notice(const char *event, const json_t *data, char *out, size_t room);

#endif
