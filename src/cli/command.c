/* command.c - see command.h. */
#include "cli/command.h"

#include "cli/completion_words.h"
#include "cli/doctor.h"
#include "cli/monitor.h"
#include "cli/record.h"
#include "cli/send.h"
#include "cli/tls.h"

#include "base/cleanup.h"

#include <assert.h>
#include <string.h>

#define PLAIN .size = sizeof(struct pm_common)

const struct pm_command pm_commands[] = {
    {"serve", .arguments = "",
     .purpose = "Let web applications talk to the devices here (runs when no command is named)",
     .example = "peripheral-manager --demo --allow-origin https://lab.example", .options = pm_setting_rows,
     .main = pm_serve_command},
    {"list", .arguments = "", .purpose = "Show the devices that are plugged in, with or without a daemon",
     .example = "peripheral-manager list --json", PLAIN, .run = pm_list_command},
    {"connections", .arguments = "", .purpose = "Show the connections that are open",
     .example = "peripheral-manager connections", PLAIN, .run = pm_connections_command},
    {"activate", "NAME ADDRESS", 2, 2, .purpose = "Open a device under a name", .request = "activate-connection",
     .request_words = 2, .example = "peripheral-manager activate pump /dev/ttyUSB0 --baud-rate 9600", PLAIN,
     .run = pm_request_command},
    {"deactivate", "NAME", 1, 1, .purpose = "Close a connection", .request = "deactivate-connection",
     .request_words = 1, .example = "peripheral-manager deactivate pump", PLAIN, .run = pm_request_command},
    {"rename", "OLD NEW", 2, 2, .purpose = "Give a connection another name", .request = "rename-reference",
     .request_words = 2, .example = "peripheral-manager rename pump left-pump", PLAIN, .run = pm_request_command},
    {"configure", "NAME", 1, 1, .purpose = "Change the line of an open connection without losing a byte",
     .request = "configure-connection", .request_words = 1,
     .example = "peripheral-manager configure pump --baud-rate 19200", PLAIN, .run = pm_request_command},
    {"send", "NAME [TEXT]", 1, 2, .purpose = "Send bytes to a device", .options = pm_send_rows,
     .size = sizeof(struct pm_send_values), .example = "peripheral-manager send scope '*IDN?' --end lf",
     .run = pm_send_command},
    {"monitor", "NAME|ADDRESS", 1, 1, .purpose = "A terminal on a device, beside the pages that use it; Ctrl+] ends it",
     .request = "activate-connection", .request_words = 2, .options = pm_monitor_rows,
     .size = sizeof(struct pm_monitor_values),
     .example = "peripheral-manager monitor /dev/ttyUSB0 --baud-rate 9600 --timestamps", .run = pm_monitor_command},
    {"command", "NAME [COMMAND [ARGUMENT]...]", 1, 34,
     .purpose = "Send a command of the connection's profile, or by number, and show the answer; NAME alone lists them",
     .request = "send-command", .request_words = 4, .example = "peripheral-manager command pump set-rate rate=2.5",
     PLAIN, .run = pm_device_command},
    {"profiles", .arguments = "", .purpose = "Show the device profiles that there are",
     .example = "peripheral-manager profiles", PLAIN, .run = pm_profiles_command},
    {"profile", "check FILE", 2, 2, .purpose = "Say what is wrong with a device profile, with line and column",
     .example = "peripheral-manager profile check my-device.json", PLAIN, .run = pm_profile_command_line},
    {"signals", "NAME [SIGNAL=on|off]...", 1, 4,
     .purpose = "Show the signals of a connection, or set dtr, rts and break",
     .example = "peripheral-manager signals pump dtr=on rts=off", PLAIN, .run = pm_signals_command},
    {"console", .arguments = "", .purpose = "Open the console page, with a session that may answer for you",
     .example = "peripheral-manager console", PLAIN, .run = pm_console_command},
    {"events", .arguments = "", .purpose = "Show what happens: devices and connections as they come and go",
     .example = "peripheral-manager events --json", PLAIN, .run = pm_events_command},
    {"record", "NAME", 1, 1, .purpose = "Write down everything that goes over a connection, or end that",
     .request = "record-start", .request_words = 1, .request_without = "format", .options = pm_record_rows,
     .size = sizeof(struct pm_record_values), .example = "peripheral-manager record pump", .run = pm_record_command},
    {"recordings", .arguments = "", .purpose = "Show the recordings on this machine",
     .example = "peripheral-manager recordings", PLAIN, .run = pm_recordings_command},
    {"export", "FILE|RECORDING...", 1, PM_EXPORT_FILES_MAX,
     .purpose = "Write a recording in another format, to standard output or a file; needs no daemon",
     .options = pm_export_rows, .size = sizeof(struct pm_export_values),
     .example = "peripheral-manager export 20260131-120000-Ab3dE5gH --format csv -o pump.csv",
     .run = pm_export_command},
    {"requests", .arguments = "", .purpose = "Show which pages ask to be let in",
     .example = "peripheral-manager requests", PLAIN, .run = pm_questions_command},
    {"approve", "ID|PAGE [DEVICE]...", 1, 17,
     .purpose = "Let a page in, for devices by id, address or name, or * for all", .request = "consent-approve",
     .request_words = 2, .request_without = "by",
     .example = "peripheral-manager approve lab.example ttyUSB0 --duration always", PLAIN, .run = pm_answer_command},
    {"deny", "ID|PAGE", 1, 1, .purpose = "Turn a page away", .request = "consent-deny", .request_words = 1,
     .example = "peripheral-manager deny q_1", PLAIN, .run = pm_answer_command},
    {"grants", .arguments = "", .purpose = "Show what pages were allowed", .example = "peripheral-manager grants",
     PLAIN, .run = pm_grants_command},
    {"revoke", .arguments = "", .purpose = "End what pages were allowed, and the streams that go by it",
     .request = "grant-revoke", .example = "peripheral-manager revoke --origin https://lab.example", PLAIN,
     .run = pm_revoke_command},
    {"token", "create TOKEN [SCOPE]... | list | revoke TOKEN", 1, 6,
     .purpose = "Let programs of other users in: make, show and end tokens, for read, write, control and record",
     .request = "token-create", .request_words = 2,
     .example = "peripheral-manager token create lab read write --days 30", PLAIN, .run = pm_token_command},
    {"tls", "init [HOST]... | trust | untrust | status", 1, 1 + PM_AUTHORITY_HOSTS,
     .purpose = "Make the certificate for https on this machine, and tell this user's browsers to trust it, or not to",
     .options = pm_tls_rows, .size = sizeof(struct pm_tls_values), .example = "peripheral-manager tls init",
     .run = pm_tls_command},
    {"request", "EVENT [DATA]", 1, 2, .purpose = "Ask anything that a page can ask, with its data as JSON",
     .example = "peripheral-manager request send-break '{\"name\": \"pump\", \"milliseconds\": 100}'", PLAIN,
     .run = pm_ask_command},
    {"replay", "FILE|RECORDING...", 1, PM_EXPORT_FILES_MAX,
     .purpose = "Play a recording as a virtual device, as fast as it was or faster", .options = pm_replay_rows,
     .size = sizeof(struct pm_replay_values),
     .example = "peripheral-manager replay 20260131-120000-Ab3dE5gH --speed 10 --open pump", .run = pm_replay_command},
    {"doctor", .arguments = "", .purpose = "Look for what is wrong: settings, daemon, port, devices, system",
     .example = "peripheral-manager doctor --origin https://lab.example", .options = pm_doctor_rows,
     .size = sizeof(struct pm_doctor_values), .run = pm_doctor_command},
    {"completion", "SHELL | words [WORD]...", 1, 1 + PM_COMPLETION_WORDS_MAX,
     .purpose = "Write what bash, zsh or fish needs to complete command lines; or what the last WORD of one can become",
     .example = "source <(peripheral-manager completion bash)", PLAIN, .run = pm_completion_command},
    {0},
};

