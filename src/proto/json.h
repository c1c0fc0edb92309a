/* json.h - a JSON scanner (RFC 8259) for hot events: checks a text once and walks it in place; no tree, no memory. */
#ifndef PM_PROTO_JSON_H
#define PM_PROTO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PM_JSON_DEPTH_MAX = 64 }; /* the most that a `depth` argument may say */

/* How large a text may be that becomes a tree, beside its bytes. */
struct pm_json_limits {
    unsigned depth;   /* arrays and objects inside each other */
    unsigned members; /* of objects, with arrays and objects themselves: what costs more memory than its text */
};

enum pm_json_type {
    PM_JSON_OBJECT,
    PM_JSON_ARRAY,
    PM_JSON_STRING,
    PM_JSON_NUMBER,
    PM_JSON_TRUE,
    PM_JSON_FALSE,
    PM_JSON_NULL,
};

/* A value that pm_json_scan() found correct, or a part of one. Its text is borrowed: quotes or brackets are in it,
 * white space around it is not. */
struct pm_json {
    enum pm_json_type type;
    const char *p;
    size_t n;
    unsigned members; /* in it at any depth, counted as limits do; of what pm_json_scan() itself gave */
};

/* Check the value at the start of [p, p+n), white space before it allowed, with at most `depth` arrays and objects
 * inside each other. Not recursive. Returns the bytes up to the end of the value, -EPROTO (not JSON, or it ends too
 * early) or -E2BIG (nested deeper). The caller has checked that the text is UTF-8. Escapes of lone surrogates are
 * accepted, since JavaScript writes them; control characters in strings are not. */
ssize_t pm_json_scan(const char *p, size_t n, unsigned depth, struct pm_json *ret);

/* The same, where nothing but white space may follow. 0, -EPROTO or -E2BIG. And within limits, for what becomes a tree.
 */
int pm_json_check(const char *p, size_t n, unsigned depth, struct pm_json *ret);
int pm_json_admit(const char *p, size_t n, const struct pm_json_limits *limits, struct pm_json *ret);

/* The first of checked values that stand in a row, as the arguments of an event do; false if there is none. */
bool pm_json_first(const char *p, size_t n, struct pm_json *ret);

/* Walk over a checked array or object, from *at = 0; false at the end. */
bool pm_json_element(const struct pm_json *array, size_t *at, struct pm_json *ret);
bool pm_json_member(const struct pm_json *object, size_t *at, struct pm_json *ret_key, struct pm_json *ret_value);

/* Where the next item of a checked array or object starts, at such a place of a walk; NULL at its end. Unlike the walk
 * itself it does not read the item. */
const char *pm_json_next(const struct pm_json *whole, size_t at);

/* The last member of that name, as JavaScript has it; false if there is none. */
bool pm_json_get(const struct pm_json *object, const char *name, struct pm_json *ret);

/* Unescape a string into out (at most `room` bytes, no terminator, NUL may be inside; a lone surrogate becomes U+FFFD).
 * Returns the length, or -ENOBUFS. */
ssize_t pm_json_string(const struct pm_json *string, char *out, size_t room);

/* Is the string this text? Escapes are understood. */
bool pm_json_equals(const struct pm_json *string, const char *text);

/* A number without fraction and exponent. 0, -EINVAL (not such a number), -ERANGE (beyond int64_t). */
int pm_json_integer(const struct pm_json *number, int64_t *ret);

/* Bytes that pm_json_quote() writes at most. */
static inline size_t pm_json_quoted_max(size_t n)
{
    return 6 * n + 2;
}

/* Write n bytes of UTF-8 as a string with its quotes: control characters, quote and backslash escaped. Returns the
 * length. What needs no escape is copied eight bytes at a time. */
size_t pm_json_quote(const char *p, size_t n, char *out);

#endif
