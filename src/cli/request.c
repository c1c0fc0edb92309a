/* request.c - subcommands that are requests of the API: their words and options are its arguments, as the table of
 * requests describes them, and what they may be is checked by the daemon. */
#include "api/table.h"
#include "cli/session.h"

#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* ---- options from the schema ---- */

static const struct pm_arg *arguments_of(const struct pm_command *c)
{
    const struct pm_request_kind *kind = pm_request_find(c->request);
    assert(kind && kind->args); /* the table of commands names a request that exists and takes something */
    return kind->args;
}

static bool is_list_of_words(const struct pm_arg *arg)
{
    return arg->type == PM_ARG_ARRAY && arg->of->type == PM_ARG_WORD;
}

static const char *placeholder_of(const struct pm_arg *arg)
{
    if (is_list_of_words(arg))
        return "WORD[,WORD]...";
    switch (arg->type) {
    case PM_ARG_BOOLEAN:
        return "yes|no";
    case PM_ARG_WORD:
        return "WORD";
    case PM_ARG_TEXT:
    case PM_ARG_CONNECTION:
    case PM_ARG_NEW_NAME:
        return "TEXT";
    case PM_ARG_OBJECT:
    case PM_ARG_ARRAY:
    case PM_ARG_ANY:
        return "JSON";
    case PM_ARG_FRAMING:
        return "WORD|JSON";
    default:
        return "N";
    }
}

static void list_words(const char *const *words, char *out, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; words[i] && n < room; i++)
        n += (size_t)snprintf(out + n, room - n, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

/* What may stand there, as a person types it; "" where the purpose says enough. */
static void describe_value(const struct pm_arg *arg, char *out, size_t room)
{
    out[0] = 0;
    if (arg->type == PM_ARG_BOOLEAN)
        snprintf(out, room, "yes or no");
    else if (arg->type == PM_ARG_WORD || is_list_of_words(arg))
        list_words(arg->type == PM_ARG_WORD ? arg->words : arg->of->words, out, room);
    else if (arg->type != PM_ARG_TEXT || !arg->purpose)
        pm_arg_expects(arg, out, room);
}

/* The purpose is written for the reference, in Markdown. */
static void describe(const struct pm_arg *arg, char out[PM_COMMAND_PURPOSE])
{
    char value[160];
    const char *fallback = arg->fallback;
    describe_value(arg, value, sizeof(value));
    if (arg->type == PM_ARG_BOOLEAN && fallback)
        fallback = strcmp(fallback, "true") == 0 ? "yes" : "no";
    int n = snprintf(out, PM_COMMAND_PURPOSE, "%s%s%s%s%s%s", arg->purpose ? arg->purpose : "",
                     arg->purpose && value[0] ? ": " : "", value, fallback ? " (default " : "",
                     fallback ? fallback : "", fallback ? ")" : "");
    assert(n < PM_COMMAND_PURPOSE);
    (void)n;
    char *to = out;
    for (const char *from = out; *from; from++) {
        if (*from != '`')
            *to++ = *from;
    }
    *to = 0;
}

unsigned pm_request_rows(const struct pm_command *c, struct pm_option *rows,
                         char purposes[PM_COMMAND_ARGUMENTS][PM_COMMAND_PURPOSE])
{
    const struct pm_arg *arg = arguments_of(c) + c->request_words;
    unsigned n = 0;
    for (; arg->name; arg++) {
        if (c->request_without && strcmp(c->request_without, arg->name) == 0)
            continue;
        assert(n < PM_COMMAND_ARGUMENTS);
        describe(arg, purposes[n]);
        rows[n] = (struct pm_option){.name = arg->name,
                                     .type = PM_OPTION_TEXT,
                                     .offset = offsetof(struct pm_common, arguments) + n * sizeof(char *),
                                     .argument = placeholder_of(arg),
                                     .words = arg->type == PM_ARG_WORD ? arg->words : NULL,
                                     .purpose = purposes[n]};
        n++;
    }
    return n;
}

/* ---- words into JSON ---- */

static json_t *split_words(const char *text)
{
    json_t *array = json_array();
    for (const char *end; *text; text = end + (*end == ',')) {
        end = text + strcspn(text, ",");
        json_array_append_new(array, json_stringn(text, (size_t)(end - text)));
    }
    return array;
}

/* What looks like none of its type goes as text, and the daemon says what it must be. */
static json_t *to_json(const struct pm_arg *arg, const char *text)
{
    static const char *const yes[] = {"yes", "true", "on"}, *const no[] = {"no", "false", "off"};
    char *end;
    errno = 0;
    if (is_list_of_words(arg) && text[0] != '[')
        return split_words(text);
    if (arg->type == PM_ARG_INTEGER) {
        long long value = strtoll(text, &end, 10);
        if (errno == 0 && end != text && *end == 0)
            return json_integer(value);
    } else if (arg->type == PM_ARG_NUMBER) {
        double value = strtod(text, &end);
        if (errno == 0 && end != text && *end == 0)
            return json_real(value);
    } else if (arg->type == PM_ARG_OBJECT || arg->type == PM_ARG_ARRAY || arg->type == PM_ARG_ANY ||
               arg->type == PM_ARG_FRAMING) {
        json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
        if (value)
            return value;
    } else if (arg->type == PM_ARG_BOOLEAN) {
        for (int i = 0; i < 3; i++) {
            if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0)
                return json_boolean(strcmp(text, yes[i]) == 0);
        }
    }
    return json_string(text);
}

