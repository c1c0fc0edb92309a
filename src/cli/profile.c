/* profile.c - the subcommands for device profiles: which there are, what is wrong with one, and a command to a device.
 */
#include "profile/profile.h"
#include "base/clean.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cli/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- profiles ---- */

static void profile_id(const json_t *p, char *out, size_t room)
{
    pm_session_text(p, "id", out, room);
}

static void profile_name(const json_t *p, char *out, size_t room)
{
    pm_session_text(p, "name", out, room);
}

static void profile_size(const json_t *p, char *out, size_t room)
{
    snprintf(out, room, "%zu", json_array_size(json_object_get(p, "commands")));
}

static void profile_source(const json_t *p, char *out, size_t room)
{
    snprintf(out, room, "%s", json_is_true(json_object_get(p, "own")) ? "your own" : "shipped");
}

/* Files that cannot be used as they are. */
static void print_faults(const json_t *faults)
{
    char file[256], error[512], profile[80];
    for (size_t i = 0; i < json_array_size(faults); i++) {
        const json_t *o = json_array_get(faults, i);
        pm_session_text(o, "profile", profile, sizeof(profile));
        printf("%s%s: %s.\n", i == 0 ? "\n" : "", pm_session_text(o, "file", file, sizeof(file)),
               pm_session_text(o, "error", error, sizeof(error)));
        if (profile[0])
            printf("\"%s\" stays as it was before.\n", profile);
    }
}

static void print_profiles(const json_t *answer)
{
    static const struct pm_column columns[] = {
        {"ID", profile_id}, {"COMMANDS", profile_size}, {"FROM", profile_source}, {"DEVICE", profile_name}, {0}};
    pm_session_print_table(columns, "DEVICE", json_object_get(answer, "profiles"));
    print_faults(json_object_get(answer, "faults"));
}

enum pm_exit pm_profiles_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    (void)self, (void)words, (void)n;
    return pm_session_show(values, "list-profiles", NULL, "profiles", print_profiles);
}

/* ---- profile check FILE ---- */

static enum pm_exit check_file(const char *path)
{
    char error[PM_PROFILE_ERROR];
    struct pm_bytes text;
    struct pm_profile *p;
    int r = pm_file_read(path, PM_PROFILE_FILE_MAX, &text);
    if (r < 0) {
        fprintf(stderr, "%s: %s.\n", path, r == -EFBIG ? "a profile has at most 256 KiB" : strerror(-r));
        return PM_EXIT_IO;
    }
    r = pm_profile_load((const char *)text.p, text.n, &p, error);
    pm_bytes_fini(&text);
    if (r < 0) {
        fprintf(stderr, "%s: %s.\n", path, error);
        return PM_EXIT_CONFIG;
    }
    printf("%s: \"%s\" is good: %zu commands, %zu events.\n", path, p->id, p->n_commands, p->n_events);
    pm_profile_unref(p);
    return PM_EXIT_OK;
}

enum pm_exit pm_profile_command_line(const struct pm_command *self, void *values, char **words, unsigned n)
{
    (void)values, (void)n;
    if (strcmp(words[0], "check") != 0)
        return pm_command_usage(self, "What to do with the profile is \"check\"");
    return check_file(words[1]);
}

/* ---- command NAME: what there is ---- */

static void print_command(const json_t *command)
{
    char name[PM_CELL], purpose[256], expected[256];
    const json_t *argument, *arguments = json_object_get(command, "arguments");
    size_t i;
    pm_session_text(command, "purpose", purpose, sizeof(purpose));
    printf("%s%s%s\n", pm_session_text(command, "name", name, sizeof(name)), purpose[0] ? ": " : "", purpose);
    json_array_foreach(arguments, i, argument)
    {
        bool required = json_is_true(json_object_get(argument, "required"));
        printf("    %s=  %s%s\n", pm_session_text(argument, "name", name, sizeof(name)),
               pm_session_text(argument, "expected", expected, sizeof(expected)), required ? "" : " (may be left out)");
    }
}

static void print_commands(const json_t *described)
{
    const json_t *commands = json_object_get(json_object_get(described, "profile"), "commands"), *command;
    size_t i;
    json_array_foreach(commands, i, command) print_command(command);
    if (json_array_size(commands) == 0)
        puts(
            "No profile says what commands there are: they go by number. Choose one with: peripheral-manager configure "
            "NAME --profile ID");
}

/* ---- command NAME COMMAND ARGS ---- */

static const json_t *find_named(const json_t *array, const char *name)
{
    const json_t *o;
    size_t i;
    json_array_foreach(array, i, o)
    {
        if (strcmp(json_string_value(json_object_get(o, "name")), name) == 0)
            return o;
    }
    return NULL;
}

