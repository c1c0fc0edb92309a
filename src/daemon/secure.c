/* secure.c - see secure.h. */
#include "daemon/secure.h"

#include "base/log.h"

#include <errno.h>

enum { LOOK_MS = 12 * 60 * 60 * 1000 };

static int load(const struct pm_secure *s, struct pm_tls **ret, char error[PM_TLS_ERROR])
{
    const char *certificate = s->own ? s->files.leaf : s->settings->tls_cert;
    return pm_tls_new(s->library, certificate, s->own ? s->files.leaf : s->settings->tls_key, ret, error);
}

/* Where the certificate is, as far as the settings say. */
static bool find_files(struct pm_secure *s, const char *state)
{
    const struct pm_settings *settings = s->settings;
    s->own = !settings->tls_cert && !settings->tls_key;
    if (s->own && !state[0])
        pm_log(PM_LOG_ERROR, "--tls needs --tls-cert and --tls-key where nothing is kept (--ephemeral).");
    else if (!s->own && (!settings->tls_cert || !settings->tls_key))
        pm_log(PM_LOG_ERROR, "A certificate needs its key: name both, with --tls-cert and --tls-key.");
    else
        return !s->own || pm_authority_files(state, &s->files) == 0;
    return false;
}

static int open_identity(struct pm_secure *s)
{
    int r = s->own ? pm_authority_renew(s->library, &s->files, s->error) : 0;
    if (r == -ENOENT)
        return pm_tls_refuse(s->error,
                             "--tls needs a certificate. Make one with: peripheral-manager tls init - or name "
                             "your own with --tls-cert and --tls-key.");
    if (r > 0)
        pm_log(PM_LOG_INFO, "The certificate for https is renewed.");
    return r < 0 ? r : load(s, &s->tls, s->error);
}

enum pm_exit pm_secure_open(struct pm_secure *s, const struct pm_settings *settings, const char *state)
{
    s->settings = settings;
    if (!settings->tls)
        return PM_EXIT_OK;
    if (!find_files(s, state))
        return PM_EXIT_CONFIG;
    s->library = pm_openssl_load(s->error);
    if (s->library && open_identity(s) == 0)
        return PM_EXIT_OK;
    pm_log(PM_LOG_ERROR, "%s", s->error);
    return PM_EXIT_CONFIG;
}

void pm_secure_close(struct pm_secure *s)
{
    s->tls = pm_tls_free(s->tls);
    s->library = pm_openssl_unload(s->library);
}

static void take_files(struct pm_secure *s)
{
    struct pm_tls *fresh;
    if (load(s, &fresh, s->error) < 0) {
        pm_log(PM_LOG_ERROR, "%s Until then the present certificate is used.", s->error);
        return;
    }
    pm_server_set_tls(s->server, fresh);
    pm_tls_free(s->tls);
    s->tls = fresh;
    pm_audit(s->audit, &(struct pm_audit_entry){.kind = "tls_changed", .uid = -1});
}

static void tell_renewal(const struct pm_secure *s)
{
    if (s->renewed > 0)
        pm_log(PM_LOG_INFO, "The certificate for https is renewed.");
    else if (s->renewed < 0)
        pm_log(PM_LOG_WARNING, "%s", s->renewed == -ENOENT ? "The certificate authority for https is gone." : s->error);
}

void pm_secure_reload(struct pm_secure *s)
{
    if (!s->tls || s->busy)
        return;
    s->renewed = s->own ? pm_authority_renew(s->library, &s->files, s->error) : 0;
    tell_renewal(s);
    take_files(s);
}

/* ---- twice a day ---- */

static void in_thread(struct pm_work *w)
{
    struct pm_secure *s = pm_container(w, struct pm_secure, work);
    s->renewed = pm_authority_renew(s->library, &s->files, s->error);
}

static void on_done(struct pm_work *w)
{
    struct pm_secure *s = pm_container(w, struct pm_secure, work);
    s->busy = false;
    if (!s->server)
        return;
    tell_renewal(s);
    if (s->renewed > 0)
        take_files(s);
}

static void on_look(struct pm_timer *t)
{
    struct pm_secure *s = t->owner;
    pm_timer_set(t, pm_mono_add_ms(pm_loop_now(), LOOK_MS));
    if (!s->busy)
        s->busy = pm_work_start(&s->work, s->loop, in_thread, on_done) == 0;
}

void pm_secure_begin(struct pm_secure *s, struct pm_loop *loop, struct pm_server *server, struct pm_audit *audit)
{
    s->loop = loop;
    s->server = server;
    s->audit = audit;
    pm_server_set_tls(server, s->tls);
    pm_timer_init(&s->look, loop, on_look, s);
    if (s->own && s->tls)
        pm_timer_set(&s->look, pm_mono_add_ms(pm_loop_now(), LOOK_MS));
}

void pm_secure_end(struct pm_secure *s)
{
    if (!s->server)
        return;
    s->server = NULL;
    pm_timer_close(&s->look, NULL);
}
