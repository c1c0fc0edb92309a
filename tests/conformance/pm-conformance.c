/* pm-conformance.c - an echo server on the daemon's own network library, for protocol suites, client matrices and
 * benchmarks. */
#include "echo.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct conformance {
    struct pm_loop loop;
    struct pm_server *server;
    struct pm_echo echo;
    struct pm_signal interrupt, terminate;
};

/* ---- start and end ---- */

static void on_signal(struct pm_signal *s, int number)
{
    (void)number;
    pm_loop_stop(s->owner);
}

/* Many clients need many descriptors; a soft limit is no reason to refuse them. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

struct settings {
    struct pm_server_options server;
    struct pm_engine_options engine;
    struct pm_sockets_options sockets;
    unsigned long port;
};

static int start(struct conformance *c, const struct settings *o)
{
    int r = pm_server_new(&c->loop, &o->server, &c->server);
    if (r == 0)
        r = pm_echo_start(&c->echo, &c->loop, c->server, &o->engine, &o->sockets);
    if (r == 0)
        r = pm_server_listen(c->server, (uint16_t)o->port);
    return r;
}

static int usage(void)
{
    fputs("usage: pm-conformance [--port N] [--ping-interval MS] [--ping-timeout MS] [--connect-timeout MS]\n"
          "                      [--max-payload BYTES] [--recovery MS] [--max-connections N] [--deflate]\n"
          "Port 0 takes a free one. Listens on 127.0.0.1 and ::1.\n",
          stderr);
    return 2;
}

static int parse(int argc, char **argv, struct settings *o)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"ping-interval", required_argument, NULL, 'i'},
        {"ping-timeout", required_argument, NULL, 't'},
        {"connect-timeout", required_argument, NULL, 'c'},
        {"max-payload", required_argument, NULL, 'm'},
        {"recovery", required_argument, NULL, 'r'},
        {"max-connections", required_argument, NULL, 'n'},
        {"deflate", no_argument, NULL, 'd'},
        {0},
    };
    unsigned long payload = 1000000, connections = 60000;
    o->port = 3000;
    o->engine = pm_engine_defaults();
    o->sockets = pm_sockets_defaults();
    bool deflate = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        char *end = NULL;
        if (option == 'd') {
            deflate = true;
            continue;
        }
        unsigned long value = option == '?' ? 0 : strtoul(optarg, &end, 10);
        if (!end || *end || end == optarg || value > 1u << 30)
            return -EINVAL;
        switch (option) {
        case 'p':
            o->port = value;
            break;
        case 'i':
            o->engine.ping_interval_ms = (uint32_t)value;
            break;
        case 't':
            o->engine.ping_timeout_ms = (uint32_t)value;
            break;
        case 'c':
            o->engine.connect_timeout_ms = (uint32_t)value;
            break;
        case 'm':
            payload = value;
            break;
        case 'r':
            o->sockets.recovery_ms = (uint32_t)value;
            break;
        default:
            connections = value;
        }
    }
    o->server = pm_server_defaults(payload);
    o->server.deflate = deflate;
    o->engine.max_payload = payload;
    o->server.connections = o->server.silent_connections = (unsigned)connections;
    o->engine.sessions = (unsigned)connections;
    return optind == argc && o->port <= UINT16_MAX ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
    struct conformance c = {0};
    struct settings settings;
    if (parse(argc, argv, &settings) < 0)
        return usage();
    raise_file_limit();
    if (pm_loop_init(&c.loop) < 0)
        return 1;
    pm_signal_init(&c.interrupt, &c.loop, SIGINT, on_signal, &c.loop);
    pm_signal_init(&c.terminate, &c.loop, SIGTERM, on_signal, &c.loop);
    int port = start(&c, &settings);
    if (port >= 0) {
        printf("listening on 127.0.0.1:%d\n", port);
        fflush(stdout);
        pm_loop_run(&c.loop);
    } else {
        fprintf(stderr, "Cannot listen on port %lu: %s\n", settings.port, strerror(-port));
    }
    pm_echo_stop(&c.echo);
    pm_server_free(c.server);
    pm_signal_close(&c.interrupt);
    pm_signal_close(&c.terminate);
    pm_loop_fini(&c.loop);
    return port >= 0 ? 0 : 1;
}
