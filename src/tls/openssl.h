/* openssl.h - the functions of OpenSSL 3 that we call, looked up when TLS is turned on: whoever does without it pays
 * neither memory nor a dependency. Its macros (SSL_CTX_set_mode and so on) name functions and cannot be used; what they
 * stand for can. */
#ifndef PM_TLS_OPENSSL_H
#define PM_TLS_OPENSSL_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define PM_SSL_FUNCTIONS(F)                                                                                            \
    F(SSL_CTX_check_private_key)                                                                                       \
    F(SSL_CTX_ctrl)                                                                                                    \
    F(SSL_CTX_free)                                                                                                    \
    F(SSL_CTX_new)                                                                                                     \
    F(SSL_CTX_set_alpn_select_cb)                                                                                      \
    F(SSL_CTX_set_cipher_list)                                                                                         \
    F(SSL_CTX_set_default_passwd_cb)                                                                                   \
    F(SSL_CTX_set_num_tickets)                                                                                         \
    F(SSL_CTX_set_options)                                                                                             \
    F(SSL_CTX_use_PrivateKey_file)                                                                                     \
    F(SSL_CTX_use_certificate_chain_file)                                                                              \
    F(SSL_CTX_get0_certificate)                                                                                        \
    F(SSL_free)                                                                                                        \
    F(SSL_get_error)                                                                                                   \
    F(SSL_is_init_finished)                                                                                            \
    F(SSL_new)                                                                                                         \
    F(SSL_read_ex)                                                                                                     \
    F(SSL_select_next_proto)                                                                                           \
    F(SSL_set_accept_state)                                                                                            \
    F(SSL_set_fd)                                                                                                      \
    F(SSL_shutdown)                                                                                                    \
    F(SSL_write_ex)                                                                                                    \
    F(TLS_server_method)

#define PM_CRYPTO_FUNCTIONS(F)                                                                                         \
    F(ASN1_STRING_set)                                                                                                 \
    F(ASN1_TIME_to_tm)                                                                                                 \
    F(BIO_ctrl)                                                                                                        \
    F(BIO_free)                                                                                                        \
    F(BIO_new)                                                                                                         \
    F(BIO_new_mem_buf)                                                                                                 \
    F(BIO_s_mem)                                                                                                       \
    F(EVP_PKEY_Q_keygen)                                                                                               \
    F(EVP_PKEY_free)                                                                                                   \
    F(EVP_sha256)                                                                                                      \
    F(PEM_read_bio_PrivateKey)                                                                                         \
    F(PEM_read_bio_X509)                                                                                               \
    F(PEM_write_bio_PrivateKey)                                                                                        \
    F(PEM_write_bio_X509)                                                                                              \
    F(X509V3_EXT_conf_nid)                                                                                             \
    F(X509V3_set_ctx)                                                                                                  \
    F(X509_EXTENSION_free)                                                                                             \
    F(X509_NAME_add_entry_by_txt)                                                                                      \
    F(X509_NAME_oneline)                                                                                               \
    F(X509_add_ext)                                                                                                    \
    F(X509_check_private_key)                                                                                          \
    F(X509_digest)                                                                                                     \
    F(X509_free)                                                                                                       \
    F(X509_get_ext)                                                                                                    \
    F(X509_get_ext_by_NID)                                                                                             \
    F(X509_get_serialNumber)                                                                                           \
    F(X509_get_subject_name)                                                                                           \
    F(X509_getm_notAfter)                                                                                              \
    F(X509_getm_notBefore)                                                                                             \
    F(X509_gmtime_adj)                                                                                                 \
    F(X509_new)                                                                                                        \
    F(X509_set_issuer_name)                                                                                            \
    F(X509_set_pubkey)                                                                                                 \
    F(X509_set_version)                                                                                                \
    F(X509_sign)                                                                                                       \
    F(X509_verify)                                                                                                     \
    F(ERR_clear_error)                                                                                                 \
    F(ERR_peek_last_error)                                                                                             \
    F(ERR_reason_error_string)                                                                                         \
    F(X509_get0_notAfter)                                                                                              \
    F(X509_get0_notBefore)

#define PM_OPENSSL_MEMBER(name) __typeof__(name) *name;

struct pm_openssl {
    void *ssl, *crypto; /* as dlopen() returned them */
    PM_SSL_FUNCTIONS(PM_OPENSSL_MEMBER)
    PM_CRYPTO_FUNCTIONS(PM_OPENSSL_MEMBER)
};

enum { PM_TLS_ERROR = 1200 }; /* bytes of a message, its end included */

/* Load the library. NULL, with a message that says what to do, if it is not there or lacks something. End it with
 * pm_openssl_unload(), after everything that was made with it. */
const struct pm_openssl *pm_openssl_load(char error[PM_TLS_ERROR]);
const struct pm_openssl *pm_openssl_unload(const struct pm_openssl *o);

/* A time in seconds since 1970; 0 if it is none. */
int64_t pm_openssl_seconds(const struct pm_openssl *o, const ASN1_TIME *when);

/* Write a message. Returns -EINVAL. */
int pm_tls_refuse(char error[PM_TLS_ERROR], const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What went wrong in the last call, in OpenSSL's words: a constant. */
const char *pm_openssl_reason(const struct pm_openssl *o);

#endif
