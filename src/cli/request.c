/* request.c - subcommands that are requests of the API: their words and options are its arguments, as the table of
 * requests describes them, and what they may be is checked by the daemon. */
#include "api/table.h"
#include "cli/session.h"

#include "base/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct values {
    struct pm_common common; /* first */
    char *options[PM_REQUEST_OPTIONS];
};

/* ---- options from the schema ---- */

static const struct pm_arg *arguments_of(const struct pm_command *c)
{
    const struct pm_request_kind *kind = pm_request_find(c->request);
    assert(kind && kind->args); /* the table of commands names a request that exists and takes something */
    return kind->args;
}

static const char *placeholder_of(const struct pm_arg *arg)
{
    switch (arg->type) {
    case PM_ARG_BOOLEAN:
        return "yes|no";
    case PM_ARG_WORD:
        return "WORD";
    case PM_ARG_TEXT:
        return "TEXT";
    default:
        return "N";
    }
}

static void describe(const struct pm_arg *arg, char out[PM_REQUEST_PURPOSE])
{
    char expects[160] = "yes or no";
    const char *fallback = arg->fallback;
    if (arg->type != PM_ARG_BOOLEAN)
        pm_arg_expects(arg, expects, sizeof(expects));
    else if (fallback)
        fallback = strcmp(fallback, "true") == 0 ? "yes" : "no";
    snprintf(out, PM_REQUEST_PURPOSE, "%s%s%s%s%s%s", arg->purpose ? arg->purpose : "", arg->purpose ? ": " : "",
             expects, fallback ? " (default " : "", fallback ? fallback : "", fallback ? ")" : "");
}

void pm_request_rows(const struct pm_command *c, struct pm_request_rows *ret)
{
    static const struct pm_option common[] = {PM_COMMON_ROWS};
    const struct pm_arg *arg = arguments_of(c) + c->min_words;
    unsigned n = 0;
    for (; arg->name; arg++, n++) {
        assert(n < PM_REQUEST_OPTIONS);
        describe(arg, ret->purposes[n]);
        ret->rows[n] = (struct pm_option){.name = arg->name,
                                          .type = PM_OPTION_TEXT,
                                          .offset = offsetof(struct values, options) + n * sizeof(char *),
                                          .argument = placeholder_of(arg),
                                          .purpose = ret->purposes[n]};
    }
    memcpy(ret->rows + n, common, sizeof(common));
    ret->rows[n + sizeof(common) / sizeof(common[0])] = (struct pm_option){0};
}

/* ---- words into JSON ---- */

/* What looks like none of its type goes as text, and the daemon says what it must be. */
static json_t *to_json(const struct pm_arg *arg, const char *text)
{
    static const char *const yes[] = {"yes", "true", "on"}, *const no[] = {"no", "false", "off"};
    char *end;
    errno = 0;
    if (arg->type == PM_ARG_INTEGER) {
        long long value = strtoll(text, &end, 10);
        if (errno == 0 && end != text && *end == 0)
            return json_integer(value);
    } else if (arg->type == PM_ARG_NUMBER) {
        double value = strtod(text, &end);
        if (errno == 0 && end != text && *end == 0)
            return json_real(value);
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
    return -1;
}

/* The arguments as the request's object, or NULL after saying what is wrong. */
static json_t *collect(const struct pm_command *c, const struct values *values, char **words)
{
    const struct pm_arg *arg = arguments_of(c);
    json_t *data = json_object();
    int r = 0;
    for (unsigned i = 0; i < c->min_words && r == 0; i++, arg++)
        r = add(data, arg, words[i]);
    for (unsigned i = 0; arg->name && r == 0; i++, arg++) {
        if (values->options[i])
            r = add(data, arg, values->options[i]);
    }
    if (r == 0)
        return data;
    json_decref(data);
    return NULL;
}

/* ---- running ---- */

static void print_answer(const json_t *answer)
{
    const json_t *c = json_object_get(answer, "connection");
    const json_t *baud = json_object_get(json_object_get(c, "options"), "baud-rate");
    char name[256], address[160];
    if (c)
        printf("%s is %s at %lld baud.\n", pm_session_text(c, "name", name, sizeof(name)),
               pm_session_text(c, "address", address, sizeof(address)), (long long)json_integer_value(baud));
}

static enum pm_exit ask(const struct pm_command *c, const struct values *values, char **words)
{
    json_t *data = collect(c, values, words), *answer;
    if (!data)
        return PM_EXIT_USAGE;
    enum pm_exit code = pm_session_ask_once(&values->common, c->request, data, &answer);
    if (code != PM_EXIT_OK)
        return code;
    if (values->common.json)
        pm_session_print_json(answer);
    else
        print_answer(answer);
    json_decref(answer);
    return PM_EXIT_OK;
}

enum pm_exit pm_request_main(const struct pm_command *self, int argc, char **argv)
{
    struct pm_request_rows made;
    struct values values;
    char error[PM_OPTION_ERROR];
    pm_request_rows(self, &made);
    pm_options_defaults(made.rows, &values);
    int at = pm_options_parse(made.rows, &values, argc, argv, error);
    enum pm_exit code;
    if (at < 0) {
        code = pm_command_usage(self, error);
    } else if (values.common.help) {
        pm_command_help(self, stdout);
        code = PM_EXIT_OK;
    } else if ((unsigned)(argc - at) != self->min_words) {
        snprintf(error, sizeof(error), "\"%s\" takes %s", self->name, self->arguments);
        code = pm_command_usage(self, error);
    } else {
        code = ask(self, &values, argv + at);
    }
    pm_options_fini(made.rows, &values);
    return code;
}
