/* main.c - the daemon: options, the parts it is made of, and the way down. */
#include "access/origin.h"
#include "base/log.h"
#include "net/faces.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    unsigned port;
    struct pm_devices_options devices;
    struct pm_access access;
};

struct daemon {
    struct settings settings;
    unsigned port; /* where it listens */
    struct pm_loop loop;
    struct pm_api *api;
    struct pm_server *server;
    struct pm_face_socketio *socketio;
    struct pm_signal interrupt, terminate;
};

enum { EXIT_USAGE = 2, EXIT_PORT_TAKEN = 75 }; /* EX_TEMPFAIL */

static const char help[] =
    "Usage: peripheral-manager [OPTION]...\n"
    "Lets web applications talk to the devices of this machine, on port 3000.\n"
    "\n"
    "  --port N              listen on this port of 127.0.0.1 and ::1; 0 takes a free one (default 3000)\n"
    "  --demo                show virtual devices: an echo, an instrument, a syringe pump, a counter\n"
    "  --allow-origin URL    let pages of this origin in; may be given several times\n"
    "  --allow-pty           open pseudo terminals by their path, such as /dev/pts/3\n"
    "  --verbose             log more\n"
    "  --help, --version\n"
    "\n"
    "Example: peripheral-manager --demo --allow-origin https://lab.example\n"
    "Then open http://localhost:3000/\n";

/* ---- the gate ---- */

static const struct pm_http_refusal *gate(void *owner, const struct pm_http_head *head)
{
    static const struct pm_http_refusal
        host = {403, "host-not-allowed", "This name is not served here. Use http://localhost:3000."},
        null_origin = {403, "origin-null",
                       "The page has no origin of its own, as files have none. Serve its folder, for example with "
                       "python3 -m http.server, and open it from http://localhost:8000."},
        origin = {
            403, "consent-required",
            "This origin may not use the devices here. Start peripheral-manager with --allow-origin and its address."};
    const struct daemon *d = owner;
    struct pm_http_text other = head->absolute_host;
    if (!pm_access_host(head->host.p, head->host.n, d->port) || (other.p && !pm_access_host(other.p, other.n, d->port)))
        return &host;
    if (head->origin.n == 4 && memcmp(head->origin.p, "null", 4) == 0)
        return &null_origin;
    return pm_access_origin(&d->settings.access, head->origin.p, head->origin.n) ? NULL : &origin;
}

/* ---- life ---- */

static void on_signal(struct pm_signal *s, int number)
{
    (void)number;
    pm_loop_stop(s->owner);
}

static int start_network(struct daemon *d)
{
    struct pm_engine_options engine = pm_engine_defaults();
    struct pm_server_options options = pm_server_defaults(engine.max_payload);
    options.gate = gate;
    options.gate_owner = d;
    int r = pm_server_new(&d->loop, &options, &d->server);
    if (r == 0)
        r = pm_face_socketio_new(d->server, d->api, &engine, &d->socketio);
    if (r < 0)
        return r;
    pm_face_http(d->server, d->api);
    pm_face_page(d->server);
    r = pm_server_listen(d->server, (uint16_t)d->settings.port);
    if (r >= 0)
        d->port = (unsigned)r;
    return r < 0 ? r : 0;
}

static void stop(struct daemon *d)
{
    d->socketio = pm_face_socketio_free(d->socketio);
    d->server = pm_server_free(d->server);
    d->api = pm_api_free(d->api);
}

static void announce(const struct daemon *d)
{
    const struct pm_link *list = pm_devices_list(pm_api_devices(d->api));
    unsigned count = 0;
    for (struct pm_link *link = list->next; link != list; link = link->next)
        count++;
    pm_log(PM_LOG_INFO, "Listening on http://localhost:%u/ - open it in a browser.", d->port);
    pm_log(PM_LOG_INFO, "%u device%s here%s. Press Ctrl+C to stop.", count, count == 1 ? "" : "s",
           count == 0 ? "; plug one in, or start with --demo" : "");
}

static int serve(struct daemon *d)
{
    int r = pm_loop_init(&d->loop);
    if (r < 0) {
        pm_log(PM_LOG_ERROR, "Cannot start: %s.", strerror(-r));
        return EXIT_FAILURE;
    }
    pm_signal_init(&d->interrupt, &d->loop, SIGINT, on_signal, &d->loop);
    pm_signal_init(&d->terminate, &d->loop, SIGTERM, on_signal, &d->loop);
    r = pm_api_new(&d->loop, &d->settings.devices, &d->api);
    if (r == 0)
        r = start_network(d);
    if (r == 0) {
        announce(d);
        pm_loop_run(&d->loop);
    } else if (r == -EADDRINUSE) {
        pm_log(PM_LOG_ERROR,
               "Port %u is in use, perhaps by a peripheral-manager that runs already. Stop it, or choose "
               "another with --port.",
               d->settings.port);
    } else {
        pm_log(PM_LOG_ERROR, "Cannot start on port %u: %s.", d->settings.port, strerror(-r));
    }
    stop(d);
    pm_signal_close(&d->interrupt);
    pm_signal_close(&d->terminate);
    pm_loop_fini(&d->loop);
    return r == 0 ? EXIT_SUCCESS : r == -EADDRINUSE ? EXIT_PORT_TAKEN : EXIT_FAILURE;
}

/* ---- options ---- */

static bool parse_port(const char *text, unsigned *port)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end || value > UINT16_MAX)
        return false;
    *port = (unsigned)value;
    return true;
}

/* 0 to go on, -1 after --help or --version, EXIT_USAGE. */
static int parse(int argc, char **argv, struct settings *s)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"demo", no_argument, NULL, 'd'},
        {"allow-origin", required_argument, NULL, 'o'},
        {"allow-pty", no_argument, NULL, 't'},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    s->port = 3000;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'p' && parse_port(optarg, &s->port))
            continue;
        if (option == 'o' && s->access.n_allowed < PM_ORIGINS_MAX) {
            s->access.allowed[s->access.n_allowed++] = optarg;
        } else if (option == 'd') {
            s->devices.demo = true;
        } else if (option == 't') {
            s->devices.allow_pty = true;
        } else if (option == 'v') {
            pm_log_set_level(PM_LOG_DEBUG);
        } else if (option == 'h') {
            fputs(help, stdout);
            return -1;
        } else if (option == 'V') {
            puts("peripheral-manager " PM_VERSION);
            return -1;
        } else {
            fprintf(stderr, "Try: peripheral-manager --help\n");
            return EXIT_USAGE;
        }
    }
    if (optind == argc)
        return 0;
    fprintf(stderr, "\"%s\" is not an option. Try: peripheral-manager --help\n", argv[optind]);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct daemon d = {0};
    int r = parse(argc, argv, &d.settings);
    if (r != 0)
        return r < 0 ? EXIT_SUCCESS : r;
    return serve(&d);
}
