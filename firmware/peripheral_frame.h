/* peripheral_frame.h - the standard command frame of Peripheral Manager for firmware: docs/command-frame.md.
 *
 * One header, C99 and C++11, no allocation, no library but <stdint.h>. Feed it each byte that comes; when a command is
 * whole, read its id and arguments and answer:
 *
 *     static struct pf_link link;                     // 0 at the start: nothing to initialise
 *
 *     while (Serial.available()) {
 *         if (!pf_take(&link, Serial.read()))
 *             continue;
 *         if (pf_id(&link) == 3 && pf_count(&link) == 1)
 *             pf_answer(&link, set_rate(pf_arg(&link, 0)) ? PF_DONE : PF_OUT_OF_RANGE, 0, 0);
 *         else
 *             pf_answer(&link, PF_UNKNOWN, 0, 0);
 *         Serial.write(link.out, link.out_n);
 *     }
 *
 * Before the #include, PF_ARGS_MAX may be defined: the most arguments of a command or an answer, 1 to 60 (8 if it is
 * not). A link takes 8 * PF_ARGS_MAX + 22 bytes of memory. A command with more arguments is passed over.
 *
 * This file may be used without condition: it is dedicated to the public domain (CC0 1.0). */
#ifndef PERIPHERAL_FRAME_H
#define PERIPHERAL_FRAME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef PF_ARGS_MAX
#define PF_ARGS_MAX 8
#endif
#if PF_ARGS_MAX < 1 || PF_ARGS_MAX > 60
#error "PF_ARGS_MAX must be from 1 to 60"
#endif

/* The first argument of an answer. From 16 on they are yours. */
enum { PF_DONE = 0, PF_UNKNOWN = 1, PF_COUNT = 2, PF_OUT_OF_RANGE = 3, PF_BUSY = 4, PF_OWN = 16 };

enum {
    PF_VERSION = 1,
    PF_HEAD = 5,
    PF_PLAIN_MAX = PF_HEAD + 4 * PF_ARGS_MAX + 2, /* at most 247: one byte counts it, and COBS needs no second block */
    PF_WIRE_MAX = PF_PLAIN_MAX + 2
};

/* One line to the computer. `out` and `out_n` are what to send; all else is for the functions below. */
struct pf_link {
    uint8_t in[PF_PLAIN_MAX]; /* the frame that is coming, stuffing undone */
    uint8_t in_n;
    uint8_t left;    /* bytes up to the end of the present block */
    uint8_t started; /* a block is under way: behind it a 0 is due, if anything follows */
    uint8_t bad;     /* too long, or damaged: wait for the next 0 */
    uint8_t done;    /* `in` is a command that was handed out: the next byte begins anew */
    uint8_t out[PF_WIRE_MAX];
    uint8_t out_n;
};

/* CRC-16/CCITT-FALSE, one byte more. */
static inline uint16_t pf_crc(uint16_t crc, uint8_t byte)
{
    crc = (uint16_t)((crc >> 8) | (crc << 8));
    crc ^= byte;
    crc ^= (uint8_t)(crc & 0xff) >> 4;
    crc ^= (uint16_t)(crc << 12);
    crc ^= (uint16_t)((crc & 0xff) << 5);
    return crc;
}

static inline uint16_t pf_crc_of(const uint8_t *p, uint8_t n)
{
    uint16_t crc = 0xffff;
    while (n--)
        crc = pf_crc(crc, *p++);
    return crc;
}

static inline uint16_t pf_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (uint16_t)p[1] << 8);
}

/* Is what came up to the 0 a whole command? */
static inline uint8_t pf_is_whole(const struct pf_link *l)
{
    const uint8_t n = l->in_n;
    return !l->bad && l->left == 0 && n >= PF_HEAD + 2 && l->in[0] == PF_VERSION && l->in[4] <= PF_ARGS_MAX &&
           n == PF_HEAD + 4 * l->in[4] + 2 && pf_get16(l->in + n - 2) == pf_crc_of(l->in, (uint8_t)(n - 2));
}

static inline void pf_put_in(struct pf_link *l, uint8_t byte)
{
    if (l->in_n < PF_PLAIN_MAX)
        l->in[l->in_n++] = byte;
    else
        l->bad = 1;
}

