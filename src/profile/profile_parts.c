/* profile_parts.c - the parts of a profile that are no commands: frames, checksum, what goes around a command, the
 * line, pacing, and what the device is recognised by. */
#include "profile/profile_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- members ---- */

int64_t pm_file_integer(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *v = json_object_get(object, key);
    return v ? json_integer_value(v) : fallback;
}

const char *pm_file_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

bool pm_file_yes(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

bool pm_file_is(const json_t *object, const char *key, const char *word)
{
    const char *v = pm_file_text(object, key);
    return v && strcmp(v, word) == 0;
}

static void read_marker(struct pm_reader *r, const json_t *object, const char *key, struct pm_marker *ret)
{
    const json_t *v = json_object_get(object, key);
    const char *p = json_string_value(v), *start = p, *end = p ? p + json_string_length(v) : NULL;
    if (!v || r->error < 0 || !pm_reader_enter(r, key, 0))
        return;
    while (p < end && r->error == 0) {
        const char *here = p;
        int byte = pm_escape_read(&p, end);
        if (byte < 0)
            pm_reader_fail_inside(r, (size_t)(here - start),
                                  "there is no such escape: \\r \\n \\t \\0 \\\\ and \\xNN are known");
        else if (ret->n == PM_MARKER_MAX)
            pm_reader_fail_inside(r, (size_t)(here - start), "this is longer than 8 bytes");
        else
            ret->bytes[ret->n++] = (uint8_t)byte;
    }
    pm_reader_leave(r);
}

/* ---- framing, checksum, what is put around ---- */

static void read_frame(struct pm_reader *r, const json_t *o, struct pm_framing *ret)
{
    static const char *const kinds[] = {"lines", "delimiter", "start-end", "length", "fixed",
                                        "idle",  "slip",      "cobs",      NULL};
    static const struct pm_member members[] = {
        {"kind", PM_MEMBER_TEXT, .required = true, .min = 1, .max = 16, .words = kinds},
        {"start", PM_MEMBER_TEXT, .min = 1, .max = 32},
        {"end", PM_MEMBER_TEXT, .min = 1, .max = 32},
        {"size", PM_MEMBER_INTEGER, .min = 1, .max = PM_FRAME_MAX},
        {"length-at", PM_MEMBER_INTEGER, .min = 0, .max = PM_LENGTH_HEADER_MAX - 1},
        {"length-bytes", PM_MEMBER_INTEGER, .min = 1, .max = 4},
        {"length-add", PM_MEMBER_INTEGER, .min = -PM_FRAME_MAX, .max = PM_FRAME_MAX},
        {.name = "big-endian", .type = PM_MEMBER_BOOLEAN},
        {"silence", PM_MEMBER_NUMBER, .min = 0, .max = 10000},
        {"max", PM_MEMBER_INTEGER, .min = 1, .max = PM_FRAME_MAX},
        {0},
    };
    const json_t *silence = json_object_get(o, "silence");
    pm_reader_check(r, o, members);
    double silence_ms =
        silence && r->error == 0 ? json_number_value(silence) : 10; /* what was refused may be anything */
    *ret = (struct pm_framing){.max = (size_t)pm_file_integer(o, "max", 4096),
                               .size = (size_t)pm_file_integer(o, "size", 0),
                               .length_at = (uint8_t)pm_file_integer(o, "length-at", 0),
                               .length_bytes = (uint8_t)pm_file_integer(o, "length-bytes", 1),
                               .length_add = (int32_t)pm_file_integer(o, "length-add", 0),
                               .big_endian = pm_file_yes(o, "big-endian"),
                               .idle_us = (uint32_t)(silence_ms * 1000)};
    for (unsigned i = 0; kinds[i] && !pm_file_is(o, "kind", kinds[i]); i++)
        ret->kind = (enum pm_framing_kind)(i + 1);
    read_marker(r, o, "start", &ret->start);
    read_marker(r, o, "end", &ret->end);
    if (r->error == 0 && pm_framing_check(ret) < 0)
        pm_reader_fail(r, "frames of this kind need more, or other numbers: see docs/write-a-profile.md");
}

static void read_checksum(struct pm_reader *r, const json_t *o, struct pm_profile_checksum *ret)
{
    static const char *const encodings[] = {"binary", "hex", NULL}, *const orders[] = {"little", "big", NULL};
    static const struct pm_member members[] = {
        {"type", PM_MEMBER_TEXT, .min = 1, .max = 32},
        {"polynomial", PM_MEMBER_INTEGER, .min = 1, .max = UINT32_MAX},
        {"bits", PM_MEMBER_INTEGER, .min = 8, .max = 32},
        {"initial", PM_MEMBER_INTEGER, .min = 0, .max = UINT32_MAX},
        {"final-xor", PM_MEMBER_INTEGER, .min = 0, .max = UINT32_MAX},
        {.name = "reflected", .type = PM_MEMBER_BOOLEAN},
        {"encoding", PM_MEMBER_TEXT, .min = 1, .max = 16, .words = encodings},
        {"order", PM_MEMBER_TEXT, .min = 1, .max = 16, .words = orders},
        {"from", PM_MEMBER_INTEGER, .min = 0, .max = 64},
        {"before", PM_MEMBER_TEXT, .min = 1, .max = 32},
        {.name = "optional", .type = PM_MEMBER_BOOLEAN},
        {0},
    };
    pm_reader_check(r, o, members);
    ret->sum = (struct pm_checksum){.kind = PM_CHECKSUM_CRC,
                                    .bits = (uint8_t)pm_file_integer(o, "bits", 16),
                                    .reflected = pm_file_yes(o, "reflected"),
                                    .polynomial = (uint32_t)pm_file_integer(o, "polynomial", 0),
                                    .initial = (uint32_t)pm_file_integer(o, "initial", 0),
                                    .final_xor = (uint32_t)pm_file_integer(o, "final-xor", 0)};
    bool good = pm_file_text(o, "type") ? pm_checksum_named(pm_file_text(o, "type"), &ret->sum)
                                        : pm_checksum_prepare(&ret->sum) == 0;
    ret->hex = pm_file_is(o, "encoding", "hex");
    ret->big_endian = pm_file_is(o, "order", "big");
    ret->from = (size_t)pm_file_integer(o, "from", 0);
    ret->optional = pm_file_yes(o, "optional");
    read_marker(r, o, "before", &ret->before);
    if (r->error == 0 && !good)
        pm_reader_fail(
            r, "there is no such checksum: give a \"type\" (sum-8, xor-8, lrc, crc-16/modbus, …) or \"bits\" and "
               "\"polynomial\"");
    if (r->error == 0 && ret->optional && ret->before.n == 0)
        pm_reader_fail(r, "a checksum can be optional only if something stands \"before\" it");
}

static void read_wrap(struct pm_reader *r, const json_t *o, struct pm_profile_wrap *ret)
{
    static const char *const types[] = {"u8", "u16le", "u16be", NULL}, *const stuffings[] = {"slip", "cobs", NULL};
    static const struct pm_member members[] = {
        {"before", PM_MEMBER_TEXT, .min = 1, .max = 32},
        {"after", PM_MEMBER_TEXT, .min = 1, .max = 32},
        {"length", PM_MEMBER_TEXT, .min = 1, .max = 8, .words = types},
        {"length-add", PM_MEMBER_INTEGER, .min = -64, .max = 64},
        {"stuffing", PM_MEMBER_TEXT, .min = 1, .max = 8, .words = stuffings},
        {0},
    };
    pm_reader_check(r, o, members);
    read_marker(r, o, "before", &ret->before);
    read_marker(r, o, "after", &ret->after);
    ret->length = pm_file_text(o, "length") &&
                  pm_value_type_of(pm_file_text(o, "length"), strlen(pm_file_text(o, "length")), &ret->length_type);
    ret->length_add = (int32_t)pm_file_integer(o, "length-add", 0);
    if (pm_file_text(o, "stuffing"))
        ret->stuffing = pm_file_is(o, "stuffing", "slip") ? PM_FRAMING_SLIP : PM_FRAMING_COBS;
}

/* ---- the line, pacing, recognition ---- */

static void read_line(struct pm_reader *r, struct pm_profile *p)
{
    static const char *const parities[] = {"none", "even", "odd", "mark", "space", NULL},
                             *const flows[] = {"none", "rts-cts", "xon-xoff", NULL},
                             *const signals[] = {"keep", "on", "off", NULL};
    static const struct pm_member members[] = {
        {"baud-rate", PM_MEMBER_INTEGER, .min = 1, .max = 100000000},
        {"data-bits", PM_MEMBER_INTEGER, .min = 5, .max = 8},
        {"parity", PM_MEMBER_TEXT, .min = 1, .max = 8, .words = parities},
        {"stop-bits", PM_MEMBER_NUMBER, .min = 1, .max = 2},
        {"flow-control", PM_MEMBER_TEXT, .min = 1, .max = 8, .words = flows},
        {"dtr", PM_MEMBER_TEXT, .min = 1, .max = 8, .words = signals},
        {"rts", PM_MEMBER_TEXT, .min = 1, .max = 8, .words = signals},
        {0},
    };
    p->line = json_object_get(p->file, "line");
    if (!p->line || r->error < 0 || !pm_reader_enter(r, "line", 0))
        return;
    pm_reader_check(r, p->line, members);
    pm_reader_leave(r);
}

static void read_pacing(struct pm_reader *r, struct pm_profile *p)
{
    static const struct pm_member members[] = {{"gap", PM_MEMBER_INTEGER, .min = 0, .max = 10000},
                                               {"characters", PM_MEMBER_INTEGER, .min = 1, .max = 4096},
                                               {"pause", PM_MEMBER_INTEGER, .min = 1, .max = 10000},
                                               {0}};
    const json_t *o = json_object_get(p->file, "pacing");
    if (!o || r->error < 0 || !pm_reader_enter(r, "pacing", 0))
        return;
    pm_reader_check(r, o, members);
    p->gap_ms = (uint32_t)pm_file_integer(o, "gap", 0);
    p->piece = (size_t)pm_file_integer(o, "characters", 0);
    p->piece_ms = (uint32_t)pm_file_integer(o, "pause", 0);
    if (r->error == 0 && (p->piece == 0) != (p->piece_ms == 0))
        pm_reader_fail(r, "\"characters\" and \"pause\" belong together");
    pm_reader_leave(r);
}

static void read_recognise(struct pm_reader *r, struct pm_profile *p)
{
    static const struct pm_member members[] = {
        {"vendor", PM_MEMBER_INTEGER, .required = true, .min = 0, .max = UINT16_MAX},
        {"product", PM_MEMBER_INTEGER, .min = 0, .max = UINT16_MAX},
        {"text", PM_MEMBER_TEXT, .min = 1, .max = PM_PATTERN_MAX},
        {0}};
    const json_t *all = json_object_get(p->file, "recognise");
    if (!all || r->error < 0 || !pm_reader_enter(r, "recognise", 0))
        return;
    p->devices = calloc(json_array_size(all), sizeof(p->devices[0]));
    r->error = p->devices ? 0 : -ENOMEM;
    for (size_t i = 0; i < json_array_size(all) && r->error == 0 && pm_reader_enter(r, NULL, i); i++) {
        const json_t *o = json_array_get(all, i), *text = json_object_get(o, "text");
        struct pm_profile_device *d = &p->devices[p->n_devices++];
        pm_reader_check(r, o, members);
        d->vendor = (int)pm_file_integer(o, "vendor", -1);
        d->product = (int)pm_file_integer(o, "product", -1);
        if (text && r->error == 0 && pm_reader_enter(r, "text", 0)) {
            d->text = pm_profile_read_pattern(r, text);
            pm_reader_leave(r);
        }
        pm_reader_leave(r);
    }
    pm_reader_leave(r);
}

/* ---- devices on one bus ---- */

static void read_echo(struct pm_reader *r, struct pm_profile *p)
{
    p->echo = json_object_get(p->file, "echo");
    if (!p->echo || r->error < 0 || !pm_reader_enter(r, "echo", 0))
        return;
    for (size_t i = 0; i < json_array_size(p->echo) && pm_reader_enter(r, NULL, i); i++) {
        if (!json_is_string(json_array_get(p->echo, i)))
            pm_reader_fail(r, "an argument is known by its name");
        pm_reader_leave(r);
    }
    pm_reader_leave(r);
}

static bool has_value(const struct pm_alternatives *a, const char *name)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t v = 0; v < pm_pattern_values(a->patterns[i]); v++) {
            if (strcmp(pm_pattern_value_name(a->patterns[i], v), name) == 0)
                return true;
        }
    }
    return false;
}

