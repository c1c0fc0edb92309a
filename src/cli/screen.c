/* screen.c - see screen.h. */
#include "cli/screen.h"

#include "base/base64.h"
#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROW = 16 };

void pm_screen_time(FILE *out, bool milliseconds)
{
    struct timespec now;
    struct tm local;
    char text[16];
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    strftime(text, sizeof(text), "%H:%M:%S", &local);
    fputs(text, out);
    if (milliseconds)
        fprintf(out, ".%03ld", now.tv_nsec / 1000000);
    fputc(' ', out);
}

static void print_hex(const struct pm_screen *s, FILE *out, const uint8_t *p, size_t n)
{
    for (size_t at = 0; at < n; at += ROW) {
        size_t row = n - at < ROW ? n - at : ROW;
        if (s->timestamps)
            pm_screen_time(out, true);
        fprintf(out, "%08" PRIx64 " ", s->offset + at);
        for (size_t i = 0; i < ROW; i++) {
            if (i < row)
                fprintf(out, " %02x", p[at + i]);
            else
                fputs("   ", out);
        }
        fputs("  |", out);
        for (size_t i = 0; i < row; i++)
            fputc(p[at + i] >= 0x20 && p[at + i] < 0x7f ? p[at + i] : '.', out);
        fputs("|\n", out);
    }
}

/* A time before each line; the bytes as they are. */
static void print_lines(struct pm_screen *s, FILE *out, const uint8_t *p, size_t n)
{
    while (n > 0) {
        const uint8_t *stop = memchr(p, '\n', n);
        size_t line = stop ? (size_t)(stop + 1 - p) : n;
        if (!s->in_line)
            pm_screen_time(out, true);
        fwrite(p, 1, line, out);
        s->in_line = !stop;
        p += line;
        n -= line;
    }
}

static void print_json(const struct pm_screen *s, FILE *out, const uint8_t *p, size_t n)
{
    size_t length = pm_base64_length(n);
    PM_AUTO_FREE char *text = malloc(length + 1);
    if (!text)
        return;
    pm_base64_encode(p, n, text);
    fprintf(out, "{\"event\":\"bytes\",\"epoch\":%" PRIu64 ",\"offset\":%" PRIu64 ",\"base64\":\"%.*s\"}\n", s->epoch,
            s->offset, (int)length, text);
}

/* A pipe that is ready takes 4096 bytes (PIPE_BUF) without making us wait, so that we can always be stopped. */
static void write_to(struct pm_screen *s, int fd, const char *p, size_t n)
{
    while (n > 0 && !s->failed) {
        struct pollfd fds[] = {{fd, POLLOUT, 0}, {s->stop, POLLIN, 0}};
        if (poll(fds, 2, -1) < 0 && errno == EINTR)
            continue;
        if (fds[1].revents)
            return;
        ssize_t taken = write(fd, p, n < PIPE_BUF ? n : PIPE_BUF);
        s->failed = taken < 0 && errno != EAGAIN && errno != EINTR;
        p += taken > 0 ? taken : 0;
        n -= taken > 0 ? (size_t)taken : 0;
    }
}

static void write_out(struct pm_screen *s, const char *p, size_t n)
{
    write_to(s, STDOUT_FILENO, p, n);
}

static void finish(struct pm_screen *s, FILE *out, char **text, const size_t *n)
{
    s->failed = s->failed || fclose(out) != 0;
    if (!s->failed)
        write_out(s, *text, *n);
    free(*text);
}

void pm_screen_bytes(struct pm_screen *s, const uint8_t *p, size_t n)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = s->json || s->hex || s->timestamps ? open_memstream(&text, &length) : NULL;
    if (!out)
        s->in_line = n > 0 ? p[n - 1] != '\n' : s->in_line;
    if (!out)
        write_out(s, (const char *)p, n);
    else if (s->json)
        print_json(s, out, p, n);
    else if (s->hex)
        print_hex(s, out, p, n);
    else
        print_lines(s, out, p, n);
    if (out)
        finish(s, out, &text, &length);
    s->offset += n;
}

void pm_screen_echo(struct pm_screen *s, const uint8_t *p, size_t n)
{
    if (!s->json)
        write_out(s, (const char *)p, n);
}

void pm_screen_notice(struct pm_screen *s, const char *event, const json_t *data, const char *text)
{
    if (s->json) {
        json_t *line = json_pack("{s:s, s:O?}", "event", event, "data", data);
        PM_AUTO_FREE char *json = json_dumps(line, JSON_COMPACT);
        json_decref(line);
        if (json)
            write_out(s, json, strlen(json));
        write_out(s, "\n", 1);
        return;
    }
    if (s->in_line)
        write_out(s, "\n", 1);
    s->in_line = false;
    char line[PM_SCREEN_LINE];
    int n = snprintf(line, sizeof(line), "-- %s --\n", text);
    write_to(s, STDERR_FILENO, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}
