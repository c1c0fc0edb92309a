/* profiled.h - connections with a profile: which it is, what the device says of itself, and what is sent at the start.
 */
#ifndef PM_API_PROFILED_H
#define PM_API_PROFILED_H

#include "api/api.h"
#include "profile/profiles.h"

/* The profile of this id, or the i-th; NULL if there is none. Borrowed up to the next turn of the loop. */
struct pm_profile *pm_profiled_find(const struct pm_api *a, const char *id);
struct pm_profile *pm_profiled_get(const struct pm_api *a, size_t i, bool *own);

/* The i-th file of the user's own that cannot be used; NULL behind the last. */
const struct pm_profile_fault *pm_profiled_fault(const struct pm_api *a, size_t i);

/* For api.c. The device was opened, or has another profile now: its events are looked for from here on, and with
 * `start` the commands go out that the profile begins with. */
void pm_profiled_begin(struct pm_api *a, struct pm_connection *c, bool start);

/* Bytes came; the connection is closed, and all its exchanges are over: whoever waits for that is told. */
void pm_profiled_rx(struct pm_api *a, struct pm_connection *c);
void pm_profiled_close(struct pm_connection *c);

enum { PM_PROFILED_STOP_MS = 5000 }; /* a device that takes nothing is not waited for longer */

/* Send the commands that the profile ends with, then call done(owner), once: at once if there are none, when the
 * connection is closed meanwhile, and after PM_PROFILED_STOP_MS beside the time that the commands themselves may take,
 * whatever has become of them. It may close the connection. */
void pm_profiled_stop(struct pm_api *a, struct pm_connection *c, void (*done)(void *owner), void *owner);

#endif