static bool has_argument(const struct pm_profile_command *c, const char *name)
{
    for (size_t i = 0; i < c->n_arguments; i++) {
        if (strcmp(c->arguments[i].name, name) == 0)
            return true;
    }
    return false;
}

void pm_profile_read_agrees(struct pm_reader *r, const json_t *o, struct pm_profile_command *c)
{
    const char *key;
    json_t *value, *all = json_object_get(o, "agrees");
    if (!all || r->error < 0 || !pm_reader_enter(r, "agrees", 0))
        return;
    json_object_foreach(all, key, value)
    {
        if (r->error < 0 || !pm_reader_enter(r, key, 0))
            break;
        if (!has_value(&c->answer, key) && !has_value(&c->until, key))
            pm_reader_fail(r, "no answer of this command has this value");
        else if (json_object_get(c->values, key))
            pm_reader_fail(r, "a value with words or a factor is another than what was sent");
        else if (!json_is_string(value) || !has_argument(c, json_string_value(value)))
            pm_reader_fail(r, "an argument of this command is expected here");
        pm_reader_leave(r);
    }
    pm_reader_leave(r);
    c->agrees = all;
}

static void read_broadcast(struct pm_reader *r, struct pm_profile *p)
{
    static const struct pm_member members[] = {
        {"argument", PM_MEMBER_TEXT, .required = true, .min = 1, .max = PM_VALUE_NAME_MAX},
        {"value", PM_MEMBER_INTEGER, .required = true, .min = -PM_READER_INTEGER_MAX, .max = PM_READER_INTEGER_MAX},
        {"pause", PM_MEMBER_INTEGER, .min = 0, .max = 10000},
        {0}};
    const json_t *o = json_object_get(p->file, "broadcast");
    if (!o || r->error < 0 || !pm_reader_enter(r, "broadcast", 0))
        return;
    pm_reader_check(r, o, members);
    p->broadcast.argument = pm_file_text(o, "argument");
    p->broadcast.value = pm_file_integer(o, "value", 0);
    p->broadcast.pause_ms = (uint32_t)pm_file_integer(o, "pause", 0);
    pm_reader_leave(r);
}

