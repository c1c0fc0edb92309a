/* template.c - see template.h. */
#include "profile/template.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum part_kind { LITERAL, ARGUMENT, COUNT, BYTES };
enum { NUMBER_ROOM = 340, WIDTH_MAX = 64 };

struct part {
    enum part_kind kind;
    bool typed, digits; /* `digits` is a type of templates alone */
    enum pm_value_type type;
    unsigned width;
    size_t at, n; /* a literal's bytes */
    char name[PM_VALUE_NAME_MAX + 1];
};

struct pm_template {
    size_t n_parts, n_bytes;
    uint8_t *bytes; /* of the literals, behind the parts */
    struct part parts[];
};

static struct pm_template *allocate(size_t n_parts, size_t n_bytes)
{
    struct pm_template *t = calloc(1, sizeof(*t) + n_parts * sizeof(t->parts[0]) + n_bytes);
    if (t)
        t->bytes = (uint8_t *)&t->parts[n_parts];
    return t;
}

/* Dozens are read from the profiles at the start, and few have many parts: none keeps room that it does not use. */
static struct pm_template *fit(struct pm_template *t)
{
    struct pm_template *fitting = allocate(t->n_parts, t->n_bytes);
    if (!fitting)
        return t;
    fitting->n_parts = t->n_parts;
    fitting->n_bytes = t->n_bytes;
    memcpy(fitting->parts, t->parts, t->n_parts * sizeof(t->parts[0]));
    memcpy(fitting->bytes, t->bytes, t->n_bytes);
    free(t);
    return fitting;
}

/* ---- reading ---- */

struct reader {
    const char *p, *end;
    struct pm_template *template;
    bool (*knows)(void *owner, const char *name);
    void *owner;
    const char *why;
};

static int refuse(struct reader *r, const char *why)
{
    r->why = why;
    return -EINVAL;
}

static struct part *add(struct reader *r, enum part_kind kind)
{
    struct pm_template *t = r->template;
    if (t->n_parts == PM_TEMPLATE_PARTS_MAX)
        return NULL;
    t->parts[t->n_parts] = (struct part){.kind = kind, .at = t->n_bytes};
    return &t->parts[t->n_parts++];
}

static int read_literal(struct reader *r)
{
    struct pm_template *t = r->template;
    struct part *part = add(r, LITERAL);
    if (!part)
        return refuse(r, "a template has at most 64 parts");
    while (r->p < r->end && *r->p != '{' && *r->p != '}') {
        int byte = pm_escape_read(&r->p, r->end);
        if (byte < 0)
            return refuse(r, "there is no such escape: \\r \\n \\t \\0 \\\\ \\{ \\} and \\xNN are known");
        t->bytes[t->n_bytes++] = (uint8_t)byte;
        part->n++;
    }
    return r->p < r->end && *r->p == '}' ? refuse(r, "a } without {: write \\}") : 0;
}

static size_t word_length(const struct reader *r, const char *ends)
{
    const char *p = r->p;
    while (p < r->end && !strchr(ends, *p))
        p++;
    return (size_t)(p - r->p);
}

static bool skip_word(struct reader *r, const char *word)
{
    size_t n = strlen(word);
    bool is = (size_t)(r->end - r->p) >= n && memcmp(r->p, word, n) == 0;
    r->p += is ? n : 0;
    return is;
}

static int read_name(struct reader *r, struct part *part)
{
    if (skip_word(r, "count("))
        part->kind = COUNT;
    else if (skip_word(r, "bytes("))
        part->kind = BYTES;
    size_t n = word_length(r, part->kind == ARGUMENT ? ":}" : ")");
    if (n == 0 || n > PM_VALUE_NAME_MAX)
        return refuse(r, "the name of an argument is expected here");
    memcpy(part->name, r->p, n);
    if (!r->knows(r->owner, part->name))
        return refuse(r, "the command has no argument of this name");
    r->p += n;
    return part->kind == ARGUMENT || skip_word(r, ")") ? 0 : refuse(r, "a ) is missing");
}

static int read_type(struct reader *r, struct part *part)
{
    size_t n = word_length(r, ":}");
    part->digits = n == 6 && memcmp(r->p, "digits", n) == 0;
    if (!part->digits && !pm_value_type_of(r->p, n, &part->type))
        return refuse(r, "there is no such type");
    part->typed = !part->digits;
    r->p += n;
    if (!skip_word(r, ":"))
        return 0;
    for (n = word_length(r, "}"); n > 0 && *r->p >= '0' && *r->p <= '9' && part->width <= WIDTH_MAX; n--)
        part->width = part->width * 10 + (unsigned)(*r->p++ - '0');
    return n == 0 && part->width <= WIDTH_MAX ? 0 : refuse(r, "a width is a number up to 64");
}

static int read_place(struct reader *r)
{
    struct part *part = add(r, ARGUMENT);
    if (!part)
        return refuse(r, "a template has at most 64 parts");
    r->p++;
    int error = read_name(r, part);
    if (error == 0 && skip_word(r, ":"))
        error = read_type(r, part);
    if (error < 0)
        return error;
    if (part->kind != ARGUMENT && !part->typed)
        return refuse(r, "a count has a type, such as {count(x):u8}");
    return skip_word(r, "}") ? 0 : refuse(r, "a place ends with }");
}

