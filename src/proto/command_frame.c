/* command_frame.c - see command_frame.h. */
#include "proto/command_frame.h"

#include "proto/checksum.h"
#include "proto/stuffing.h"

#include <errno.h>

static void put(uint8_t *p, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get(const uint8_t *p, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint32_t)p[i] << (8 * i);
    return value;
}

static uint32_t crc_of(const uint8_t *p, size_t n)
{
    struct pm_checksum crc;
    pm_checksum_named("crc-16/ccitt-false", &crc);
    return pm_checksum_of(&crc, p, n);
}

size_t pm_command_encode(const struct pm_command_frame *f, uint8_t out[PM_COMMAND_WIRE_MAX])
{
    uint8_t plain[PM_COMMAND_PLAIN_MAX] = {PM_COMMAND_VERSION, f->sequence};
    size_t n = PM_COMMAND_HEAD;
    put(plain + 2, f->id, 2);
    plain[4] = f->n_args;
    for (unsigned i = 0; i < f->n_args; i++, n += 4)
        put(plain + n, (uint32_t)f->args[i], 4);
    put(plain + n, crc_of(plain, n), PM_COMMAND_CRC);
    n = pm_cobs_encode(plain, n + PM_COMMAND_CRC, out);
    out[n] = PM_COBS_DELIMITER;
    return n + 1;
}

int pm_command_decode(const uint8_t *p, size_t n, struct pm_command_frame *ret)
{
    if (n < PM_COMMAND_HEAD + PM_COMMAND_CRC)
        return -EMSGSIZE;
    if (get(p + n - PM_COMMAND_CRC, PM_COMMAND_CRC) != crc_of(p, n - PM_COMMAND_CRC))
        return -EBADMSG;
    if (p[0] != PM_COMMAND_VERSION)
        return -EPROTONOSUPPORT;
    if (n != PM_COMMAND_HEAD + 4u * p[4] + PM_COMMAND_CRC)
        return -EMSGSIZE;
    ret->sequence = p[1];
    ret->id = (uint16_t)get(p + 2, 2);
    ret->n_args = p[4];
    for (unsigned i = 0; i < ret->n_args; i++)
        ret->args[i] = (int32_t)get(p + PM_COMMAND_HEAD + 4 * i, 4);
    return 0;
}
