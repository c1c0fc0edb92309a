/* pattern.c - see pattern.h. */
#include "proto/pattern.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum element_kind { LITERAL, VALUE };

struct element {
    enum element_kind kind;
    enum pm_value_type type;
    uint16_t at, n; /* a literal's bytes in `bytes` */
    uint16_t width; /* of a value; 0: free */
    int8_t value;   /* its number, or -1 without a name */
};

/* What a pattern takes out. */
struct value {
    enum pm_value_type type;
    bool list;
    char name[PM_VALUE_NAME_MAX + 1];
};

/* The arrays lie behind it, as long as they are: profiles have hundreds of patterns, most of them short. */
struct pm_pattern {
    struct element *elements;
    struct value *values;
    uint8_t *bytes;
    size_t n_elements, n_values, n_bytes;
};

/* One that is being read. */
struct draft {
    struct pm_pattern pattern;
    struct element elements[PM_PATTERN_ELEMENTS_MAX];
    struct value values[PM_PATTERN_VALUES_MAX];
    uint8_t bytes[PM_PATTERN_MAX];
};

static const char *const type_names[] = {
    [PM_VALUE_TEXT] = "text",   [PM_VALUE_INT] = "int",     [PM_VALUE_FLOAT] = "float", [PM_VALUE_HEX] = "hex",
    [PM_VALUE_WORD] = "word",   [PM_VALUE_CHAR] = "char",   [PM_VALUE_U8] = "u8",       [PM_VALUE_I8] = "i8",
    [PM_VALUE_U16LE] = "u16le", [PM_VALUE_U16BE] = "u16be", [PM_VALUE_I16LE] = "i16le", [PM_VALUE_I16BE] = "i16be",
    [PM_VALUE_U32LE] = "u32le", [PM_VALUE_U32BE] = "u32be", [PM_VALUE_I32LE] = "i32le", [PM_VALUE_I32BE] = "i32be",
    [PM_VALUE_F32LE] = "f32le", [PM_VALUE_F32BE] = "f32be", [PM_VALUE_BITS] = "bits",
};
static_assert(sizeof(type_names) / sizeof(type_names[0]) == PM_VALUE_TYPES, "every type has a word");

enum { REST = UINT16_MAX }; /* a width: as many as come */

const char *pm_value_type_name(enum pm_value_type type)
{
    return type_names[type];
}

bool pm_value_type_of(const char *word, size_t n, enum pm_value_type *ret)
{
    for (size_t i = 0; i < PM_VALUE_TYPES; i++) {
        if (strlen(type_names[i]) == n && memcmp(type_names[i], word, n) == 0) {
            *ret = (enum pm_value_type)i;
            return true;
        }
    }
    return false;
}

