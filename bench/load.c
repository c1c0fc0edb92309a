/* load.c - the load generator: sends numbered messages, checks every byte that comes back, and prints figures as JSON.
 *   bench_load echo PORT PID KIND CLIENTS IN_FLIGHT MILLISECONDS
 *   bench_load idle PORT PID KIND CLIENTS MILLISECONDS     (where there is an echo, one more client measures round
 * trips beside them) KIND: relay, engine (Engine.IO messages) or socketio (events that come back as events); for idle
 * also raw (a bare WebSocket) and page (any Socket.IO server). PID: of the server, for its CPU. */
#include "figures.h"
#include "socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAYLOAD = 64, RECEIVE = 64 * 1024 };

struct kind {
    const char *name, *path, *before, *after, *back; /* before NULL: nothing comes back */
    int greeted, joins;                              /* joins: frames that answer a CONNECT; 0: there is none */
};

static const struct kind kinds[] = {
    {"relay", "/", "4", "", "4", 0, 0},
    {"engine", "/engine.io/?EIO=4&transport=websocket", "4", "", "4", 1, 0},
    {"socketio", "/socket.io/?EIO=4&transport=websocket", "42[\"message\",\"", "\"]", "42[\"message-back\",\"", 1, 2},
    {"raw", "/0", NULL, NULL, NULL, 0, 0},
    {"page", "/socket.io/?EIO=4&transport=websocket", NULL, NULL, NULL, 1, 1},
};

struct client {
    int fd;
    uint64_t sent, got;
    uint64_t sent_at[64]; /* by number, modulo */
    uint8_t in[RECEIVE];
    size_t n;
};

static struct figures figures;

/* The 64 bytes of a message: its number, then a pattern that follows from it. */
static void fill(char *out, uint64_t number)
{
    snprintf(out, 17, "%016llx", (unsigned long long)number);
    for (size_t i = 16; i < PAYLOAD; i++)
        out[i] = (char)('a' + (number + i) % 26);
}

static int join(uint16_t port, const struct kind *k, unsigned which)
{
    uint8_t frame[BENCH_FRAME_MAX];
    int fd = bench_connect(port, k->path, "", which, k->greeted);
    if (fd < 0)
        bench_die("cannot connect");
    if (k->joins) {
        size_t n = bench_frame(frame, "40", 2);
        int sent = send(fd, frame, n, 0) == (ssize_t)n;
        for (int i = 0; i < k->joins; i++)
            sent = sent && bench_read(fd, frame) >= 0;
        if (!sent)
            bench_die("cannot join");
    }
    return fd;
}

static void send_next(struct client *c, const struct kind *k, unsigned count)
{
    uint8_t out[64 * 160];
    size_t n = 0;
    for (unsigned i = 0; i < count; i++) {
        char text[160], payload[PAYLOAD + 1];
        fill(payload, c->sent);
        payload[PAYLOAD] = 0;
        int length = snprintf(text, sizeof(text), "%s%s%s", k->before, payload, k->after);
        c->sent_at[c->sent % 64] = bench_now();
        c->sent++;
        n += bench_frame(out + n, text, (size_t)length);
    }
    if (send(c->fd, out, n, 0) != (ssize_t)n)
        bench_die("cannot send");
}

/* Take complete frames; each must be the next one that was sent. Returns how many came. */
static unsigned take(struct client *c, const struct kind *k)
{
    ssize_t got = recv(c->fd, c->in + c->n, RECEIVE - c->n, 0);
    if (got <= 0)
        bench_die("the server hung up");
    c->n += (size_t)got;
    size_t at = 0, back = strlen(k->back), after = strlen(k->after);
    unsigned count = 0;
    while (c->n - at >= 2) {
        size_t head = (c->in[at + 1] & 0x7f) == 126 ? 4 : 2;
        if (c->n - at < head)
            break;
        size_t n = head == 4 ? (size_t)c->in[at + 2] << 8 | c->in[at + 3] : (size_t)c->in[at + 1];
        if (c->n - at < head + n)
            break;
        char expected[PAYLOAD + 1];
        const char *text = (char *)c->in + at + head;
        fill(expected, c->got);
        if (n == back + PAYLOAD + after && memcmp(text, k->back, back) == 0) {
            if (memcmp(text + back, expected, PAYLOAD) != 0)
                bench_die("a message came back changed, doubled or out of order");
            figures_sample(&figures, bench_now() - c->sent_at[c->got % 64]);
            c->got++;
            count++;
        } else if (n != 1 || *text != '2') {
            bench_die("something else came back");
        }
        at += head + n;
    }
    memmove(c->in, c->in + at, c->n - at);
    c->n -= at;
    return count;
}