static int add(json_t *data, const struct pm_arg *arg, const char *text)
{
    json_t *value = to_json(arg, text);
    if (value)
        return json_object_set_new(data, arg->name, value);
    fprintf(stderr, "\"%s\" must be UTF-8 text.\n", arg->name); /* what is no UTF-8 cannot be JSON */
    return -EINVAL;
}

int pm_request_collect(const struct pm_command *c, const struct pm_common *common, char **words, json_t *data)
{
    const struct pm_arg *arg = arguments_of(c);
    int r = 0;
    for (unsigned i = 0; i < c->request_words && r == 0; i++, arg++)
        r = words ? add(data, arg, words[i]) : 0;
    for (unsigned i = 0; arg->name && r == 0; arg++) {
        if (c->request_without && strcmp(c->request_without, arg->name) == 0)
            continue;
        r = common->arguments[i] ? add(data, arg, common->arguments[i]) : 0;
        i++;
    }
    return r;
}

/* ---- running ---- */

static void print_unchanged(const json_t *options, const char *name)
{
    const json_t *option;
    size_t i;
    json_array_foreach(options, i, option)
        printf("%s was open already: --%s is as it was. Change it with: peripheral-manager configure.\n", name,
               json_string_value(option));
}

static void print_answer(const json_t *answer)
{
    const json_t *c = json_object_get(answer, "connection");
    const json_t *baud = json_object_get(json_object_get(c, "options"), "baud-rate");
    char name[256], address[160];
    if (!c)
        return;
    printf("%s is %s at %lld baud.\n", pm_session_text(c, "name", name, sizeof(name)),
           pm_session_text(c, "address", address, sizeof(address)), (long long)json_integer_value(baud));
    print_unchanged(json_object_get(answer, "unchanged"), name);
}

enum pm_exit pm_request_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_common *common = values;
    json_t *data = json_object();
    (void)n;
    if (pm_request_collect(self, common, words, data) < 0) {
        json_decref(data);
        return PM_EXIT_USAGE;
    }
    return pm_session_show(common, self->request, data, NULL, print_answer);
}

/* ---- any request ---- */

enum pm_exit pm_ask_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_common *common = values;
    json_error_t why;
    json_t *data = n > 1 ? json_loads(words[1], JSON_REJECT_DUPLICATES, &why) : NULL;
    if (n > 1 && !json_is_object(data)) {
        char error[PM_OPTION_ERROR];
        snprintf(error, sizeof(error), "DATA must be one JSON object%s%.200s", data ? "" : ": ", data ? "" : why.text);
        json_decref(data);
        return pm_command_usage(self, error);
    }
    if (!pm_utf8_valid(words[0], strlen(words[0]))) {
        json_decref(data);
        return pm_command_usage(self, "EVENT must be UTF-8 text");
    }
    return pm_session_show(common, words[0], data, NULL, pm_session_print_json);
}
