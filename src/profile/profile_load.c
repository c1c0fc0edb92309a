/* profile_load.c - a profile from its file: every member is held against a table, every pattern and template is read
 * now, so that nothing of it can fail later. */
#include "profile/profile_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME                                                                                                           \
    {                                                                                                                  \
        "name", PM_MEMBER_TEXT, .required = true, .min = 1, .max = PM_VALUE_NAME_MAX                                   \
    }
#define PURPOSE                                                                                                        \
    {                                                                                                                  \
        "purpose", PM_MEMBER_TEXT, .min = 1, .max = 500                                                                \
    }

/* ---- patterns ---- */

struct pm_pattern *pm_profile_read_pattern(struct pm_reader *r, const json_t *v)
{
    struct pm_pattern *p = NULL;
    const char *why;
    size_t bad;
    int error = pm_pattern_new(json_string_value(v), json_string_length(v), &p, &bad, &why);
    if (error == -ENOMEM)
        r->error = error;
    else if (error < 0)
        pm_reader_fail_inside(r, bad, why);
    return p;
}

static void read_patterns(struct pm_reader *r, const json_t *object, const char *key, struct pm_alternatives *ret)
{
    const json_t *v = json_object_get(object, key);
    if (!v || r->error < 0 || !pm_reader_enter(r, key, 0))
        return;
    if (json_is_string(v)) {
        ret->patterns[0] = pm_profile_read_pattern(r, v);
        ret->n = ret->patterns[0] != NULL;
    }
    for (size_t i = 0; i < json_array_size(v) && r->error == 0 && pm_reader_enter(r, NULL, i); i++) {
        ret->patterns[i] = pm_profile_read_pattern(r, json_array_get(v, i));
        ret->n += ret->patterns[i] != NULL;
        pm_reader_leave(r);
    }
    pm_reader_leave(r);
}

/* ---- what values mean ---- */

/* Words, or a factor and an offset, for each name: of this object, and of the whole profile. */
static const json_t *read_values(struct pm_reader *r, const struct pm_profile *p, const json_t *object)
{
    static const struct pm_member members[] = {
        {.name = "words", .type = PM_MEMBER_OBJECT},
        {"factor", PM_MEMBER_NUMBER, .min = -1000000000, .max = 1000000000},
        {"offset", PM_MEMBER_NUMBER, .min = -1000000000, .max = 1000000000},
        {"unit", PM_MEMBER_TEXT, .min = 1, .max = 32},
        PURPOSE,
        {0},
    };
    const char *key;
    json_t *value, *all = json_object_get(object, "values"), *common = json_object_get(p->file, "values");
    if (!all || r->error < 0 || !pm_reader_enter(r, "values", 0))
        return common;
    json_object_foreach(all, key, value)
    {
        if (!pm_reader_enter(r, key, 0))
            break;
        pm_reader_check(r, value, members);
        pm_reader_leave(r);
    }
    pm_reader_leave(r);
    if (common != all)
        json_object_update_missing(all, common); /* what the whole profile says of a name holds here too */
    return all;
}

/* ---- arguments ---- */

static void read_list(struct pm_reader *r, const json_t *o, struct pm_argument *a)
{
    static const struct pm_member members[] = {
        {"min", PM_MEMBER_INTEGER, .min = 0, .max = PM_PROFILE_LIST_MAX},
        {"max", PM_MEMBER_INTEGER, .required = true, .min = 1, .max = PM_PROFILE_LIST_MAX},
        {0},
    };
    const json_t *list = json_object_get(o, "list");
    if (!list || !pm_reader_enter(r, "list", 0))
        return;
    pm_reader_check(r, list, members);
    a->list = true;
    a->min_count = (size_t)pm_file_integer(list, "min", 1);
    a->max_count = (size_t)pm_file_integer(list, "max", 1);
    pm_reader_leave(r);
}

