/* serve.c - the subcommand that is the daemon. */
#include "cli/command.h"

#include <errno.h>

enum pm_exit pm_serve_command(const struct pm_command *self, int argc, char **argv)
{
    struct pm_settings settings;
    char error[PM_OPTION_ERROR];
    enum pm_exit code = PM_EXIT_OK;
    int r = pm_settings_load(argc, argv, &settings, error);
    if (r == -EBADMSG) {
        fprintf(stderr, "%s.\n", error);
        code = PM_EXIT_CONFIG;
    } else if (r < 0) {
        code = pm_command_usage(self, error);
    } else if (settings.help) {
        pm_command_help(self, stdout);
    } else if (settings.help_limits) {
        puts("Limits that keep one client from taking what is everybody's:");
        pm_options_help(self->options, true, stdout);
    } else if (settings.version) {
        puts("peripheral-manager " PM_VERSION);
    } else {
        code = pm_daemon_run(&settings, argc, argv);
    }
    pm_settings_fini(&settings);
    return code;
}
