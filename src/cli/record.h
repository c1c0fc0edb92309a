/* record.h - what the subcommands on recordings are told. */
#ifndef PM_CLI_RECORD_H
#define PM_CLI_RECORD_H

#include "cli/command.h"

struct pm_record_values {
    struct pm_common common;
    bool stop;
};

struct pm_export_values {
    struct pm_common common;
    int format;   /* enum pm_export_format */
    char *output; /* NULL: the standard output */
    char *state_dir;
};

struct pm_replay_values {
    struct pm_common common;
    char *speed, *name, *open, *state_dir;
};

enum { PM_EXPORT_FILES_MAX = 1000 }; /* named at once */

#endif
