/* signals.c - the subcommand that shows the signals of a connection, and sets those that are ours. */
#include "cli/session.h"

#include <string.h>

/* "dtr=on" into the request. False if it is no such thing. */
static bool add_signal(json_t *data, const char *word)
{
    static const char *const names[] = {"dtr", "rts", "break", NULL};
    static const char *const states[] = {"off", "on", NULL};
    for (int i = 0; names[i]; i++) {
        size_t n = strlen(names[i]);
        if (strncmp(word, names[i], n) != 0 || word[n] != '=')
            continue;
        for (int on = 0; states[on]; on++) {
            if (strcmp(word + n + 1, states[on]) == 0)
                return json_object_set_new(data, names[i], json_boolean(on)) == 0;
        }
    }
    return false;
}

static void print_signals(const json_t *answer)
{
    const char *name;
    const json_t *value;
    json_object_foreach(json_object_get(answer, "signals"), name, value)
        printf("%s %s\n", name, json_is_true(value) ? "on" : "off");
}

enum pm_exit pm_signals_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    char error[PM_OPTION_ERROR];
    json_t *data = json_pack("{s:s}", "name", words[0]);
    for (unsigned i = 1; i < n; i++) {
        if (data && add_signal(data, words[i]))
            continue;
        json_decref(data);
        snprintf(error, sizeof(error), "\"%.60s\" must be dtr=on, dtr=off, rts=on, rts=off, break=on or break=off",
                 words[i]);
        return pm_command_usage(self, error);
    }
    if (!data)
        return pm_command_usage(self, "The name must be UTF-8 text");
    return pm_session_show(values, n > 1 ? "set-signals" : "get-signals", data, "signals", print_signals);
}
