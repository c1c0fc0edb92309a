/* session_bus.h - the desktop's D-Bus, through libsystemd's sd-bus on our loop; loaded when it is first needed, so that
 * whoever runs without a desktop pays nothing. */
#ifndef PM_DAEMON_SESSION_BUS_H
#define PM_DAEMON_SESSION_BUS_H

#include "loop/loop.h"

#include <systemd/sd-bus.h>

#define PM_SD_BUS_FUNCTIONS(F)                                                                                         \
    F(sd_bus_call_async)                                                                                               \
    F(sd_bus_close_unref)                                                                                              \
    F(sd_bus_get_events)                                                                                               \
    F(sd_bus_get_fd)                                                                                                   \
    F(sd_bus_get_timeout)                                                                                              \
    F(sd_bus_message_append)                                                                                           \
    F(sd_bus_message_is_method_error)                                                                                  \
    F(sd_bus_message_new_method_call)                                                                                  \
    F(sd_bus_message_read)                                                                                             \
    F(sd_bus_message_unref)                                                                                            \
    F(sd_bus_open_user)                                                                                                \
    F(sd_bus_process)

#define PM_SD_BUS_MEMBER(name) __typeof__(name) *name;

struct pm_sd_bus {
    void *library; /* as dlopen() returned it */
    PM_SD_BUS_FUNCTIONS(PM_SD_BUS_MEMBER)
};

struct pm_session_bus {
    struct pm_sd_bus call;
    sd_bus *bus;
    struct pm_watch watch;
    struct pm_timer timer;
    unsigned handles; /* of the loop that are not closed yet */
    void (*on_lost)(void *owner);
    void *owner;
};

/* Connect, without waiting. The caller owns *ret. on_lost is called once if the bus goes away, from the loop; then it
 * is to be closed. 0, -ENOENT (there is no desktop), -ENOPKG (libsystemd is not there), or another negative errno. */
int pm_session_bus_open(struct pm_loop *loop, void (*on_lost)(void *owner), void *owner, struct pm_session_bus **ret);

/* Close it: nobody is called any more. The loop frees it. NULL is fine. Returns NULL. */
struct pm_session_bus *pm_session_bus_close(struct pm_session_bus *b);

/* Send a call and drop the reference; on_reply comes from the loop, also when `seconds` are over, unless the bus is
 * lost or closed before. 0 or a negative errno. */
int pm_session_bus_call(struct pm_session_bus *b, sd_bus_message *m, unsigned seconds,
                        sd_bus_message_handler_t on_reply, void *owner);

#endif
