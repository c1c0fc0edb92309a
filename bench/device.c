/* device.c - the load generator with devices: it plays the far end of pseudo terminals and the clients that use them,
 * checks every byte, and prints figures as JSON.
 *   bench_device MODE PORT PID KIND CLIENTS BYTES MILLISECONDS TERMINAL...
 * MODE: round   the first client of each line sends BYTES, the device sends them back, all clients get them
 *       paced   the device sends BYTES a second, in steps of a millisecond
 *       stalled the same, and the last client of each line does not read
 *       flood   the device sends as fast as it is taken from
 *       upload  one client sends messages of 16 KiB, the device takes BYTES a second (0: all there are)
 * KIND: raw (binary messages on /0, /1 ...), socketio (events named bench0, bench1 ...), page (the same, from the
 * origin https://bench.example) or polling (the same, of a program). CLIENTS: of each line, and they get that line's
 * bytes alone. PID: of the server, for its CPU; with its children and threads. TERMINAL: descriptors. */
#include "client.h"
#include "figures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 64, STEPS = 1 << 14, UPLOAD = 16384, EVENTS = 256, STEP_NS = 1000000, REST_MS = 50 };

enum mode { ROUND, PACED, STALLED, FLOOD, UPLOAD_MODE };

/* A device; what it sends follows the pattern, and what it gets must. */
struct line {
    int fd;
    uint64_t sent, got, asked_at;
    struct {
        uint64_t end, at;
    } steps[STEPS]; /* by number, modulo: when the bytes before `end` went out */
    unsigned n_steps;
};

struct bench {
    enum mode mode;
    struct line *lines;
    struct bench_client *clients;
    unsigned n_lines, per_line, n_clients;
    size_t bytes;
    int epoll;
    struct figures figures;
    uint64_t start;
};

static void watch(struct bench *b, int op, int fd, unsigned number, int is_line, unsigned events)
{
    epoll_ctl(b->epoll, op, fd,
              &(struct epoll_event){.events = events, .data.u64 = (uint64_t)number | (uint64_t)is_line << 32});
}

/* ---- the device's end ---- */

static void line_write(struct line *l, size_t n)
{
    while (n > 0) {
        const uint8_t *p = bench_pattern(l->sent);
        size_t part = n < BENCH_PATTERN ? n : BENCH_PATTERN;
        ssize_t done = write(l->fd, p, part);
        if (done <= 0)
            break;
        l->sent += (uint64_t)done;
        n -= (size_t)done;
    }
}

static void line_read(struct bench *b, struct line *l, size_t most)
{
    static uint8_t buffer[BENCH_PATTERN];
    ssize_t n = read(l->fd, buffer, most < sizeof(buffer) ? most : sizeof(buffer));
    if (n <= 0)
        return;
    if (memcmp(buffer, bench_pattern(l->got), (size_t)n) != 0)
        bench_die("the device got other bytes than were sent to it");
    l->got += (uint64_t)n;
    if (b->mode == ROUND)
        line_write(l, (size_t)n);
}

/* What is due by now, and when it went out. */
static void line_step(struct bench *b, struct line *l, uint64_t now)
{
    uint64_t due = (uint64_t)((double)b->bytes * (double)(now - b->start) / 1e9), before = l->sent;
    if (due <= before)
        return;
    line_write(l, (size_t)(due - before));
    if (l->sent == before)
        return;
    l->steps[l->n_steps % STEPS].end = l->sent;
    l->steps[l->n_steps % STEPS].at = now;
    l->n_steps++;
}

/* ---- the clients' end ---- */

static void ask(struct bench *b, struct bench_client *c)
{
    struct line *l = &b->lines[c->line];
    l->asked_at = bench_now();
    bench_client_send(c, b->bytes);
}

static void on_bytes(struct bench *b, struct bench_client *c)
{
    struct line *l = &b->lines[c->line];
    if (b->mode == ROUND && c->leads && c->got == c->sent) {
        figures_sample(&b->figures, bench_now() - l->asked_at);
        ask(b, c);
    }
    if (b->mode != PACED && b->mode != STALLED)
        return;
    uint64_t now = bench_now();
    for (; c->step < l->n_steps && l->steps[c->step % STEPS].end <= c->got; c->step++)
        figures_sample(&b->figures, now - l->steps[c->step % STEPS].at);
}

static void join_all(struct bench *b, uint16_t port, const char *kind)
{
    for (unsigned i = 0; i < b->n_clients; i++) {
        struct bench_client *c = &b->clients[i];
        unsigned of_line = i / b->n_lines;
        bench_client_join(c, port, kind, i % b->n_lines, b->n_lines > 1, i);
        c->leads = of_line == 0;
        c->deaf = b->mode == STALLED && of_line == b->per_line - 1;
        if (!c->deaf)
            watch(b, EPOLL_CTL_ADD, c->fd, i, 0, EPOLLIN);
    }
}

static void serve(struct bench *b, const struct epoll_event *e)
{
    unsigned number = (uint32_t)e->data.u64;
    if (e->data.u64 >> 32) {
        if (e->events & EPOLLIN)
            line_read(b, &b->lines[number], b->mode == UPLOAD_MODE && b->bytes ? 0 : BENCH_PATTERN);
        if (e->events & EPOLLOUT)
            line_write(&b->lines[number], BENCH_PATTERN);
        return;
    }
    struct bench_client *c = &b->clients[number];
    if (e->events & EPOLLOUT && bench_client_pour(c, UPLOAD) == 0)
        return;
    if (e->events & EPOLLIN && bench_client_take(c) > 0)
        on_bytes(b, c);
}

