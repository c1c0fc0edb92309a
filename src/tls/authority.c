/* authority.c - see authority.h. */
#include "tls/authority.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
    SECONDS_A_DAY = 24 * 60 * 60,
    BACKDATED = 60 * 60, /* for clocks that differ a little */
    SERIAL = 16,
    HOST_MAX = 253,
    PEM_MAX = 64 * 1024,
    NAMES_MAX = (PM_AUTHORITY_HOSTS + 3) * (HOST_MAX + 64),
};

/* A certificate and its key, either of which may be missing. */
struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

static void pair_free(const struct pm_openssl *o, struct pair *p)
{
    o->X509_free(p->certificate);
    o->EVP_PKEY_free(p->key);
}

static int fail(const struct pm_openssl *o, char error[PM_TLS_ERROR])
{
    return pm_tls_refuse(error, "OpenSSL cannot make a certificate: %s.", pm_openssl_reason(o));
}

int pm_authority_files(const char *state, struct pm_authority_files *ret)
{
    int r = pm_path_join(state, "tls", ret->folder);
    if (r == 0)
        r = pm_path_join(ret->folder, "ca.pem", ret->ca);
    if (r == 0)
        r = pm_path_join(ret->folder, "ca-key.pem", ret->ca_key);
    return r < 0 ? r : pm_path_join(ret->folder, "leaf.pem", ret->leaf);
}

/* ---- names ---- */

static bool is_address(const char *host, int family)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(family, host, bytes) == 1;
}

static bool is_name(const char *host)
{
    size_t label = 0;
    bool letter = false; /* else it looks like an address */
    for (const char *p = host; *p; p++) {
        bool good = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || (*p == '-' && label > 0);
        letter = letter || (*p >= 'a' && *p <= 'z');
        if (*p == '.' ? label == 0 : !good)
            return false;
        label = *p == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return letter && label > 0 && strlen(host) <= HOST_MAX;
}

bool pm_authority_is_host(const char *host)
{
    return is_name(host) || is_address(host, AF_INET) || is_address(host, AF_INET6);
}

/* Text that grows in a buffer of a known size. */
struct text {
    char bytes[NAMES_MAX];
    size_t n;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->bytes + t->n, sizeof(t->bytes) - t->n, format, args);
    va_end(args);
    t->n += n > 0 ? (size_t)n : 0; /* NAMES_MAX has room for all */
}

/* The forms of an extension's value that OpenSSL reads; hosts hold nothing that would mean something there. */
static void add_host(struct text *permitted, struct text *names, const char *host)
{
    if (is_address(host, AF_INET))
        add(permitted, ",permitted;IP:%s/255.255.255.255", host);
    else if (is_address(host, AF_INET6))
        add(permitted, ",permitted;IP:%s/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", host);
    else
        add(permitted, ",permitted;DNS:%s", host);
    add(names, "%s%s:%s", names->n ? "," : "", is_name(host) ? "DNS" : "IP", host);
}

static void add_hosts(struct text *permitted, struct text *names, const char *const *hosts, unsigned n)
{
    static const char *const own[] = {"localhost", "127.0.0.1", "::1"};
    add(permitted, "critical");
    for (unsigned i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        add_host(permitted, names, own[i]);
    for (unsigned i = 0; i < n; i++)
        add_host(permitted, names, hosts[i]);
}

/* ---- certificates ---- */

static bool add_extension(const struct pm_openssl *o, X509 *x, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    o->X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = o->X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool good = e && o->X509_add_ext(x, e, -1) == 1;
    o->X509_EXTENSION_free(e);
    return good;
}

static bool add_name(const struct pm_openssl *o, X509 *x, const char *common)
{
    X509_NAME *name = o->X509_get_subject_name(x);
    return o->X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Peripheral Manager", -1, -1,
                                         0) == 1 &&
           o->X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common, -1, -1, 0) == 1;
}

static bool set_serial(const struct pm_openssl *o, X509 *x)
{
    uint8_t serial[SERIAL];
    if (getrandom(serial, sizeof(serial), 0) != sizeof(serial))
        return false;
    serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and of one length */
    return o->ASN1_STRING_set(o->X509_get_serialNumber(x), serial, sizeof(serial)) == 1;
}

