/* origin.c - see origin.h. */
#include "access/origin.h"

#include <string.h>
#include <strings.h>

static const char *const own_names[] = {"localhost", "127.0.0.1", "[::1]"};

/* The digits of a port behind a colon, or nothing at all. */
static bool is_port(const char *p, size_t n, unsigned port, bool any)
{
    unsigned value = 0;
    if (n == 0)
        return true;
    if (*p != ':' || n < 2 || n > 6)
        return false;
    for (size_t i = 1; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        value = value * 10 + (unsigned)(p[i] - '0');
    }
    return any ? value <= 65535 : value == port;
}

static bool is_own(const char *host, size_t n, unsigned port, bool any_port)
{
    for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++) {
        size_t length = strlen(own_names[i]);
        if (n >= length && strncasecmp(host, own_names[i], length) == 0 &&
            is_port(host + length, n - length, port, any_port))
            return true;
    }
    return false;
}

bool pm_access_host(const char *host, size_t n, unsigned port)
{
    return is_own(host, n, port, false);
}

bool pm_access_origin(const struct pm_access *a, const char *origin, size_t n)
{
    if (n == 0)
        return true;
    for (unsigned i = 0; i < a->n_allowed; i++) {
        if (strlen(a->allowed[i]) == n && strncasecmp(a->allowed[i], origin, n) == 0)
            return true;
    }
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t length = strlen(schemes[i]);
        if (n > length && strncasecmp(origin, schemes[i], length) == 0 && is_own(origin + length, n - length, 0, true))
            return true;
    }
    return false;
}
