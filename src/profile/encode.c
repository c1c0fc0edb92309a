/* encode.c - a command as bytes: its template, the checksum, and what goes around every command of the device. */
#include "profile/profile_private.h"

#include "proto/stuffing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int add_marker(const struct pm_marker *m, struct pm_bytes *out)
{
    return pm_bytes_append(out, m->bytes, m->n);
}

static int add_checksum(const struct pm_profile_checksum *c, const uint8_t *p, size_t n, struct pm_bytes *out)
{
    size_t bytes = pm_checksum_bytes(&c->sum), from = c->from < n ? c->from : n;
    if (bytes == 0)
        return 0;
    uint32_t sum = pm_checksum_of(&c->sum, p + from, n - from);
    char text[9];
    uint8_t raw[4];
    int error = add_marker(&c->before, out);
    if (c->hex)
        snprintf(text, sizeof(text), "%0*X", (int)(2 * bytes), (unsigned)sum);
    for (size_t i = 0; i < bytes; i++)
        raw[i] = (uint8_t)(sum >> 8 * (c->big_endian ? bytes - 1 - i : i));
    return error < 0 ? error : pm_bytes_append(out, c->hex ? (const void *)text : raw, c->hex ? 2 * bytes : bytes);
}

static int stuff(enum pm_framing_kind how, struct pm_bytes *b)
{
    struct pm_bytes plain = *b;
    size_t bound = how == PM_FRAMING_COBS ? pm_cobs_bound(plain.n) : pm_slip_bound(plain.n);
    *b = pm_bytes_empty(plain.max);
    int error = pm_bytes_reserve(b, bound);
    if (error == 0)
        b->n = how == PM_FRAMING_COBS ? pm_cobs_encode(plain.p, plain.n, b->p) : pm_slip_encode(plain.p, plain.n, b->p);
    pm_bytes_fini(&plain);
    return error;
}

static int add_length(const struct pm_profile_wrap *w, size_t n, struct pm_bytes *out)
{
    uint8_t field[4];
    double value = (double)n + w->length_add, least, greatest;
    pm_value_range(w->length_type, &least, &greatest);
    if (value < least || value > greatest)
        return -ENOBUFS;
    pm_value_write(w->length_type, value, field);
    return pm_bytes_append(out, field, pm_value_size(w->length_type));
}

int pm_profile_wrap(const struct pm_profile *p, const uint8_t *content, size_t n, struct pm_bytes *out)
{
    const struct pm_profile_wrap *w = &p->wrap;
    bool stuffed = w->stuffing == PM_FRAMING_COBS || w->stuffing == PM_FRAMING_SLIP;
    struct pm_bytes inner = pm_bytes_empty(PM_PROFILE_SEND_MAX);
    int error = pm_bytes_append(&inner, content, n);
    if (error == 0)
        error = add_checksum(&p->checksum, content, n, &inner);
    if (error == 0 && stuffed)
        error = stuff(w->stuffing, &inner);
    if (error == 0)
        error = add_marker(&w->before, out);
    if (error == 0 && w->length)
        error = add_length(w, inner.n, out);
    if (error == 0)
        error = pm_bytes_append(out, inner.p, inner.n);
    if (error == 0)
        error = add_marker(&w->after, out);
    pm_bytes_fini(&inner);
    return error;
}

int pm_profile_encode(const struct pm_profile *p, const struct pm_profile_command *c, const json_t *args,
                      struct pm_bytes *out)
{
    if (c->raw)
        return pm_template_write(c->send, args, out);
    struct pm_bytes content = pm_bytes_empty(PM_PROFILE_SEND_MAX);
    int error = pm_template_write(c->send, args, &content);
    if (error == 0)
        error = pm_profile_wrap(p, content.p, content.n, out);
    pm_bytes_fini(&content);
    return error;
}

static int add_argument(struct pm_command_frame *f, const json_t *v)
{
    double value = json_is_boolean(v) ? json_is_true(v) : json_number_value(v);
    if (f->n_args == PM_COMMAND_ARGS_MAX)
        return -E2BIG;
    f->args[f->n_args++] = (int32_t)value;
    return 0;
}

int pm_profile_frame(const struct pm_profile_command *c, const json_t *args, struct pm_command_frame *ret)
{
    int error = 0;
    ret->id = (uint16_t)c->id;
    ret->n_args = 0;
    for (size_t i = 0; i < c->n_arguments && error == 0; i++) {
        const json_t *v = json_object_get(args, c->arguments[i].name);
        for (size_t at = 0; at < json_array_size(v) && error == 0; at++)
            error = add_argument(ret, json_array_get(v, at));
        if (!json_is_array(v))
            error = add_argument(ret, v);
    }
    return error;
}
