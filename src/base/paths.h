/* paths.h - the directories that are ours: configuration, state, runtime files (XDG base directories, or systemd's). */
#ifndef PM_BASE_PATHS_H
#define PM_BASE_PATHS_H

#include <sys/types.h>

enum { PM_PATH_MAX = 1024 }; /* bytes of a path, its end included; longer ones are refused, never cut */

struct pm_paths {
    char config[PM_PATH_MAX];  /* what the person writes; may not exist */
    char state[PM_PATH_MAX];   /* what must outlive a restart */
    char runtime[PM_PATH_MAX]; /* sockets and tokens of this run */
};

/* Find them. Each is, in this order: the variable that systemd sets for a service (CONFIGURATION_DIRECTORY,
 * STATE_DIRECTORY, RUNTIME_DIRECTORY); the XDG variable with /peripheral-manager behind it; for configuration and state
 * the XDG default below HOME; for runtime the folder run/ in the state directory. `get` answers for the environment
 * (getenv in the program). Nothing is created. 0, -ENOENT (no variable leads anywhere: HOME is unset), -ENAMETOOLONG,
 * -EINVAL (a path that is not absolute). */
int pm_paths_find(char *(*get)(const char *name), struct pm_paths *ret);

/* Write `folder`/`name` to ret. 0 or -ENAMETOOLONG. `name` comes from our own code, never from outside. */
int pm_path_join(const char *folder, const char *name, char ret[PM_PATH_MAX]);

/* Make a folder and its parents, mode 0700. 0 or a negative errno. One that exists is left as it is, but must be a
 * folder of ours that only we can write: else -ENOTDIR, or -EPERM (another owner, or writable for others). */
int pm_path_make(const char *folder);

/* Be the only process that uses a folder of ours, as long as *ret_fd is open: it holds a lock on the file `name` there,
 * which tells the process. 0; -EADDRINUSE: another has it, *ret_owner is its id or 0; or another negative errno. */
int pm_path_lock(const char *folder, const char *name, int *ret_fd, pid_t *ret_owner);

#endif