/* ---- all of them ---- */

void pm_profile_read_parts(struct pm_reader *r, struct pm_profile *p)
{
    static const struct pm_member trim[] = {
        {"front", PM_MEMBER_INTEGER, .min = 0, .max = 64}, {"back", PM_MEMBER_INTEGER, .min = 0, .max = 64}, {0}};
    const json_t *file = p->file, *trims = json_object_get(file, "trim");
    if (json_object_get(file, "frame") && pm_reader_enter(r, "frame", 0)) {
        read_frame(r, json_object_get(file, "frame"), &p->frame);
        pm_reader_leave(r);
    }
    if (trims && pm_reader_enter(r, "trim", 0)) {
        pm_reader_check(r, trims, trim);
        p->trim_front = (size_t)pm_file_integer(trims, "front", 0);
        p->trim_back = (size_t)pm_file_integer(trims, "back", 0);
        pm_reader_leave(r);
    }
    if (json_object_get(file, "checksum") && pm_reader_enter(r, "checksum", 0)) {
        read_checksum(r, json_object_get(file, "checksum"), &p->checksum);
        pm_reader_leave(r);
    }
    if (json_object_get(file, "send") && pm_reader_enter(r, "send", 0)) {
        read_wrap(r, json_object_get(file, "send"), &p->wrap);
        pm_reader_leave(r);
    }
    read_line(r, p);
    read_pacing(r, p);
    read_recognise(r, p);
    read_echo(r, p);
    read_broadcast(r, p);
}
