/* tls.h - the server's side of TLS: an identity (certificate and key), and sessions on connected sockets. TLS 1.3
 * and 1.2 (RFC 8446, RFC 5246) with forward secrecy and authenticated encryption only; no renegotiation, compression,
 * tickets, early data or client certificates; http/1.1 is the only protocol (RFC 7301). */
#ifndef PM_TLS_TLS_H
#define PM_TLS_TLS_H

#include "tls/openssl.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct pm_tls;
struct pm_tls_session;

/* An identity from PEM files: the certificate with those that lead to its authority behind it, and its key, which must
 * not be readable for others. 0 and *ret, which the caller ends; -EINVAL with a message that says what to do. The
 * library is borrowed until the last session has ended. */
int pm_tls_new(const struct pm_openssl *o, const char *certificate, const char *key, struct pm_tls **ret,
               char error[PM_TLS_ERROR]);

/* Sessions that were accepted go on. NULL is fine. Returns NULL. */
struct pm_tls *pm_tls_free(struct pm_tls *t);

/* When its certificate ends, in seconds since 1970. */
int64_t pm_tls_ends(const struct pm_tls *t);

/* Speak TLS on a connected non-blocking socket, which stays the caller's. 0 and *ret, or -ENOMEM. */
int pm_tls_accept(struct pm_tls *t, int fd, struct pm_tls_session **ret);
struct pm_tls_session *pm_tls_session_free(struct pm_tls_session *s);

/* Is the handshake over? It happens while the session is read from. */
bool pm_tls_is_open(const struct pm_tls_session *s);

/* Read. The number of bytes; 0: the client said that it sends no more; -EAGAIN: wait until the socket can be read;
 * -EINPROGRESS: until it can be written; -EPROTO: the client broke the protocol, or has none that we speak; or
 * another negative errno. After an error nothing more can be done with the session. */
ssize_t pm_tls_read(struct pm_tls_session *s, void *p, size_t n);

/* Write as much of the parts as the socket takes. The number of bytes, less than all of them if it is full: then the
 * next call must begin with the same bytes as were left; or a negative errno as above. */
ssize_t pm_tls_write(struct pm_tls_session *s, const struct iovec *parts, int count);

/* Tell the client that nothing more comes. */
void pm_tls_goodbye(struct pm_tls_session *s);

#endif