/* ---- reading a pattern ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int pm_escape_read(const char **text, const char *end)
{
    static const char from[] = "rnt0\\{}", to[] = "\r\n\t\0\\{}";
    const char *p = *text;
    if (p == end)
        return -EINVAL;
    if (*p != '\\') {
        *text = p + 1;
        return (uint8_t)*p;
    }
    if (end - p >= 4 && p[1] == 'x' && hex_digit(p[2]) >= 0 && hex_digit(p[3]) >= 0) {
        *text = p + 4;
        return hex_digit(p[2]) * 16 + hex_digit(p[3]);
    }
    const char *known = end - p >= 2 && p[1] ? strchr(from, p[1]) : NULL;
    if (!known)
        return -EINVAL;
    *text = p + 2;
    return (uint8_t)to[known - from];
}

struct reader {
    const char *p, *end;
    struct pm_pattern *pattern;
    const char *why;
};

static int refuse(struct reader *r, const char *why)
{
    r->why = why;
    return -EINVAL;
}

static struct element *add(struct reader *r)
{
    struct pm_pattern *p = r->pattern;
    return p->n_elements < PM_PATTERN_ELEMENTS_MAX ? &p->elements[p->n_elements++] : NULL;
}

static int read_literal(struct reader *r)
{
    struct pm_pattern *p = r->pattern;
    struct element *e = add(r);
    if (!e)
        return refuse(r, "a pattern has at most 64 parts");
    *e = (struct element){.kind = LITERAL, .at = (uint16_t)p->n_bytes, .value = -1};
    while (r->p < r->end && *r->p != '{' && *r->p != '}') {
        int byte = pm_escape_read(&r->p, r->end);
        if (byte < 0)
            return refuse(r, "there is no such escape: \\r \\n \\t \\0 \\\\ \\{ \\} and \\xNN are known");
        p->bytes[p->n_bytes++] = (uint8_t)byte;
        e->n++;
    }
    return r->p < r->end && *r->p == '}' ? refuse(r, "a } without {: write \\}") : 0;
}

static size_t word_length(const struct reader *r)
{
    const char *p = r->p;
    while (p < r->end && *p != ':' && *p != '}')
        p++;
    return (size_t)(p - r->p);
}

static int read_name(struct reader *r, struct element *e)
{
    struct pm_pattern *p = r->pattern;
    size_t n = word_length(r);
    if (n == 0)
        return 0;
    if (n > PM_VALUE_NAME_MAX)
        return refuse(r, "a value's name has at most 32 characters");
    for (size_t i = 0; i < n; i++) {
        char c = r->p[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!good)
            return refuse(r, "a value's name is made of letters, digits, - and _");
    }
    for (size_t i = 0; i < p->n_values; i++) {
        if (strlen(p->values[i].name) == n && memcmp(p->values[i].name, r->p, n) == 0)
            return refuse(r, "two values have this name");
    }
    if (p->n_values == PM_PATTERN_VALUES_MAX)
        return refuse(r, "a pattern has at most 24 values");
    memcpy(p->values[p->n_values].name, r->p, n);
    e->value = (int8_t)p->n_values++;
    r->p += n;
    return 0;
}

static int read_width(struct reader *r, struct element *e)
{
    size_t n = word_length(r);
    unsigned width = 0;
    if (n == 1 && *r->p == '*' && pm_value_size(e->type) > 0) {
        e->width = REST;
        r->p++;
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (r->p[i] < '0' || r->p[i] > '9')
            return refuse(r, "a width is a number of characters");
        width = width <= PM_PATTERN_MAX ? width * 10 + (unsigned)(r->p[i] - '0') : width;
    }
    if (width == 0 || width > PM_PATTERN_MAX)
        return refuse(r, "a width is from 1 to 1024");
    e->width = (uint16_t)width;
    r->p += n;
    return 0;
}

static int read_value(struct reader *r)
{
    struct element *e = add(r);
    if (!e)
        return refuse(r, "a pattern has at most 64 parts");
    *e = (struct element){.kind = VALUE, .type = PM_VALUE_TEXT, .value = -1};
    r->p++;
    int error = read_name(r, e);
    if (error == 0 && r->p < r->end && *r->p == ':') {
        r->p++;
        size_t n = word_length(r);
        if (!pm_value_type_of(r->p, n, &e->type))
            return refuse(
                r, "a type is one of text, int, float, hex, word, char, u8, i8, u16le, u16be, i16le, i16be, u32le, "
                   "u32be, i32le, i32be, f32le, f32be, bits");
        r->p += n;
    }
    if (error == 0 && r->p < r->end && *r->p == ':') {
        r->p++;
        error = read_width(r, e);
    }
    if (error < 0)
        return error;
    if (r->p == r->end || *r->p != '}')
        return refuse(r, "a value ends with }");
    if (e->type == PM_VALUE_CHAR)
        e->width = 1;
    if (e->width == 0 && pm_value_size(e->type) > 0)
        e->width = 1;
    if (e->value >= 0) {
        r->pattern->values[e->value].type = e->type;
        r->pattern->values[e->value].list = pm_value_size(e->type) > 0 && e->width != 1;
    }
    r->p++;
    return 0;
}

/* Nothing says where the first of two texts of free width ends, and what takes all that comes leaves nothing. */
static int check_order(struct reader *r)
{
    const struct pm_pattern *p = r->pattern;
    for (size_t i = 1; i < p->n_elements; i++) {
        const struct element *a = &p->elements[i - 1], *b = &p->elements[i];
        if (a->width == REST)
            return refuse(r, "a width of * belongs at the end of the pattern");
        if (a->kind == VALUE && b->kind == VALUE && a->type == PM_VALUE_TEXT && b->type == PM_VALUE_TEXT &&
            a->width == 0 && b->width == 0)
            return refuse(r, "two texts side by side: nothing says where the first one ends");
    }
    return 0;
}