static const struct pm_option common_rows[] = {
    {.name = "json",
     .type = PM_OPTION_FLAG,
     .offset = offsetof(struct pm_common, json),
     .purpose = "write JSON, for programs"},
    {.name = "runtime-dir",
     .type = PM_OPTION_PATH,
     .offset = offsetof(struct pm_common, runtime_dir),
     .argument = "DIR",
     .purpose = "where the daemon's control socket is, if it was started with --runtime-dir"},
    {.name = "help",
     .letter = 'h',
     .type = PM_OPTION_FLAG,
     .offset = offsetof(struct pm_common, help),
     .purpose = "show this help and end"},
    {0},
};

static unsigned append_rows(struct pm_option *to, unsigned n, const struct pm_option *from)
{
    for (; from && from->name; from++) {
        assert(n < PM_OPTIONS_MAX);
        to[n++] = *from;
    }
    return n;
}

void pm_command_rows(const struct pm_command *c, struct pm_command_rows *ret)
{
    unsigned n = c->request ? pm_request_rows(c, ret->rows, ret->purposes) : 0;
    n = append_rows(ret->rows, n, c->options);
    if (!c->main)
        n = append_rows(ret->rows, n, common_rows);
    ret->rows[n] = (struct pm_option){0};
}

static void list_commands(FILE *out)
{
    fputs("\nCommands:\n", out);
    for (const struct pm_command *c = pm_commands; c->name; c++)
        fprintf(out, "  %-13s %s\n", c->name, c->purpose);
    fputs("\"peripheral-manager COMMAND --help\" tells more about each.\n", out);
}

