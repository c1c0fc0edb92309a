/* arguments.c - what a caller gives to a command, held against what the profile says of each argument. */
#include "profile/profile_private.h"

#include <stdio.h>
#include <string.h>

/* ---- what a person is told ---- */

static size_t add_words(const json_t *words, char *out, size_t room)
{
    const char *key;
    json_t *value, *all = (json_t *)(uintptr_t)words; /* json_object_foreach() wants it writable */
    size_t at = 0, i = 0, n = json_object_size(words);
    json_object_foreach(all, key, value)
    {
        const char *before = i == 0 ? "" : i + 1 < n ? ", " : " or ";
        at += at < room ? (size_t)snprintf(out + at, room - at, "%s\"%s\"", before, key) : 0;
        i++;
    }
    return at;
}

void pm_argument_expects(const struct pm_argument *a, char *out, size_t room)
{
    static const char *const one[] = {"a whole number", "a number", "a text", "true or false"};
    static const char *const many[] = {"whole numbers", "numbers", "texts", "booleans"};
    const char *unit = a->unit ? a->unit : "", *space = a->unit ? " " : "";
    char range[120] = "";
    bool least = a->min > -PM_READER_INTEGER_MAX, most = a->max < PM_READER_INTEGER_MAX;
    if (a->words) {
        add_words(a->words, out, room);
        return;
    }
    if (a->type == PM_ARGUMENT_TEXT)
        snprintf(range, sizeof(range), " of %.0f to %.0f bytes%s without control characters or what ends a command",
                 a->min, a->max, a->lines ? ", with a line that is not empty," : "");
    else if (a->type != PM_ARGUMENT_BOOLEAN && least && most)
        snprintf(range, sizeof(range), " from %.10g to %.10g%s%s", a->min, a->max, space, unit);
    else if (a->type != PM_ARGUMENT_BOOLEAN && (least || most))
        snprintf(range, sizeof(range), " of at %s %.10g%s%s", least ? "least" : "most", least ? a->min : a->max, space,
                 unit);
    if (a->list)
        snprintf(out, room, "an array of %zu to %zu %s%s", a->min_count, a->max_count, many[a->type], range);
    else
        snprintf(out, room, "%s%s", one[a->type], range);
}

/* ---- one value ---- */

static bool is_number(const struct pm_argument *a, const json_t *v)
{
    double number = json_number_value(v);
    bool whole = json_is_integer(v) || (json_is_real(v) && number >= -PM_READER_INTEGER_MAX &&
                                        number <= PM_READER_INTEGER_MAX && number == (double)(int64_t)number);
    return json_is_number(v) && (a->type == PM_ARGUMENT_NUMBER || whole) && number >= a->min && number <= a->max;
}

static bool is_forbidden(const struct pm_argument *a, char c)
{
    bool control = (unsigned char)c < 0x20 || c == 0x7f, line_end = c == '\n' || c == '\r';
    return (control && !(a->lines && line_end)) || (a->forbid && strchr(a->forbid, c));
}

/* What would end the command, or begin another one, is refused unless the profile says how it is escaped. */
static bool is_text(const struct pm_argument *a, const json_t *v)
{
    const char *p = json_string_value(v);
    size_t n = json_string_length(v);
    if (!p || (double)n < a->min || (double)n > a->max || strlen(p) != n)
        return false;
    if (a->lines && strspn(p, "\r\n") == n)
        return false; /* nobody would answer a program without a line */
    for (size_t i = 0; i < n; i++) {
        const char character[2] = {p[i]};
        if (is_forbidden(a, p[i]) && !json_object_get(a->escape, character))
            return false;
    }
    return true;
}

static bool is_one(const struct pm_argument *a, const json_t *v)
{
    switch (a->type) {
    case PM_ARGUMENT_TEXT:
        return is_text(a, v);
    case PM_ARGUMENT_BOOLEAN:
        return json_is_boolean(v);
    default:
        return is_number(a, v);
    }
}

