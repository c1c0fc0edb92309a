/* doctor_tls.c - see doctor.h; https: is the library there, the certificate, and can it be renewed before it ends? */
#include "cli/doctor.h"
#include "cli/tls.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

static const char check[] = "https";

/* The certificate that `tls init` made. */
static void check_own(struct pm_doctor *d, const struct pm_openssl *o, const struct pm_authority_files *f)
{
    char error[PM_TLS_ERROR];
    struct pm_certificate leaf = {0};
    int r = pm_certificate_read(o, f->leaf, &leaf, error);
    int64_t soon = (int64_t)time(NULL) + (int64_t)PM_LEAF_RENEW_DAYS * 24 * 60 * 60;
    if (r == -ENOENT)
        pm_doctor_note(d, PM_SICK, check, "There is no certificate. Make one with: peripheral-manager tls init");
    else if (r < 0)
        pm_doctor_note(d, PM_SICK, check, "%.500s", error);
    else if (leaf.ends < soon && access(f->ca_key, R_OK) < 0)
        pm_doctor_note(d, PM_SICK, check,
                       "The certificate ends soon and cannot be renewed. Make a new one with: peripheral-manager tls "
                       "init --again");
    else
        pm_doctor_note(d, PM_HEALTHY, check,
                       "The certificate is in order. Which browsers trust it: peripheral-manager tls status");
}

void pm_doctor_tls(struct pm_doctor *d, const struct pm_settings *settings)
{
    char error[PM_TLS_ERROR];
    struct pm_authority_files files;
    struct pm_paths paths;
    if (!settings->tls)
        return;
    const struct pm_openssl *o = pm_openssl_load(error);
    bool found = settings->state_dir || pm_paths_find(getenv, &paths) == 0;
    if (!o)
        pm_doctor_note(d, PM_SICK, check, "%.500s", error);
    else if (settings->tls_cert)
        pm_doctor_note(d, PM_HEALTHY, check, "The certificate is %.400s.", settings->tls_cert);
    else if (found && pm_authority_files(settings->state_dir ? settings->state_dir : paths.state, &files) == 0)
        check_own(d, o, &files);
    pm_openssl_unload(o);
}
