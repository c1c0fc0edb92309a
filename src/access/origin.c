/* origin.c - see origin.h. Only what a browser's serialiser can produce is taken; nothing is guessed or mended. */
#include "access/origin.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static const char *const own_names[] = {"localhost", "127.0.0.1", "[::1]"};
enum { OWN_NAMES = sizeof(own_names) / sizeof(own_names[0]) };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* ---- origins ---- */

/* Bytes of the scheme in front of "://", or 0. */
static size_t scheme_length(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && (is_letter(p[i]) || (i > 0 && (is_digit(p[i]) || p[i] == '+' || p[i] == '-' || p[i] == '.'))))
        i++;
    return i > 0 && i + 3 < n && memcmp(p + i, "://", 3) == 0 ? i : 0;
}

/* A host that ends in a number must be four of them, each as short as it can be: browsers turn 127.1 and 0x7f000001
 * into that before they send it. */
static bool is_dotted_quad(const char *p, size_t n)
{
    unsigned parts = 0;
    for (size_t i = 0; i < n; parts++) {
        unsigned value = 0;
        size_t start = i;
        while (i < n && is_digit(p[i]) && i - start < 4)
            value = value * 10 + (unsigned)(p[i++] - '0');
        if (i == start || value > 255 || (i - start > 1 && p[start] == '0'))
            return false;
        if (i < n && (p[i++] != '.' || i == n))
            return false;
    }
    return parts == 4;
}

static bool is_ipv6(const char *p, size_t n)
{
    bool colon = false;
    if (n < 4 || n > 41 || p[0] != '[' || p[n - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < n; i++) {
        colon = colon || p[i] == ':';
        if (!is_digit(p[i]) && !(p[i] >= 'a' && p[i] <= 'f') && p[i] != ':')
            return false;
    }
    return colon;
}

/* A last label that is a number in any of its forms; the identifier of an extension may begin with a digit too. */
static bool is_number(const char *p, size_t n)
{
    bool hexadecimal = n >= 2 && p[0] == '0' && p[1] == 'x', digits = true;
    for (size_t i = 0; i < n; i++)
        digits = digits && (is_digit(p[i]) || (p[i] == '.' && i + 1 == n));
    return hexadecimal || digits;
}

static bool is_host(const char *p, size_t n)
{
    size_t label = 0, last = 0;
    if (n == 0 || n > 254)
        return false;
    if (p[0] == '[')
        return is_ipv6(p, n);
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '.') {
            if (label == 0)
                return false;
            label = 0;
            last = i + 1 < n ? i + 1 : last;
        } else if (is_letter(p[i]) || is_digit(p[i]) || p[i] == '-' || p[i] == '_') {
            label++;
        } else {
            return false;
        }
        if (label > 63)
            return false;
    }
    return is_number(p + last, n - last) ? is_dotted_quad(p, n) : true;
}

/* The port behind a colon: no sign, no leading zero. 0 if it is none. */
static unsigned port_of(const char *p, size_t n)
{
    unsigned value = 0;
    if (n == 0 || n > 5 || p[0] == '0')
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(p[i]))
            return 0;
        value = value * 10 + (unsigned)(p[i] - '0');
    }
    return value <= 65535 ? value : 0;
}

/* Where the host ends: at the last colon that is not inside brackets. */
static size_t host_length(const char *p, size_t n)
{
    const char *bracket = n > 0 && p[0] == '[' ? memchr(p, ']', n) : NULL;
    size_t start = bracket ? (size_t)(bracket - p) : 0;
    const char *colon = memchr(p + start, ':', n - start);
    return colon ? (size_t)(colon - p) : n;
}

static unsigned default_port(const char *scheme, size_t n)
{
    if (n == 4 && memcmp(scheme, "http", 4) == 0)
        return 80;
    return n == 5 && memcmp(scheme, "https", 5) == 0 ? 443 : 0;
}

static bool is_own_name(const char *host, size_t n)
{
    for (size_t i = 0; i < OWN_NAMES; i++) {
        if (strlen(own_names[i]) == n && memcmp(own_names[i], host, n) == 0)
            return true;
    }
    return false;
}

int pm_origin_parse(const char *p, size_t n, struct pm_origin *ret)
{
    struct pm_origin o = {0};
    if (n >= sizeof(o.text))
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        o.text[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + ('a' - 'A')) : p[i];
    size_t scheme = scheme_length(o.text, n), start = scheme + 3;
    if (scheme == 0)
        return -EINVAL;
    size_t host = host_length(o.text + start, n - start), end = start + host;
    unsigned usual = default_port(o.text, scheme);
    o.port = usual;
    if (!is_host(o.text + start, host))
        return -EINVAL;
    if (end < n && (o.port = port_of(o.text + end + 1, n - end - 1)) == 0)
        return -EINVAL;
    if (end < n && o.port == usual)
        memset(o.text + end, 0, n - end);
    o.is_loopback = usual != 0 && is_own_name(o.text + start, host);
    *ret = o;
    return 0;
}

/* ---- names that we serve ---- */

static bool is_own_port(const struct pm_hosts *h, unsigned port)
{
    return port != 0 && (port == h->ports[0] || port == h->ports[1]);
}

/* The port may be missing only where it is the scheme's own. */
static bool port_fits(const struct pm_hosts *h, const char *p, size_t n)
{
    if (n == 0)
        return is_own_port(h, 80) || h->ports[1] == 443;
    return p[0] == ':' && is_own_port(h, port_of(p + 1, n - 1));
}

static bool is_name(const char *host, size_t n, const char *name)
{
    return strlen(name) == n && strncasecmp(host, name, n) == 0;
}

bool pm_host_is_served(const struct pm_hosts *h, const char *host, size_t n)
{
    if (n == 0)
        return false; /* a request of HTTP/1.0 may have none, and host is NULL */
    size_t length = host_length(host, n);
    bool fits = port_fits(h, host + length, n - length);
    for (size_t i = 0; i < OWN_NAMES; i++) {
        if (fits && is_name(host, length, own_names[i]))
            return true;
    }
    for (unsigned i = 0; i < h->n_allowed; i++) {
        const char *name = h->allowed[i];
        bool has_port = host_length(name, strlen(name)) < strlen(name);
        if (has_port ? is_name(host, n, name) : fits && is_name(host, length, name))
            return true;
    }
    return false;
}

bool pm_origin_is_own(const struct pm_hosts *h, const struct pm_origin *o)
{
    bool secure = strncmp(o->text, "https", 5) == 0;
    return o->is_loopback && o->port != 0 && o->port == h->ports[secure ? 1 : 0];
}