/* A certificate and key of a new name, all but the extensions and the signature. */
static bool begin(const struct pm_openssl *o, const char *common, int64_t seconds, struct pair *ret)
{
    *ret = (struct pair){o->X509_new(), o->EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")};
    X509 *x = ret->certificate;
    return x && ret->key && o->X509_set_version(x, X509_VERSION_3) == 1 && set_serial(o, x) &&
           o->X509_gmtime_adj(o->X509_getm_notBefore(x), -BACKDATED) &&
           o->X509_gmtime_adj(o->X509_getm_notAfter(x), (long)seconds) && o->X509_set_pubkey(x, ret->key) == 1 &&
           add_name(o, x, common);
}

static bool make_ca(const struct pm_openssl *o, const char *permitted, struct pair *ret)
{
    char machine[65] = "", common[128];
    gethostname(machine, sizeof(machine) - 1);
    snprintf(common, sizeof(common), "Peripheral Manager on %s", machine);
    if (!begin(o, common, (int64_t)PM_AUTHORITY_DAYS * SECONDS_A_DAY, ret))
        return false;
    X509 *x = ret->certificate;
    return o->X509_set_issuer_name(x, o->X509_get_subject_name(x)) == 1 &&
           add_extension(o, x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(o, x, x, NID_key_usage, "critical,keyCertSign") &&
           add_extension(o, x, x, NID_ext_key_usage, "serverAuth") &&
           add_extension(o, x, x, NID_subject_key_identifier, "hash") &&
           add_extension(o, x, x, NID_name_constraints, permitted) && o->X509_sign(x, ret->key, o->EVP_sha256()) > 0;
}

/* Not longer than its authority. */
static int64_t leaf_seconds(const struct pm_openssl *o, const X509 *ca)
{
    int64_t left = pm_openssl_seconds(o, o->X509_get0_notAfter(ca)) - (int64_t)time(NULL);
    int64_t most = (int64_t)PM_LEAF_DAYS * SECONDS_A_DAY - BACKDATED;
    return left < most ? left : most;
}

/* Its names are in `names`, or as in the certificate `like`. */
static bool make_leaf(const struct pm_openssl *o, const struct pair *ca, const char *names, const X509 *like,
                      struct pair *ret)
{
    if (!begin(o, "localhost", leaf_seconds(o, ca->certificate), ret))
        return false;
    X509 *x = ret->certificate;
    int at = like ? o->X509_get_ext_by_NID(like, NID_subject_alt_name, -1) : -1;
    if (at < 0 && !names)
        return false;
    return o->X509_set_issuer_name(x, o->X509_get_subject_name(ca->certificate)) == 1 &&
           add_extension(o, x, ca->certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(o, x, ca->certificate, NID_key_usage, "critical,digitalSignature") &&
           add_extension(o, x, ca->certificate, NID_ext_key_usage, "serverAuth") &&
           add_extension(o, x, ca->certificate, NID_subject_key_identifier, "hash") &&
           add_extension(o, x, ca->certificate, NID_authority_key_identifier, "keyid") &&
           (at >= 0 ? o->X509_add_ext(x, o->X509_get_ext(like, at), -1) == 1
                    : add_extension(o, x, ca->certificate, NID_subject_alt_name, names)) &&
           o->X509_sign(x, ca->key, o->EVP_sha256()) > 0;
}

/* ---- files ---- */

/* Write certificate and key (NULL: without) to one file. 0 or a negative errno. */
static int save(const struct pm_openssl *o, const char *path, X509 *x, EVP_PKEY *key)
{
    char *bytes = NULL;
    BIO *out = o->BIO_new(o->BIO_s_mem());
    bool good = out && (!key || o->PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1) &&
                (!x || o->PEM_write_bio_X509(out, x) == 1);
    long n = good ? o->BIO_ctrl(out, BIO_CTRL_INFO, 0, (char *)&bytes) : 0;
    int r = n > 0 ? pm_file_replace(path, bytes, (size_t)n) : -ENOMEM;
    o->BIO_free(out);
    return r;
}

/* Read what a file has of both. 0 or a negative errno. */
static int load(const struct pm_openssl *o, const char *path, bool with_key, struct pair *ret)
{
    struct pm_bytes pem;
    int r = pm_file_read(path, PEM_MAX, &pem);
    *ret = (struct pair){0};
    if (r < 0)
        return r;
    BIO *in = o->BIO_new_mem_buf(pem.p, (int)pem.n), *again = o->BIO_new_mem_buf(pem.p, (int)pem.n);
    if (in && again) {
        ret->certificate = o->PEM_read_bio_X509(in, NULL, NULL, NULL);
        ret->key = with_key ? o->PEM_read_bio_PrivateKey(again, NULL, NULL, (void *)(uintptr_t) "") : NULL;
    }
    o->BIO_free(in);
    o->BIO_free(again);
    pm_bytes_fini(&pem);
    return 0;
}

static int save_failed(const struct pm_authority_files *f, int r, char error[PM_TLS_ERROR])
{
    return pm_tls_refuse(error, "The certificate cannot be written to %.400s: %s.", f->folder, strerror(-r));
}

int pm_authority_make(const struct pm_openssl *o, const struct pm_authority_files *f, const char *const *hosts,
                      unsigned n, bool one_shot, char error[PM_TLS_ERROR])
{
    struct text permitted = {.n = 0}, names = {.n = 0};
    struct pair ca = {0}, leaf = {0};
    add_hosts(&permitted, &names, hosts, n);
    o->ERR_clear_error();
    int r = make_ca(o, permitted.bytes, &ca) && make_leaf(o, &ca, names.bytes, NULL, &leaf) ? 0 : fail(o, error);
    if (r == 0) {
        r = pm_path_make(f->folder);
        if (r == 0 && one_shot)
            r = unlink(f->ca_key) == 0 || errno == ENOENT ? 0 : -errno;
        else if (r == 0)
            r = save(o, f->ca_key, NULL, ca.key);
        if (r == 0)
            r = save(o, f->leaf, leaf.certificate, leaf.key);
        if (r == 0)
            r = save(o, f->ca, ca.certificate, NULL);
        r = r < 0 ? save_failed(f, r, error) : 0;
    }
    pair_free(o, &ca);
    pair_free(o, &leaf);
    return r;
}

/* ---- renewal ---- */

static bool is_good(const struct pm_openssl *o, const struct pair *leaf, const struct pair *ca)
{
    int64_t now = time(NULL);
    return leaf->certificate && leaf->key && o->X509_check_private_key(leaf->certificate, leaf->key) == 1 &&
           pm_openssl_seconds(o, o->X509_get0_notBefore(leaf->certificate)) <= now &&
           pm_openssl_seconds(o, o->X509_get0_notAfter(leaf->certificate)) >
               now + (int64_t)PM_LEAF_RENEW_DAYS * SECONDS_A_DAY &&
           (!ca->key || o->X509_verify(leaf->certificate, ca->key) == 1);
}

static int renew(const struct pm_openssl *o, const struct pm_authority_files *f, const struct pair *ca,
                 const struct pair *old, char error[PM_TLS_ERROR])
{
    struct pair leaf = {0};
    static const char again[] = "Make a new authority with: peripheral-manager tls init --again";
    if (!ca->certificate || !ca->key || o->X509_check_private_key(ca->certificate, ca->key) != 1)
        return pm_tls_refuse(error,
                             "The certificate %.400s has to be renewed, and the key of its authority is not in "
                             "%.300s. %s.",
                             f->leaf, f->ca_key, again);
    if (leaf_seconds(o, ca->certificate) <= 0)
        return pm_tls_refuse(error, "The certificate authority %.400s has expired. %s.", f->ca, again);
    if (!old->certificate)
        return pm_tls_refuse(error, "The certificate %.400s cannot be read any more. %s.", f->leaf, again);
    int r = make_leaf(o, ca, NULL, old->certificate, &leaf) ? 0 : fail(o, error);
    if (r == 0) {
        r = save(o, f->leaf, leaf.certificate, leaf.key);
        r = r < 0 ? save_failed(f, r, error) : 1;
    }
    pair_free(o, &leaf);
    return r;
}

int pm_authority_renew(const struct pm_openssl *o, const struct pm_authority_files *f, char error[PM_TLS_ERROR])
{
    struct pair ca, key, leaf;
    o->ERR_clear_error();
    int r = load(o, f->ca, false, &ca);
    if (r < 0)
        return r == -ENOENT ? r : pm_tls_refuse(error, "%.400s cannot be read: %s.", f->ca, strerror(-r));
    load(o, f->ca_key, true, &key);
    load(o, f->leaf, true, &leaf);
    struct pair both = {ca.certificate, key.key};
    r = is_good(o, &leaf, &both) ? 0 : renew(o, f, &both, &leaf, error);
    pair_free(o, &ca);
    pair_free(o, &key);
    pair_free(o, &leaf);
    return r;
}

/* ---- for people ---- */

static void write_fingerprint(const struct pm_openssl *o, const X509 *x, char *out, size_t room)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    size_t at = 0;
    out[0] = 0;
    o->X509_digest(x, o->EVP_sha256(), digest, &n);
    for (unsigned i = 0; i < n && at + 4 <= room; i++)
        at += (size_t)snprintf(out + at, room - at, "%s%02X", i ? ":" : "", digest[i]);
}

int pm_certificate_read(const struct pm_openssl *o, const char *path, struct pm_certificate *ret,
                        char error[PM_TLS_ERROR])
{
    struct pair p;
    int r = load(o, path, false, &p);
    if (r == -ENOENT)
        return r;
    if (r < 0)
        return pm_tls_refuse(error, "%.400s cannot be read: %s.", path, strerror(-r));
    if (!p.certificate)
        return pm_tls_refuse(
            error, "%.400s is no certificate. Make a new one with: peripheral-manager tls init --again.", path);
    o->X509_NAME_oneline(o->X509_get_subject_name(p.certificate), ret->subject, sizeof(ret->subject));
    write_fingerprint(o, p.certificate, ret->fingerprint, sizeof(ret->fingerprint));
    ret->ends = pm_openssl_seconds(o, o->X509_get0_notAfter(p.certificate));
    pair_free(o, &p);
    return 0;
}
