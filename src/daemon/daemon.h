/* daemon.h - the parts of the running daemon: built in order, run, taken down in the opposite order. */
#ifndef PM_DAEMON_DAEMON_H
#define PM_DAEMON_DAEMON_H

#include "daemon/settings.h"

/* How the program ends: the words of sysexits.h, and what they mean for every command (docs/exit-codes in the manual).
 */
enum pm_exit {
    PM_EXIT_OK = 0,
    PM_EXIT_REFUSED = 1,     /* the daemon or a device said no */
    PM_EXIT_USAGE = 64,      /* a wrong option or argument */
    PM_EXIT_NO_DAEMON = 69,  /* it does not run, or went away */
    PM_EXIT_INTERNAL = 70,   /* a fault of ours, or too old a daemon */
    PM_EXIT_OS = 71,         /* the system has no memory, descriptors or processes left */
    PM_EXIT_IO = 74,         /* reading or writing a file failed */
    PM_EXIT_TEMPORARY = 75,  /* the port or the runtime directory is taken */
    PM_EXIT_PROTOCOL = 76,   /* what answers does not speak our protocol */
    PM_EXIT_PERMISSION = 77, /* this user may not */
    PM_EXIT_CONFIG = 78,     /* the configuration file or a directory is not as it must be */
};

/* Run it until it is told to stop. `argc` and `argv` are what `settings` came from: they are read again, with the
 * configuration file, on SIGHUP. */
enum pm_exit pm_daemon_run(struct pm_settings *settings, int argc, char **argv);

#endif