int pm_template_new(const char *text, size_t n, bool (*knows)(void *owner, const char *name), void *owner,
                    struct pm_template **ret, size_t *bad, const char **why)
{
    struct reader r = {text, text + n, NULL, knows, owner, NULL};
    *bad = 0;
    *why = "a template has at most 1024 bytes";
    if (n > PM_PATTERN_MAX)
        return -E2BIG;
    r.template = allocate(PM_TEMPLATE_PARTS_MAX, PM_PATTERN_MAX);
    if (!r.template)
        return -ENOMEM;
    int error = 0;
    while (error == 0 && r.p < r.end)
        error = *r.p == '{' ? read_place(&r) : read_literal(&r);
    if (error == 0) {
        *ret = fit(r.template);
        return 0;
    }
    *bad = (size_t)(r.p - text);
    *why = r.why;
    pm_template_free(r.template);
    return error;
}

struct pm_template *pm_template_free(struct pm_template *t)
{
    free(t);
    return NULL;
}

bool pm_template_range(const struct pm_template *t, const char *name, double *least, double *greatest)
{
    for (size_t i = 0; i < t->n_parts; i++) {
        const struct part *part = &t->parts[i];
        if (part->kind == ARGUMENT && pm_value_size(part->type) > 0 && strcmp(part->name, name) == 0) {
            pm_value_range(part->type, least, greatest);
            return true;
        }
    }
    return false;
}

/* ---- writing ---- */

static double number_of(const json_t *v)
{
    return json_is_boolean(v) ? json_is_true(v) : json_number_value(v);
}

/* Without exponent, since few devices read one; without zeros at the end. */
static size_t write_decimal(double value, int decimals, char out[NUMBER_ROOM])
{
    int n = snprintf(out, NUMBER_ROOM, "%.*f", decimals, value);
    if (decimals == 0)
        return (size_t)n;
    while (n > 0 && out[n - 1] == '0')
        n--;
    return (size_t)(n > 0 && out[n - 1] == '.' ? n - 1 : n);
}

/* As many as leave `digits` digits together, one of them before the point at least. */
static int decimals_of(double value, unsigned digits)
{
    int left = (int)digits - 1;
    for (double rest = value < 0 ? -value : value; rest >= 10 && left > 0; rest /= 10)
        left--;
    return left > 0 ? left : 0;
}

static int write_text(const struct part *part, const json_t *v, struct pm_bytes *out)
{
    char text[NUMBER_ROOM];
    size_t n;
    if (json_is_string(v))
        return pm_bytes_append(out, json_string_value(v), json_string_length(v));
    if (part->typed && part->type == PM_VALUE_FLOAT && part->width > 0)
        n = (size_t)snprintf(text, sizeof(text), "%.*f", (int)part->width, number_of(v));
    else if (part->typed && part->type == PM_VALUE_HEX)
        n = (size_t)snprintf(text, sizeof(text), "%0*llX", (int)part->width, (unsigned long long)number_of(v));
    else if (part->typed && part->type == PM_VALUE_INT)
        n = (size_t)snprintf(text, sizeof(text), "%0*lld", (int)part->width, (long long)number_of(v));
    else
        n = write_decimal(number_of(v), part->digits ? decimals_of(number_of(v), part->width) : 6, text);
    return pm_bytes_append(out, text, n);
}

static int write_number(enum pm_value_type type, double value, struct pm_bytes *out)
{
    uint8_t bytes[4];
    pm_value_write(type, value, bytes);
    return pm_bytes_append(out, bytes, pm_value_size(type));
}

/* Eight to a byte, the lowest bit first. */
static int write_bits(const json_t *array, struct pm_bytes *out)
{
    uint8_t byte = 0;
    size_t n = json_array_size(array);
    int error = 0;
    for (size_t i = 0; i < n && error == 0; i++) {
        byte |= (uint8_t)((number_of(json_array_get(array, i)) != 0) << i % 8);
        if (i % 8 == 7 || i + 1 == n) {
            error = pm_bytes_append(out, &byte, 1);
            byte = 0;
        }
    }
    return error;
}

static int write_argument(const struct part *part, const json_t *v, struct pm_bytes *out)
{
    int error = 0;
    if (pm_value_size(part->type) == 0)
        return write_text(part, v, out);
    if (!json_is_array(v))
        return write_number(part->type, number_of(v), out);
    if (part->type == PM_VALUE_BITS)
        return write_bits(v, out);
    for (size_t i = 0; i < json_array_size(v) && error == 0; i++)
        error = write_number(part->type, number_of(json_array_get(v, i)), out);
    return error;
}

static size_t elements_of(const json_t *v)
{
    return json_is_array(v) ? json_array_size(v) : json_is_string(v) ? json_string_length(v) : 1;
}

/* Bytes that the argument takes in this template. */
static size_t bytes_of(const struct pm_template *t, const char *name, const json_t *v)
{
    size_t n = elements_of(v);
    for (size_t i = 0; i < t->n_parts; i++) {
        const struct part *part = &t->parts[i];
        if (part->kind == ARGUMENT && strcmp(part->name, name) == 0 && pm_value_size(part->type) > 0)
            return part->type == PM_VALUE_BITS ? (n + 7) / 8 : n * pm_value_size(part->type);
    }
    return n;
}

int pm_template_write(const struct pm_template *t, const json_t *args, struct pm_bytes *out)
{
    int error = 0;
    for (size_t i = 0; i < t->n_parts && error == 0; i++) {
        const struct part *part = &t->parts[i];
        const json_t *v = part->kind == LITERAL ? NULL : json_object_get(args, part->name);
        if (part->kind == LITERAL) {
            error = pm_bytes_append(out, t->bytes + part->at, part->n);
        } else if (part->kind == ARGUMENT) {
            error = write_argument(part, v, out);
        } else {
            json_t *n = json_integer((json_int_t)(part->kind == COUNT ? elements_of(v) : bytes_of(t, part->name, v)));
            error = write_argument(part, n, out);
            json_decref(n);
        }
    }
    return error;
}
