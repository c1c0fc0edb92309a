/* command.h - the subcommands of the program: one table, which dispatch, help, shell completion and the manual read. */
#ifndef PM_CLI_COMMAND_H
#define PM_CLI_COMMAND_H

#include "daemon/daemon.h"

#include <jansson.h>

enum { PM_COMMAND_ARGUMENTS = 32, PM_COMMAND_PURPOSE = 512 };

/* What every command but serve takes; first member of its values. */
struct pm_common {
    char *runtime_dir; /* NULL: where the settings say */
    bool json, help;
    bool quiet;                            /* no option: mistakes in the settings are told elsewhere */
    char *arguments[PM_COMMAND_ARGUMENTS]; /* of the command's request, as texts; NULL: not given */
};

struct pm_command {
    const char *name;
    const char *arguments;         /* "NAME DATA"; "" for none */
    unsigned min_words, max_words; /* how many of them */
    const char *purpose;           /* one line */
    const char *example;           /* a whole command line */

    /* The request of the API whose arguments are options of this command, all but the first few; or NULL. */
    const char *request;
    unsigned request_words;
    const char *request_without; /* the name of one that is no option either, or NULL */

    const struct pm_option *options; /* further ones, or NULL */
    size_t size;                     /* of the values; they begin with struct pm_common */

    /* What it does with them: values have been read, and the number of words is right. */
    enum pm_exit (*run)(const struct pm_command *self, void *values, char **words, unsigned n);

    /* Or one that reads its command line itself. */
    enum pm_exit (*main)(const struct pm_command *self, int argc, char **argv);
};

/* Ends with a row whose name is NULL; the first is what runs when no command is named. */
extern const struct pm_command pm_commands[];

/* The command of this name, or NULL. */
const struct pm_command *pm_command_find(const char *name);

/* Find the command that argv[1] names and run it. Returns the exit code. */
int pm_command_main(int argc, char **argv);

/* All options of a command: those of its request, its own, and those that all have. */
struct pm_command_rows {
    struct pm_option rows[PM_OPTIONS_MAX + 1];
    char purposes[PM_COMMAND_ARGUMENTS][PM_COMMAND_PURPOSE];
};
void pm_command_rows(const struct pm_command *c, struct pm_command_rows *ret);

/* Write how a command is used, its options and its example. */
void pm_command_help(const struct pm_command *c, FILE *out);

/* Say what is wrong with the command line, and how to get help. Returns PM_EXIT_USAGE. */
enum pm_exit pm_command_usage(const struct pm_command *c, const char *error);

/* ---- request.c: commands whose options are arguments of a request ---- */

/* Append rows for them. Returns how many. */
unsigned pm_request_rows(const struct pm_command *c, struct pm_option *rows,
                         char purposes[PM_COMMAND_ARGUMENTS][PM_COMMAND_PURPOSE]);

/* Add to `data` what was given: words for the request's first arguments (NULL: none), and options. 0, or -EINVAL after
 * saying what is wrong. */
int pm_request_collect(const struct pm_command *c, const struct pm_common *common, char **words, json_t *data);

/* A command that is the request and nothing else. */
enum pm_exit pm_request_command(const struct pm_command *self, void *values, char **words, unsigned n);

/* Any request, by its name, with its data as JSON. */
enum pm_exit pm_ask_command(const struct pm_command *self, void *values, char **words, unsigned n);

/* ---- the others, each in its file ---- */

extern const struct pm_option pm_doctor_rows[], pm_export_rows[], pm_monitor_rows[], pm_record_rows[], pm_replay_rows[],
    pm_send_rows[], pm_tls_rows[];

enum pm_exit pm_serve_command(const struct pm_command *self, int argc, char **argv);
enum pm_exit pm_questions_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_answer_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_grants_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_revoke_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_tls_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_token_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_list_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_connections_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_monitor_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_send_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_device_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_profiles_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_profile_command_line(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_signals_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_console_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_events_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_doctor_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_record_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_recordings_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_export_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_replay_command(const struct pm_command *self, void *values, char **words, unsigned n);
enum pm_exit pm_completion_command(const struct pm_command *self, void *values, char **words, unsigned n);

#endif
