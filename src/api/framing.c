/* framing.c - a framing rule as requests give it. */
#include "api/api_private.h"
#include "api/table.h"

#include <errno.h>
#include <string.h>

enum { MARKER_TEXT_MAX = 4 * PM_MARKER_MAX };

static const char *const kind_words[] = {"lines", "delimiter", "start-end", "length", "fixed",
                                         "idle",  "slip",      "cobs",      NULL};
static const char *const width_words[] = {"1", "2", "4", NULL};

const struct pm_arg pm_framing_members[] = {
    {"kind", PM_ARG_WORD, .required = true, .words = kind_words,
     .purpose = "what a frame is: a line; bytes up to `end`; bytes between `start` and `end`; as many as a field says; "
                "`size` bytes; bytes up to a silence; a SLIP or COBS frame"},
    {"start", PM_ARG_TEXT, .min = 1, .max = MARKER_TEXT_MAX,
     .purpose = "up to 8 bytes that each frame begins with; \\r, \\n and \\x02 stand for a byte"},
    {"end", PM_ARG_TEXT, .min = 1, .max = MARKER_TEXT_MAX, .purpose = "up to 8 bytes that end it"},
    {"size", PM_ARG_INTEGER, .min = 1, .max = PM_FRAME_MAX, .unit = "bytes"},
    {"length-at", PM_ARG_INTEGER, .min = 0, .max = PM_LENGTH_HEADER_MAX - 1, .unit = "bytes", .fallback = "0",
     .purpose = "where the length field is, from the frame's first byte"},
    {"length-bytes", PM_ARG_NUMBER, .words = width_words, .fallback = "1", .purpose = "how wide it is"},
    {"length-add", PM_ARG_INTEGER, .min = -PM_FRAME_MAX, .max = PM_FRAME_MAX, .unit = "bytes", .fallback = "0",
     .purpose = "its value and this are the bytes of the whole frame"},
    {"big-endian", PM_ARG_BOOLEAN, .fallback = "false"},
    {"silence", PM_ARG_NUMBER, .min = 0, .max = 10000, .unit = "milliseconds", .fallback = "10"},
    {"max", PM_ARG_INTEGER, .min = 1, .max = PM_FRAME_MAX, .unit = "bytes", .fallback = "4096",
     .purpose = "the longest frame"},
    {0},
};

static int64_t integer(const json_t *o, const char *name, int64_t fallback)
{
    const json_t *v = json_object_get(o, name);
    return json_is_integer(v) ? json_integer_value(v) : fallback;
}

static bool read_marker(const json_t *o, const char *name, struct pm_marker *ret)
{
    const json_t *v = json_object_get(o, name);
    const char *p = json_string_value(v), *end = p ? p + json_string_length(v) : NULL;
    while (p < end) {
        int byte = pm_escape_read(&p, end);
        if (byte < 0 || ret->n == PM_MARKER_MAX)
            return false;
        ret->bytes[ret->n++] = (uint8_t)byte;
    }
    return true;
}

static enum pm_framing_kind kind_of(const json_t *o)
{
    const char *word = json_string_value(json_object_get(o, "kind"));
    for (unsigned i = 0; word && kind_words[i]; i++) {
        if (strcmp(kind_words[i], word) == 0)
            return (enum pm_framing_kind)i;
    }
    return PM_FRAMING_LINES;
}

int pm_framing_of_json(const json_t *o, struct pm_framing *ret)
{
    const json_t *silence = json_object_get(o, "silence");
    *ret = (struct pm_framing){.kind = kind_of(o),
                               .max = (size_t)integer(o, "max", PM_FRAMING_MAX_DEFAULT),
                               .size = (size_t)integer(o, "size", 0),
                               .length_at = (uint8_t)integer(o, "length-at", 0),
                               .length_bytes = (uint8_t)integer(o, "length-bytes", 1),
                               .length_add = (int32_t)integer(o, "length-add", 0),
                               .big_endian = json_is_true(json_object_get(o, "big-endian")),
                               .idle_us = silence ? (uint32_t)(json_number_value(silence) * 1000) : 10000};
    if (!read_marker(o, "start", &ret->start) || !read_marker(o, "end", &ret->end))
        return -EINVAL;
    return pm_framing_check(ret);
}