void pm_command_help(const struct pm_command *c, FILE *out)
{
    bool is_default = c == pm_commands;
    struct pm_command_rows made;
    pm_command_rows(c, &made);
    fprintf(out, "Usage: peripheral-manager %s%s%s[OPTION]...%s%s\n\n%s.\n", is_default ? "[" : "", c->name,
            is_default ? "] " : " ", c->arguments[0] ? " " : "", c->arguments, c->purpose);
    if (is_default)
        list_commands(out);
    fprintf(out, "\nOptions%s:\n", is_default ? " of serve" : "");
    pm_options_help(made.rows, false, out);
    fprintf(out, "\nExample: %s\n", c->example);
    if (is_default)
        fputs("Then open http://localhost:3000/\n", out);
}

enum pm_exit pm_command_usage(const struct pm_command *c, const char *error)
{
    bool is_default = c == pm_commands;
    fprintf(stderr, "%s.\nTry: peripheral-manager %s%s--help\n", error, is_default ? "" : c->name,
            is_default ? "" : " ");
    return PM_EXIT_USAGE;
}

/* Read options and words and run the command with them. */
static enum pm_exit run_command(const struct pm_command *c, int argc, char **argv)
{
    char error[PM_OPTION_ERROR];
    struct pm_command_rows made;
    PM_AUTO_FREE struct pm_common *values = calloc(1, c->size);
    if (!values)
        return PM_EXIT_OS;
    pm_command_rows(c, &made);
    pm_options_defaults(made.rows, values);
    enum pm_exit code = PM_EXIT_OK;
    int at = pm_options_parse(made.rows, values, argc, argv, error);
    unsigned words = at < 0 ? 0 : (unsigned)(argc - at);
    if (at < 0) {
        code = pm_command_usage(c, error);
    } else if (values->help) {
        pm_command_help(c, stdout);
    } else if (words < c->min_words || words > c->max_words) {
        snprintf(error, sizeof(error), "\"%s\" takes %s", c->name, c->arguments[0] ? c->arguments : "no arguments");
        code = pm_command_usage(c, error);
    } else {
        code = c->run(c, values, argv + at, words);
    }
    pm_options_fini(made.rows, values);
    return code;
}

const struct pm_command *pm_command_find(const char *name)
{
    for (const struct pm_command *c = pm_commands; c->name; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
    }
    return NULL;
}

/* Are they the same but for one letter too many, too few, wrong, or two that changed places? */
static bool is_slip(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    size_t m = strlen(a), n = strlen(b);
    return (m == n && m > 0 &&
            (strcmp(a + 1, b + 1) == 0 || (m > 1 && a[0] == b[1] && a[1] == b[0] && !strcmp(a + 2, b + 2)))) ||
           (m == n + 1 && strcmp(a + 1, b) == 0) || (n == m + 1 && strcmp(a, b + 1) == 0);
}

/* The command that a misspelt one is likely to be, or NULL. */
static const char *find_meant(const char *word)
{
    for (const struct pm_command *c = pm_commands; c->name; c++) {
        if (is_slip(word, c->name))
            return c->name;
    }
    return NULL;
}

int pm_command_main(int argc, char **argv)
{
    char error[PM_OPTION_ERROR];
    if (argc < 2 || argv[1][0] == '-')
        return pm_commands[0].main(pm_commands, argc, argv);
    const struct pm_command *c = pm_command_find(argv[1]);
    if (!c && strcmp(argv[1], "help") == 0) {
        c = argc > 2 ? pm_command_find(argv[2]) : pm_commands;
        if (c) {
            pm_command_help(c, stdout);
            return PM_EXIT_OK;
        }
        argv++;
    }
    if (!c) {
        const char *meant = find_meant(argv[1]);
        snprintf(error, sizeof(error), "\"%.100s\" is not a command%s%s%s", argv[1], meant ? "; perhaps \"" : "",
                 meant ? meant : "", meant ? "\" is meant" : "");
        return pm_command_usage(pm_commands, error);
    }
    return c->main ? c->main(c, argc - 1, argv + 1) : run_command(c, argc - 1, argv + 1);
}
