/* monitor.h - the parts of `monitor`: the running of it, and how it finds its connection. */
#ifndef PM_CLI_MONITOR_H
#define PM_CLI_MONITOR_H

#include "cli/screen.h"
#include "cli/session.h"
#include "cli/terminal.h"

#include "base/mono.h"

struct pm_monitor_values {
    struct pm_common common;
    char *name;
    bool keep, from_start, hex, timestamps, echo;
    int enter;
    int64_t wait; /* milliseconds */
};

struct pm_monitor {
    const struct pm_command *self;
    const struct pm_monitor_values *values;
    const char *target; /* what the person named: a connection or a device */
    char path[PM_PATH_MAX];
    struct pm_client *client; /* NULL while there is no daemon */
    struct pm_screen screen;
    struct pm_terminal terminal;
    char name[128], address[160]; /* of the connection */
    json_t *options;              /* its options as last seen: it is opened with them again after a restart */
    bool opened;                  /* by us: it is closed at the end */
    bool attached;                /* bytes from now on are ours to show */
    bool was_attached;            /* and there is a place to go on from */
    bool input_ended;
    bool had_input;      /* before it ended */
    bool refused;        /* some of it, by the daemon */
    struct pm_mono last; /* when something came or was sent last */
    unsigned unanswered;
    bool done;
    enum pm_exit code;
};

void pm_monitor_end(struct pm_monitor *m, enum pm_exit code);

/* ---- monitor_attach.c ---- */

/* Find the connection that the person meant, or open the device. PM_EXIT_OK, or a code after saying why not. */
enum pm_exit pm_monitor_attach(struct pm_monitor *m);

/* Get its bytes, from where we were. 0 or what ended the client. */
int pm_monitor_subscribe(struct pm_monitor *m);

/* Both, with a daemon that was started anew; quietly. False if it is not possible yet. */
bool pm_monitor_attach_again(struct pm_monitor *m);

void pm_monitor_close_connection(struct pm_monitor *m);

#endif
