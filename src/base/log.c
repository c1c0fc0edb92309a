/* log.c - see log.h. */
#include "base/log.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum pm_log_level max_level = PM_LOG_INFO; /* the one global there may be; tools/lint knows it by name */

void pm_log_set_level(enum pm_log_level level)
{
    max_level = level;
}

static void clean(char *line, size_t n)
{
    bool valid = pm_utf8_valid(line, n);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)line[i];
        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !valid))
            line[i] = '?';
    }
}

void pm_log(enum pm_log_level level, const char *format, ...)
{
    if (level > max_level)
        return;
    char line[1024];
    size_t start = 0;
    if (getenv("JOURNAL_STREAM"))
        start = (size_t)snprintf(line, sizeof(line), "<%d>", level);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line + start, 1000, format, args);
    va_end(args);
    size_t length = n < 0 ? 0 : n > 999 ? 999 : (size_t)n;
    clean(line + start, length);
    line[start + length] = '\n';
    ssize_t written = write(STDERR_FILENO, line, start + length + 1);
    (void)written; /* a log that cannot be written has nobody to tell */
}
