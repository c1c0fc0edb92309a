/* log.c - see log.h. */
#include "base/log.h"

#include "base/utf8.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct log {
    pthread_mutex_t lock; /* of all that follows: workers log too */
    enum pm_log_level max_level;
    unsigned lost;           /* lines that nobody took, since the last that was written */
    unsigned rate;           /* lines a second, at most; see share() */
    int64_t second;          /* of the monotonic clock, */
    unsigned lines, surplus; /* and how many it had, and how many were too many */
};

/* The one global there may be; tools/lint knows it. */
static struct log log_state = {.lock = PTHREAD_MUTEX_INITIALIZER, .max_level = PM_LOG_INFO, .rate = 200};

void pm_log_set_level(enum pm_log_level level)
{
    pthread_mutex_lock(&log_state.lock);
    log_state.max_level = level;
    pthread_mutex_unlock(&log_state.lock);
}

void pm_log_set_rate(unsigned lines)
{
    pthread_mutex_lock(&log_state.lock);
    log_state.rate = lines;
    pthread_mutex_unlock(&log_state.lock);
}

/* Never waits: the descriptor is shared with others, so it is asked instead of made non-blocking. A pipe or terminal
 * that is ready takes a line of this size at once (PIPE_BUF). False if it takes nothing now. */
static bool write_line(const char *p, size_t n)
{
    ssize_t written = send(STDERR_FILENO, p, n, MSG_DONTWAIT | MSG_NOSIGNAL); /* the journal's is a socket */
    if (written >= 0 || errno != ENOTSOCK)
        return written >= 0;
    struct pollfd fd = {STDERR_FILENO, POLLOUT, 0};
    return poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT) && write(STDERR_FILENO, p, n) >= 0;
}

/* False if nobody takes that either: then no line may follow, since the count stands for this place. */
static bool tell_lost(void)
{
    char note[80];
    int n = snprintf(note, sizeof(note), "%u lines were lost here: nobody took them.\n", log_state.lost);
    if (log_state.lost > 0 && !write_line(note, (size_t)n))
        return false;
    log_state.lost = 0;
    return true;
}

static void write_or_count(const char *p, size_t n)
{
    if (!tell_lost() || !write_line(p, n))
        log_state.lost++;
}

static void tell_surplus(void)
{
    char note[80];
    int n = snprintf(note, sizeof(note), "%u lines were dropped here: they came too fast.\n", log_state.surplus);
    if (log_state.surplus > 0)
        write_or_count(note, (size_t)n);
    log_state.surplus = 0;
}

/* So many lines of a second may be there before one of this level. Every client can cause lines of everyday matters,
 * and some can cause warnings: they must hide neither an error nor a question. */
static unsigned share(enum pm_log_level level)
{
    unsigned reserve = level >= PM_LOG_INFO ? log_state.rate / 2 : level == PM_LOG_WARNING ? log_state.rate / 4 : 0;
    return log_state.rate - reserve;
}

/* May one more be written in this second? What was too many in an earlier one is told first. */
static bool has_turn(enum pm_log_level level)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec != log_state.second) {
        tell_surplus();
        log_state.second = now.tv_sec;
        log_state.lines = 0;
    }
    bool turn = log_state.lines < share(level);
    if (turn)
        log_state.lines++;
    else
        log_state.surplus++;
    return turn;
}

static void clean(char *line, size_t n)
{
    bool valid = pm_utf8_valid(line, n);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)line[i];
        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !valid))
            line[i] = '?';
        if (c == 0xc2 && i + 1 < n && (unsigned char)line[i + 1] < 0xa0) /* C1: to some terminals the same as ESC */
            line[i] = line[i + 1] = '?';
    }
}

__attribute__((format(printf, 2, 0))) static void write_formatted(enum pm_log_level level, const char *format,
                                                                  va_list args)
{
    char line[1024];
    size_t start = 0;
    if (getenv("JOURNAL_STREAM"))
        start = (size_t)snprintf(line, sizeof(line), "<%d>", level);
    int n = vsnprintf(line + start, 1000, format, args);
    size_t length = n < 0 ? 0 : n > 999 ? 999 : (size_t)n;
    clean(line + start, length);
    line[start + length] = '\n';
    write_or_count(line, start + length + 1);
}

void pm_log(enum pm_log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&log_state.lock);
    if (level <= log_state.max_level && has_turn(level))
        write_formatted(level, format, args);
    pthread_mutex_unlock(&log_state.lock);
    va_end(args);
}

void pm_log_end(void)
{
    pthread_mutex_lock(&log_state.lock);
    tell_surplus();
    tell_lost();
    pthread_mutex_unlock(&log_state.lock);
}
