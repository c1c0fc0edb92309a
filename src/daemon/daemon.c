/* daemon.c - see daemon.h. */
#include "daemon/daemon.h"

#include "base/log.h"
#include "daemon/beyond.h"
#include "daemon/gate.h"
#include "daemon/landlock.h"
#include "daemon/limits.h"
#include "daemon/lookout.h"
#include "daemon/notify.h"
#include "daemon/places.h"
#include "daemon/prompt.h"
#include "daemon/reach.h"
#include "daemon/sandbox.h"
#include "daemon/secure.h"
#include "daemon/stopping.h"
#include "daemon/systemd.h"
#include "daemon/teller.h"
#include "device/logins.h"
#include "net/faces.h"
#include "record/recorder.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FILES_BESIDE = 172 }; /* descriptors for everything but clients and open devices */

struct daemon {
    struct pm_settings *settings;
    struct pm_lookout lookout;
    struct pm_logins logins;
    struct pm_gate gate;
    struct pm_places places;
    struct pm_secure secure;
    unsigned port, tls_port; /* where it listens; 0: not yet, or not at all */
    struct pm_loop loop;
    struct pm_door *door;
    struct pm_api *api;
    struct pm_server *server;
    struct pm_face_socketio *socketio;
    struct pm_prompt prompt;
    struct pm_notify notify;
    struct pm_teller teller;
    struct pm_stopping stopping;
    struct pm_timer watchdog;
    struct pm_signal interrupt, terminate, hangup;
    bool in_terminal; /* it was started in one */
    int argc;
    char **argv;
};

/* ---- life ---- */

static void on_stopped(void *owner)
{
    struct daemon *d = owner;
    pm_loop_stop(&d->loop);
}

/* The first asks, the second insists. */
static void on_signal(struct pm_signal *s, int number)
{
    struct daemon *d = s->owner;
    (void)number;
    if (!d->server || d->stopping.running) {
        pm_loop_stop(&d->loop);
        return;
    }
    pm_systemd_notify("STOPPING=1");
    pm_stopping_begin(&d->stopping, &d->loop, d->api, d->server, on_stopped, d);
}

/* The message is for whoever misspelt it; an option that silently did nothing would cost them an hour. */
static bool check_origins(const struct pm_settings *s)
{
    for (unsigned i = 0; i < s->allow_origin.n; i++) {
        if (!pm_door_is_origin_rule(s->allow_origin.items[i])) {
            pm_log(PM_LOG_ERROR,
                   "--allow-origin %s is no origin. Write scheme, host and port as the browser's address bar shows "
                   "them, without a path: https://app.example or http://localhost:5173.",
                   s->allow_origin.items[i]);
            return false;
        }
        if (strcmp(s->allow_origin.items[i], "*") == 0)
            pm_log(PM_LOG_WARNING,
                   "Every page that this machine's browsers open may use the serial devices, without being asked: "
                   "advertisements and mails too. Better name the pages, or leave the option out and answer once.");
    }
    return true;
}

static bool check_settings(const struct pm_settings *s)
{
    return check_origins(s) && pm_beyond_check(s);
}

static void apply_live_settings(struct daemon *d)
{
    const struct pm_option_list *allowed = &d->settings->allow_origin;
    pm_log_set_rate((unsigned)d->settings->limits.log_rate);
    pm_log_set_level(d->settings->verbose ? PM_LOG_DEBUG : PM_LOG_INFO);
    int r = d->door ? pm_door_set_origins(d->door, (const char *const *)allowed->items, allowed->n) : 0;
    if (r < 0)
        pm_log(PM_LOG_ERROR, "Not all origins of --allow-origin are allowed: %s.", strerror(-r));
}

/* Each client takes a descriptor, and each device another for its recording; and the usual limit is low. */
static void raise_file_limit(const struct daemon *d)
{
    struct rlimit limit;
    long long devices = (long long)d->settings->limits.open_devices;
    rlim_t need = (rlim_t)d->settings->max_clients + 2 * (rlim_t)devices + FILES_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= need)
        return;
    limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < need)
        pm_log(PM_LOG_WARNING,
               "%lld clients and %lld open devices need %llu open files, and the system allows %llu: raise it (ulimit "
               "-Hn), or lower --max-clients or --open-devices.",
               (long long)d->settings->max_clients, devices, (unsigned long long)need,
               (unsigned long long)limit.rlim_cur);
}

static void note(const struct daemon *d, const char *kind, const char *result)
{
    pm_audit(pm_door_audit(d->door), &(struct pm_audit_entry){.kind = kind, .result = result, .uid = -1});
}

