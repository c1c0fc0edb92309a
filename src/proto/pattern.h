/* pattern.h - what an answer in text looks like, and where its values are: matched in bounded time, whatever comes. */
#ifndef PM_PROTO_PATTERN_H
#define PM_PROTO_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A pattern is text in which `{name:type}` or `{name:type:width}` stands for a value, `{}` for any bytes:
 *
 *     {address:int:2}{state:char}{volume:float}{unit:word}        \x01\x03{n:u8}{registers:u16be:*}
 *
 * The width of a text is in bytes; of binary numbers it is how many there are, `*` at the end as many as come.
 * `\r \n \t \0 \\ \{ \} \xNN` are bytes. Without a type it is text: any bytes up to where what follows fits for the
 * first time. All other values take as many bytes as can belong to them, and never give one back; so matching needs no
 * search but for where each text ends, and takes at most (bytes of the subject) x (bytes of the pattern) steps. */

enum pm_value_type {
    PM_VALUE_TEXT,  /* any bytes */
    PM_VALUE_INT,   /* sign and digits */
    PM_VALUE_FLOAT, /* sign, digits, point, exponent */
    PM_VALUE_HEX,   /* hexadecimal digits */
    PM_VALUE_WORD,  /* visible characters other than , ; : = and quotes */
    PM_VALUE_CHAR,  /* one byte */
    PM_VALUE_U8,    /* binary numbers, from here on */
    PM_VALUE_I8,
    PM_VALUE_U16LE,
    PM_VALUE_U16BE,
    PM_VALUE_I16LE,
    PM_VALUE_I16BE,
    PM_VALUE_U32LE,
    PM_VALUE_U32BE,
    PM_VALUE_I32LE,
    PM_VALUE_I32BE,
    PM_VALUE_F32LE,
    PM_VALUE_F32BE,
    PM_VALUE_BITS, /* a byte is eight of them, the lowest first */
    PM_VALUE_TYPES
};

enum {
    PM_PATTERN_MAX = 1024,        /* bytes of a pattern as it is written */
    PM_PATTERN_ELEMENTS_MAX = 64, /* literals and values */
    PM_PATTERN_VALUES_MAX = 24,
    PM_VALUE_NAME_MAX = 32, /* bytes of a value's name */
    PM_NUMBER_MAX = 32      /* bytes of a number or word of free width */
};

struct pm_pattern;

/* The word for a type; and the way back, false for none. */
const char *pm_value_type_name(enum pm_value_type type);
bool pm_value_type_of(const char *word, size_t n, enum pm_value_type *ret);

/* Bytes of one binary number; 0 for text. */
size_t pm_value_size(enum pm_value_type type);

/* A binary number of these pm_value_size() bytes, and back: integers exactly, floats as near as they come. */
double pm_value_read(enum pm_value_type type, const uint8_t *p);
void pm_value_write(enum pm_value_type type, double value, uint8_t *p);

/* The least and the greatest that the type holds. */
void pm_value_range(enum pm_value_type type, double *least, double *greatest);

/* Where a value was found. */
struct pm_capture {
    size_t at, n;
};

/* Read n bytes of pattern. 0; -EINVAL: *bad is the offset of what is wrong and *why says it in words; -E2BIG; -ENOMEM.
 * The caller owns *ret: pm_pattern_free(). */
int pm_pattern_new(const char *text, size_t n, struct pm_pattern **ret, size_t *bad, const char **why);
struct pm_pattern *pm_pattern_free(struct pm_pattern *p);

/* Values with a name, in order. */
size_t pm_pattern_values(const struct pm_pattern *p);
const char *pm_pattern_value_name(const struct pm_pattern *p, size_t i);
enum pm_value_type pm_pattern_value_type(const struct pm_pattern *p, size_t i);

/* Binary, and not exactly one. */
bool pm_pattern_value_is_list(const struct pm_pattern *p, size_t i);

/* Does the pattern fit all of the subject? `captures` has room for PM_PATTERN_VALUES_MAX; only true makes them good. */
bool pm_pattern_match(const struct pm_pattern *p, const uint8_t *subject, size_t n, struct pm_capture *captures);

/* Bytes that it fits at most; 0: no bound, since it holds text of free width. */
size_t pm_pattern_longest(const struct pm_pattern *p);

/* For one with a bound: the end of its first occurrence that begins at `from` or behind, or -1. */
ssize_t pm_pattern_find(const struct pm_pattern *p, const uint8_t *subject, size_t n, size_t from);

/* The backslash escapes of patterns and templates: one character at *text, which moves on. -EINVAL: there is no such
 * escape. */
int pm_escape_read(const char **text, const char *end);

#endif
