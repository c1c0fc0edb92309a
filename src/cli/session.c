/* session.c - see session.h. */
#include "cli/session.h"

#include "cli/terminal.h"

#include "api/errors.h"
#include "base/clean.h"
#include "base/utf8.h"

#include <errno.h>
#include <string.h>

enum pm_exit pm_session_path(const struct pm_common *common, char ret[PM_PATH_MAX])
{
    char program[] = "peripheral-manager", *no_options[] = {program, NULL};
    char error[PM_OPTION_ERROR];
    struct pm_settings settings;
    struct pm_paths paths;
    if (common->runtime_dir) {
        if (pm_path_join(common->runtime_dir, "control", ret) == 0)
            return PM_EXIT_OK;
        fputs("The path of --runtime-dir is too long: a shorter one must lead to the daemon's control socket.\n",
              stderr);
        return PM_EXIT_USAGE;
    }
    enum pm_exit code = PM_EXIT_OK;
    /* A mistake in the file is the daemon's business, and one that runs has not taken it. */
    if (pm_settings_load(1, no_options, &settings, error) < 0 && !common->quiet)
        fprintf(stderr, "%s.\n", error);
    if (!settings.runtime_dir && pm_paths_find(getenv, &paths) < 0) {
        fputs("There is no place where the daemon could be: HOME is not set. Set it, or say --runtime-dir.\n", stderr);
        code = PM_EXIT_CONFIG;
    } else if (pm_path_join(settings.runtime_dir ? settings.runtime_dir : paths.runtime, "control", ret) < 0) {
        fputs("The path of the runtime directory is too long. Name a shorter one with --runtime-dir, here and for the "
              "daemon.\n",
              stderr);
        code = PM_EXIT_CONFIG;
    }
    pm_settings_fini(&settings);
    return code;
}

enum pm_exit pm_session_lost(int error)
{
    switch (error) {
    case -ENOENT:
    case -ECONNREFUSED:
    case -ENOTDIR:
        fputs("No peripheral-manager runs here. Start it with: peripheral-manager\n", stderr);
        return PM_EXIT_NO_DAEMON;
    case -ECONNRESET:
        fputs("The peripheral-manager went away. Start it again with: peripheral-manager\n", stderr);
        return PM_EXIT_NO_DAEMON;
    case -ETIMEDOUT:
        fputs("The peripheral-manager does not answer. Look what it does with: peripheral-manager doctor\n", stderr);
        return PM_EXIT_NO_DAEMON;
    case -EBUSY:
        fputs("The peripheral-manager takes no more clients at present. Close some pages, or start it with a larger "
              "--max-clients.\n",
              stderr);
        return PM_EXIT_TEMPORARY;
    case -EACCES:
        fputs("The peripheral-manager there belongs to another user. Become that user, or start one of your own with "
              "--runtime-dir and --port.\n",
              stderr);
        return PM_EXIT_PERMISSION;
    case -EPROTO:
        fputs("What answers there is no peripheral-manager, or another version of it. End it, and start this one with: "
              "peripheral-manager\n",
              stderr);
        return PM_EXIT_PROTOCOL;
    default:
        fprintf(stderr, "The peripheral-manager cannot be reached: %s.\n", strerror(-error));
        return PM_EXIT_OS;
    }
}

enum pm_exit pm_session_open(const struct pm_common *common, const struct pm_client_ops *ops, void *owner,
                             struct pm_client **ret)
{
    char path[PM_PATH_MAX];
    enum pm_exit code = pm_session_path(common, path);
    if (code != PM_EXIT_OK)
        return code;
    int r = pm_client_open(path, ops, owner, ret);
    return r < 0 ? pm_session_lost(r) : PM_EXIT_OK;
}

/* What a person types here instead of the request that a refusal names. NULL: nothing of its own. */
static const char *command_for(const char *code, const char *request)
{
    static const struct {
        const char *request, *line;
    } lines[] = {{"list-devices", "list"},
                 {"list-connections", "connections"},
                 {"list-profiles", "profiles"},
                 {"list-recordings", "recordings"},
                 {"consent-list", "requests"},
                 {"grant-list", "grants"},
                 {"token-list", "token list"},
                 {"describe", "command NAME"},
                 {"configure-connection", "configure NAME --profile ID"}};
    if (strcmp(code, pm_error_code(PM_UNKNOWN_REQUEST)) == 0)
        return "request describe";
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (strcmp(lines[i].request, request) == 0)
            return lines[i].line;
    }
    return NULL;
}

static void print_refusal(const json_t *error, const char *code)
{
    char text[1024], end[128] = "";
    const char *see = json_string_value(json_object_get(error, "see")), *line = see ? command_for(code, see) : NULL;
    pm_session_text(error, "message", text, sizeof(text));
    if (line)
        snprintf(end, sizeof(end), " See %s.", see);
    size_t n = strlen(text), n_end = strlen(end);
    if (line && n > n_end && strcmp(text + n - n_end, end) == 0)
        fprintf(stderr, "%.*s See: peripheral-manager %s\n", (int)(n - n_end), text, line);
    else
        fprintf(stderr, "%s\n", text);
}

enum pm_exit pm_session_refused(const struct pm_common *common, const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    if (common->json)
        pm_session_print_json(answer);
    print_refusal(error, code ? code : "");
    if (code && strcmp(code, pm_error_code(PM_BAD_REQUEST)) == 0)
        return PM_EXIT_USAGE;
    if (code && strcmp(code, pm_error_code(PM_ACCESS_DENIED)) == 0)
        return PM_EXIT_PERMISSION;
    return PM_EXIT_REFUSED;
}

