/* stuffing.h - byte stuffing, so that one value can stand between frames and nowhere inside: COBS and SLIP. */
#ifndef PM_PROTO_STUFFING_H
#define PM_PROTO_STUFFING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    PM_COBS_DELIMITER = 0x00,
    PM_SLIP_END = 0xc0,
};

/* Bytes that pm_cobs_encode() and pm_slip_encode() write at most; neither writes the byte between frames. */
static inline size_t pm_cobs_bound(size_t n)
{
    return n + n / 254 + 1;
}

static inline size_t pm_slip_bound(size_t n)
{
    return 2 * n;
}

/* Consistent Overhead Byte Stuffing (Cheshire and Baker 1999): `out` holds no 0. Returns the length. `in` and `out`
 * must not overlap. */
size_t pm_cobs_encode(const uint8_t *in, size_t n, uint8_t *out);

/* The way back; at most n bytes are written. `out` may be `in`, or NULL to check alone. The length, or -EBADMSG for
 * what no encoder writes. */
ssize_t pm_cobs_decode(const uint8_t *in, size_t n, uint8_t *out);

/* Serial Line IP (RFC 1055): END and ESC inside are escaped. */
size_t pm_slip_encode(const uint8_t *in, size_t n, uint8_t *out);

/* The way back, as pm_cobs_decode(). -EBADMSG for an unknown escape. */
ssize_t pm_slip_decode(const uint8_t *in, size_t n, uint8_t *out);

#endif
