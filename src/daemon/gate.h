/* gate.h - what every request passes before anything else: the name it asks for, who sends it, and where it may go. */
#ifndef PM_DAEMON_GATE_H
#define PM_DAEMON_GATE_H

#include "access/door.h"
#include "net/server.h"

struct pm_gate {
    struct pm_hosts hosts;
    struct pm_door *door;
};

/* For pm_server_options.gate; the owner is a struct pm_gate. */
const struct pm_http_refusal *pm_gate(void *owner, const struct pm_conn *c, const struct pm_http_head *head,
                                      struct pm_who *ret);

#endif
