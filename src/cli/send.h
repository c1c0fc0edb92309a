/* send.h - what the subcommand `send` is told. */
#ifndef PM_CLI_SEND_H
#define PM_CLI_SEND_H

#include "cli/command.h"

struct pm_send_values {
    struct pm_common common;
    char *hex, *file;
    int end; /* the place in the words of --end */
};

#endif
