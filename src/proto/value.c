/* value.c - binary numbers of patterns and templates; see pattern.h. */
#include "proto/pattern.h"

#include <assert.h>
#include <string.h>

/* How a type lies in memory. */
struct form {
    uint8_t bytes;
    bool is_signed, big_endian, is_float;
};

static struct form form_of(enum pm_value_type type)
{
    static const struct form forms[PM_VALUE_TYPES] = {
        [PM_VALUE_U8] = {.bytes = 1},
        [PM_VALUE_I8] = {.bytes = 1, .is_signed = true},
        [PM_VALUE_U16LE] = {.bytes = 2},
        [PM_VALUE_U16BE] = {.bytes = 2, .big_endian = true},
        [PM_VALUE_I16LE] = {.bytes = 2, .is_signed = true},
        [PM_VALUE_I16BE] = {.bytes = 2, .is_signed = true, .big_endian = true},
        [PM_VALUE_U32LE] = {.bytes = 4},
        [PM_VALUE_U32BE] = {.bytes = 4, .big_endian = true},
        [PM_VALUE_I32LE] = {.bytes = 4, .is_signed = true},
        [PM_VALUE_I32BE] = {.bytes = 4, .is_signed = true, .big_endian = true},
        [PM_VALUE_F32LE] = {.bytes = 4, .is_signed = true, .is_float = true},
        [PM_VALUE_F32BE] = {.bytes = 4, .is_signed = true, .big_endian = true, .is_float = true},
        [PM_VALUE_BITS] = {.bytes = 1},
    };
    return forms[type];
}

size_t pm_value_size(enum pm_value_type type)
{
    return form_of(type).bytes;
}

static unsigned shift(struct form f, unsigned i)
{
    return 8 * (f.big_endian ? f.bytes - 1u - i : i);
}

double pm_value_read(enum pm_value_type type, const uint8_t *p)
{
    struct form f = form_of(type);
    uint32_t raw = 0;
    float number;
    for (unsigned i = 0; i < f.bytes; i++)
        raw |= (uint32_t)p[i] << shift(f, i);
    if (f.is_float) {
        memcpy(&number, &raw, sizeof(number));
        return number;
    }
    assert(f.bytes > 0); /* every type has a form */
    uint32_t sign = UINT32_C(1) << (8 * f.bytes - 1);
    return f.is_signed && raw & sign ? (double)raw - 2.0 * sign : raw;
}

void pm_value_write(enum pm_value_type type, double value, uint8_t *p)
{
    struct form f = form_of(type);
    float number = (float)value;
    uint32_t raw;
    if (f.is_float)
        memcpy(&raw, &number, sizeof(raw));
    else
        raw = (uint32_t)(int64_t)value;
    for (unsigned i = 0; i < f.bytes; i++)
        p[i] = (uint8_t)(raw >> shift(f, i));
}

void pm_value_range(enum pm_value_type type, double *least, double *greatest)
{
    struct form f = form_of(type);
    double all = (double)(UINT64_C(1) << (8 * f.bytes));
    *least = f.is_float ? -3.4028234663852886e38 : f.is_signed ? -all / 2 : 0;
    *greatest = f.is_float ? 3.4028234663852886e38 : f.is_signed ? all / 2 - 1 : all - 1;
}
