/* framing.c - a framing rule as requests give it. */
#include "api/api_private.h"
#include "api/deliver.h"
#include "api/profiled.h"
#include "api/table.h"

#include <errno.h>
#include <stdio.h>
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

static double number(const json_t *o, const char *name, double fallback)
{
    const json_t *v = json_object_get(o, name);
    return json_is_number(v) ? json_number_value(v) : fallback;
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

static bool read_kind(const char *word, enum pm_framing_kind *ret)
{
    for (unsigned i = 0; word && kind_words[i]; i++) {
        if (strcmp(kind_words[i], word) != 0)
            continue;
        *ret = (enum pm_framing_kind)i;
        return true;
    }
    return false;
}

int pm_framing_of_json(const json_t *v, struct pm_framing *ret)
{
    const json_t *o = json_is_object(v) ? v : NULL;
    const char *word = json_string_value(o ? json_object_get(o, "kind") : v);
    enum pm_framing_kind kind;
    if (!read_kind(word, &kind))
        return -EINVAL;
    *ret = (struct pm_framing){.kind = kind,
                               .max = (size_t)number(o, "max", PM_FRAMING_MAX_DEFAULT),
                               .size = (size_t)number(o, "size", 0),
                               .length_at = (uint8_t)number(o, "length-at", 0),
                               .length_bytes = (uint8_t)number(o, "length-bytes", 1),
                               .length_add = (int32_t)number(o, "length-add", 0),
                               .big_endian = json_is_true(json_object_get(o, "big-endian")),
                               .idle_us = (uint32_t)(number(o, "silence", 10) * 1000)};
    if (!read_marker(o, "start", &ret->start) || !read_marker(o, "end", &ret->end))
        return -EINVAL;
    return pm_framing_check(ret);
}

/* ---- as JSON ---- */

static void add_marker(json_t *o, const char *name, const struct pm_marker *m)
{
    char text[MARKER_TEXT_MAX + 1] = "";
    for (unsigned i = 0; i < m->n; i++)
        snprintf(text + 4 * i, 5, "\\x%02x", m->bytes[i]);
    if (m->n > 0)
        json_object_set_new(o, name, json_string(text));
}

json_t *pm_framing_json(const struct pm_framing *r)
{
    json_t *o = json_pack("{s:s, s:I}", "kind", kind_words[r->kind], "max", (json_int_t)r->max);
    add_marker(o, "start", &r->start);
    add_marker(o, "end", &r->end);
    if (r->kind == PM_FRAMING_FIXED)
        json_object_set_new(o, "size", json_integer((json_int_t)r->size));
    if (r->kind == PM_FRAMING_IDLE)
        json_object_set_new(o, "silence", json_real(r->idle_us / 1000.0));
    if (r->kind == PM_FRAMING_LENGTH)
        json_object_update_new(o, json_pack("{s:i, s:i, s:i, s:b}", "length-at", r->length_at, "length-bytes",
                                            r->length_bytes, "length-add", (int)r->length_add, "big-endian",
                                            r->big_endian));
    return o;
}

/* ---- what a reader gets ---- */

const char *const pm_deliver_words[] = {"bytes", "lines", "frames", "json", NULL};

void pm_call_delivery(const struct pm_call *call, struct pm_delivery *d)
{
    const json_t *framing = json_object_get(call->data, "framing");
    bool given = framing && !json_is_null(framing);
    enum pm_deliver_kind absent = given && d->kind == PM_DELIVER_BYTES ? PM_DELIVER_FRAMES : d->kind;
    d->kind = (enum pm_deliver_kind)pm_call_word(call, "deliver", pm_deliver_words, absent);
    d->ruled = given || (d->ruled && d->kind != PM_DELIVER_BYTES);
    if (given)
        pm_framing_of_json(framing, &d->rule); /* it was checked */
}

bool pm_call_can_deliver(const struct pm_call *call, const struct pm_delivery *d, const char *profile)
{
    static const char expected[] = "given, since no profile says how to cut";
    struct pm_framing rule;
    if (pm_delivery_rule(d, pm_profiled_find(call->api, profile), &rule) == 0)
        return true;
    pm_api_fail_with(call->request, PM_BAD_REQUEST, json_pack("{s:s, s:s}", "field", "framing", "expected", expected),
                     "\"framing\" must be %s.", expected);
    return false;
}
