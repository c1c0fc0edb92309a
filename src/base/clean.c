/* clean.c - see clean.h. */
#include "base/clean.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* Bytes of the character at p, or 0 if there is none. */
static size_t character(const char *p, size_t n)
{
    unsigned char first = (unsigned char)*p;
    size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    return length <= n && pm_utf8_valid(p, length) ? length : 0;
}

static uint32_t code_of(const char *p, size_t length)
{
    const unsigned char *u = (const unsigned char *)p;
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = u[0] & masks[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (u[i] & 0x3f);
    return code;
}

struct range {
    uint32_t from, to;
};

static bool is_in(uint32_t code, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (code >= ranges[i].from && code <= ranges[i].to)
            return true;
    }
    return false;
}

static bool is_space(uint32_t code)
{
    static const struct range ranges[] = {{0, 0x20},        {0x7f, 0xa0},     {0x1680, 0x1680},
                                          {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
                                          {0x205f, 0x205f}, {0x2800, 0x2800}, {0x3000, 0x3000}};
    return is_in(code, ranges, sizeof(ranges) / sizeof(ranges[0]));
}

/* What turns text around or cannot be seen, so that one text could pass for another: Unicode's property
 * Default_Ignorable_Code_Point, and annotations. */
static bool is_hidden(uint32_t code)
{
    static const struct range ranges[] = {
        {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},
        {0x180b, 0x180f},   {0x200b, 0x200f},   {0x202a, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3},
        {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };
    return is_in(code, ranges, sizeof(ranges) / sizeof(ranges[0]));
}

size_t pm_text_clean(char *out, size_t room, const char *p, size_t n, size_t max)
{
    size_t at = 0;
    bool space = true; /* none in front, and never two */
    for (size_t i = 0, count = 0; i < n && count < max;) {
        size_t length = character(p + i, n - i), step = length ? length : 1;
        uint32_t code = length ? code_of(p + i, length) : 0xfffd;
        const char *from = length ? p + i : replacement;
        length = length ? length : sizeof(replacement) - 1;
        i += step;
        if (is_hidden(code) || (space && is_space(code)))
            continue;
        space = is_space(code);
        if (space) {
            from = " ";
            length = 1;
        }
        if (at + length + 1 > room)
            break;
        memcpy(out + at, from, length);
        at += length;
        count++;
    }
    at -= at > 0 && out[at - 1] == ' ';
    out[at] = 0;
    return at;
}