static void read_argument(struct pm_reader *r, const json_t *o, struct pm_argument *a)
{
    static const char *const types[] = {"integer", "number", "text", "boolean", NULL};
    static const struct pm_member members[] = {
        NAME,
        PURPOSE,
        {"type", PM_MEMBER_TEXT, .required = true, .min = 1, .max = 16, .words = types},
        {.name = "list", .type = PM_MEMBER_OBJECT},
        {"min", PM_MEMBER_NUMBER, .min = -PM_READER_INTEGER_MAX, .max = PM_READER_INTEGER_MAX},
        {"max", PM_MEMBER_NUMBER, .min = -PM_READER_INTEGER_MAX, .max = PM_READER_INTEGER_MAX},
        {"unit", PM_MEMBER_TEXT, .min = 1, .max = 32},
        {.name = "words", .type = PM_MEMBER_OBJECT},
        {.name = "default", .type = PM_MEMBER_ANY},
        {"forbid", PM_MEMBER_TEXT, .min = 0, .max = 64},
        {.name = "escape", .type = PM_MEMBER_OBJECT},
        {0},
    };
    pm_reader_check(r, o, members);
    if (r->error < 0)
        return;
    const json_t *min = json_object_get(o, "min"), *max = json_object_get(o, "max");
    for (unsigned i = 0; types[i] && !pm_file_is(o, "type", types[i]); i++)
        a->type = (enum pm_argument_type)(i + 1);
    bool is_text = a->type == PM_ARGUMENT_TEXT;
    a->name = pm_file_text(o, "name");
    a->unit = pm_file_text(o, "unit");
    a->purpose = pm_file_text(o, "purpose");
    a->min = min ? json_number_value(min) : is_text ? 0 : -PM_READER_INTEGER_MAX;
    a->max = max ? json_number_value(max) : is_text ? 256 : PM_READER_INTEGER_MAX;
    a->words = json_object_get(o, "words");
    a->fallback = json_object_get(o, "default");
    a->forbid = pm_file_text(o, "forbid");
    a->escape = json_object_get(o, "escape");
    read_list(r, o, a);
    if (r->error == 0 && a->min > a->max)
        pm_reader_fail(r, "\"min\" is greater than \"max\"");
    if (r->error == 0 && a->list && (is_text || a->words))
        pm_reader_fail(r, "a list is of numbers or booleans");
    struct pm_argument_problem problem;
    if (r->error == 0 && a->fallback && !pm_argument_takes(a, a->fallback, &problem) &&
        pm_reader_enter(r, "default", 0)) {
        pm_reader_fail(r, "\"default\" must be %s", problem.expected);
        pm_reader_leave(r);
    }
}

/* ---- commands ---- */

static struct pm_argument *find_argument(const struct pm_profile_command *c, const char *name)
{
    for (size_t i = 0; i < c->n_arguments; i++) {
        if (strcmp(c->arguments[i].name, name) == 0)
            return &c->arguments[i];
    }
    return NULL;
}

static void read_arguments(struct pm_reader *r, const json_t *o, struct pm_profile_command *c)
{
    const json_t *array = json_object_get(o, "arguments");
    size_t n = json_array_size(array);
    if (n == 0 || r->error < 0 || !pm_reader_enter(r, "arguments", 0))
        return;
    c->arguments = calloc(n, sizeof(c->arguments[0]));
    r->error = c->arguments ? 0 : -ENOMEM;
    for (size_t i = 0; i < n && r->error == 0 && pm_reader_enter(r, NULL, i); i++) {
        read_argument(r, json_array_get(array, i), &c->arguments[i]);
        if (r->error == 0 && find_argument(c, c->arguments[i].name))
            pm_reader_fail(r, "two arguments have this name");
        c->n_arguments += r->error == 0;
        pm_reader_leave(r);
    }
    pm_reader_leave(r);
}

static bool knows(void *owner, const char *name)
{
    return find_argument(owner, name) != NULL;
}

static void read_send(struct pm_reader *r, const json_t *o, struct pm_profile_command *c)
{
    const json_t *v = json_object_get(o, "send");
    const char *why;
    size_t bad;
    if (!v || r->error < 0 || !pm_reader_enter(r, "send", 0))
        return;
    int error = pm_template_new(json_string_value(v), json_string_length(v), knows, c, &c->send, &bad, &why);
    if (error == -ENOMEM)
        r->error = error;
    else if (error < 0)
        pm_reader_fail_inside(r, bad, why);
    pm_reader_leave(r);
}

/* An argument that is sent in binary cannot be beyond what its type holds. */
static void limit_arguments(const struct pm_profile *p, struct pm_profile_command *c)
{
    for (size_t i = 0; i < c->n_arguments; i++) {
        struct pm_argument *a = &c->arguments[i];
        double least = INT32_MIN, greatest = INT32_MAX;
        if (a->type > PM_ARGUMENT_NUMBER || a->words ||
            !(p->standard || (c->send && pm_template_range(c->send, a->name, &least, &greatest))))
            continue;
        a->min = a->min < least ? least : a->min;
        a->max = a->max > greatest ? greatest : a->max;
    }
}