static bool is_list(const struct pm_argument *a, const json_t *v)
{
    size_t n = json_array_size(v);
    if (!json_is_array(v) || n < a->min_count || n > a->max_count)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_one(a, json_array_get(v, i)))
            return false;
    }
    return true;
}

bool pm_argument_takes(const struct pm_argument *a, const json_t *v, struct pm_argument_problem *problem)
{
    bool good = a->words  ? json_is_string(v) && json_object_get(a->words, json_string_value(v))
                : a->list ? is_list(a, v)
                          : is_one(a, v);
    if (!good)
        pm_argument_expects(a, problem->expected, sizeof(problem->expected));
    return good;
}

/* ---- all of a command ---- */

/* The value as the template writes it. */
static json_t *translate(const struct pm_argument *a, const json_t *v)
{
    char text[4096];
    size_t n = 0;
    if (a->words)
        return json_incref(json_object_get(a->words, json_string_value(v)));
    if (!json_is_string(v) || !a->escape)
        return json_incref((json_t *)(uintptr_t)v);
    for (const char *p = json_string_value(v); *p; p++) {
        const char character[2] = {*p};
        const char *escaped = json_string_value(json_object_get(a->escape, character));
        const char *put = escaped ? escaped : character;
        size_t more = strlen(put);
        if (n + more > sizeof(text))
            return NULL;
        memcpy(text + n, put, more);
        n += more;
    }
    return json_stringn(text, n);
}

static bool take(const struct pm_argument *a, const json_t *given, json_t *out, struct pm_argument_problem *problem)
{
    const json_t *v = json_is_null(given) || !given ? a->fallback : given;
    snprintf(problem->field, sizeof(problem->field), "args.%s", a->name);
    if (!v || !pm_argument_takes(a, v, problem)) {
        pm_argument_expects(a, problem->expected, sizeof(problem->expected));
        return false;
    }
    json_t *sent = translate(a, v);
    if (!sent)
        snprintf(problem->expected, sizeof(problem->expected), "shorter");
    return sent && json_object_set_new(out, a->name, sent) == 0;
}

static bool is_named(const struct pm_profile_command *c, const char *name)
{
    for (size_t i = 0; i < c->n_arguments; i++) {
        if (strcmp(c->arguments[i].name, name) == 0)
            return true;
    }
    return false;
}

/* A surplus one is most likely a misspelt one: nothing is sent. */
static bool find_surplus(const struct pm_profile_command *c, const json_t *args, struct pm_argument_problem *problem)
{
    const char *key;
    json_t *value, *all = (json_t *)(uintptr_t)args;
    snprintf(problem->expected, sizeof(problem->expected), "left out: \"%s\" takes %zu arguments", c->name,
             c->n_arguments);
    if (json_is_array(args) && json_array_size(args) > c->n_arguments) {
        snprintf(problem->field, sizeof(problem->field), "args[%zu]", c->n_arguments);
        return true;
    }
    json_object_foreach(all, key, value)
    {
        if (is_named(c, key))
            continue;
        snprintf(problem->field, sizeof(problem->field), "args.%.60s", key);
        return true;
    }
    return false;
}

json_t *pm_profile_arguments(const struct pm_profile_command *c, const json_t *args,
                             struct pm_argument_problem *problem)
{
    *problem =
        (struct pm_argument_problem){"args", "an object with an argument for each name, or an array in their order"};
    if (json_is_null(args))
        args = NULL;
    if ((args && !json_is_object(args) && !json_is_array(args)) || find_surplus(c, args, problem))
        return NULL;
    json_t *out = json_object();
    for (size_t i = 0; out && i < c->n_arguments; i++) {
        const struct pm_argument *a = &c->arguments[i];
        const json_t *given = json_is_array(args) ? json_array_get(args, i) : json_object_get(args, a->name);
        if (take(a, given, out, problem))
            continue;
        json_decref(out);
        return NULL;
    }
    return out;
}
