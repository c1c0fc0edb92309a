/* answer.c - what the device sends: out of its frame, past its checksum, into named values. */
#include "profile/profile_private.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- frames ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: it is no number of this form. */
static bool read_sum(const struct pm_profile_checksum *c, const uint8_t *p, uint32_t *ret)
{
    size_t bytes = pm_checksum_bytes(&c->sum);
    *ret = 0;
    for (size_t i = 0; i < (c->hex ? 2 * bytes : bytes); i++) {
        int digit = c->hex ? hex_digit(p[i]) : 0;
        if (digit < 0)
            return false;
        if (c->hex)
            *ret = *ret << 4 | (uint32_t)digit;
        else
            *ret |= (uint32_t)p[i] << 8 * (c->big_endian ? bytes - 1 - i : i);
    }
    return true;
}

/* Cut the checksum off [p, p + *n). */
static int check_sum(const struct pm_profile_checksum *c, const uint8_t *p, size_t *n)
{
    size_t bytes = pm_checksum_bytes(&c->sum), width = c->hex ? 2 * bytes : bytes, tail = width + c->before.n;
    uint32_t told;
    bool marked = *n >= tail && memcmp(p + *n - tail, c->before.bytes, c->before.n) == 0;
    if (bytes == 0 || (c->optional && !marked))
        return 0;
    if (*n < tail + c->from)
        return -EMSGSIZE;
    size_t covered = *n - tail - c->from;
    if (!marked || !read_sum(c, p + *n - width, &told) || told != pm_checksum_of(&c->sum, p + c->from, covered))
        return -EBADMSG;
    *n -= tail;
    return 0;
}

int pm_profile_unwrap(const struct pm_profile *p, const uint8_t *frame, size_t n, const uint8_t **ret, size_t *ret_n)
{
    if (n < p->trim_front + p->trim_back)
        return -EMSGSIZE;
    *ret = frame + p->trim_front;
    *ret_n = n - p->trim_front - p->trim_back;
    return check_sum(&p->checksum, *ret, ret_n);
}

/* ---- values ---- */

static json_t *text_json(const uint8_t *p, size_t n)
{
    if (pm_utf8_valid(p, n) && !(n > 0 && memchr(p, 0, n)))
        return json_stringn((const char *)p, n);
    json_t *array = json_array(); /* bytes that are no text */
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, json_integer(p[i]));
    return array;
}

