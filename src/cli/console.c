/* console.c - the subcommand that opens the console page, with a session that may answer for the person. */
#include "cli/session.h"

#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

/* Whatever opens addresses on this desktop; without one the address is there to be copied. */
static bool open_address(const char *address)
{
    char program[] = "xdg-open", *copy = strdup(address);
    char *argv[] = {program, copy, NULL};
    pid_t child;
    int status = 0;
    bool opened = copy && posix_spawnp(&child, program, NULL, NULL, argv, environ) == 0 &&
                  waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    free(copy);
    return opened;
}

enum pm_exit pm_console_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_common *common = values;
    json_t *answer;
    (void)self, (void)words, (void)n;
    enum pm_exit code = pm_session_ask_once(common, "session-code", NULL, &answer);
    if (code != PM_EXIT_OK)
        return code;
    const char *address = json_string_value(json_object_get(answer, "address"));
    bool desktop = getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
    if (common->json)
        pm_session_print_json(answer);
    else if (address && (!desktop || !open_address(address)))
        printf("Open this in a browser of this machine within a minute: %s\n", address);
    json_decref(answer);
    return address ? PM_EXIT_OK : PM_EXIT_PROTOCOL;
}
