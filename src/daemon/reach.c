/* reach.c - see reach.h. */
#include "daemon/reach.h"

#include "base/cleanup.h"
#include "base/paths.h"
#include "base/sanitizer.h"
#include "daemon/landlock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Libraries that are loaded late, names of groups, what udev knows. */
static const char *const of_the_system[] = {
    "/etc",  "/usr", "/lib", "/lib64", "/sys", "/run/udev", "/proc/self",
#ifdef PM_UNDER_SANITIZER
    "/proc", /* the search for leaks */
#endif
};

static const char *folder_of(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    slash[slash == path] = 0; /* of "/file" it is "/" */
    return path;
}

/* The folder that a file is in, since files are replaced, and the one that a link leads to. */
static void allow_file(struct pm_landlock *l, const char *file)
{
    char path[PM_PATH_MAX];
    PM_AUTO_FREE char *real = file ? realpath(file, NULL) : NULL;
    const char *const both[] = {file, real};
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
        if (!both[i] || strlen(both[i]) >= sizeof(path))
            continue;
        memcpy(path, both[i], strlen(both[i]) + 1);
        pm_landlock_allow(l, folder_of(path), PM_LANDLOCK_READ);
    }
}

static bool is_or_is_above(const char *folder, const char *home)
{
    PM_AUTO_FREE char *real = realpath(folder, NULL);
    size_t n = real ? strlen(real) : 0;
    if (n == 1)
        return true; /* "/" */
    return n > 0 && strncmp(real, home, n) == 0 && (home[n] == 0 || home[n] == '/');
}

static bool exposes(const char *file, const char *home)
{
    PM_AUTO_FREE char *named = file ? strdup(file) : NULL, *real = file ? realpath(file, NULL) : NULL;
    return (named && is_or_is_above(folder_of(named), home)) || (real && is_or_is_above(folder_of(real), home));
}

const char *pm_reach_exposes_home(const struct pm_settings *s)
{
    const char *const files[] = {s->config, s->tls ? s->tls_cert : NULL, s->tls ? s->tls_key : NULL};
    const char *variable = getenv("HOME");
    PM_AUTO_FREE char *home = variable ? realpath(variable, NULL) : NULL;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (exposes(files[i], home ? home : ""))
            return files[i];
    }
    return NULL;
}

/* A folder in one of ours may be a link to another disk. */
static void allow_inside(struct pm_landlock *l, const char *folder, const char *name, unsigned rights)
{
    char path[PM_PATH_MAX];
    pm_landlock_allow(l, folder, rights);
    if (pm_path_join(folder, name, path) == 0)
        pm_landlock_allow(l, path, rights);
}

static void allow_places(struct pm_landlock *l, const struct pm_settings *s, const struct pm_places *places)
{
    struct pm_paths paths;
    char control[sizeof(places->control.address.sun_path) + 1];
    snprintf(control, sizeof(control), "%s", places->control.address.sun_path);
    pm_landlock_allow(l, folder_of(control), PM_LANDLOCK_REMOVE); /* of the socket, at the end */
    if (places->state[0])
        allow_inside(l, places->state, "recordings", PM_LANDLOCK_KEEP);
    if (pm_paths_find(getenv, &paths) == 0) {
        if (places->state[0])
            (void)pm_path_make(paths.config); /* or what a person puts there later could not be read */
        allow_inside(l, paths.config, "profiles", PM_LANDLOCK_READ);
    }
    allow_file(l, s->config);
    if (s->tls) {
        allow_file(l, s->tls_cert);
        allow_file(l, s->tls_key);
    }
}

/* The desktop's bus and the service manager may have no path to be found by. */
static bool uses_abstract_sockets(void)
{
    const char *bus = getenv("DBUS_SESSION_BUS_ADDRESS"), *manager = getenv("NOTIFY_SOCKET");
    return (bus && strstr(bus, "abstract=")) || (manager && manager[0] == '@');
}

/* A free port is taken on one address, and then on the other by its number. */
static bool takes_free_ports(const struct pm_settings *s)
{
    return s->port == 0 || (s->tls && s->tls_port == 0);
}

int pm_reach_limit(const struct pm_settings *settings, const struct pm_places *places)
{
    struct pm_landlock l;
    int r = pm_landlock_begin(&l, (takes_free_ports(settings) ? PM_LANDLOCK_LEAVES_PORTS : 0) |
                                      (uses_abstract_sockets() ? PM_LANDLOCK_LEAVES_ABSTRACT : 0));
    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof(of_the_system) / sizeof(of_the_system[0]); i++)
        pm_landlock_allow(&l, of_the_system[i], PM_LANDLOCK_READ);
    pm_landlock_allow(&l, "/dev", PM_LANDLOCK_DEVICES);
    allow_places(&l, settings, places);
    pm_landlock_allow_port(&l, (uint16_t)settings->port);
    if (settings->tls)
        pm_landlock_allow_port(&l, (uint16_t)settings->tls_port);
    return pm_landlock_enter(&l);
}