static json_t *number_json(double value)
{
    bool whole = value >= -PM_READER_INTEGER_MAX && value <= PM_READER_INTEGER_MAX && value == (double)(int64_t)value;
    return whole ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *list_json(enum pm_value_type type, const uint8_t *p, size_t n)
{
    size_t size = pm_value_size(type);
    json_t *array = json_array();
    for (size_t at = 0; at + size <= n; at += size) {
        if (type != PM_VALUE_BITS)
            json_array_append_new(array, number_json(pm_value_read(type, p + at)));
        for (unsigned bit = 0; type == PM_VALUE_BITS && bit < 8; bit++)
            json_array_append_new(array, json_boolean(p[at] >> bit & 1));
    }
    return array;
}

static json_t *value_json(const struct pm_pattern *pattern, size_t i, const uint8_t *p, size_t n)
{
    enum pm_value_type type = pm_pattern_value_type(pattern, i);
    char text[PM_PATTERN_MAX + 1];
    if (pm_value_size(type) > 0 && (pm_pattern_value_is_list(pattern, i) || type == PM_VALUE_BITS))
        return list_json(type, p, n);
    if (pm_value_size(type) > 0)
        return number_json(pm_value_read(type, p));
    if (type == PM_VALUE_TEXT || type == PM_VALUE_WORD || type == PM_VALUE_CHAR || n > PM_PATTERN_MAX)
        return text_json(p, n);
    memcpy(text, p, n);
    text[n] = 0;
    if (type == PM_VALUE_FLOAT)
        return number_json(strtod(text, NULL));
    return json_integer(strtoll(text, NULL, type == PM_VALUE_HEX ? 16 : 10));
}

/* Put the word for a value, or scale it, as the profile says. */
static json_t *translate(const json_t *meaning, json_t *v)
{
    const json_t *words = json_object_get(meaning, "words"), *factor = json_object_get(meaning, "factor"),
                 *offset = json_object_get(meaning, "offset");
    char number[24];
    const char *key = json_string_value(v);
    if (words && json_is_integer(v)) {
        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
        key = number;
    }
    json_t *word = words && key ? json_object_get(words, key) : NULL;
    if (word) {
        json_decref(v);
        return json_incref(word);
    }
    if ((!factor && !offset) || !json_is_number(v))
        return v;
    double value = json_number_value(v) * (factor ? json_number_value(factor) : 1) + json_number_value(offset);
    json_decref(v);
    return number_json(value);
}

void pm_profile_results(const struct pm_profile_command *c, const struct pm_command_frame *f, json_t *into)
{
    json_t *rest = json_array();
    for (unsigned i = 1; i < f->n_args; i++) {
        const char *name = json_string_value(json_array_get(c->results, i - 1));
        json_t *v = json_integer(f->args[i]);
        if (name)
            json_object_set_new(into, name, translate(json_object_get(c->values, name), v));
        else
            json_array_append_new(rest, v);
    }
    if (json_array_size(rest) > 0)
        json_object_set(into, "args", rest);
    json_decref(rest);
}

bool pm_alternatives_match(const struct pm_alternatives *a, const json_t *values, const uint8_t *p, size_t n,
                           json_t *into)
{
    struct pm_capture captures[PM_PATTERN_VALUES_MAX];
    for (size_t i = 0; i < a->n; i++) {
        const struct pm_pattern *pattern = a->patterns[i];
        if (!pm_pattern_match(pattern, p, n, captures))
            continue;
        for (size_t v = 0; into && v < pm_pattern_values(pattern); v++) {
            const char *name = pm_pattern_value_name(pattern, v);
            json_t *value = value_json(pattern, v, p + captures[v].at, captures[v].n);
            json_object_set_new(into, name, translate(json_object_get(values, name), value));
        }
        return true;
    }
    return false;
}

/* ---- frames and commands ---- */

static void add_line(json_t *into, const uint8_t *p, size_t n)
{
    json_t *lines = json_object_get(into, "lines");
    if (!lines) {
        lines = json_array();
        json_object_set_new(into, "lines", lines);
    }
    if (json_array_size(lines) < PM_PROFILE_LINES_MAX)
        json_array_append_new(lines, text_json(p, n));
}

/* Whose answer is it? What the device repeats of the command must be what was sent. */
static bool is_echo(const struct pm_profile *p, const json_t *args, const json_t *values)
{
    for (size_t i = 0; i < json_array_size(p->echo); i++) {
        const char *name = json_string_value(json_array_get(p->echo, i));
        const json_t *sent = json_object_get(args, name), *said = json_object_get(values, name);
        if (sent && said && !json_equal((json_t *)(uintptr_t)sent, (json_t *)(uintptr_t)said))
            return false;
    }
    return true;
}

/* A list of bits is filled up to whole bytes: what is beyond their number means nothing. */
static bool is_so_long(json_t *list, size_t n)
{
    size_t have = json_array_size(list);
    if (json_is_boolean(json_array_get(list, 0)) && have == (n + 7) / 8 * 8) {
        for (; have > n; have--)
            json_array_remove(list, have - 1);
    }
    return have == n;
}

static bool agrees(const json_t *sent, json_t *said)
{
    json_t *number =
        json_is_array(sent) ? json_integer((json_int_t)json_array_size(sent)) : json_copy((json_t *)(uintptr_t)sent);
    bool right = json_is_array(said) ? json_is_integer(number) && is_so_long(said, (size_t)json_integer_value(number))
                                     : json_equal(number, said);
    json_decref(number);
    return right;
}

/* Does it say what the command asked for? A device, or another one's late answer, may say something else. */
static bool all_agree(const struct pm_profile_command *c, const json_t *args, const json_t *values)
{
    const char *key;
    json_t *name, *all = (json_t *)(uintptr_t)c->agrees; /* json_object_foreach() wants it writable */
    json_object_foreach(all, key, name)
    {
        json_t *said = json_object_get(values, key);
        if (said && !agrees(json_object_get(args, json_string_value(name)), said))
            return false;
    }
    return true;
}

bool pm_profile_is_broadcast(const struct pm_profile *p, const json_t *args)
{
    const json_t *v = p->broadcast.argument ? json_object_get(args, p->broadcast.argument) : NULL;
    return json_is_integer(v) && json_integer_value(v) == p->broadcast.value;
}

static enum pm_verdict judge_content(const struct pm_profile *p, const struct pm_profile_command *c,
                                     const uint8_t *content, size_t n, json_t *into)
{
    if (pm_alternatives_match(&c->aborts, c->values, content, n, into))
        return PM_VERDICT_ABORTED;
    if (pm_alternatives_match(&c->errors, c->values, content, n, into) ||
        pm_alternatives_match(&p->errors, c->values, content, n, into))
        return PM_VERDICT_REFUSED;
    if (pm_alternatives_match(&c->until, c->values, content, n, into))
        return PM_VERDICT_DONE;
    bool fits = pm_alternatives_match(&c->answer, c->values, content, n, into);
    if (c->until.n == 0)
        return fits ? PM_VERDICT_DONE : PM_VERDICT_OTHER;
    if (!fits && n > 0 && !pm_profile_event(p, content, n, NULL))
        add_line(into, content, n);
    return PM_VERDICT_PART;
}

/* One that is not ours must leave nothing in what is known so far. */
static enum pm_verdict judge_echo(const struct pm_profile *p, const struct pm_profile_command *c, const json_t *args,
                                  const uint8_t *content, size_t n, json_t *into)
{
    json_t *found = json_copy(into);
    enum pm_verdict v = judge_content(p, c, content, n, found);
    if (!is_echo(p, args, found) || ((v == PM_VERDICT_DONE || v == PM_VERDICT_PART) && !all_agree(c, args, found)))
        v = PM_VERDICT_OTHER;
    else
        json_object_update(into, found);
    json_decref(found);
    return v;
}

enum pm_verdict pm_profile_judge(const struct pm_profile *p, const struct pm_profile_command *c, const json_t *args,
                                 const uint8_t *frame, size_t n, json_t *into)
{
    const uint8_t *content;
    int error = pm_profile_unwrap(p, frame, n, &content, &n);
    if (error < 0)
        return error == -EBADMSG ? PM_VERDICT_BAD_SUM : PM_VERDICT_TOO_SHORT;
    return p->echo || c->agrees ? judge_echo(p, c, args, content, n, into) : judge_content(p, c, content, n, into);
}

const struct pm_profile_event *pm_profile_event(const struct pm_profile *p, const uint8_t *content, size_t n,
                                                json_t *into)
{
    for (size_t i = 0; i < p->n_events; i++) {
        const struct pm_profile_event *e = &p->events[i];
        if (pm_alternatives_match(&e->match, e->values, content, n, into))
            return e;
    }
    return NULL;
}