/* A device that takes little: only so many bytes as are due. */
static void take_slowly(struct bench *b, struct line *l, uint64_t now)
{
    uint64_t due = (uint64_t)((double)b->bytes * (double)(now - b->start) / 1e9), before;
    do {
        before = l->got;
        if (before < due)
            line_read(b, l, (size_t)(due - before));
    } while (l->got != before && l->got < due);
}

/* Run until `end`. With a pace devices do something once a millisecond, however often a client is served between. */
static void run(struct bench *b, uint64_t end)
{
    int slow = b->mode == UPLOAD_MODE && b->bytes > 0, paced = slow || b->mode == PACED || b->mode == STALLED;
    uint64_t next = bench_now();
    for (uint64_t now = next; now < end; now = bench_now()) {
        struct epoll_event events[EVENTS];
        for (unsigned i = 0; paced && now >= next && i < b->n_lines; i++) {
            if (slow)
                take_slowly(b, &b->lines[i], now);
            else
                line_step(b, &b->lines[i], now);
        }
        if (paced && now >= next)
            next = now + STEP_NS - (now - next) % STEP_NS;
        long rest = paced ? (long)(next - now) : REST_MS * 1000000L;
        int n = epoll_pwait2(b->epoll, events, EVENTS, &(struct timespec){.tv_nsec = rest}, NULL);
        for (int i = 0; i < n; i++)
            serve(b, &events[i]);
    }
}

static uint64_t total(const struct bench *b, int of_clients)
{
    uint64_t sum = 0;
    for (unsigned i = 0; of_clients && i < b->n_clients; i++)
        sum += b->clients[i].got;
    for (unsigned i = 0; !of_clients && i < b->n_lines; i++)
        sum += b->mode == UPLOAD_MODE ? b->lines[i].got : b->lines[i].sent;
    return sum;
}

static void measure(struct bench *b, int pid, uint64_t ms)
{
    b->start = bench_now();
    for (unsigned i = 0; i < b->n_clients; i++) {
        if (b->mode == ROUND && b->clients[i].leads)
            ask(b, &b->clients[i]);
        if (b->mode == UPLOAD_MODE)
            watch(b, EPOLL_CTL_MOD, b->clients[i].fd, i, 0, EPOLLIN | EPOLLOUT);
    }
    run(b, b->start + ms * 200000); /* a fifth, to warm up */
    figures_clear(&b->figures);
    uint64_t start = bench_now(), cpu = bench_cpu(pid), own = bench_cpu(getpid()), device = total(b, 0),
             clients = total(b, 1);
    run(b, start + ms * 1000000);
    double seconds = (double)(bench_now() - start) / 1e9, cpu_s = (double)(bench_cpu(pid) - cpu) / 1e9;
    double own_s = (double)(bench_cpu(getpid()) - own) / 1e9;
    double device_mb = (double)(total(b, 0) - device) / 1e6, clients_mb = (double)(total(b, 1) - clients) / 1e6;
    uint64_t lost = 0;
    for (unsigned i = 0; i < b->n_clients; i++)
        lost += b->clients[i].lost;
    figures_sort(&b->figures);
    printf(
        "{\"p50\": %.1f, \"p99\": %.1f, \"samples\": %zu, \"cpu_percent\": %.2f, \"cpu_us\": %.2f, \"device_mb_s\": "
        "%.6f, \"client_mb_s\": %.6f, \"cpu_ms_mb\": %.3f, \"lost\": %llu, \"peak_mb\": %.2f, \"own_percent\": %.2f}\n",
        figures_at(&b->figures, 0.5), figures_at(&b->figures, 0.99), b->figures.n, cpu_s / seconds * 100,
        b->figures.n ? cpu_s * 1e6 / (double)b->figures.n : 0, device_mb / seconds, clients_mb / seconds / b->n_clients,
        device_mb > 0 ? cpu_s * 1000 / device_mb : 0, (unsigned long long)lost, bench_peak(pid) / 1e6,
        own_s / seconds * 100);
}

static enum mode mode_of(const char *name)
{
    static const char *const names[] = {"round", "paced", "stalled", "flood", "upload"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0)
            return (enum mode)i;
    }
    bench_die("no such mode");
}

int main(int argc, char **argv)
{
    if (argc < 9)
        bench_die("usage: bench_device MODE PORT PID KIND CLIENTS BYTES MILLISECONDS TERMINAL...");
    struct bench b = {.mode = mode_of(argv[1]), .n_lines = (unsigned)argc - 8, .bytes = bench_number(argv[6])};
    uint16_t port = (uint16_t)bench_number(argv[2]);
    b.per_line = bench_number(argv[5]);
    b.n_clients = b.per_line * b.n_lines;
    b.lines = calloc(b.n_lines, sizeof(*b.lines));
    b.clients = calloc(b.n_clients, sizeof(*b.clients));
    b.epoll = epoll_create1(0);
    if (!b.lines || !b.clients || b.epoll < 0 || figures_init(&b.figures) < 0)
        bench_die("no memory");
    join_all(&b, port, argv[4]);
    for (unsigned i = 0; i < b.n_lines; i++) {
        b.lines[i].fd = (int)bench_number(argv[8 + i]);
        fcntl(b.lines[i].fd, F_SETFL, O_NONBLOCK);
        if (b.mode != UPLOAD_MODE || b.bytes == 0)
            watch(&b, EPOLL_CTL_ADD, b.lines[i].fd, i, 1, EPOLLIN | (b.mode == FLOOD ? EPOLLOUT : 0));
    }
    measure(&b, (int)bench_number(argv[3]), bench_number(argv[7]));
    return 0;
}