static bool is_written(const json_t *argument)
{
    const char *type = json_string_value(json_object_get(argument, "type"));
    return type && (strcmp(type, "text") == 0 || strcmp(type, "word") == 0);
}

/* A number, list or boolean as JSON has it; a text as it is, if the profile says that it is one. */
static json_t *read_value(const char *text, const json_t *argument)
{
    json_t *v = is_written(argument) ? NULL : json_loads(text, JSON_DECODE_ANY, NULL);
    return v ? v : json_string(text);
}

/* Words with a name of an argument before = are named ones; all or none. */
static json_t *read_arguments(char **words, unsigned n, const json_t *arguments)
{
    json_t *named = json_object(), *ordered = json_array();
    for (unsigned i = 0; i < n; i++) {
        char *equals = strchr(words[i], '=');
        const json_t *argument = json_array_get(arguments, i);
        char name[64] = "";
        if (equals && (size_t)(equals - words[i]) < sizeof(name))
            memcpy(name, words[i], (size_t)(equals - words[i]));
        const json_t *by_name = name[0] ? find_named(arguments, name) : NULL;
        if (by_name)
            json_object_set_new(named, name, read_value(equals + 1, by_name));
        else
            json_array_append_new(ordered, read_value(words[i], argument));
    }
    bool all_named = json_object_size(named) > 0 && json_array_size(ordered) == 0;
    json_t *unused = all_named ? ordered : named;
    json_decref(unused);
    return all_named ? named : ordered;
}

/* What says which answer it is, and nothing about the device. */
static bool is_envelope(const char *key)
{
    return strcmp(key, "command") == 0 || strcmp(key, "command-id") == 0 || strcmp(key, "sequence") == 0;
}

static void print_values(const json_t *values, const json_t *results)
{
    const char *key;
    json_t *value, *all = (json_t *)(uintptr_t)values; /* json_object_foreach() wants it writable */
    json_object_foreach(all, key, value)
    {
        const char *unit = json_string_value(json_object_get(json_object_get(results, key), "unit"));
        char *text = json_is_string(value)
                         ? strdup(json_string_value(value))
                         : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(10));
        char clean[1024];
        if (!is_envelope(key) && text) {
            pm_text_clean(clean, sizeof(clean), text, strlen(text), sizeof(clean) - 1);
            printf("%s: %s%s%s\n", key, clean, unit ? " " : "", unit ? unit : "");
        }
        free(text);
    }
}

/* The words as data of send-command, with the profile's command if there is one. */
static json_t *read_command(const struct pm_command *self, const struct pm_common *common, char **words, unsigned n,
                            const json_t *command)
{
    char *end;
    long id = strtol(words[1], &end, 10);
    json_t *data = json_pack("{s:s}", "name", words[0]);
    if (!command && *end == 0)
        json_object_set_new(data, "command-id", json_integer(id));
    else
        json_object_set_new(data, "command", json_string(words[1]));
    json_object_set_new(data, "args", read_arguments(words + 2, n - 2, json_object_get(command, "arguments")));
    if (pm_request_collect(self, common, NULL, data) == 0)
        return data;
    json_decref(data);
    return NULL;
}

enum pm_exit pm_device_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_common *common = values;
    struct pm_client *client;
    json_t *described = NULL, *answer = NULL;
    if (!pm_utf8_valid(words[0], strlen(words[0])))
        return pm_command_usage(self, "The name must be UTF-8 text");
    if (n == 1)
        return pm_session_show(common, "describe", json_pack("{s:s}", "name", words[0]), "profile", print_commands);
    enum pm_exit code = pm_session_open(common, NULL, NULL, &client);
    if (code != PM_EXIT_OK)
        return code;
    code = pm_session_ask(client, common, "describe", json_pack("{s:s}", "name", words[0]), &described);
    if (code != PM_EXIT_OK) {
        pm_client_close(client);
        return code;
    }
    const json_t *commands = json_object_get(json_object_get(described, "profile"), "commands");
    const json_t *command = find_named(commands, words[1]);
    json_t *data = read_command(self, common, words, n, command);
    code = data ? pm_session_ask(client, common, "send-command", data, &answer) : PM_EXIT_USAGE;
    pm_client_close(client);
    if (code == PM_EXIT_OK && common->json)
        pm_session_print_json(answer);
    else if (code == PM_EXIT_OK && json_object_get(answer, "response"))
        print_values(json_object_get(answer, "response"), json_object_get(command, "results"));
    else if (code == PM_EXIT_OK)
        puts("Sent.");
    json_decref(described);
    json_decref(answer);
    return code;
}