/* A terminal that is closed sends it, and so does whoever changed the configuration file. */
static void on_hangup(struct pm_signal *s, int number)
{
    struct daemon *d = s->owner;
    if (d->in_terminal && !isatty(STDERR_FILENO)) {
        on_signal(s, number);
        return;
    }
    pm_systemd_notify("RELOADING=1");
    bool taken = pm_settings_reload(d->settings, d->argc, d->argv, check_settings);
    note(d, "config_changed", taken ? "taken" : "wrong");
    apply_live_settings(d);
    pm_secure_reload(&d->secure);
    pm_systemd_notify("READY=1");
}

static void on_watchdog(struct pm_timer *t)
{
    pm_systemd_notify("WATCHDOG=1");
    pm_timer_set(t, pm_mono_add_ms(pm_loop_now(), pm_systemd_watchdog()));
}

/* Listen where the service manager does already, or for ourselves. Returns the port. */
static int listen_to_pages(struct daemon *d)
{
    int fds[PM_SYSTEMD_SOCKETS];
    unsigned port = 0;
    int n = pm_systemd_sockets(fds, &port);
    if (n == -EINVAL)
        pm_log(PM_LOG_ERROR, "The sockets that were handed over must listen on 127.0.0.1 and [::1], with one port.");
    if (n == 0)
        return pm_server_listen(d->server, (uint16_t)d->settings->port, PM_LISTENER_PLAIN);
    for (int i = 0; i < n; i++) {
        int r = pm_server_add_listener(d->server, fds[i], PM_LISTENER_PLAIN);
        if (r < 0)
            return r;
    }
    return n < 0 ? n : (int)port;
}

static int listen_with_tls(struct daemon *d)
{
    pm_secure_begin(&d->secure, &d->loop, d->server, pm_door_audit(d->door));
    if (!d->secure.tls)
        return 0;
    int r = pm_server_listen(d->server, (uint16_t)d->settings->tls_port, PM_LISTENER_TLS);
    d->tls_port = d->gate.hosts.ports[1] = r < 0 ? 0 : (unsigned)r;
    return r < 0 ? r : pm_beyond_listen(d->settings, d->server, d->tls_port);
}

static void note_listening(const struct daemon *d)
{
    char where[64];
    snprintf(where, sizeof(where), "localhost:%u", d->port);
    note(d, "listen", where);
    snprintf(where, sizeof(where), "localhost:%u, TLS", d->tls_port);
    if (d->tls_port)
        note(d, "listen", where);
    for (unsigned i = 0; i < d->settings->listen.n; i++)
        note(d, "listen", d->settings->listen.items[i]);
}

static int start_network(struct daemon *d)
{
    struct pm_engine_options engine = pm_engine_defaults();
    struct pm_server_options options = pm_server_defaults(engine.max_payload);
    struct pm_sockets_options sockets = pm_sockets_defaults();
    raise_file_limit(d);
    pm_limits_server(d->settings, &options);
    pm_limits_engine(d->settings, &engine);
    pm_limits_sockets(d->settings, &sockets);
    options.admits = pm_gate_admits;
    options.gate = pm_gate;
    options.on_limit = pm_gate_on_limit;
    options.gate_owner = &d->gate;
    int r = pm_server_new(&d->loop, &options, &d->server);
    if (r == 0)
        r = pm_face_socketio_new(d->server, d->api, &engine, &sockets, &d->socketio);
    if (r < 0)
        return r;
    pm_face_http(d->server, d->api);
    pm_face_recordings(d->server, d->api);
    pm_face_health(d->server, d->api);
    pm_face_page(d->server);
    r = listen_to_pages(d);
    if (r < 0)
        return r;
    d->port = d->gate.hosts.ports[0] = (unsigned)r;
    char address[64];
    snprintf(address, sizeof(address), "http://localhost:%u", d->port);
    pm_door_set_address(d->door, address);
    r = listen_with_tls(d);
    if (r < 0)
        return r;
    note_listening(d);
    r = pm_server_add_listener(d->server, d->places.control.fd, PM_LISTENER_CONTROL);
    d->places.control.fd = -1;
    return r;
}

static int start_recorder(struct daemon *d)
{
    char folder[PM_PATH_MAX];
    if (!d->places.state[0])
        return 0; /* --ephemeral */
    int r = pm_path_join(d->places.state, "recordings", folder);
    return r < 0
               ? r
               : pm_api_record(d->api, &(struct pm_recorder_options){.folder = folder,
                                                                     .part_size = (uint64_t)d->settings->recording_part,
                                                                     .program = "peripheral-manager " PM_VERSION});
}