enum pm_exit pm_session_ask(struct pm_client *c, const struct pm_common *common, const char *event, json_t *data,
                            json_t **ret)
{
    int r = pm_client_ask(c, event, data, ret);
    if (r < 0)
        return pm_session_lost(r);
    if (json_is_true(json_object_get(*ret, "ok")))
        return PM_EXIT_OK;
    enum pm_exit code = pm_session_refused(common, *ret);
    json_decref(*ret);
    *ret = NULL;
    return code;
}

enum pm_exit pm_session_ask_once(const struct pm_common *common, const char *event, json_t *data, json_t **ret)
{
    struct pm_client *client;
    enum pm_exit code = pm_session_open(common, NULL, NULL, &client);
    if (code != PM_EXIT_OK) {
        json_decref(data);
        return code;
    }
    code = pm_session_ask(client, common, event, data, ret);
    pm_client_close(client);
    return code;
}

void pm_session_tell(const struct pm_common *common, json_t *answer, const char *member,
                     void (*print)(const json_t *answer))
{
    if (common->json)
        pm_session_print_json(member ? json_object_get(answer, member) : answer);
    else
        print(answer);
    json_decref(answer);
}

enum pm_exit pm_session_show(const struct pm_common *common, const char *event, json_t *data, const char *member,
                             void (*print)(const json_t *answer))
{
    json_t *answer;
    enum pm_exit code = pm_session_ask_once(common, event, data, &answer);
    if (code == PM_EXIT_OK)
        pm_session_tell(common, answer, member, print);
    return code;
}

void pm_session_print_saved(const json_t *answer)
{
    if (json_is_false(json_object_get(answer, "saved")))
        fputs("This could not be saved, and holds until the daemon ends. See: peripheral-manager doctor\n", stderr);
}

enum pm_exit pm_session_revoke(const struct pm_common *common, const char *event, json_t *data, const char *none)
{
    json_t *answer;
    enum pm_exit code = pm_session_ask_once(common, event, data, &answer);
    if (code != PM_EXIT_OK)
        return code;
    json_int_t revoked = json_integer_value(json_object_get(answer, "revoked"));
    if (common->json)
        pm_session_print_json(answer);
    else if (revoked > 0)
        printf("%lld revoked.\n", (long long)revoked);
    if (revoked > 0)
        pm_session_print_saved(answer);
    else
        fprintf(stderr, "%s\n", none);
    json_decref(answer);
    return revoked > 0 ? PM_EXIT_OK : PM_EXIT_REFUSED;
}

/* ---- output ---- */

char *pm_session_text(const json_t *object, const char *member, char *out, size_t room)
{
    const json_t *value = json_object_get(object, member);
    size_t n = json_is_string(value)
                   ? pm_text_clean(out, room - 1, json_string_value(value), json_string_length(value), room)
                   : 0;
    out[n] = 0;
    return out;
}

void pm_session_print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
}

/* How many places a text takes, near enough for a table: one for each character. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* What the rows take more than there is room for is taken from one column. */
static void fit_widths(const struct pm_column *columns, const char *cut, int *widths)
{
    enum { CUT_MIN = 12, BETWEEN = 2 };
    int total = -BETWEEN, room = pm_terminal_width();
    for (int k = 0; columns[k].head; k++)
        total += widths[k] + BETWEEN;
    for (int k = 0; cut && total > room && columns[k].head; k++) {
        int left = widths[k] - (total - room);
        if (strcmp(columns[k].head, cut) == 0 && widths[k] > CUT_MIN)
            widths[k] = left > CUT_MIN ? left : CUT_MIN;
    }
}

/* What does not fit ends in a sign for that. */
static void print_cell(const char *text, int width, bool last)
{
    int n = width_of(text);
    const char *end = text;
    if (n <= width) {
        printf("%s%*s", text, last ? 0 : width - n + 2, "");
        return;
    }
    for (int left = width; *end; end++) {
        left -= ((unsigned char)*end & 0xc0) != 0x80;
        if (left == 0)
            break;
    }
    printf("%.*s…%s", (int)(end - text), text, last ? "" : "  ");
}

void pm_session_print_table(const struct pm_column *columns, const char *cut, const json_t *array)
{
    int widths[PM_COLUMNS_MAX] = {0};
    char cell[PM_CELL];
    const json_t *element;
    size_t i;
    for (int k = 0; columns[k].head; k++) {
        widths[k] = width_of(columns[k].head);
        json_array_foreach(array, i, element)
        {
            columns[k].cell(element, cell, sizeof(cell));
            widths[k] = width_of(cell) > widths[k] ? width_of(cell) : widths[k];
        }
    }
    fit_widths(columns, cut, widths);
    for (int k = 0; columns[k].head; k++)
        print_cell(columns[k].head, widths[k], !columns[k + 1].head);
    putchar('\n');
    json_array_foreach(array, i, element)
    {
        for (int k = 0; columns[k].head; k++) {
            columns[k].cell(element, cell, sizeof(cell));
            print_cell(cell, widths[k], !columns[k + 1].head);
        }
        putchar('\n');
    }
}

void pm_session_print_list(const struct pm_column *columns, const char *cut, const json_t *array, const char *none)
{
    if (json_array_size(array) == 0)
        puts(none);
    else
        pm_session_print_table(columns, cut, array);
}
