/* profile.c - see profile.h; a profile's life, its commands, and itself as JSON. */
#include "profile/profile_private.h"

#include <stdlib.h>
#include <string.h>

static void free_alternatives(struct pm_alternatives *a)
{
    for (size_t i = 0; i < a->n; i++)
        pm_pattern_free(a->patterns[i]);
}

static void free_command(struct pm_profile_command *c)
{
    free(c->arguments);
    pm_template_free(c->send);
    free_alternatives(&c->answer);
    free_alternatives(&c->until);
    free_alternatives(&c->errors);
    free_alternatives(&c->aborts);
}

struct pm_profile *pm_profile_ref(struct pm_profile *p)
{
    p->refs++;
    return p;
}

struct pm_profile *pm_profile_unref(struct pm_profile *p)
{
    if (!p || --p->refs > 0)
        return NULL;
    for (size_t i = 0; i < p->n_commands; i++)
        free_command(&p->commands[i]);
    for (size_t i = 0; i < p->n_events; i++)
        free_alternatives(&p->events[i].match);
    free_alternatives(&p->errors);
    for (size_t i = 0; i < p->n_devices; i++)
        pm_pattern_free(p->devices[i].text);
    for (size_t i = 0; i < p->identify.n; i++)
        pm_pattern_free(p->identify.expect[i].pattern);
    free(p->devices);
    free(p->commands);
    free(p->events);
    json_decref(p->file);
    free(p);
    return NULL;
}

const struct pm_profile_command *pm_profile_command(const struct pm_profile *p, const char *name)
{
    for (size_t i = 0; i < p->n_commands; i++) {
        if (strcmp(p->commands[i].name, name) == 0)
            return &p->commands[i];
    }
    return NULL;
}

const struct pm_profile_command *pm_profile_command_of_id(const struct pm_profile *p, int64_t id)
{
    for (size_t i = 0; i < p->n_commands; i++) {
        if (p->commands[i].id == id)
            return &p->commands[i];
    }
    return NULL;
}

bool pm_profile_recognises(const struct pm_profile *p, int vendor, int product, const char *text)
{
    struct pm_capture captures[PM_PATTERN_VALUES_MAX];
    for (size_t i = 0; i < p->n_devices; i++) {
        const struct pm_profile_device *d = &p->devices[i];
        if (d->vendor == vendor && (d->product < 0 || d->product == product) &&
            (!d->text || pm_pattern_match(d->text, (const uint8_t *)text, strlen(text), captures)))
            return true;
    }
    return false;
}

/* ---- as JSON ---- */

static void add_text(json_t *o, const char *key, const char *text)
{
    if (text)
        json_object_set_new(o, key, json_string(text));
}

static void add_limits(json_t *o, const struct pm_argument *a)
{
    if (a->type != PM_ARGUMENT_BOOLEAN && !a->words && a->min > -PM_READER_INTEGER_MAX)
        json_object_set_new(o, "min", json_real(a->min));
    if (a->type != PM_ARGUMENT_BOOLEAN && !a->words && a->max < PM_READER_INTEGER_MAX)
        json_object_set_new(o, "max", json_real(a->max));
    if (a->list)
        json_object_set_new(o, "list",
                            json_pack("{s:I, s:I}", "min", (json_int_t)a->min_count, "max", (json_int_t)a->max_count));
}

static json_t *argument_json(const struct pm_argument *a)
{
    static const char *const types[] = {"integer", "number", "text", "boolean"};
    char expected[256];
    const char *key;
    json_t *value, *all = (json_t *)(uintptr_t)a->words; /* json_object_foreach() wants it writable */
    pm_argument_expects(a, expected, sizeof(expected));
    json_t *o = json_pack("{s:s, s:s, s:b, s:s}", "name", a->name, "type", a->words ? "word" : types[a->type],
                          "required", a->fallback == NULL, "expected", expected);
    json_t *words = a->words ? json_array() : NULL;
    json_object_foreach(all, key, value) json_array_append_new(words, json_string(key));
    if (words)
        json_object_set_new(o, "words", words);
    if (a->fallback)
        json_object_set(o, "default", (json_t *)(uintptr_t)a->fallback);
    add_limits(o, a);
    add_text(o, "unit", a->unit);
    add_text(o, "purpose", a->purpose);
    return o;
}

static void add_results(json_t *results, const struct pm_alternatives *a, const json_t *values)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t v = 0; v < pm_pattern_values(a->patterns[i]); v++) {
            const char *name = pm_pattern_value_name(a->patterns[i], v);
            json_t *meaning = json_object_get(values, name);
            json_object_set_new(results, name, meaning ? json_incref(meaning) : json_object());
        }
    }
}

static json_t *command_json(const struct pm_profile_command *c)
{
    json_t *arguments = json_array(), *results = json_object();
    for (size_t i = 0; i < c->n_arguments; i++)
        json_array_append_new(arguments, argument_json(&c->arguments[i]));
    add_results(results, &c->answer, c->values);
    add_results(results, &c->until, c->values);
    for (size_t i = 0; i < json_array_size(c->results); i++) {
        const char *name = json_string_value(json_array_get(c->results, i));
        json_t *meaning = json_object_get(c->values, name);
        json_object_set_new(results, name, meaning ? json_incref(meaning) : json_object());
    }
    json_t *o = json_pack("{s:s, s:o, s:b, s:b, s:o}", "name", c->name, "arguments", arguments, "answers", c->answers,
                          "realtime", c->realtime, "results", results);
    if (c->id >= 0)
        json_object_set_new(o, "command-id", json_integer(c->id));
    add_text(o, "purpose", c->purpose);
    return o;
}

static json_t *event_json(const struct pm_profile_event *e)
{
    json_t *values = json_object();
    add_results(values, &e->match, e->values);
    json_t *o = json_pack("{s:s, s:o}", "name", e->name, "values", values);
    add_text(o, "purpose", e->purpose);
    return o;
}

static void add_identify(json_t *o, const struct pm_profile_identify *i)
{
    if (!i->command)
        return;
    json_t *args = i->args ? json_incref((json_t *)(uintptr_t)i->args) : json_object();
    json_object_set_new(o, "identify", json_pack("{s:s, s:o}", "command", i->command->name, "args", args));
}

json_t *pm_profile_json(const struct pm_profile *p)
{
    json_t *commands = json_array(), *events = json_array();
    for (size_t i = 0; i < p->n_commands; i++)
        json_array_append_new(commands, command_json(&p->commands[i]));
    for (size_t i = 0; i < p->n_events; i++)
        json_array_append_new(events, event_json(&p->events[i]));
    json_t *o = json_pack("{s:s, s:s, s:o, s:o}", "id", p->id, "name", p->name, "commands", commands, "events", events);
    add_text(o, "purpose", p->purpose);
    add_identify(o, &p->identify);
    if (p->line)
        json_object_set(o, "line", (json_t *)(uintptr_t)p->line);
    return o;
}