/* One byte from the computer. 1: a command is whole; it can be read and answered up to the next call. */
static inline uint8_t pf_take(struct pf_link *l, uint8_t byte)
{
    if (l->done)
        l->in_n = l->left = l->started = l->bad = l->done = 0;
    if (byte == 0) {
        l->done = 1;
        return pf_is_whole(l);
    }
    if (l->left > 0) {
        l->left--;
        pf_put_in(l, byte);
    } else {
        if (byte == 0xff) /* a block of 254: no frame of ours is so long */
            l->bad = 1;
        if (l->started)
            pf_put_in(l, 0);
        l->started = 1;
        l->left = (uint8_t)(byte - 1);
    }
    return 0;
}

/* Of the command that pf_take() gave: */
static inline uint16_t pf_id(const struct pf_link *l)
{
    return pf_get16(l->in + 2);
}

static inline uint8_t pf_sequence(const struct pf_link *l)
{
    return l->in[1];
}

static inline uint8_t pf_count(const struct pf_link *l)
{
    return l->in[4];
}

/* i is less than pf_count(). */
static inline int32_t pf_arg(const struct pf_link *l, uint8_t i)
{
    const uint8_t *p = l->in + PF_HEAD + 4 * i;
    return (int32_t)((uint32_t)pf_get16(p) | (uint32_t)pf_get16(p + 2) << 16);
}

/* ---- sending ---- */

/* Put one byte into `out`, stuffed; *code is where the present block's length belongs. */
static inline void pf_put_out(struct pf_link *l, uint8_t *code, uint8_t byte)
{
    if (byte != 0) {
        l->out[l->out_n++] = byte;
        return;
    }
    l->out[*code] = (uint8_t)(l->out_n - *code);
    *code = l->out_n++;
}

static inline void pf_put(struct pf_link *l, uint8_t *code, uint16_t *crc, uint8_t byte)
{
    *crc = pf_crc(*crc, byte);
    pf_put_out(l, code, byte);
}

static inline void pf_put32(struct pf_link *l, uint8_t *code, uint16_t *crc, uint32_t value)
{
    uint8_t i;
    for (i = 0; i < 4; i++, value >>= 8)
        pf_put(l, code, crc, (uint8_t)value);
}

/* Make any frame in `out`: `first`, if it is there, and n of `args`. What is beyond PF_ARGS_MAX is left out. */
static inline void pf_make(struct pf_link *l, uint8_t sequence, uint16_t id, const int32_t *first, const int32_t *args,
                           uint8_t n)
{
    uint16_t crc = 0xffff;
    uint8_t code = 0, i, most = (uint8_t)(PF_ARGS_MAX - (first ? 1 : 0));
    n = n < most ? n : most;
    l->out_n = 1;
    pf_put(l, &code, &crc, PF_VERSION);
    pf_put(l, &code, &crc, sequence);
    pf_put(l, &code, &crc, (uint8_t)id);
    pf_put(l, &code, &crc, (uint8_t)(id >> 8));
    pf_put(l, &code, &crc, (uint8_t)(n + (first ? 1 : 0)));
    if (first)
        pf_put32(l, &code, &crc, (uint32_t)*first);
    for (i = 0; i < n; i++)
        pf_put32(l, &code, &crc, (uint32_t)args[i]);
    pf_put_out(l, &code, (uint8_t)crc);
    pf_put_out(l, &code, (uint8_t)(crc >> 8));
    l->out[code] = (uint8_t)(l->out_n - code);
    l->out[l->out_n++] = 0;
}

/* Answer the command that pf_take() gave: a status, and the n values of the result (`values` may be 0 if n is). */
static inline void pf_answer(struct pf_link *l, int32_t status, const int32_t *values, uint8_t n)
{
    pf_make(l, pf_sequence(l), pf_id(l), &status, values, n);
}

/* Say something that nobody asked for, such as a measurement: with an id of its own, and a sequence that you count. */
static inline void pf_say(struct pf_link *l, uint8_t sequence, uint16_t id, const int32_t *values, uint8_t n)
{
    pf_make(l, sequence, id, 0, values, n);
}

#ifdef __cplusplus
}
#endif

#endif