static struct pm_pattern *pack(const struct pm_pattern *p)
{
    size_t elements = p->n_elements * sizeof(*p->elements), values = p->n_values * sizeof(*p->values);
    struct pm_pattern *packed = malloc(sizeof(*packed) + elements + values + p->n_bytes);
    if (!packed)
        return NULL;
    *packed = *p;
    packed->elements = (struct element *)(packed + 1);
    packed->values = (struct value *)(packed->elements + p->n_elements);
    packed->bytes = (uint8_t *)(packed->values + p->n_values);
    memcpy(packed->elements, p->elements, elements);
    memcpy(packed->values, p->values, values);
    memcpy(packed->bytes, p->bytes, p->n_bytes);
    return packed;
}

int pm_pattern_new(const char *text, size_t n, struct pm_pattern **ret, size_t *bad, const char **why)
{
    struct draft draft = {0};
    struct reader r = {text, text + n, &draft.pattern, NULL};
    draft.pattern = (struct pm_pattern){draft.elements, draft.values, draft.bytes, 0, 0, 0};
    *bad = 0;
    *why = "a pattern has at most 1024 bytes";
    if (n > PM_PATTERN_MAX)
        return -E2BIG;
    int error = 0;
    while (error == 0 && r.p < r.end)
        error = *r.p == '{' ? read_value(&r) : read_literal(&r);
    if (error == 0)
        error = check_order(&r);
    if (error < 0) {
        *bad = (size_t)(r.p - text);
        *why = r.why;
        return error;
    }
    *ret = pack(r.pattern);
    return *ret ? 0 : -ENOMEM;
}

struct pm_pattern *pm_pattern_free(struct pm_pattern *p)
{
    free(p);
    return NULL;
}

size_t pm_pattern_values(const struct pm_pattern *p)
{
    return p->n_values;
}

const char *pm_pattern_value_name(const struct pm_pattern *p, size_t i)
{
    return p->values[i].name;
}

enum pm_value_type pm_pattern_value_type(const struct pm_pattern *p, size_t i)
{
    return p->values[i].type;
}

bool pm_pattern_value_is_list(const struct pm_pattern *p, size_t i)
{
    return p->values[i].list;
}

/* ---- matching ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (i < n && is_digit(p[i]))
        i++;
    return i;
}

static size_t integer(const uint8_t *p, size_t n)
{
    size_t sign = n > 0 && (p[0] == '+' || p[0] == '-'), count = digits(p + sign, n - sign);
    return count > 0 ? sign + count : 0;
}

static size_t number(const uint8_t *p, size_t n)
{
    size_t sign = n > 0 && (p[0] == '+' || p[0] == '-'), at = sign, whole = digits(p + at, n - at), part = 0;
    at += whole;
    if (at < n && p[at] == '.') {
        part = digits(p + at + 1, n - at - 1);
        at += whole + part > 0 ? 1 + part : 0;
    }
    if (whole + part == 0)
        return 0;
    size_t exponent = at < n && (p[at] | 0x20) == 'e' ? integer(p + at + 1, n - at - 1) : 0;
    return at + (exponent > 0 ? 1 + exponent : 0);
}

static size_t hex(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (i < n && hex_digit((char)p[i]) >= 0)
        i++;
    return i;
}

static size_t word(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (i < n && p[i] > ' ' && p[i] < 0x7f && !memchr(",;:=\"'", p[i], 6))
        i++;
    return i;
}

/* Binary numbers: as many as there must be. */
static size_t take_binary(const struct element *e, size_t n)
{
    size_t size = pm_value_size(e->type), count = e->width == REST ? n / size : e->width;
    return size * count <= n && (e->width != REST || size * count == n) ? size * count : 0;
}