/* Its argument has lines, which are sent one by one. */
static void read_program(struct pm_reader *r, const struct pm_profile *p, struct pm_profile_command *c)
{
    struct pm_argument *a = c->program && r->error == 0 ? find_argument(c, c->program) : NULL;
    if (a && a->type == PM_ARGUMENT_TEXT && p->window > 0 && c->until.n > 0)
        a->lines = true;
    else if (c->program && r->error == 0)
        pm_reader_fail(r, "a \"program\" names a text argument; it needs \"until\" for the answer to each line, and "
                          "\"window\" in the profile");
}

/* The names of what a standard frame brings back. */
static void read_results(struct pm_reader *r, const json_t *o, struct pm_profile_command *c)
{
    c->results = json_object_get(o, "results");
    if (!c->results || !pm_reader_enter(r, "results", 0))
        return;
    for (size_t i = 0; i < json_array_size(c->results) && pm_reader_enter(r, NULL, i); i++) {
        if (!json_is_string(json_array_get(c->results, i)))
            pm_reader_fail(r, "a result is known by a name");
        pm_reader_leave(r);
    }
    pm_reader_leave(r);
}

static void read_command(struct pm_reader *r, const json_t *o, const struct pm_profile *p, struct pm_profile_command *c)
{
    static const struct pm_member members[] = {
        NAME,
        PURPOSE,
        {"id", PM_MEMBER_INTEGER, .min = 0, .max = UINT16_MAX},
        {"arguments", PM_MEMBER_ARRAY, .min = 0, .max = PM_PROFILE_ARGUMENTS_MAX},
        {"send", PM_MEMBER_TEXT, .min = 0, .max = PM_PATTERN_MAX},
        {.name = "raw", .type = PM_MEMBER_BOOLEAN},
        {.name = "realtime", .type = PM_MEMBER_BOOLEAN},
        {.name = "cancels", .type = PM_MEMBER_BOOLEAN},
        {"answer", PM_MEMBER_TEXTS, .max = PM_PROFILE_PATTERNS_MAX},
        {"until", PM_MEMBER_TEXTS, .max = PM_PROFILE_PATTERNS_MAX},
        {"errors", PM_MEMBER_TEXTS, .max = PM_PROFILE_PATTERNS_MAX},
        {"aborts", PM_MEMBER_TEXTS, .max = PM_PROFILE_PATTERNS_MAX},
        {.name = "values", .type = PM_MEMBER_OBJECT},
        {.name = "agrees", .type = PM_MEMBER_OBJECT},
        {"results", PM_MEMBER_ARRAY, .min = 1, .max = PM_PROFILE_ARGUMENTS_MAX},
        {"timeout", PM_MEMBER_INTEGER, .min = 1, .max = 600000},
        {"retries", PM_MEMBER_INTEGER, .min = 0, .max = 10},
        {"silence", PM_MEMBER_INTEGER, .min = 1, .max = 60000},
        {"program", PM_MEMBER_TEXT, .min = 1, .max = PM_VALUE_NAME_MAX},
        {0},
    };
    pm_reader_check(r, o, members);
    if (r->error < 0)
        return;
    c->id = pm_file_integer(o, "id", -1);
    c->name = pm_file_text(o, "name");
    c->purpose = pm_file_text(o, "purpose");
    c->raw = pm_file_yes(o, "raw");
    c->realtime = pm_file_yes(o, "realtime");
    c->cancels = pm_file_yes(o, "cancels");
    c->timeout_ms = (uint32_t)pm_file_integer(o, "timeout", pm_file_integer(p->file, "timeout", 1000));
    c->retries = (unsigned)pm_file_integer(o, "retries", pm_file_integer(p->file, "retries", 0));
    c->silence_ms = (uint32_t)pm_file_integer(o, "silence", 0);
    c->program = pm_file_text(o, "program");
    read_results(r, o, c);
    c->values = read_values(r, p, o);
    read_arguments(r, o, c);
    read_send(r, o, c);
    read_patterns(r, o, "answer", &c->answer);
    read_patterns(r, o, "until", &c->until);
    read_patterns(r, o, "errors", &c->errors);
    read_patterns(r, o, "aborts", &c->aborts);
    pm_profile_read_agrees(r, o, c);
    limit_arguments(p, c);
    c->answers = p->standard || c->answer.n > 0 || c->until.n > 0 || c->silence_ms > 0;
    if (r->error == 0 && p->standard && (c->id < 0 || c->send))
        pm_reader_fail(r, "a command of the standard frame has an \"id\" and no \"send\"");
    if (r->error == 0 && !p->standard && !c->send && !c->program)
        pm_reader_fail(r, "\"send\" is missing");
    if (r->error == 0 && c->cancels && !c->realtime)
        pm_reader_fail(r, "a command that \"cancels\" others is \"realtime\"");
    if (r->error == 0 && c->realtime && (p->standard || c->program))
        pm_reader_fail(r, "a program, or a standard frame, cannot be \"realtime\"");
    read_program(r, p, c);
}

