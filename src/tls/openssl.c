/* openssl.c - see openssl.h. */
#include "tls/openssl.h"

#include "base/library.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LOOK_UP_SSL(name)    &&pm_library_find(o->ssl, #name, &o->name)
#define LOOK_UP_CRYPTO(name) &&pm_library_find(o->crypto, #name, &o->name)

static bool look_up_all(struct pm_openssl *o)
{
    return o->ssl && o->crypto PM_SSL_FUNCTIONS(LOOK_UP_SSL) PM_CRYPTO_FUNCTIONS(LOOK_UP_CRYPTO);
}

const struct pm_openssl *pm_openssl_load(char error[PM_TLS_ERROR])
{
    struct pm_openssl *o = calloc(1, sizeof(*o));
    if (!o) {
        snprintf(error, PM_TLS_ERROR, "There is no memory left for TLS.");
        return NULL;
    }
    o->crypto = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
    o->ssl = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
    if (look_up_all(o))
        return o;
    const char *why = dlerror();
    snprintf(error, PM_TLS_ERROR, "TLS needs OpenSSL 3 (%.200s). Install it with: sudo apt install libssl3.",
             why ? why : "it is incomplete");
    pm_openssl_unload(o);
    return NULL;
}

const struct pm_openssl *pm_openssl_unload(const struct pm_openssl *o)
{
    if (o && o->ssl)
        dlclose(o->ssl);
    if (o && o->crypto)
        dlclose(o->crypto);
    free((void *)(uintptr_t)o);
    return NULL;
}

int64_t pm_openssl_seconds(const struct pm_openssl *o, const ASN1_TIME *when)
{
    struct tm parts;
    return o->ASN1_TIME_to_tm(when, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

int pm_tls_refuse(char error[PM_TLS_ERROR], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, PM_TLS_ERROR, format, args);
    va_end(args);
    return -EINVAL;
}

const char *pm_openssl_reason(const struct pm_openssl *o)
{
    const char *reason = o->ERR_reason_error_string(o->ERR_peek_last_error());
    return reason ? reason : "unknown reason";
}
