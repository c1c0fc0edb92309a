/* authority.h - a certificate authority for this machine alone, and the certificate that it signs for the daemon. Its
 * own certificate confines it (name constraints, RFC 5280 4.2.1.10): whoever steals its key can sign for this machine's
 * names and for nothing else. */
#ifndef PM_TLS_AUTHORITY_H
#define PM_TLS_AUTHORITY_H

#include "base/paths.h"
#include "tls/openssl.h"

enum {
    PM_AUTHORITY_HOSTS = 16, /* beside localhost, 127.0.0.1 and ::1 */
    PM_AUTHORITY_DAYS = 5 * 365,
    PM_LEAF_DAYS = 397,     /* browsers take no more */
    PM_LEAF_RENEW_DAYS = 30 /* before its end */
};

/* Its files, in a folder of its own (mode 0700; each 0600). */
struct pm_authority_files {
    char folder[PM_PATH_MAX];
    char ca[PM_PATH_MAX], ca_key[PM_PATH_MAX]; /* the key is absent after `one_shot` */
    char leaf[PM_PATH_MAX];                    /* certificate and key: replaced as one */
};

/* They are in the folder tls/ of a state directory. 0 or -ENAMETOOLONG. */
int pm_authority_files(const char *state, struct pm_authority_files *ret);

/* Is this a name or an address that a certificate can be made for? */
bool pm_authority_is_host(const char *host);

/* Make both, for this machine's names and the hosts; what was there is replaced. With `one_shot` the authority's key is
 * never written, so that nothing more can be signed. 0, or -EINVAL with a message. Waits for the disk. */
int pm_authority_make(const struct pm_openssl *o, const struct pm_authority_files *f, const char *const *hosts,
                      unsigned n, bool one_shot, char error[PM_TLS_ERROR]);

/* Sign a new leaf for the same names if the present one ends soon, or cannot be used. 1: done; 0: it is good; -ENOENT:
 * there is no authority; -EINVAL with a message: it must be done and cannot be. Waits for the disk. */
int pm_authority_renew(const struct pm_openssl *o, const struct pm_authority_files *f, char error[PM_TLS_ERROR]);

/* What a person may know about a certificate. */
struct pm_certificate {
    char subject[256], fingerprint[96]; /* SHA-256, as browsers show it */
    int64_t ends;                       /* seconds since 1970 */
};

/* 0; -ENOENT; or -EINVAL with a message. */
int pm_certificate_read(const struct pm_openssl *o, const char *path, struct pm_certificate *ret,
                        char error[PM_TLS_ERROR]);

#endif
