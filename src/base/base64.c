/* base64.c - see base64.h. */
#include "base/base64.h"

#include <errno.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Encode without padding; returns the characters written. */
static size_t encode(const uint8_t *p, size_t n, const char *alphabet, char *out)
{
    char *to = out;
    size_t i = 0;
    for (; i + 3 <= n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
        *to++ = alphabet[v >> 18];
        *to++ = alphabet[v >> 12 & 63];
        *to++ = alphabet[v >> 6 & 63];
        *to++ = alphabet[v & 63];
    }
    if (i < n) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0);
        *to++ = alphabet[v >> 18];
        *to++ = alphabet[v >> 12 & 63];
        if (i + 1 < n)
            *to++ = alphabet[v >> 6 & 63];
    }
    return (size_t)(to - out);
}

size_t pm_base64_encode(const void *p, size_t n, char *out)
{
    size_t used = encode(p, n, standard, out);
    while (used % 4 != 0)
        out[used++] = '=';
    return used;
}

size_t pm_base64url_encode(const void *p, size_t n, char *out)
{
    return encode(p, n, url_safe, out);
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

ssize_t pm_base64_decode(const char *p, size_t n, uint8_t *out)
{
    if (n > 0 && n % 4 == 0) /* padding completes a group of four and stands nowhere else */
        for (unsigned i = 0; i < 2 && p[n - 1] == '='; i++)
            n--;

    size_t used = 0;
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < n; i++) {
        int v = value_of(p[i]);
        if (v < 0)
            return -EPROTO;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[used++] = (uint8_t)(bits >> have);
            bits &= (1u << have) - 1;
        }
    }
    if (n % 4 == 1 || bits != 0)
        return -EPROTO;
    return (ssize_t)used;
}
