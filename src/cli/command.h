/* command.h - the subcommands of the program: one table, which dispatch, help, shell completion and the manual read. */
#ifndef PM_CLI_COMMAND_H
#define PM_CLI_COMMAND_H

#include "daemon/daemon.h"

/* What every command but serve takes; first member of its values. */
struct pm_common {
    char *runtime_dir; /* NULL: where the settings say */
    bool json, help;
};

/* The rows for it, to stand first in the options of a command. */
#define PM_COMMON_ROWS                                                                                                 \
    {.name = "json",                                                                                                   \
     .type = PM_OPTION_FLAG,                                                                                           \
     .offset = offsetof(struct pm_common, json),                                                                       \
     .purpose = "write JSON, for programs"},                                                                           \
        {.name = "runtime-dir",                                                                                        \
         .type = PM_OPTION_PATH,                                                                                       \
         .offset = offsetof(struct pm_common, runtime_dir),                                                            \
         .argument = "DIR",                                                                                            \
         .purpose = "where the daemon's control socket is, if it was started with --runtime-dir"},                     \
    {                                                                                                                  \
        .name = "help", .letter = 'h', .type = PM_OPTION_FLAG, .offset = offsetof(struct pm_common, help),             \
        .purpose = "show this help and end"                                                                            \
    }

struct pm_command {
    const char *name;
    const char *arguments;         /* "NAME DATA"; "" for none */
    unsigned min_words, max_words; /* how many of them */
    const char *purpose;           /* one line */
    const char *example;           /* a whole command line */

    /* A command of its own: its options, their values' size, and what it does with them. `values` begin with struct
     * pm_common. */
    const struct pm_option *options;
    size_t size;
    enum pm_exit (*run)(const struct pm_command *self, void *values, char **words);

    /* Or one that is a request of the API: words and options are the request's arguments, in their order. */
    const char *request;

    /* Or one that reads its command line itself. */
    enum pm_exit (*main)(const struct pm_command *self, int argc, char **argv);
};

/* Ends with a row whose name is NULL; the first is what runs when no command is named. */
extern const struct pm_command pm_commands[];

/* The command of this name, or NULL. */
const struct pm_command *pm_command_find(const char *name);

/* Find the command that argv[1] names and run it. Returns the exit code. */
int pm_command_main(int argc, char **argv);

/* Write how a command is used, its options and its example. */
void pm_command_help(const struct pm_command *c, FILE *out);

/* Say what is wrong with the command line, and how to get help. Returns PM_EXIT_USAGE. */
enum pm_exit pm_command_usage(const struct pm_command *c, const char *error);

/* ---- request.c: commands that are requests ---- */

enum { PM_REQUEST_OPTIONS = 40, PM_REQUEST_PURPOSE = 256 };

/* The options of such a command, made from the request's schema, with their texts. */
struct pm_request_rows {
    struct pm_option rows[PM_REQUEST_OPTIONS + 4];
    char purposes[PM_REQUEST_OPTIONS][PM_REQUEST_PURPOSE];
};
void pm_request_rows(const struct pm_command *c, struct pm_request_rows *ret);

/* Read the command line and ask the daemon. */
enum pm_exit pm_request_main(const struct pm_command *self, int argc, char **argv);

/* ---- the others, each in its file ---- */

enum pm_exit pm_serve_command(const struct pm_command *self, int argc, char **argv);

/* Of commands without options of their own. */
struct pm_plain {
    struct pm_common common;
};
extern const struct pm_option pm_plain_rows[];
enum pm_exit pm_list_command(const struct pm_command *self, void *values, char **words);
enum pm_exit pm_connections_command(const struct pm_command *self, void *values, char **words);

#endif