static int start_profiles(struct daemon *d)
{
    struct pm_paths paths;
    char folder[PM_PATH_MAX];
    bool known = pm_paths_find(getenv, &paths) == 0 && pm_path_join(paths.config, "profiles", folder) == 0;
    return pm_api_know_profiles(d->api, known ? folder : NULL);
}

static int start_door(struct daemon *d)
{
    const struct pm_settings *s = d->settings;
    bool local = s->local_pages == PM_LOCAL_ALLOW || (s->local_pages == PM_LOCAL_AUTO && d->in_terminal);
    struct pm_door_options options = {.allow_origins = (const char *const *)s->allow_origin.items,
                                      .n_allow_origins = s->allow_origin.n,
                                      .local_pages = local,
                                      .share_all = s->compat == PM_COMPAT_ORIGINAL,
                                      .folder = d->places.state[0] ? d->places.state : NULL};
    int r = pm_door_new(&d->loop, &options, &d->door);
    d->gate.door = d->door;
    return r;
}

static int start(struct daemon *d)
{
    struct pm_devices_options devices = {.demo = d->settings->demo,
                                         .allow_pty = d->settings->allow_pty,
                                         .allow_modems = d->settings->allow_modems,
                                         .news = (unsigned)d->settings->limits.device_news,
                                         .find_holders = pm_lookout_holders,
                                         .find_owner = &d->lookout,
                                         .logins = &d->logins};
    struct pm_hub_limits limits;
    pm_limits_hub(d->settings, &limits);
    int r = start_door(d);
    if (r == 0)
        r = pm_api_new(&d->loop, &devices, d->door, &d->api);
    if (r == 0)
        pm_hub_set_limits(pm_api_hub(d->api), &limits);
    if (r == 0)
        r = start_recorder(d);
    if (r == 0)
        r = start_profiles(d);
    return r == 0 ? start_network(d) : r;
}

static void stop(struct daemon *d)
{
    pm_stopping_end(&d->stopping);
    if (d->api) {
        pm_prompt_end(&d->prompt);
        pm_notify_end(&d->notify);
        pm_teller_end(&d->teller);
    }
    pm_secure_end(&d->secure);
    d->socketio = pm_face_socketio_free(d->socketio);
    d->server = pm_server_free(d->server);
    d->api = pm_api_free(d->api);
    d->door = pm_door_free(d->door);
}

static void announce(const struct daemon *d)
{
    char secure[64] = "";
    if (d->tls_port)
        snprintf(secure, sizeof(secure), " and https://localhost:%u/", d->tls_port);
    pm_log(PM_LOG_INFO, "Listening on http://localhost:%u/%s for pages and programs of this machine.", d->port, secure);
    pm_teller_devices(d->api);
    pm_log(PM_LOG_INFO, "Open http://localhost:%u/ in a browser%s", d->port,
           d->in_terminal ? "; Ctrl+C stops this." : ".");
}

static enum pm_exit explain_start(struct daemon *d, int error)
{
    unsigned port = (unsigned)(d->port ? d->settings->tls_port : d->settings->port);
    const char *option = d->port ? "--tls-port" : "--port";
    char name[64];
    pid_t pid;
    if (error == -EADDRINUSE) {
        if (pm_lookout_port(&d->lookout, port, name, sizeof(name), &pid))
            pm_log(PM_LOG_ERROR, "Port %u is in use by \"%s\", process %d. Stop it, or choose another port with %s.",
                   port, name, pid, option);
        else
            pm_log(PM_LOG_ERROR,
                   "Port %u is in use by another user's program. Stop it, or choose another port with %s.", port,
                   option);
        return PM_EXIT_TEMPORARY;
    }
    pm_log(PM_LOG_ERROR, "Cannot start on port %u: %s.", port, strerror(-error));
    return PM_EXIT_OS;
}

/* Many systems have no such list any more: then it is systemd alone that is asked. */
static void open_logins(struct daemon *d)
{
    int r = pm_logins_open(&d->logins, PM_LOGINS_PATH);
    if (r < 0 && r != -ENOENT)
        pm_log(PM_LOG_WARNING,
               "The list of logins " PM_LOGINS_PATH
               " cannot be read: %s. A serial port where people log in is not told "
               "from others, unless systemd lets them in. Let everybody read the list, as is usual (chmod o+r).",
               strerror(-r));
}

