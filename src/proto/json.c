/* json.c - see json.h. One pass over the text; what is open is kept as bits of an integer. */
#include "proto/json.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Bytes that end the plain run of a string: quote, backslash, control characters. */
static bool is_special(unsigned char c)
{
    return c == '"' || c == '\\' || c < 0x20;
}

/* How many of the eight bytes at p come before the first special one. Each test sets the top bit of a byte that is
 * special, and perhaps of ones behind it: the first is right. */
static size_t plain_of_8(const char *p)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t v;
    memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    uint64_t control = (v - ones * 0x20) & ~v;
    uint64_t quote = v ^ ones * '"', slash = v ^ ones * '\\';
    quote = (quote - ones) & ~quote;
    slash = (slash - ones) & ~slash;
    uint64_t special = (control | quote | slash) & tops;
    return special ? (size_t)__builtin_ctzll(special) / 8 : 8;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits at p, or -1. */
static int32_t hex4(const char *p)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex(p[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* p stands behind the opening quote. Returns what is behind the closing one, or NULL. */
static const char *skip_string(const char *p, const char *end)
{
    for (;;) {
        size_t n = 8;
        while (n == 8 && end - p >= 8) {
            n = plain_of_8(p);
            p += n;
        }
        while (n == 8 && p < end && !is_special((unsigned char)*p))
            p++;
        if (p == end || (unsigned char)*p < 0x20)
            return NULL;
        if (*p++ == '"')
            return p;
        if (p == end)
            return NULL;
        if (*p == 'u') {
            if (end - p < 5 || hex4(p + 1) < 0)
                return NULL;
            p += 5;
        } else if (*p != 0 && strchr("\"\\/bfnrt", *p)) {
            p++;
        } else {
            return NULL;
        }
    }
}

static const char *skip_digits(const char *p, const char *end)
{
    const char *start = p;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p == start ? NULL : p;
}

static const char *skip_number(const char *p, const char *end)
{
    if (*p == '-')
        p++;
    if (p < end && *p == '0')
        p++;
    else
        p = skip_digits(p, end);
    if (p && p < end && *p == '.')
        p = skip_digits(p + 1, end);
    if (p && p < end && (*p | 0x20) == 'e') {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        p = skip_digits(p, end);
    }
    return p;
}

static const char *skip_word(const char *p, const char *end, const char *word, size_t n)
{
    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}

/* A value that is neither array nor object. */
static const char *skip_scalar(const char *p, const char *end, enum pm_json_type *ret_type)
{
    switch (*p) {
    case '"':
        *ret_type = PM_JSON_STRING;
        return skip_string(p + 1, end);
    case 't':
        *ret_type = PM_JSON_TRUE;
        return skip_word(p, end, "true", 4);
    case 'f':
        *ret_type = PM_JSON_FALSE;
        return skip_word(p, end, "false", 5);
    case 'n':
        *ret_type = PM_JSON_NULL;
        return skip_word(p, end, "null", 4);
    default:
        *ret_type = PM_JSON_NUMBER;
        return *p == '-' || (*p >= '0' && *p <= '9') ? skip_number(p, end) : NULL;
    }
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* p stands at a key. Returns what is behind the colon, or NULL. */
static const char *skip_key(const char *p, const char *end)
{
    if (p == end || *p != '"' || !(p = skip_string(p + 1, end)))
        return NULL;
    p = skip_space(p, end);
    return p < end && *p == ':' ? skip_space(p + 1, end) : NULL;
}

/* Behind a value: close what ends here. Returns where the next value starts, or NULL; *open is 0 when all is closed. */
static const char *skip_between(const char *p, const char *end, uint64_t kinds, unsigned *open, unsigned *members)
{
    while (*open > 0) {
        bool object = kinds >> (*open - 1) & 1;
        p = skip_space(p, end);
        if (p == end)
            return NULL;
        if (*p == ',') {
            p = skip_space(p + 1, end);
            *members += object;
            return object ? skip_key(p, end) : p;
        }
        if (*p++ != (object ? '}' : ']'))
            return NULL;
        --*open;
    }
    return p;
}

ssize_t pm_json_scan(const char *start, size_t n, unsigned depth, struct pm_json *ret)
{
    assert(depth <= PM_JSON_DEPTH_MAX);
    if (n == 0)
        return -EPROTO; /* the text may be no pointer at all */
    const char *end = start + n, *p = skip_space(start, end), *first = p;
    enum pm_json_type type, outer = PM_JSON_NULL;
    uint64_t kinds = 0; /* bit i: what is open at depth i is an object */
    unsigned open = 0, members = 0;
    do {
        if (!p || p == end)
            return -EPROTO;
        bool object = *p == '{';
        if (!object && *p != '[') {
            p = skip_scalar(p, end, &type);
            if (open == 0)
                outer = type;
        } else {
            if (open == depth)
                return -E2BIG;
            if (open == 0)
                outer = object ? PM_JSON_OBJECT : PM_JSON_ARRAY;
            kinds = (kinds & ~((uint64_t)1 << open)) | (uint64_t)object << open;
            open++;
            members++;
            p = skip_space(p + 1, end);
            if (p == end)
                return -EPROTO;
            if (*p != (object ? '}' : ']')) {
                members += object;
                if (object)
                    p = skip_key(p, end);
                continue;
            }
            p++;
            open--;
        }
        if (p)
            p = skip_between(p, end, kinds, &open, &members);
    } while (!p || open > 0);
    *ret = (struct pm_json){outer, first, (size_t)(p - first), members};
    return p - start;
}

int pm_json_check(const char *p, size_t n, unsigned depth, struct pm_json *ret)
{
    ssize_t used = pm_json_scan(p, n, depth, ret);
    if (used < 0)
        return (int)used;
    return skip_space(p + used, p + n) == p + n ? 0 : -EPROTO;
}

int pm_json_admit(const char *p, size_t n, const struct pm_json_limits *limits, struct pm_json *ret)
{
    int r = pm_json_check(p, n, limits->depth, ret);
    return r == 0 && ret->members > limits->members ? -E2BIG : r;
}

/* ---- walking: the text was checked, so only brackets and strings are looked at ---- */

static enum pm_json_type type_at(char first)
{
    switch (first) {
    case '{':
        return PM_JSON_OBJECT;
    case '[':
        return PM_JSON_ARRAY;
    case '"':
        return PM_JSON_STRING;
    case 't':
        return PM_JSON_TRUE;
    case 'f':
        return PM_JSON_FALSE;
    case 'n':
        return PM_JSON_NULL;
    default:
        return PM_JSON_NUMBER;
    }
}

/* p stands behind the opening quote. Returns what is behind the closing one: the next quote, if no backslash stands
 * before it. */
static const char *pass_string(const char *p, const char *end)
{
    const char *quote = memchr(p, '"', (size_t)(end - p));
    assert(quote);
    return quote[-1] == '\\' ? skip_string(p, end) : quote + 1;
}

/* p stands at an opening bracket. Returns what is behind the closing one. */
static const char *pass_brackets(const char *p, const char *end)
{
    unsigned open = 0;
    do {
        assert(p < end);
        char c = *p++;
        if (c == '"')
            p = pass_string(p, end);
        else if (c == '{' || c == '[')
            open++;
        else if (c == '}' || c == ']')
            open--;
    } while (open > 0);
    return p;
}

static const char *pass_word(const char *p, const char *end)
{
    while (p < end && *p != ',' && *p != ']' && *p != '}' && (unsigned char)*p > ' ')
        p++;
    return p;
}

static struct pm_json value_at(const char *p, const char *end)
{
    struct pm_json value = {type_at(*p), p, 0, 0};
    const char *behind = value.type == PM_JSON_STRING  ? pass_string(p + 1, end)
                         : value.type <= PM_JSON_ARRAY ? pass_brackets(p, end)
                                                       : pass_word(p, end);
    value.n = (size_t)(behind - p);
    return value;
}

bool pm_json_first(const char *p, size_t n, struct pm_json *ret)
{
    if (n == 0)
        return false; /* the text may be no pointer at all */
    const char *end = p + n;
    p = skip_space(p, end);
    if (p < end)
        *ret = value_at(p, end);
    return p < end;
}

const char *pm_json_next(const struct pm_json *whole, size_t at)
{
    const char *end = whole->p + whole->n - 1, *p = skip_space(whole->p + (at ? at : 1), end);
    if (p < end && at && *p == ',')
        p = skip_space(p + 1, end);
    return p < end ? p : NULL;
}

bool pm_json_element(const struct pm_json *array, size_t *at, struct pm_json *ret)
{
    assert(array->type == PM_JSON_ARRAY);
    const char *p = pm_json_next(array, *at);
    if (!p)
        return false;
    *ret = value_at(p, array->p + array->n - 1);
    *at = (size_t)(ret->p + ret->n - array->p);
    return true;
}

bool pm_json_member(const struct pm_json *object, size_t *at, struct pm_json *ret_key, struct pm_json *ret_value)
{
    assert(object->type == PM_JSON_OBJECT);
    const char *end = object->p + object->n - 1, *p = pm_json_next(object, *at);
    if (!p)
        return false;
    *ret_key = value_at(p, end);
    p = skip_space(p + ret_key->n, end);
    *ret_value = value_at(skip_space(p + 1, end), end);
    *at = (size_t)(ret_value->p + ret_value->n - object->p);
    return true;
}

bool pm_json_get(const struct pm_json *object, const char *name, struct pm_json *ret)
{
    struct pm_json key, value;
    bool found = false;
    for (size_t at = 0; pm_json_member(object, &at, &key, &value);) {
        if (!pm_json_equals(&key, name))
            continue;
        *ret = value;
        found = true;
    }
    return found;
}

static size_t put_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* The character of a \u escape whose digits stand at *p; a second escape is taken if it completes a pair. */
static uint32_t take_unicode(const char **p, const char *end)
{
    uint32_t c = (uint32_t)hex4(*p);
    *p += 4;
    if (c < 0xd800 || c > 0xdfff)
        return c;
    if (c < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
        uint32_t low = (uint32_t)hex4(*p + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *p += 6;
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return 0xfffd;
}

/* One character of a string, unescaped, into out (room for 4 bytes). Returns its bytes. */
static size_t take_character(const char **p, const char *end, char *out)
{
    static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
    char c = *(*p)++;
    if (c != '\\') {
        *out = c;
        return 1;
    }
    c = *(*p)++;
    if (c == 'u')
        return put_utf8(take_unicode(p, end), out);
    const char *letter = strchr(letters, c);
    *out = letter ? values[letter - letters] : c;
    return 1;
}

/* The usual case: what it says is what is written. */
static bool is_verbatim(const struct pm_json *string)
{
    return !memchr(string->p + 1, '\\', string->n - 2);
}

ssize_t pm_json_string(const struct pm_json *string, char *out, size_t room)
{
    assert(string->type == PM_JSON_STRING);
    const char *p = string->p + 1, *end = string->p + string->n - 1;
    size_t n = 0;
    if (is_verbatim(string)) {
        n = string->n - 2;
        if (n > room)
            return -ENOBUFS;
        memcpy(out, p, n);
        return (ssize_t)n;
    }
    while (p < end) {
        char c[4];
        size_t bytes = take_character(&p, end, c);
        if (bytes > room - n)
            return -ENOBUFS;
        memcpy(out + n, c, bytes);
        n += bytes;
    }
    return (ssize_t)n;
}

bool pm_json_equals(const struct pm_json *string, const char *text)
{
    assert(string->type == PM_JSON_STRING);
    const char *p = string->p + 1, *end = string->p + string->n - 1;
    size_t left = strlen(text);
    if (is_verbatim(string))
        return string->n - 2 == left && memcmp(p, text, left) == 0;
    while (p < end) {
        char c[4];
        size_t bytes = take_character(&p, end, c);
        if (bytes > left || memcmp(c, text, bytes) != 0)
            return false;
        text += bytes;
        left -= bytes;
    }
    return left == 0;
}

int pm_json_integer(const struct pm_json *number, int64_t *ret)
{
    assert(number->type == PM_JSON_NUMBER);
    const char *p = number->p, *end = p + number->n;
    bool negative = *p == '-';
    int64_t value = 0; /* kept negative: that range is the larger one */
    for (p += negative; p < end; p++) {
        if (*p < '0' || *p > '9')
            return -EINVAL;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, *p - '0', &value))
            return -ERANGE;
    }
    if (!negative && value == INT64_MIN)
        return -ERANGE;
    *ret = negative ? value : -value;
    return 0;
}

/* Write one byte of a string, escaped if it must be. Returns the bytes written. */
static size_t quote_byte(unsigned char c, char *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    if (c < 0x20) {
        memcpy(out, "\\u00", 4);
        out[4] = digits[c >> 4];
        out[5] = digits[c & 15];
        return 6;
    }
    if (c == '"' || c == '\\')
        out[at++] = '\\';
    out[at++] = (char)c;
    return at;
}

size_t pm_json_quote(const char *p, size_t n, char *out)
{
    const char *end = p + n;
    size_t at = 0;
    out[at++] = '"';
    while (p < end) {
        if (end - p >= 8) { /* what is written too much is overwritten: there is room for more than this */
            size_t plain = plain_of_8(p);
            memcpy(out + at, p, 8);
            at += plain;
            p += plain;
            if (plain == 8)
                continue;
        }
        at += quote_byte((unsigned char)*p++, out + at);
    }
    out[at++] = '"';
    return at;
}