static void exchange(struct client *clients, unsigned count, const struct kind *k, unsigned in_flight, unsigned ms)
{
    int epoll = epoll_create1(0);
    uint64_t end = bench_now() + (uint64_t)ms * 1000000;
    for (unsigned i = 0; i < count; i++) {
        epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &(struct epoll_event){.events = EPOLLIN, .data.u32 = i});
        send_next(&clients[i], k, in_flight);
    }
    while (bench_now() < end) {
        struct epoll_event events[64];
        int n = epoll_wait(epoll, events, 64, 1000);
        for (int i = 0; i < n; i++) {
            struct client *c = &clients[events[i].data.u32];
            unsigned came = take(c, k);
            if (came > 0)
                send_next(c, k, came);
        }
    }
    close(epoll);
}

static struct client *join_all(uint16_t port, const struct kind *k, unsigned count, unsigned from)
{
    struct client *clients = calloc(count, sizeof(*clients));
    if (!clients)
        bench_die("no memory");
    for (unsigned i = 0; i < count; i++)
        clients[i].fd = join(port, k, from + i);
    return clients;
}

static void run_echo(uint16_t port, int pid, const struct kind *k, unsigned count, unsigned in_flight, unsigned ms)
{
    struct client *clients = join_all(port, k, count, 0);
    exchange(clients, count, k, in_flight, ms / 5); /* to warm up */
    for (unsigned i = 0; i < count; i++) {
        while (clients[i].got < clients[i].sent)
            take(&clients[i], k);
    }
    figures_clear(&figures);
    uint64_t before = bench_cpu(pid), messages = 0;
    for (unsigned i = 0; i < count; i++)
        messages -= clients[i].got;
    exchange(clients, count, k, in_flight, ms);
    uint64_t cpu = bench_cpu(pid) - before;
    for (unsigned i = 0; i < count; i++)
        messages += clients[i].got;
    figures_sort(&figures);
    printf("{\"messages\": %llu, \"p50\": %.2f, \"p99\": %.2f, \"cpu\": %.3f}\n", (unsigned long long)messages,
           figures_at(&figures, 0.5), figures_at(&figures, 0.99), messages ? (double)cpu / 1000 / (double)messages : 0);
}

/* Idle clients answer pings, and do nothing else: up to this time, and until no ping waits. */
static void answer_pings(int epoll, uint64_t end)
{
    static const uint8_t ping[] = {0x81, 1, '2'};
    int n;
    do {
        struct epoll_event events[64];
        uint64_t now = bench_now();
        n = epoll_wait(epoll, events, 64, now < end ? (int)((end - now) / 1000000) + 1 : 0);
        for (int i = 0; i < n; i++) {
            uint8_t in[4096], out[16];
            ssize_t got = recv(events[i].data.fd, in, sizeof(in), 0);
            if (got <= 0)
                bench_die("the server hung up");
            size_t size = bench_frame(out, "3", 1);
            if (memmem(in, (size_t)got, ping, sizeof(ping)) && send(events[i].data.fd, out, size, 0) != (ssize_t)size)
                bench_die("cannot send");
        }
    } while (n > 0 || bench_now() < end);
}

static void run_idle(uint16_t port, int pid, const struct kind *k, unsigned count, unsigned ms)
{
    double before = bench_private(pid);
    uint64_t start = bench_now();
    int epoll = epoll_create1(0);
    for (unsigned i = 0; i < count; i++) {
        int fd = join(port, k, i);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
        if (i % 128 == 0)
            answer_pings(epoll, 0); /* of a slow server the first are pinged before the last are in */
    }
    double rate = count ? count / ((double)(bench_now() - start) / 1e9) : 0;
    double each = count ? (bench_private(pid) - before) / count : 0;
    uint64_t cpu = bench_cpu(pid);
    start = bench_now();
    answer_pings(epoll, start + (uint64_t)ms * 1000000);
    double share = (double)(bench_cpu(pid) - cpu) / (double)(bench_now() - start) * 100;
    if (k->before) {
        struct client *one = join_all(port, k, 1, count);
        exchange(one, 1, k, 1, 1000);
    }
    figures_sort(&figures);
    printf("{\"clients\": %u, \"private\": %.0f, \"rate\": %.0f, \"share\": %.3f, \"p50\": %.2f, \"p99\": %.2f}\n",
           count, each, rate, share, figures_at(&figures, 0.5), figures_at(&figures, 0.99));
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    const struct kind *k = NULL;
    if (figures_init(&figures) < 0)
        bench_die("no memory");
    for (size_t i = 0; argc > 4 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        k = strcmp(argv[4], kinds[i].name) == 0 ? &kinds[i] : k;
    if (!k)
        bench_die(
            "usage: bench_load echo|idle PORT PID relay|engine|socketio|raw|page CLIENTS [IN_FLIGHT] MILLISECONDS");
    uint16_t port = (uint16_t)bench_number(argv[2]);
    int pid = (int)bench_number(argv[3]);
    if (strcmp(argv[1], "echo") == 0 && argc == 8 && k->before)
        run_echo(port, pid, k, bench_number(argv[5]), bench_number(argv[6]), bench_number(argv[7]));
    else if (strcmp(argv[1], "idle") == 0 && argc == 7)
        run_idle(port, pid, k, bench_number(argv[5]), bench_number(argv[6]));
    else
        bench_die("wrong number of arguments");
    return 0;
}
