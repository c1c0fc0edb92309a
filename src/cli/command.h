/* command.h - the subcommands of the program: one table, which dispatch, help and shell completion read. */
#ifndef PM_CLI_COMMAND_H
#define PM_CLI_COMMAND_H

#include "daemon/daemon.h"

struct pm_command {
    const char *name;
    const char *arguments;           /* "NAME DATA"; "" for none */
    const char *purpose;             /* one line */
    const char *example;             /* a whole command line */
    const struct pm_option *options; /* NULL: none */
    enum pm_exit (*run)(const struct pm_command *self, int argc, char **argv);
};

/* Ends with a row whose name is NULL; the first is what runs when no command is named. */
extern const struct pm_command pm_commands[];

/* Find the command that argv[1] names and run it. Returns the exit code. */
int pm_command_main(int argc, char **argv);

/* Write how a command is used, its options and its example. */
void pm_command_help(const struct pm_command *c, FILE *out);

/* Say what is wrong with the command line, and how to get help. Returns PM_EXIT_USAGE. */
enum pm_exit pm_command_usage(const struct pm_command *c, const char *error);

enum pm_exit pm_serve_command(const struct pm_command *self, int argc, char **argv);

#endif
