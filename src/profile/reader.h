/* reader.h - reads a JSON file by tables of members, and says of every mistake at which line and column it is. */
#ifndef PM_PROFILE_READER_H
#define PM_PROFILE_READER_H

#include "proto/json.h"

#include <jansson.h>

enum { PM_READER_DEPTH = 16, PM_READER_ERROR = 512 };

/* Where the reader is: the members and elements that lead there from the root. */
struct pm_reader_step {
    const char *key; /* NULL: an element */
    size_t index;
};

struct pm_reader {
    const char *text;
    size_t n;
    struct pm_json root;
    struct pm_reader_step steps[PM_READER_DEPTH];
    size_t depth;
    int error; /* the first one: -EINVAL or -ENOMEM; everything after it does nothing */
    char message[PM_READER_ERROR];
};

enum pm_member_type {
    PM_MEMBER_TEXT,    /* min to max bytes without NUL; with words, one of them */
    PM_MEMBER_INTEGER, /* min to max */
    PM_MEMBER_NUMBER,
    PM_MEMBER_BOOLEAN,
    PM_MEMBER_OBJECT,
    PM_MEMBER_ARRAY, /* min to max elements */
    PM_MEMBER_TEXTS, /* a text, or an array of up to max texts */
    PM_MEMBER_ANY
};

struct pm_member {
    const char *name;
    enum pm_member_type type;
    bool required;
    int64_t min, max;
    const char *const *words; /* ended by NULL */
};

/* Note what is wrong where the reader is. */
void pm_reader_fail(struct pm_reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, `offset` bytes into the text that is there. */
void pm_reader_fail_inside(struct pm_reader *r, size_t offset, const char *why);

/* Go into a member or element, and back. False: too deep. */
bool pm_reader_enter(struct pm_reader *r, const char *key, size_t index);
void pm_reader_leave(struct pm_reader *r);

/* Hold the object that the reader is at against its members, the last of which has no name. */
void pm_reader_check(struct pm_reader *r, const json_t *object, const struct pm_member *members);

#endif
