/* stuffing.c - see stuffing.h. */
#include "proto/stuffing.h"

#include <errno.h>
#include <string.h>

enum { COBS_FULL = 0xff, SLIP_ESC = 0xdb, SLIP_ESC_END = 0xdc, SLIP_ESC_ESC = 0xdd };

size_t pm_cobs_encode(const uint8_t *in, size_t n, uint8_t *out)
{
    size_t at = 0, from = 0;
    for (;;) {
        size_t room = n - from < COBS_FULL - 1 ? n - from : COBS_FULL - 1;
        const uint8_t *zero = room > 0 ? memchr(in + from, 0, room) : NULL;
        size_t run = zero ? (size_t)(zero - in) - from : room;
        out[at++] = (uint8_t)(run + 1);
        if (run > 0)
            memcpy(out + at, in + from, run);
        at += run;
        from += run;
        if (zero)
            from++; /* it is what the code byte stands for, and something follows it, be it nothing */
        else if (from == n)
            return at;
    }
}

ssize_t pm_cobs_decode(const uint8_t *in, size_t n, uint8_t *out)
{
    size_t at = 0;
    for (size_t from = 0; from < n;) {
        size_t code = in[from++], run = code - 1;
        if (code == 0 || run > n - from || memchr(in + from, 0, run))
            return -EBADMSG;
        if (out)
            memmove(out + at, in + from, run);
        at += run;
        from += run;
        if (code == COBS_FULL || from == n)
            continue;
        if (out)
            out[at] = 0;
        at++;
    }
    return n > 0 ? (ssize_t)at : -EBADMSG;
}

size_t pm_slip_encode(const uint8_t *in, size_t n, uint8_t *out)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (in[i] == PM_SLIP_END || in[i] == SLIP_ESC)
            out[at++] = SLIP_ESC;
        out[at++] = in[i] == PM_SLIP_END ? SLIP_ESC_END : in[i] == SLIP_ESC ? SLIP_ESC_ESC : in[i];
    }
    return at;
}

ssize_t pm_slip_decode(const uint8_t *in, size_t n, uint8_t *out)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = in[i];
        if (byte == SLIP_ESC) {
            if (++i == n || (in[i] != SLIP_ESC_END && in[i] != SLIP_ESC_ESC))
                return -EBADMSG;
            byte = in[i] == SLIP_ESC_END ? PM_SLIP_END : SLIP_ESC;
        }
        if (out)
            out[at] = byte;
        at++;
    }
    return (ssize_t)at;
}
