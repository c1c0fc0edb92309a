/* identify.h - which profile is for a device: by its USB ids, or by asking it what it is. Asking sends bytes to a
 * device that nobody knows yet, so it is done only for a connection whose profile is "auto". */
#ifndef PM_API_IDENTIFY_H
#define PM_API_IDENTIFY_H

#include "api/api.h"

enum { PM_IDENTIFY_MAX = 32 }; /* profiles that are tried */

#define PM_PROFILE_AUTO "auto"

/* Somebody who waits for the outcome: the connection has its profile, or none fits; NULL: it was closed meanwhile. */
struct pm_identify_waiting {
    struct pm_link link;
    void (*done)(struct pm_identify_waiting *w, struct pm_connection *c);
};

/* Begin, if the connection has the profile "auto" and is open; one that is under way goes on. The identification
 * exchanges of the profiles that may be the device's are tried one after another, each with its line settings. If
 * exactly one recognises the device, it is the connection's from now on; else the line is as before. */
void pm_identify_begin(struct pm_api *a, struct pm_connection *c);

/* Be told; before this returns if nothing is under way. */
void pm_identify_wait(struct pm_connection *c, struct pm_identify_waiting *w);

/* For api.c: the connection is closed, and all its exchanges are over. */
void pm_identify_close(struct pm_connection *c);

#endif
