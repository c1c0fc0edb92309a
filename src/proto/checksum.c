/* checksum.c - see checksum.h. CRCs go by half bytes: a table of 64 bytes in each, and none to build at every start. */
#include "proto/checksum.h"

#include <errno.h>
#include <string.h>

static uint32_t mask_of(const struct pm_checksum *c)
{
    return c->bits == 32 ? UINT32_MAX : (UINT32_C(1) << c->bits) - 1;
}

static uint32_t mirror(uint32_t value, unsigned bits)
{
    uint32_t out = 0;
    for (unsigned i = 0; i < bits; i++)
        out |= (value >> i & 1) << (bits - 1 - i);
    return out;
}

/* What four shifts make of the index; straight ones stand at the top of 32 bits, so that all widths are shifted alike.
 */
static void fill_table(struct pm_checksum *c)
{
    uint32_t straight = c->polynomial << (32 - c->bits), reflected = mirror(c->polynomial, c->bits);
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t r = c->reflected ? i : i << 28;
        for (int bit = 0; bit < 4; bit++) {
            if (c->reflected)
                r = r & 1 ? r >> 1 ^ reflected : r >> 1;
            else
                r = r >> 31 ? r << 1 ^ straight : r << 1;
        }
        c->table[i] = r;
    }
}

int pm_checksum_prepare(struct pm_checksum *c)
{
    bool width = c->bits == 8 || c->bits == 16 || c->bits == 32;
    if (c->kind == PM_CHECKSUM_NONE)
        return 0;
    if (c->kind >= PM_CHECKSUM_KINDS || !width || (c->kind == PM_CHECKSUM_XOR && c->bits != 8))
        return -EINVAL;
    uint32_t beyond = ~mask_of(c);
    if ((c->polynomial | c->initial | c->final_xor) & beyond || (c->kind == PM_CHECKSUM_CRC && c->polynomial == 0))
        return -EINVAL;
    if (c->kind == PM_CHECKSUM_CRC)
        fill_table(c);
    return 0;
}

static uint32_t crc(const struct pm_checksum *c, const uint8_t *p, size_t n)
{
    unsigned up = 32 - c->bits;
    uint32_t r = c->reflected ? mirror(c->initial, c->bits) : c->initial << up;
    for (size_t i = 0; i < n; i++) {
        if (c->reflected) {
            r = r >> 4 ^ c->table[(r ^ p[i]) & 15];
            r = r >> 4 ^ c->table[(r ^ p[i] >> 4) & 15];
        } else {
            r = r << 4 ^ c->table[(r >> 28 ^ p[i] >> 4) & 15];
            r = r << 4 ^ c->table[(r >> 28 ^ p[i]) & 15];
        }
    }
    return (c->reflected ? r : r >> up) ^ c->final_xor;
}

uint32_t pm_checksum_of(const struct pm_checksum *c, const uint8_t *p, size_t n)
{
    if (c->kind == PM_CHECKSUM_CRC)
        return crc(c, p, n);
    uint32_t value = c->initial;
    for (size_t i = 0; i < n; i++)
        value = c->kind == PM_CHECKSUM_XOR ? value ^ p[i] : value + p[i];
    value = c->negated ? 0 - value : value;
    return c->kind == PM_CHECKSUM_NONE ? 0 : (value ^ c->final_xor) & mask_of(c);
}

/* ---- names ---- */

static const struct {
    const char *name;
    struct pm_checksum is;
} named[] = {
    {"none", {.kind = PM_CHECKSUM_NONE}},
    {"sum-8", {.kind = PM_CHECKSUM_SUM, .bits = 8}},
    {"sum-16", {.kind = PM_CHECKSUM_SUM, .bits = 16}},
    {"lrc", {.kind = PM_CHECKSUM_SUM, .bits = 8, .negated = true}},
    {"xor-8", {.kind = PM_CHECKSUM_XOR, .bits = 8}},
    {"crc-8", {.kind = PM_CHECKSUM_CRC, .bits = 8, .polynomial = 0x07}},
    {"crc-8/maxim", {.kind = PM_CHECKSUM_CRC, .bits = 8, .polynomial = 0x31, .reflected = true}},
    {"crc-16/arc", {.kind = PM_CHECKSUM_CRC, .bits = 16, .polynomial = 0x8005, .reflected = true}},
    {"crc-16/modbus",
     {.kind = PM_CHECKSUM_CRC, .bits = 16, .polynomial = 0x8005, .initial = 0xffff, .reflected = true}},
    {"crc-16/ccitt-false", {.kind = PM_CHECKSUM_CRC, .bits = 16, .polynomial = 0x1021, .initial = 0xffff}},
    {"crc-16/xmodem", {.kind = PM_CHECKSUM_CRC, .bits = 16, .polynomial = 0x1021}},
    {"crc-16/kermit", {.kind = PM_CHECKSUM_CRC, .bits = 16, .polynomial = 0x1021, .reflected = true}},
    {"crc-32",
     {.kind = PM_CHECKSUM_CRC,
      .bits = 32,
      .polynomial = 0x04c11db7,
      .initial = UINT32_MAX,
      .final_xor = UINT32_MAX,
      .reflected = true}},
    {"crc-32/mpeg-2", {.kind = PM_CHECKSUM_CRC, .bits = 32, .polynomial = 0x04c11db7, .initial = UINT32_MAX}},
};

enum { NAMED = sizeof(named) / sizeof(named[0]) };

const char *pm_checksum_name(size_t i)
{
    return i < NAMED ? named[i].name : NULL;
}

bool pm_checksum_named(const char *name, struct pm_checksum *ret)
{
    for (size_t i = 0; i < NAMED; i++) {
        if (strcmp(named[i].name, name) == 0) {
            *ret = named[i].is;
            return pm_checksum_prepare(ret) == 0;
        }
    }
    return false;
}
