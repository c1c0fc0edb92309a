/* gate.h - what every request passes before anything else: the name it asks for, who sends it, and where it may go. */
#ifndef PM_DAEMON_GATE_H
#define PM_DAEMON_GATE_H

#include "access/door.h"
#include "access/peer.h"
#include "base/options.h"
#include "net/server.h"

enum {
    PM_GATE_USERS = PM_OPTION_LIST_MAX,
    PM_GATE_NAME = 48, /* bytes of an address of IPv6 in brackets, its end included */
};

struct pm_gate {
    struct pm_hosts hosts;
    char names[PM_HOSTS_MAX][PM_GATE_NAME]; /* of those of `hosts` that are addresses of IPv6 */
    struct pm_door *door;
    struct pm_peers peers;
    uid_t users[PM_GATE_USERS]; /* beside our own and root */
    unsigned n_users;
    const struct pm_option_list *origins; /* those that --allow-origin names; borrowed */
    bool require_token;                   /* of programs of this user, too */
    struct pm_mono told;                  /* when a stranger was last told of in the log */
};

/* Get ready to ask whose connections are. `users` are names; false after saying which of them does not exist. End it
 * with pm_gate_close(). */
bool pm_gate_open(struct pm_gate *g, const struct pm_option_list *users);
void pm_gate_close(struct pm_gate *g);

/* For pm_server_options.admits: is the program at the other end one of this user's? Others come in only while
 * there are tokens that they could show. */
bool pm_gate_admits(void *owner, int fd, struct pm_peer *ret);

/* For pm_server_options.gate; the owner is a struct pm_gate. */
const struct pm_http_refusal *pm_gate(void *owner, const struct pm_conn *c, const struct pm_http_head *head,
                                      struct pm_who *ret);

/* For pm_server_options.on_limit: it is noted. */
void pm_gate_on_limit(void *owner, const struct pm_conn *c, const char *what);

#endif
