/* origin.h - where a request says that it comes from and whom it asks for: origins as triples, and the names we serve.
 */
#ifndef PM_ACCESS_ORIGIN_H
#define PM_ACCESS_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

enum { PM_ORIGIN_MAX = 288 }; /* bytes of an origin as text, its end included */

/* An origin (RFC 6454): scheme, host and port, never compared in parts. */
struct pm_origin {
    char text[PM_ORIGIN_MAX]; /* lower case, without the scheme's default port: two are equal if their texts are */
    unsigned port;            /* with the default filled in; 0 where the scheme has none */
    bool is_loopback;         /* http or https at localhost, 127.0.0.1 or [::1] */
};

/* Read an Origin field as browsers write it. 0, or -EINVAL for all else: "null", user names, paths, a host in another
 * script than ASCII (browsers send punycode), addresses in odd forms, a port that is no port. */
int pm_origin_parse(const char *p, size_t n, struct pm_origin *ret);

enum { PM_HOSTS_MAX = 32 };

/* The names under which we are asked for. */
struct pm_hosts {
    unsigned ports[2];                 /* ours: plain, and with TLS (0: none) */
    const char *allowed[PM_HOSTS_MAX]; /* "name" (with a port of ours) or "name:port", beside our own; borrowed */
    unsigned n_allowed;
};

/* Is a Host field one of this machine's own names (localhost, 127.0.0.1, [::1]) with a port of ours, or an allowed one?
 * Anything else means that some other name was made to lead here (DNS rebinding). */
bool pm_host_is_served(const struct pm_hosts *h, const char *host, size_t n);

/* Is this origin ourselves? */
bool pm_origin_is_own(const struct pm_hosts *h, const struct pm_origin *o);

#endif
