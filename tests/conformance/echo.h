/* echo.h - what the conformance server serves: echoes on a bare engine and on Socket.IO, for any server it is given. */
#ifndef PM_CONFORMANCE_ECHO_H
#define PM_CONFORMANCE_ECHO_H

#include "net/server.h"
#include "net/sockets.h"

struct pm_echo {
    struct pm_loop *loop;
    struct pm_engine *engine;
    struct pm_sockets *sockets;
};

/* Serve /engine.io (every message comes back) and /socket.io: `auth` on joining "/" or "/custom"; on "/" `message`
 * comes back as `message-back`, `message-with-ack` as an acknowledgement, `ask-me` as the question `question` whose
 * answer comes back as `answer`; `count` n emits n times `tick`; `drop-me` cuts the connection. 0 or a negative errno;
 * end it with pm_echo_stop() either way, before the server. */
int pm_echo_start(struct pm_echo *echo, struct pm_loop *loop, struct pm_server *server,
                  const struct pm_engine_options *engine, const struct pm_sockets_options *sockets);
void pm_echo_stop(struct pm_echo *echo);

#endif
