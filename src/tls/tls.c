/* tls.c - see tls.h. The library works on the descriptor itself; what the socket does not take stays in our queue, but
 * for one record. */
#include "tls/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct pm_tls {
    const struct pm_openssl *o;
    SSL_CTX *context;
    int64_t ends;
};

struct pm_tls_session {
    const struct pm_openssl *o;
    SSL *ssl;
    bool broken; /* after an error not even a goodbye may be said */
};

/* ---- the identity ---- */

/* Browsers offer h2 beside it; whoever offers only other things is turned away. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *length, const unsigned char *offered,
                           unsigned n, void *owner)
{
    static const unsigned char ours[] = "\x08http/1.1";
    const struct pm_openssl *o = owner;
    (void)ssl;
    int r = o->SSL_select_next_proto((unsigned char **)(uintptr_t)out, length, ours, sizeof(ours) - 1, offered, n);
    return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A daemon has nobody to ask. */
static int no_passphrase(char *buffer, int size, int writing, void *owner)
{
    (void)buffer, (void)size, (void)writing, (void)owner;
    return -1;
}

static bool configure(struct pm_tls *t)
{
    const struct pm_openssl *o = t->o;
    SSL_CTX *c = t->context;
    o->SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    o->SSL_CTX_ctrl(c, SSL_CTRL_MODE,
                    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS,
                    NULL);
    o->SSL_CTX_ctrl(c, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
    o->SSL_CTX_set_alpn_select_cb(c, choose_protocol, (void *)(uintptr_t)o);
    o->SSL_CTX_set_default_passwd_cb(c, no_passphrase);
    return o->SSL_CTX_ctrl(c, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL) == 1 &&
           o->SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 && o->SSL_CTX_set_num_tickets(c, 0) == 1;
}

static int check_key_file(const char *key, char error[PM_TLS_ERROR])
{
    struct stat s;
    if (stat(key, &s) < 0)
        return pm_tls_refuse(error, "The key of the certificate, %.400s, cannot be read: %s.", key, strerror(errno));
    if (s.st_mode & (S_IRWXG | S_IRWXO))
        return pm_tls_refuse(error, "The key %.400s can be read by others. Mend it with: chmod 600 %.400s.", key, key);
    return 0;
}

static int load(struct pm_tls *t, const char *certificate, const char *key, char error[PM_TLS_ERROR])
{
    const struct pm_openssl *o = t->o;
    o->ERR_clear_error();
    if (o->SSL_CTX_use_certificate_chain_file(t->context, certificate) != 1)
        return pm_tls_refuse(error,
                             "The certificate %.400s cannot be used (%s): it must be a PEM file, with the certificates "
                             "of those who signed it behind it.",
                             certificate, pm_openssl_reason(o));
    int r = check_key_file(key, error);
    if (r < 0)
        return r;
    o->ERR_clear_error();
    if (o->SSL_CTX_use_PrivateKey_file(t->context, key, SSL_FILETYPE_PEM) != 1 ||
        o->SSL_CTX_check_private_key(t->context) != 1)
        return pm_tls_refuse(error,
                             "The key %.400s cannot be used with the certificate %.400s (%s): it must be a PEM file "
                             "without a passphrase, and belong to that certificate.",
                             key, certificate, pm_openssl_reason(o));
    return 0;
}

static int check_time(struct pm_tls *t, const char *certificate, char error[PM_TLS_ERROR])
{
    const X509 *x = t->o->SSL_CTX_get0_certificate(t->context);
    int64_t now = time(NULL), begins = pm_openssl_seconds(t->o, t->o->X509_get0_notBefore(x));
    t->ends = pm_openssl_seconds(t->o, t->o->X509_get0_notAfter(x));
    if (now < begins)
        return pm_tls_refuse(error, "The certificate %.400s is not valid yet. Is the clock of this machine right?",
                             certificate);
    if (now >= t->ends)
        return pm_tls_refuse(error, "The certificate %.400s has expired. Put a new one in its place.", certificate);
    return 0;
}

int pm_tls_new(const struct pm_openssl *o, const char *certificate, const char *key, struct pm_tls **ret,
               char error[PM_TLS_ERROR])
{
    struct pm_tls *t = calloc(1, sizeof(*t));
    if (!t)
        return pm_tls_refuse(error, "There is no memory left for TLS.");
    t->o = o;
    t->context = o->SSL_CTX_new(o->TLS_server_method());
    int r = t->context && configure(t) ? 0 : pm_tls_refuse(error, "OpenSSL cannot be used: %s.", pm_openssl_reason(o));
    if (r == 0)
        r = load(t, certificate, key, error);
    if (r == 0)
        r = check_time(t, certificate, error);
    if (r < 0)
        t = pm_tls_free(t);
    *ret = t;
    return r;
}

struct pm_tls *pm_tls_free(struct pm_tls *t)
{
    if (t)
        t->o->SSL_CTX_free(t->context);
    free(t);
    return NULL;
}

int64_t pm_tls_ends(const struct pm_tls *t)
{
    return t->ends;
}

/* ---- sessions ---- */

int pm_tls_accept(struct pm_tls *t, int fd, struct pm_tls_session **ret)
{
    struct pm_tls_session *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->o = t->o;
    s->ssl = t->o->SSL_new(t->context);
    if (!s->ssl || t->o->SSL_set_fd(s->ssl, fd) != 1) {
        pm_tls_session_free(s);
        return -ENOMEM;
    }
    t->o->SSL_set_accept_state(s->ssl);
    *ret = s;
    return 0;
}

struct pm_tls_session *pm_tls_session_free(struct pm_tls_session *s)
{
    if (s)
        s->o->SSL_free(s->ssl);
    free(s);
    return NULL;
}

bool pm_tls_is_open(const struct pm_tls_session *s)
{
    return s->o->SSL_is_init_finished(s->ssl) == 1;
}

/* What a call that did nothing means. */
static int outcome(struct pm_tls_session *s)
{
    int error = errno, kind = s->o->SSL_get_error(s->ssl, 0);
    if (kind == SSL_ERROR_WANT_READ)
        return -EAGAIN;
    if (kind == SSL_ERROR_WANT_WRITE)
        return -EINPROGRESS;
    if (kind == SSL_ERROR_ZERO_RETURN)
        return 0;
    s->broken = true;
    return kind == SSL_ERROR_SYSCALL && error != 0 && error != EAGAIN ? -error : -EPROTO;
}

ssize_t pm_tls_read(struct pm_tls_session *s, void *p, size_t n)
{
    size_t done = 0;
    s->o->ERR_clear_error();
    errno = 0;
    return s->o->SSL_read_ex(s->ssl, p, n, &done) == 1 ? (ssize_t)done : outcome(s);
}

/* Copy what lies behind the first `skip` bytes of the parts, as much as has room. */
static size_t gather(const struct iovec *parts, int count, size_t skip, uint8_t *out, size_t room)
{
    size_t n = 0;
    for (int i = 0; i < count && n < room; i++) {
        if (skip >= parts[i].iov_len) {
            skip -= parts[i].iov_len;
            continue;
        }
        size_t part = parts[i].iov_len - skip;
        part = part < room - n ? part : room - n;
        memcpy(out + n, (const uint8_t *)parts[i].iov_base + skip, part);
        n += part;
        skip = 0;
    }
    return n;
}

ssize_t pm_tls_write(struct pm_tls_session *s, const struct iovec *parts, int count)
{
    uint8_t record[SSL3_RT_MAX_PLAIN_LENGTH]; /* one call and one record for many small parts */
    size_t sum = 0, n, done;
    s->o->ERR_clear_error();
    while ((n = gather(parts, count, sum, record, sizeof(record))) > 0) {
        errno = 0;
        if (s->o->SSL_write_ex(s->ssl, record, n, &done) != 1) {
            int r = outcome(s);
            return r == -EINPROGRESS ? (ssize_t)sum : r < 0 ? r : -EPIPE;
        }
        sum += done;
    }
    return (ssize_t)sum;
}

void pm_tls_goodbye(struct pm_tls_session *s)
{
    if (s->broken || !pm_tls_is_open(s))
        return;
    s->o->ERR_clear_error();
    s->o->SSL_shutdown(s->ssl); /* what does not go out at once is not worth waiting for */
}
