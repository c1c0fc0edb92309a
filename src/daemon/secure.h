/* secure.h - the daemon's identity for TLS: loaded with the library when TLS is on, renewed while it runs. */
#ifndef PM_DAEMON_SECURE_H
#define PM_DAEMON_SECURE_H

#include "access/audit.h"
#include "daemon/daemon.h"
#include "net/server.h"
#include "tls/authority.h"

/* Zero-initialise. */
struct pm_secure {
    const struct pm_settings *settings;
    const struct pm_openssl *library;
    struct pm_tls *tls;              /* NULL: TLS is off */
    bool own;                        /* the certificate is of the authority that `tls init` made: it can be renewed */
    struct pm_authority_files files; /* then */
    struct pm_server *server;        /* NULL before and after its life */
    struct pm_audit *audit;
    struct pm_loop *loop;
    struct pm_timer look; /* at the certificate, twice a day */
    struct pm_work work;
    bool busy;
    int renewed;
    char error[PM_TLS_ERROR];
};

/* With TLS on load the identity; `state` is the state directory, or "". PM_EXIT_OK, or what the program ends with,
 * after saying what is wrong and how to mend it. */
enum pm_exit pm_secure_open(struct pm_secure *s, const struct pm_settings *settings, const char *state);

/* Serve with it, and look after it, until pm_secure_end(), which comes before the server's own. */
void pm_secure_begin(struct pm_secure *s, struct pm_loop *loop, struct pm_server *server, struct pm_audit *audit);
void pm_secure_end(struct pm_secure *s);

/* Renew what can be, and read the files again: connections from now on get what they hold. With a mistake in them
 * everything stays as it was. */
void pm_secure_reload(struct pm_secure *s);

/* After the loop, in every case. */
void pm_secure_close(struct pm_secure *s);

#endif
