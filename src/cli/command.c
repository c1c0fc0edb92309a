/* command.c - see command.h. */
#include "cli/command.h"

#include <string.h>

const struct pm_command pm_commands[] = {
    {"serve", "", "Let web applications talk to the devices here (runs when no command is named)",
     "peripheral-manager --demo --allow-origin https://lab.example", pm_setting_rows, pm_serve_command},
    {0},
};

static void list_commands(FILE *out)
{
    fputs("\nCommands:\n", out);
    for (const struct pm_command *c = pm_commands; c->name; c++)
        fprintf(out, "  %-13s %s\n", c->name, c->purpose);
}

void pm_command_help(const struct pm_command *c, FILE *out)
{
    bool is_default = c == pm_commands;
    fprintf(out, "Usage: peripheral-manager %s%s%s[OPTION]...%s%s\n\n%s.\n", is_default ? "[" : "", c->name,
            is_default ? "] " : " ", c->arguments[0] ? " " : "", c->arguments, c->purpose);
    if (is_default)
        list_commands(out);
    if (c->options) {
        fprintf(out, "\nOptions%s:\n", is_default ? " of serve" : "");
        pm_options_help(c->options, out);
    }
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

int pm_command_main(int argc, char **argv)
{
    if (argc < 2 || argv[1][0] == '-')
        return pm_commands[0].run(pm_commands, argc, argv);
    for (const struct pm_command *c = pm_commands; c->name; c++) {
        if (strcmp(c->name, argv[1]) == 0)
            return c->run(c, argc - 1, argv + 1);
    }
    char error[PM_OPTION_ERROR];
    snprintf(error, sizeof(error), "\"%.100s\" is not a command", argv[1]);
    return pm_command_usage(pm_commands, error);
}