static void read_commands(struct pm_reader *r, struct pm_profile *p)
{
    const json_t *array = json_object_get(p->file, "commands");
    size_t n = json_array_size(array);
    if (r->error < 0 || n == 0 || !pm_reader_enter(r, "commands", 0))
        return;
    p->commands = calloc(n, sizeof(p->commands[0]));
    r->error = p->commands ? 0 : -ENOMEM;
    for (size_t i = 0; i < n && r->error == 0 && pm_reader_enter(r, NULL, i); i++) {
        struct pm_profile_command *c = &p->commands[i];
        p->n_commands = i; /* those before it */
        read_command(r, json_array_get(array, i), p, c);
        if (r->error == 0 && (pm_profile_command(p, c->name) || (c->id >= 0 && pm_profile_command_of_id(p, c->id))))
            pm_reader_fail(r, "two commands have this name or id");
        p->n_commands = i + 1; /* also one that is broken, so that all of it is freed */
        pm_reader_leave(r);
    }
    pm_reader_leave(r);
}

static void read_events(struct pm_reader *r, struct pm_profile *p)
{
    static const struct pm_member members[] = {
        NAME,
        PURPOSE,
        {"match", PM_MEMBER_TEXTS, .required = true, .max = PM_PROFILE_PATTERNS_MAX},
        {.name = "values", .type = PM_MEMBER_OBJECT},
        {0},
    };
    const json_t *array = json_object_get(p->file, "events");
    size_t n = json_array_size(array);
    if (r->error < 0 || n == 0 || !pm_reader_enter(r, "events", 0))
        return;
    p->events = calloc(n, sizeof(p->events[0]));
    r->error = p->events ? 0 : -ENOMEM;
    for (size_t i = 0; i < n && r->error == 0 && pm_reader_enter(r, NULL, i); i++) {
        struct pm_profile_event *e = &p->events[i];
        const json_t *o = json_array_get(array, i);
        p->n_events = i + 1;
        pm_reader_check(r, o, members);
        e->name = pm_file_text(o, "name");
        e->purpose = pm_file_text(o, "purpose");
        e->values = read_values(r, p, o);
        read_patterns(r, o, "match", &e->match);
        pm_reader_leave(r);
    }
    pm_reader_leave(r);
}

/* ---- sequences ---- */

static const json_t *read_sequence(struct pm_reader *r, const struct pm_profile *p, const char *key)
{
    static const struct pm_member members[] = {
        {"command", PM_MEMBER_TEXT, .required = true, .min = 1, .max = PM_VALUE_NAME_MAX},
        {.name = "args", .type = PM_MEMBER_OBJECT},
        {0}};
    const json_t *array = json_object_get(p->file, key);
    if (!array || r->error < 0 || !pm_reader_enter(r, key, 0))
        return NULL;
    for (size_t i = 0; i < json_array_size(array) && r->error == 0 && pm_reader_enter(r, NULL, i); i++) {
        const json_t *o = json_array_get(array, i);
        struct pm_argument_problem problem;
        pm_reader_check(r, o, members);
        const struct pm_profile_command *c = r->error == 0 ? pm_profile_command(p, pm_file_text(o, "command")) : NULL;
        json_t *args = c ? pm_profile_arguments(c, json_object_get(o, "args"), &problem) : NULL;
        if (r->error == 0 && !c)
            pm_reader_fail(r, "there is no command of this name");
        else if (r->error == 0 && !args)
            pm_reader_fail(r, "\"%s\" must be %s", problem.field, problem.expected);
        json_decref(args);
        pm_reader_leave(r);
    }
    pm_reader_leave(r);
    return array;
}

