/* tls.h - what the halves of the command "tls" share: tls.c (the certificates) and tls_trust.c (the browsers). */
#ifndef PM_CLI_TLS_H
#define PM_CLI_TLS_H

#include "cli/command.h"
#include "tls/authority.h"

struct pm_tls_values {
    struct pm_common common;
    char *state_dir; /* NULL: where the settings say */
    bool one_shot, again, yes;
};

enum { PM_STORES_MAX = 64 };

/* Where the browsers of this user keep whom they trust: folders of NSS databases. */
struct pm_stores {
    char folders[PM_STORES_MAX][PM_PATH_MAX];
    bool missing[PM_STORES_MAX]; /* Chromium's, which may be made before its first start */
    bool trusts[PM_STORES_MAX];  /* our authority is in it */
    unsigned n;
};

/* Find them. False without HOME. */
bool pm_stores_find(struct pm_stores *ret);

/* Look into each: does it hold the authority in the file? False, after saying so, without certutil. */
bool pm_stores_look(struct pm_stores *s, const char *ca);

/* Put it into each, or take every one of ours out. An exit code, after saying what was done. */
enum pm_exit pm_stores_trust(const struct pm_stores *s, const char *ca);
enum pm_exit pm_stores_untrust(const struct pm_stores *s);

#endif