/* Bytes that a value takes here; 0: it does not fit. */
static size_t take(const struct element *e, const uint8_t *p, size_t n)
{
    size_t free_width = n < PM_NUMBER_MAX ? n : PM_NUMBER_MAX, room = e->width ? e->width : free_width, taken = 0;
    if (pm_value_size(e->type) > 0)
        return take_binary(e, n);
    if (room > n)
        return 0;
    switch (e->type) {
    case PM_VALUE_TEXT:
    case PM_VALUE_CHAR:
        taken = room;
        break;
    case PM_VALUE_INT:
        taken = integer(p, room);
        break;
    case PM_VALUE_FLOAT:
        taken = number(p, room);
        break;
    case PM_VALUE_HEX:
        taken = hex(p, room);
        break;
    default:
        taken = word(p, room);
    }
    return e->width && taken != e->width ? 0 : taken;
}

static bool is_run(const struct element *e)
{
    return e->kind == VALUE && e->type == PM_VALUE_TEXT && e->width == 0;
}

struct match {
    const struct pm_pattern *pattern;
    const uint8_t *subject;
    size_t n;
    struct pm_capture *captures; /* NULL: nobody asks */
};

static void capture(const struct match *m, const struct element *e, size_t at, size_t n)
{
    if (m->captures && e->value >= 0)
        m->captures[e->value] = (struct pm_capture){at, n};
}

/* Fit the elements from *i up to the next run, at *at; both move on. */
static bool fit(const struct match *m, size_t *i, size_t *at)
{
    const struct pm_pattern *p = m->pattern;
    for (; *i < p->n_elements && !is_run(&p->elements[*i]); ++*i) {
        const struct element *e = &p->elements[*i];
        size_t left = m->n - *at, n = e->n;
        if (e->kind == LITERAL && (n > left || memcmp(m->subject + *at, p->bytes + e->at, n) != 0))
            return false;
        if (e->kind == VALUE && (n = take(e, m->subject + *at, left)) == 0)
            return false;
        capture(m, e, *at, n);
        *at += n;
    }
    return true;
}

bool pm_pattern_match(const struct pm_pattern *p, const uint8_t *subject, size_t n, struct pm_capture *captures)
{
    struct match m = {p, subject, n, captures};
    size_t i = 0, at = 0;
    if (!fit(&m, &i, &at))
        return false;
    while (i < p->n_elements) { /* a run: it ends where what is behind it fits for the first time */
        const struct element *run = &p->elements[i];
        size_t from = at, end = at, next = i + 1, behind = n;
        bool last = next == p->n_elements;
        for (; !last; end++) {
            next = i + 1;
            behind = end;
            if (fit(&m, &next, &behind) && (next < p->n_elements || behind == n))
                break;
            if (end == n)
                return false;
        }
        end = last ? n : end;
        capture(&m, run, from, end - from);
        i = next;
        at = behind;
    }
    return at == n;
}

size_t pm_pattern_longest(const struct pm_pattern *p)
{
    size_t longest = 0;
    for (size_t i = 0; i < p->n_elements; i++) {
        const struct element *e = &p->elements[i];
        size_t size = pm_value_size(e->type), value = e->width ? e->width : PM_NUMBER_MAX;
        if (is_run(e) || e->width == REST)
            return 0;
        longest += e->kind == LITERAL ? e->n : size ? size * value : value;
    }
    return longest;
}

ssize_t pm_pattern_find(const struct pm_pattern *p, const uint8_t *subject, size_t n, size_t from)
{
    struct match m = {p, subject, n, NULL};
    for (; from < n; from++) {
        size_t i = 0, at = from;
        if (fit(&m, &i, &at) && i == p->n_elements && at > from)
            return (ssize_t)at;
    }
    return -1;
}