/* ---- identification ---- */

static void read_expect(struct pm_reader *r, const json_t *object, struct pm_profile_identify *ret)
{
    const char *key;
    json_t *value, *all = json_object_get(object, "expect");
    if (!all || r->error < 0 || !pm_reader_enter(r, "expect", 0))
        return;
    if (json_object_size(all) > PM_PROFILE_EXPECT_MAX)
        pm_reader_fail(r, "it has %d members at most", PM_PROFILE_EXPECT_MAX);
    json_object_foreach(all, key, value)
    {
        if (r->error < 0 || !pm_reader_enter(r, key, 0))
            break;
        if (!json_is_string(value))
            pm_reader_fail(r, "a pattern is expected here");
        ret->expect[ret->n].name = key;
        ret->expect[ret->n].pattern = r->error == 0 ? pm_profile_read_pattern(r, value) : NULL;
        ret->n += ret->expect[ret->n].pattern != NULL;
        pm_reader_leave(r);
    }
    pm_reader_leave(r);
}

/* Its command asks and changes nothing; which one that is, the author knows. */
static void read_identify(struct pm_reader *r, struct pm_profile *p)
{
    static const struct pm_member members[] = {
        {"command", PM_MEMBER_TEXT, .required = true, .min = 1, .max = PM_VALUE_NAME_MAX},
        {.name = "args", .type = PM_MEMBER_OBJECT},
        {.name = "expect", .type = PM_MEMBER_OBJECT},
        {"timeout", PM_MEMBER_INTEGER, .min = 1, .max = 10000},
        {0}};
    const json_t *o = json_object_get(p->file, "identify");
    struct pm_argument_problem problem;
    if (!o || r->error < 0 || !pm_reader_enter(r, "identify", 0))
        return;
    pm_reader_check(r, o, members);
    const struct pm_profile_command *c = r->error == 0 ? pm_profile_command(p, pm_file_text(o, "command")) : NULL;
    json_t *args = c ? pm_profile_arguments(c, json_object_get(o, "args"), &problem) : NULL;
    if (r->error == 0 && (!c || !c->answers || p->standard))
        pm_reader_fail(r, "it takes a \"command\" of this profile that has an answer");
    else if (r->error == 0 && !args)
        pm_reader_fail(r, "\"%s\" must be %s", problem.field, problem.expected);
    json_decref(args);
    p->identify.command = c;
    p->identify.args = json_object_get(o, "args");
    p->identify.timeout_ms = (uint32_t)pm_file_integer(o, "timeout", 500);
    read_expect(r, o, &p->identify);
    pm_reader_leave(r);
}

/* ---- the whole ---- */

static bool is_id(const char *id)
{
    bool is_auto = strcmp(id, "auto") == 0; /* what a connection has until its profile is known */
    for (; *id; id++) {
        if (!((*id >= 'a' && *id <= 'z') || (*id >= '0' && *id <= '9') || *id == '-' || *id == '.'))
            return false;
    }
    return !is_auto;
}

