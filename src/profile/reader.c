/* reader.c - see reader.h. The tree is jansson's; where something is in the text is found again only for a message. */
#include "profile/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- places ---- */

static bool find_element(const struct pm_json *array, size_t index, struct pm_json *ret)
{
    size_t at = 0;
    bool there = true;
    for (size_t i = 0; there && i <= index; i++)
        there = pm_json_element(array, &at, ret);
    return there;
}

/* The value where the reader is; as near as it can be found. */
static struct pm_json find_place(const struct pm_reader *r)
{
    struct pm_json here = r->root;
    for (size_t i = 0; i < r->depth; i++) {
        const struct pm_reader_step *step = &r->steps[i];
        struct pm_json next;
        bool there = step->key ? here.type == PM_JSON_OBJECT && pm_json_get(&here, step->key, &next)
                               : here.type == PM_JSON_ARRAY && find_element(&here, step->index, &next);
        if (!there)
            break;
        here = next;
    }
    return here;
}

static void note(struct pm_reader *r, const char *place, const char *message)
{
    size_t line = 1, column = 1;
    if (r->error < 0)
        return;
    for (const char *p = r->text; p < place; p++) {
        line += *p == '\n';
        column = *p == '\n' ? 1 : column + ((*p & 0xc0) != 0x80);
    }
    r->error = -EINVAL;
    snprintf(r->message, sizeof(r->message), "line %zu, column %zu: %s", line, column, message);
}

void pm_reader_fail(struct pm_reader *r, const char *format, ...)
{
    char message[PM_READER_ERROR - 64];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    note(r, find_place(r).p, message);
}

/* A byte of a text may be written as \n or \u000a. */
void pm_reader_fail_inside(struct pm_reader *r, size_t offset, const char *why)
{
    struct pm_json text = find_place(r);
    const char *p = text.p + 1, *end = text.p + text.n - 1;
    while (offset-- > 0 && p < end)
        p += *p != '\\' ? 1 : p[1] == 'u' ? 6 : 2;
    note(r, p < end ? p : end, why);
}

bool pm_reader_enter(struct pm_reader *r, const char *key, size_t index)
{
    if (r->depth == PM_READER_DEPTH) {
        pm_reader_fail(r, "this is nested too deep");
        return false;
    }
    r->steps[r->depth++] = (struct pm_reader_step){key, index};
    return true;
}

void pm_reader_leave(struct pm_reader *r)
{
    r->depth--;
}

/* ---- members ---- */

static bool is_plain_text(const json_t *v, int64_t min, int64_t max)
{
    size_t n = json_string_length(v);
    return json_is_string(v) && n >= (size_t)min && n <= (size_t)max && strlen(json_string_value(v)) == n;
}

static void check_text(struct pm_reader *r, const struct pm_member *m, const json_t *v)
{
    char words[256] = "";
    if (!is_plain_text(v, m->min, m->max))
        pm_reader_fail(r, "\"%s\" must be a text of %lld to %lld bytes without NUL", m->name, (long long)m->min,
                       (long long)m->max);
    for (size_t i = 0; m->words && m->words[i]; i++) {
        if (json_is_string(v) && strcmp(m->words[i], json_string_value(v)) == 0)
            return;
        size_t at = strlen(words);
        snprintf(words + at, sizeof(words) - at, "%s%s", i ? ", " : "", m->words[i]);
    }
    if (m->words)
        pm_reader_fail(r, "\"%s\" must be one of %s", m->name, words);
}

static void check_texts(struct pm_reader *r, const struct pm_member *m, const json_t *v)
{
    if (!json_is_array(v)) {
        check_text(r, m, v);
        return;
    }
    if (json_array_size(v) == 0 || json_array_size(v) > (size_t)m->max)
        pm_reader_fail(r, "\"%s\" must have 1 to %lld elements", m->name, (long long)m->max);
    for (size_t i = 0; i < json_array_size(v) && pm_reader_enter(r, NULL, i); i++) {
        const struct pm_member text = {m->name, PM_MEMBER_TEXT, .min = 1, .max = 1024};
        check_text(r, &text, json_array_get(v, i));
        pm_reader_leave(r);
    }
}

static void check_value(struct pm_reader *r, const struct pm_member *m, const json_t *v)
{
    double number = json_number_value(v);
    bool within = json_is_number(v) && number >= (double)m->min && number <= (double)m->max;
    size_t n = json_array_size(v);
    switch (m->type) {
    case PM_MEMBER_TEXT:
        check_text(r, m, v);
        break;
    case PM_MEMBER_TEXTS:
        check_texts(r, &(struct pm_member){m->name, PM_MEMBER_TEXT, .min = 1, .max = json_is_array(v) ? m->max : 1024},
                    v);
        break;
    case PM_MEMBER_INTEGER:
        if (!within || !json_is_integer(v))
            pm_reader_fail(r, "\"%s\" must be a whole number from %lld to %lld", m->name, (long long)m->min,
                           (long long)m->max);
        break;
    case PM_MEMBER_NUMBER:
        if (!within)
            pm_reader_fail(r, "\"%s\" must be a number from %lld to %lld", m->name, (long long)m->min,
                           (long long)m->max);
        break;
    case PM_MEMBER_BOOLEAN:
        if (!json_is_boolean(v))
            pm_reader_fail(r, "\"%s\" must be true or false", m->name);
        break;
    case PM_MEMBER_OBJECT:
        if (!json_is_object(v))
            pm_reader_fail(r, "\"%s\" must be an object", m->name);
        break;
    case PM_MEMBER_ARRAY:
        if (!json_is_array(v) || n < (size_t)m->min || n > (size_t)m->max)
            pm_reader_fail(r, "\"%s\" must be an array of %lld to %lld elements", m->name, (long long)m->min,
                           (long long)m->max);
        break;
    case PM_MEMBER_ANY:
        break;
    }
}

static bool is_member(const struct pm_member *members, const char *key)
{
    for (; members->name; members++) {
        if (strcmp(members->name, key) == 0)
            return true;
    }
    return false;
}

/* Unlike in a request, what we do not know is a mistake: most likely a misspelt name. */
static void check_known(struct pm_reader *r, const json_t *object, const struct pm_member *members)
{
    const char *key;
    json_t *value, *all = (json_t *)(uintptr_t)object; /* json_object_foreach() wants it writable */
    json_object_foreach(all, key, value)
    {
        if (r->error < 0 || is_member(members, key) || !pm_reader_enter(r, key, 0))
            continue;
        pm_reader_fail(r, "\"%.60s\" means nothing here", key);
        pm_reader_leave(r);
    }
}

void pm_reader_check(struct pm_reader *r, const json_t *object, const struct pm_member *members)
{
    if (!json_is_object(object)) {
        pm_reader_fail(r, "an object is expected here");
        return;
    }
    check_known(r, object, members);
    for (const struct pm_member *m = members; m->name && r->error == 0; m++) {
        const json_t *v = json_object_get(object, m->name);
        if (!v && m->required)
            pm_reader_fail(r, "\"%s\" is missing", m->name);
        if (!v || r->error < 0 || !pm_reader_enter(r, m->name, 0))
            continue;
        check_value(r, m, v);
        pm_reader_leave(r);
    }
}
