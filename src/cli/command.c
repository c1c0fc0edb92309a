/* command.c - see command.h. */
#include "cli/command.h"

#include "base/cleanup.h"

#include <string.h>

const struct pm_option pm_plain_rows[] = {PM_COMMON_ROWS, {0}};

const struct pm_command pm_commands[] = {
    {"serve", .arguments = "",
     .purpose = "Let web applications talk to the devices here (runs when no command is named)",
     .example = "peripheral-manager --demo --allow-origin https://lab.example", .options = pm_setting_rows,
     .main = pm_serve_command},
    {"list", .arguments = "", .purpose = "Show the devices that are plugged in, with or without a daemon",
     .example = "peripheral-manager list --json", .options = pm_plain_rows, .size = sizeof(struct pm_plain),
     .run = pm_list_command},
    {"connections", .arguments = "", .purpose = "Show the connections that are open",
     .example = "peripheral-manager connections", .options = pm_plain_rows, .size = sizeof(struct pm_plain),
     .run = pm_connections_command},
    {"activate", "NAME ADDRESS", 2, 2, .purpose = "Open a device under a name", .request = "activate-connection",
     .example = "peripheral-manager activate pump /dev/ttyUSB0 --baud-rate 9600"},
    {"deactivate", "NAME", 1, 1, .purpose = "Close a connection", .request = "deactivate-connection",
     .example = "peripheral-manager deactivate pump"},
    {"rename", "OLD NEW", 2, 2, .purpose = "Give a connection another name", .request = "rename-reference",
     .example = "peripheral-manager rename pump left-pump"},
    {"configure", "NAME", 1, 1, .purpose = "Change the line of an open connection without losing a byte",
     .request = "configure-connection", .example = "peripheral-manager configure pump --baud-rate 19200"},
    {0},
};

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
    struct pm_request_rows made;
    fprintf(out, "Usage: peripheral-manager %s%s%s[OPTION]...%s%s\n\n%s.\n", is_default ? "[" : "", c->name,
            is_default ? "] " : " ", c->arguments[0] ? " " : "", c->arguments, c->purpose);
    if (is_default)
        list_commands(out);
    if (c->request)
        pm_request_rows(c, &made);
    fprintf(out, "\nOptions%s:\n", is_default ? " of serve" : "");
    pm_options_help(c->request ? made.rows : c->options, out);
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
    PM_AUTO_FREE struct pm_common *values = calloc(1, c->size);
    if (!values)
        return PM_EXIT_OS;
    pm_options_defaults(c->options, values);
    enum pm_exit code = PM_EXIT_OK;
    int at = pm_options_parse(c->options, values, argc, argv, error);
    unsigned words = at < 0 ? 0 : (unsigned)(argc - at);
    if (at < 0) {
        code = pm_command_usage(c, error);
    } else if (values->help) {
        pm_command_help(c, stdout);
    } else if (words < c->min_words || words > c->max_words) {
        snprintf(error, sizeof(error), "\"%s\" takes %s", c->name, c->arguments[0] ? c->arguments : "no arguments");
        code = pm_command_usage(c, error);
    } else {
        code = c->run(c, values, argv + at);
    }
    pm_options_fini(c->options, values);
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

int pm_command_main(int argc, char **argv)
{
    char error[PM_OPTION_ERROR];
    if (argc < 2 || argv[1][0] == '-')
        return pm_commands[0].main(pm_commands, argc, argv);
    const struct pm_command *c = pm_command_find(argv[1]);
    if (!c) {
        snprintf(error, sizeof(error), "\"%.100s\" is not a command", argv[1]);
        return pm_command_usage(pm_commands, error);
    }
    if (c->main)
        return c->main(c, argc - 1, argv + 1);
    return c->request ? pm_request_main(c, argc - 1, argv + 1) : run_command(c, argc - 1, argv + 1);
}