static void read_profile(struct pm_reader *r, struct pm_profile *p)
{
    static const char *const protocols[] = {"frames", "standard-frame", NULL};
    static const struct pm_member members[] = {
        {"$schema", PM_MEMBER_TEXT, .min = 0, .max = 500},
        {"profile", PM_MEMBER_INTEGER, .required = true, .min = 1, .max = 1},
        {"id", PM_MEMBER_TEXT, .required = true, .min = 1, .max = 64},
        {"name", PM_MEMBER_TEXT, .required = true, .min = 1, .max = 100},
        PURPOSE,
        {"protocol", PM_MEMBER_TEXT, .min = 1, .max = 16, .words = protocols},
        {"recognise", PM_MEMBER_ARRAY, .min = 1, .max = PM_PROFILE_DEVICES_MAX},
        {.name = "identify", .type = PM_MEMBER_OBJECT},
        {.name = "line", .type = PM_MEMBER_OBJECT},
        {.name = "frame", .type = PM_MEMBER_OBJECT},
        {.name = "trim", .type = PM_MEMBER_OBJECT},
        {.name = "checksum", .type = PM_MEMBER_OBJECT},
        {.name = "send", .type = PM_MEMBER_OBJECT},
        {"timeout", PM_MEMBER_INTEGER, .min = 1, .max = 600000},
        {"retries", PM_MEMBER_INTEGER, .min = 0, .max = 10},
        {.name = "pacing", .type = PM_MEMBER_OBJECT},
        {"echo", PM_MEMBER_ARRAY, .min = 1, .max = PM_PROFILE_ECHO_MAX},
        {.name = "broadcast", .type = PM_MEMBER_OBJECT},
        {"window", PM_MEMBER_INTEGER, .min = 16, .max = 65536},
        {"errors", PM_MEMBER_TEXTS, .max = PM_PROFILE_PATTERNS_MAX},
        {.name = "values", .type = PM_MEMBER_OBJECT},
        {"commands", PM_MEMBER_ARRAY, .min = 0, .max = PM_PROFILE_COMMANDS_MAX},
        {"events", PM_MEMBER_ARRAY, .min = 0, .max = PM_PROFILE_EVENTS_MAX},
        {"start", PM_MEMBER_ARRAY, .min = 0, .max = PM_PROFILE_STEPS_MAX},
        {"stop", PM_MEMBER_ARRAY, .min = 0, .max = PM_PROFILE_STEPS_MAX},
        {0},
    };
    pm_reader_check(r, p->file, members);
    if (r->error < 0)
        return;
    p->id = pm_file_text(p->file, "id");
    p->name = pm_file_text(p->file, "name");
    p->purpose = pm_file_text(p->file, "purpose");
    p->standard = pm_file_is(p->file, "protocol", "standard-frame");
    p->window = (size_t)pm_file_integer(p->file, "window", 0);
    p->frame = (struct pm_framing){.kind = PM_FRAMING_LINES, .max = 4096};
    if (!is_id(p->id) && pm_reader_enter(r, "id", 0)) {
        pm_reader_fail(r, "an id is made of small letters, digits, - and ., and is not \"auto\"");
        pm_reader_leave(r);
    }
    pm_profile_read_parts(r, p);
    read_patterns(r, p->file, "errors", &p->errors);
    read_values(r, p, p->file);
    read_commands(r, p);
    read_events(r, p);
    read_identify(r, p);
    p->start = read_sequence(r, p, "start");
    p->stop = read_sequence(r, p, "stop");
}

/* The tree, once the text is known to be JSON that is not too deep: jansson is recursive. */
static int read_tree(const char *text_, size_t n, struct pm_reader *r, json_t **ret, char error[PM_PROFILE_ERROR])
{
    json_error_t why;
    if (n > PM_PROFILE_FILE_MAX) {
        snprintf(error, PM_PROFILE_ERROR, "line 1, column 1: a profile has at most 256 KiB");
        return -EFBIG;
    }
    int deep = pm_json_check(text_, n, PM_PROFILE_DEPTH_MAX, &r->root);
    if (deep == -E2BIG) {
        snprintf(error, PM_PROFILE_ERROR, "line 1, column 1: it is nested more than %d deep", PM_PROFILE_DEPTH_MAX);
        return -EINVAL;
    }
    *ret = json_loadb(text_, n, JSON_REJECT_DUPLICATES, &why);
    if (*ret && deep == 0)
        return 0;
    snprintf(error, PM_PROFILE_ERROR, "line %d, column %d: %.300s", *ret ? 1 : why.line, *ret ? 1 : why.column,
             *ret ? "this is not JSON" : why.text);
    json_decref(*ret);
    return -EINVAL;
}

int pm_profile_load(const char *text_, size_t n, struct pm_profile **ret, char error[PM_PROFILE_ERROR])
{
    struct pm_reader r = {.text = text_, .n = n};
    json_t *file = NULL;
    int result = read_tree(text_, n, &r, &file, error);
    if (result < 0)
        return result;
    struct pm_profile *p = calloc(1, sizeof(*p));
    if (!p) {
        json_decref(file);
        return -ENOMEM;
    }
    p->refs = 1;
    p->file = file;
    read_profile(&r, p);
    if (r.error == 0) {
        *ret = p;
        return 0;
    }
    snprintf(error, PM_PROFILE_ERROR, "%s", r.error == -ENOMEM ? "there is no memory for it" : r.message);
    pm_profile_unref(p);
    return r.error;
}
