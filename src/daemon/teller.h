/* teller.h - what happens, told line by line in the terminal or the journal: a client of the API that listens to events
 * and to no bytes. */
#ifndef PM_DAEMON_TELLER_H
#define PM_DAEMON_TELLER_H

#include "daemon/prompt.h"

struct pm_teller {
    struct pm_api_client client; /* first */
    const struct pm_prompt *prompt;
    struct pm_mono errors_told_at; /* when a line had errors, the last time that this was told */
};

/* Tell from now on, but for a question that the prompt, which has begun before and outlives the teller, asks itself.
 * The teller must stay where it is until pm_teller_end(). */
void pm_teller_begin(struct pm_teller *t, struct pm_api *api, const struct pm_prompt *prompt);
void pm_teller_end(struct pm_teller *t);

/* The devices that are there, in one line. */
void pm_teller_devices(struct pm_api *api);

#endif
