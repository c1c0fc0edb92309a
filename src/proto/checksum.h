/* checksum.h - the checksums that devices put behind their messages: sums, XOR, and CRCs by polynomial. */
#ifndef PM_PROTO_CHECKSUM_H
#define PM_PROTO_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pm_checksum_kind { PM_CHECKSUM_NONE, PM_CHECKSUM_SUM, PM_CHECKSUM_XOR, PM_CHECKSUM_CRC, PM_CHECKSUM_KINDS };

/* One checksum, in the terms of the CRC catalogues. Fill it and call pm_checksum_prepare(), or take a named one. */
struct pm_checksum {
    enum pm_checksum_kind kind;
    uint8_t bits;   /* 8, 16 or 32; XOR has 8 */
    bool reflected; /* CRC: the lowest bit of a byte first */
    bool negated;   /* sum: what makes the whole 0, as Modbus ASCII and many meters have it */
    uint32_t polynomial, initial, final_xor;
    uint32_t table[16]; /* made by pm_checksum_prepare() */
};

/* 0, or -EINVAL for what no such checksum is. */
int pm_checksum_prepare(struct pm_checksum *c);

/* The one of this name, such as "crc-16/modbus", prepared. False if there is none. */
bool pm_checksum_named(const char *name, struct pm_checksum *ret);

/* The name of the i-th that has one, or NULL behind the last. */
const char *pm_checksum_name(size_t i);

/* Bytes that the checksum takes: 0, 1, 2 or 4. */
static inline size_t pm_checksum_bytes(const struct pm_checksum *c)
{
    return c->kind == PM_CHECKSUM_NONE ? 0 : c->bits / 8u;
}

/* The checksum of these bytes. */
uint32_t pm_checksum_of(const struct pm_checksum *c, const uint8_t *p, size_t n);

#endif
