/* session_bus.c - see session_bus.h. */
#include "daemon/session_bus.h"

#include "base/library.h"
#include "base/paths.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MESSAGES_A_TURN = 16 };

/* Where the library would look: without an address and without the usual socket it is not even loaded. */
static bool has_desktop(void)
{
    char path[PM_PATH_MAX];
    const char *address = getenv("DBUS_SESSION_BUS_ADDRESS"), *folder = getenv("XDG_RUNTIME_DIR");
    if (address && address[0])
        return true;
    return folder && folder[0] == '/' && pm_path_join(folder, "bus", path) == 0 && access(path, R_OK | W_OK) == 0;
}

#define LOOK_UP(name) &&pm_library_find(b->call.library, #name, &b->call.name)

static bool load(struct pm_session_bus *b)
{
    b->call.library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    return b->call.library PM_SD_BUS_FUNCTIONS(LOOK_UP);
}

static void drop(struct pm_session_bus *b)
{
    if (b->bus)
        b->call.sd_bus_close_unref(b->bus);
    if (b->call.library)
        dlclose(b->call.library);
    b->bus = NULL;
    b->call.library = NULL;
}

/* Wait for what the library waits for. */
static int arm(struct pm_session_bus *b)
{
    uint64_t until = UINT64_MAX;
    int events = b->call.sd_bus_get_events(b->bus), r = b->call.sd_bus_get_timeout(b->bus, &until);
    if (events < 0 || r < 0)
        return events < 0 ? events : r;
    pm_watch_set(&b->watch, (events & POLLIN ? PM_LOOP_READ : 0U) | (events & POLLOUT ? PM_LOOP_WRITE : 0U));
    if (until == UINT64_MAX)
        pm_timer_stop(&b->timer);
    else
        pm_timer_set(&b->timer, (struct pm_mono){(int64_t)until});
    return 0;
}

static void process(struct pm_session_bus *b)
{
    int r = 1;
    for (int i = 0; i < MESSAGES_A_TURN && r > 0; i++)
        r = b->call.sd_bus_process(b->bus, NULL);
    if (r >= 0)
        r = arm(b);
    if (r < 0)
        b->on_lost(b->owner);
}

static void on_ready(struct pm_watch *w, unsigned events)
{
    (void)events;
    process(w->owner);
}

static void on_time(struct pm_timer *t)
{
    process(t->owner);
}

int pm_session_bus_open(struct pm_loop *loop, void (*on_lost)(void *owner), void *owner, struct pm_session_bus **ret)
{
    if (!has_desktop())
        return -ENOENT;
    struct pm_session_bus *b = calloc(1, sizeof(*b));
    if (!b)
        return -ENOMEM;
    b->on_lost = on_lost;
    b->owner = owner;
    int r = load(b) ? b->call.sd_bus_open_user(&b->bus) : -ENOPKG;
    if (r >= 0)
        r = pm_watch_init(&b->watch, loop, b->call.sd_bus_get_fd(b->bus), on_ready, b);
    if (r < 0) {
        drop(b);
        free(b);
        return r;
    }
    pm_timer_init(&b->timer, loop, on_time, b);
    b->handles = 2;
    *ret = b;
    return 0;
}

static void on_closed(void *owner)
{
    struct pm_session_bus *b = owner;
    if (--b->handles == 0)
        free(b);
}

struct pm_session_bus *pm_session_bus_close(struct pm_session_bus *b)
{
    if (!b)
        return NULL;
    pm_watch_close(&b->watch, on_closed);
    pm_timer_close(&b->timer, on_closed);
    drop(b);
    return NULL;
}

int pm_session_bus_call(struct pm_session_bus *b, sd_bus_message *m, unsigned seconds,
                        sd_bus_message_handler_t on_reply, void *owner)
{
    int r = b->call.sd_bus_call_async(b->bus, NULL, m, on_reply, owner, seconds * UINT64_C(1000000));
    b->call.sd_bus_message_unref(m);
    return r < 0 ? r : arm(b);
}
