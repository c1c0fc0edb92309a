/* pm-conformance.c - an echo server on the daemon's own network library, for protocol suites, client matrices and
 * benchmarks. */
#include "echo.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
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
    unsigned port, payload, connections;
};

static int start(struct conformance *c, const struct settings *o)
{
    int r = pm_server_new(&c->loop, &o->server, &c->server);
    if (r == 0)
        r = pm_echo_start(&c->echo, &c->loop, c->server, &o->engine, &o->sockets);
    if (r == 0)
        r = pm_server_listen(c->server, (uint16_t)o->port, PM_LISTENER_PLAIN);
    return r;
}

/* Options and the settings they stand for; all are whole numbers. */
struct number {
    const char *name;
    size_t at, size;
};

#define NUMBER(name, member)                                                                                           \
    {                                                                                                                  \
        name, offsetof(struct settings, member), sizeof(((struct settings *)0)->member)                                \
    }

static const struct number numbers[] = {
    NUMBER("port", port),
    NUMBER("max-payload", payload),
    NUMBER("max-connections", connections),
    NUMBER("max-silent", server.silent_connections),
    NUMBER("max-per-origin", server.per_origin),
    NUMBER("max-strangers", engine.strangers),
    NUMBER("max-events", sockets.events_per_second),
    NUMBER("event-burst", sockets.event_burst),
    NUMBER("flood", sockets.flood_ms),
    NUMBER("deflate", server.deflate),
    NUMBER("first-byte", server.first_byte_ms),
    NUMBER("head", server.head_ms),
    NUMBER("body", server.body_ms),
    NUMBER("idle", server.idle_ms),
    NUMBER("stall", server.stall_ms),
    NUMBER("close", server.close_ms),
    NUMBER("ping-interval", engine.ping_interval_ms),
    NUMBER("ping-timeout", engine.ping_timeout_ms),
    NUMBER("upgrade", engine.upgrade_timeout_ms),
    NUMBER("connect-timeout", engine.connect_timeout_ms),
    NUMBER("attachments", sockets.attachments_ms),
    NUMBER("recovery", sockets.recovery_ms),
};

static int usage(void)
{
    fputs("usage: pm-conformance [--OPTION NUMBER]...\n"
          "Times are in milliseconds, sizes in bytes. Port 0 takes a free one. Listens on 127.0.0.1 and ::1.\nOptions:",
          stderr);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        fprintf(stderr, " --%s", numbers[i].name);
    fputs("\n", stderr);
    return 2;
}

static int set_number(struct settings *o, const char *name, const char *text)
{
    char *end;
    unsigned long value = text ? strtoul(text, &end, 10) : 0;
    if (!text || *end || end == text || value > 1u << 30)
        return -EINVAL;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            void *at = (char *)o + numbers[i].at;
            if (numbers[i].size == sizeof(bool))
                *(bool *)at = value != 0;
            else
                *(uint32_t *)at = (uint32_t)value;
            return 0;
        }
    }
    return -EINVAL;
}

static int parse(char **argv, struct settings *o)
{
    o->port = 3000;
    o->payload = 1000000;
    o->connections = 60000;
    o->server = pm_server_defaults(o->payload);
    o->server.silent_connections = o->server.per_origin = o->connections;
    o->engine = pm_engine_defaults();
    o->engine.strangers = o->connections;
    o->sockets = pm_sockets_defaults();
    o->sockets.events_per_second = 0;
    for (; *argv; argv += 2) {
        if (strncmp(*argv, "--", 2) != 0 || set_number(o, *argv + 2, argv[1]) < 0)
            return -EINVAL;
    }
    o->server.http.body = o->server.ws.message = o->engine.max_payload = o->payload;
    o->server.connections = o->engine.sessions = o->connections;
    return o->port <= UINT16_MAX ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
    (void)argc;
    struct conformance c = {0};
    struct settings settings;
    if (parse(argv + 1, &settings) < 0)
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
        fprintf(stderr, "Cannot listen on port %u: %s\n", settings.port, strerror(-port));
    }
    pm_echo_stop(&c.echo);
    pm_server_free(c.server);
    pm_signal_close(&c.interrupt);
    pm_signal_close(&c.terminate);
    pm_loop_fini(&c.loop);
    return port >= 0 ? 0 : 1;
}