/* Before anything is read that strangers wrote, and before there are threads. */
static void give_up_rights(const struct daemon *d)
{
    if (d->settings->no_sandbox)
        return;
    int r = pm_reach_limit(d->settings, &d->places);
    const char *exposing = r < 0 ? NULL : pm_reach_exposes_home(d->settings);
    if (r < 0)
        pm_log(pm_landlock_version() > 0 ? PM_LOG_WARNING : PM_LOG_DEBUG,
               "The kernel does not confine files (%s): going on without.", strerror(-r));
    if (exposing)
        pm_log(PM_LOG_WARNING,
               "The daemon can read all files beside %s, and so all of your home: put that file into a folder of its "
               "own.",
               exposing);
    r = pm_sandbox_enter();
    if (r < 0)
        pm_log(PM_LOG_DEBUG, "The kernel does not filter system calls (%s): going on without.", strerror(-r));
}

static enum pm_exit run(struct daemon *d)
{
    open_logins(d);
    give_up_rights(d);
    int r = start(d);
    if (r == 0) {
        announce(d);
        pm_prompt_begin(&d->prompt, &d->loop, d->api); /* it hears of questions first, and says which it asks */
        pm_teller_begin(&d->teller, d->api, &d->prompt);
        if (d->settings->notifications)
            pm_notify_begin(&d->notify, &d->loop, d->api);
        r = d->places.state[0] ? pm_api_keep(d->api, d->places.state) : 0;
    }
    if (r == 0) {
        pm_systemd_notify("READY=1");
        pm_loop_run(&d->loop);
    }
    stop(d);
    pm_logins_close(&d->logins);
    return r == 0 ? PM_EXIT_OK : explain_start(d, r);
}

/* Without it the daemon works as ever, but for names of programs that are in the way. */
static void start_lookout(struct daemon *d)
{
    int r = pm_lookout_start(&d->lookout, !d->settings->no_sandbox && pm_landlock_version() > 0);
    if (r < 0)
        pm_log(PM_LOG_DEBUG, "No process can be started that looks at others (%s).", strerror(-r));
}

static void listen_to_signals(struct daemon *d)
{
    pm_signal_init(&d->interrupt, &d->loop, SIGINT, on_signal, d);
    pm_signal_init(&d->terminate, &d->loop, SIGTERM, on_signal, d);
    pm_signal_init(&d->hangup, &d->loop, SIGHUP, on_hangup, d);
    signal(SIGPIPE, SIG_IGN); /* I19: whoever reads our output may go */
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    pm_timer_init(&d->watchdog, &d->loop, on_watchdog, d);
    if (pm_systemd_watchdog() > 0)
        on_watchdog(&d->watchdog);
}

/* What is left takes two seconds at most (a device that takes nothing), and whoever is impatient must not leave the
 * control socket behind, or a file half written. */
static void stop_listening_to_signals(struct daemon *d)
{
    pm_signal_close(&d->interrupt);
    pm_signal_close(&d->terminate);
    pm_signal_close(&d->hangup);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

enum pm_exit pm_daemon_run(struct pm_settings *settings, int argc, char **argv)
{
    struct daemon d = {.settings = settings, .argc = argc, .argv = argv, .in_terminal = isatty(STDERR_FILENO)};
    if (geteuid() == 0 && !settings->allow_root) {
        pm_log(PM_LOG_ERROR, "Devices are no reason to be root: start as the user who works with them, or with "
                             "--allow-root if it must be.");
        return PM_EXIT_PERMISSION;
    }
    apply_live_settings(&d);
    pm_beyond_names(settings, &d.gate);
    if (!check_settings(settings) || !pm_gate_open(&d.gate, &settings->allow_user))
        return PM_EXIT_CONFIG;
    start_lookout(&d);
    int r = pm_loop_init(&d.loop);
    if (r < 0) {
        pm_log(PM_LOG_ERROR, "Cannot start: %s.", strerror(-r));
        pm_lookout_end(&d.lookout);
        return PM_EXIT_OS;
    }
    /* Before anything is made that a sudden end would leave behind. */
    listen_to_signals(&d);
    enum pm_exit code = pm_places_open(settings, &d.places);
    if (code == PM_EXIT_OK)
        code = pm_secure_open(&d.secure, settings, d.places.state);
    if (code == PM_EXIT_OK)
        code = run(&d);
    stop_listening_to_signals(&d);
    pm_timer_close(&d.watchdog, NULL);
    pm_loop_fini(&d.loop);
    pm_secure_close(&d.secure);
    pm_gate_close(&d.gate);
    pm_places_close(&d.places); /* last: what is still being written belongs to this run */
    pm_lookout_end(&d.lookout);
    pm_log_end();
    return code;
}
