/* places.c - see places.h. */
#include "daemon/places.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is said about the two kinds of directory. */
struct kind {
    const char *what, *otherwise;
};

static const struct kind state_kind = {"state directory", "choose another with --state-dir, or start with --ephemeral"};
static const struct kind runtime_kind = {"runtime directory", "choose another with --runtime-dir"};

static enum pm_exit explain(const struct kind *kind, const char *folder, int error)
{
    unsigned uid = geteuid();
    if (error == -EPERM)
        pm_log(PM_LOG_ERROR,
               "The %s %s belongs to somebody else, or others may write to it. Mend it with: chown %u %s && chmod 700 "
               "%s - or %s.",
               kind->what, folder, uid, folder, folder, kind->otherwise);
    else if (error == -EACCES || error == -EROFS)
        pm_log(PM_LOG_ERROR, "The %s %s cannot be written to (%s). Mend it with: chmod 700 %s - or %s.", kind->what,
               folder, strerror(-error), folder, kind->otherwise);
    else if (error == -ENAMETOOLONG)
        pm_log(PM_LOG_ERROR, "The path of the %s %s is too long: %s.", kind->what, folder, kind->otherwise);
    else
        pm_log(PM_LOG_ERROR, "The %s %s cannot be used: %s. Mend that, or %s.", kind->what, folder, strerror(-error),
               kind->otherwise);
    return PM_EXIT_CONFIG;
}

/* A link is followed only if it is our own doing, or the system's. */
static int check_link(const char *folder)
{
    struct stat s;
    if (lstat(folder, &s) < 0 || !S_ISLNK(s.st_mode) || s.st_uid == geteuid() || s.st_uid == 0)
        return 0;
    return -EPERM;
}

static enum pm_exit open_state(const char *folder, struct pm_places *ret)
{
    pid_t owner = 0;
    int r = strlen(folder) < PM_PATH_MAX - 100 ? check_link(folder) : -ENAMETOOLONG;
    if (r == 0)
        r = pm_path_make(folder);
    if (r == 0 && access(folder, R_OK | W_OK | X_OK) < 0)
        r = -errno;
    if (r == 0)
        r = pm_path_lock(folder, "state.lock", &ret->state_lock, &owner);
    if (r == -EADDRINUSE) { /* two would overwrite what the other keeps */
        pm_log(PM_LOG_ERROR,
               "The state directory %s is in use by another peripheral-manager, process %d. Give this one a directory "
               "of its own with --state-dir, or start it with --ephemeral.",
               folder, owner);
        return PM_EXIT_TEMPORARY;
    }
    if (r < 0)
        return explain(&state_kind, folder, r);
    memcpy(ret->state, folder, strlen(folder) + 1);
    return PM_EXIT_OK;
}

static enum pm_exit open_runtime(const char *folder, struct pm_control *ret)
{
    pid_t owner = 0;
    int r = check_link(folder);
    if (r == 0)
        r = pm_control_open(folder, ret, &owner);
    if (r == -EADDRINUSE) {
        pm_log(PM_LOG_ERROR,
               "A peripheral-manager of this user runs already, as process %d. Use it, stop it with \"kill %d\", or "
               "give this one places of its own with --runtime-dir, --state-dir and --port.",
               owner, owner);
        return PM_EXIT_TEMPORARY;
    }
    return r < 0 ? explain(&runtime_kind, folder, r) : PM_EXIT_OK;
}

enum pm_exit pm_places_open(const struct pm_settings *settings, struct pm_places *ret)
{
    struct pm_paths paths = {0};
    bool wants_state = !settings->ephemeral && !settings->state_dir;
    *ret = (struct pm_places){.state_lock = -1, .control = {.lock = -1, .fd = -1}};
    if ((wants_state || !settings->runtime_dir) && pm_paths_find(getenv, &paths) < 0) {
        pm_log(PM_LOG_ERROR, "There is no place for the daemon's files: HOME is not set. Set it, or name folders with "
                             "--runtime-dir and with --state-dir or --ephemeral.");
        return PM_EXIT_CONFIG;
    }
    enum pm_exit code = open_runtime(settings->runtime_dir ? settings->runtime_dir : paths.runtime, &ret->control);
    if (code != PM_EXIT_OK || settings->ephemeral)
        return code;
    code = open_state(settings->state_dir ? settings->state_dir : paths.state, ret);
    if (code != PM_EXIT_OK)
        pm_places_close(ret);
    return code;
}

void pm_places_close(struct pm_places *p)
{
    pm_control_close(&p->control);
    if (p->state_lock >= 0)
        close(p->state_lock);
    p->state_lock = -1;
}
