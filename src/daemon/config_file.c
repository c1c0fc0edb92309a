/* config_file.c - see settings.h; the configuration file, read by libinih line by line so that a mistake is told with
 * its line and column. */
#include "daemon/settings.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

struct reader {
    const struct pm_option *table;
    void *values;
    const char *name;    /* of the file */
    const char *p, *end; /* what was not read yet */
    unsigned line;
    const char *line_p; /* the present line, untouched: for the column */
    size_t line_n;
    bool seen[PM_OPTIONS_MAX];
    bool failed;
    char *error;
};

/* Tell the first mistake; the column is where `at` stands in the line, or its first. */
static void fail(struct reader *r, const char *at, const char *what)
{
    if (r->failed)
        return;
    size_t n = at ? strlen(at) : 0;
    const char *found = n > 0 ? memmem(r->line_p, r->line_n, at, n) : NULL;
    unsigned column = found ? (unsigned)(found - r->line_p) + 1 : 1;
    r->failed = true;
    snprintf(r->error, PM_OPTION_ERROR, "%.200s:%u:%u: %.250s", r->name, r->line, column, what);
}

/* libinih takes anything behind a section's bracket for a comment, and text before it for part of the name. */
static bool is_section(const char *line)
{
    const char *end = strchr(line, ']');
    if (!end || end == line + 1)
        return false;
    end += 1 + strspn(end + 1, " \t\r\n");
    return *end == 0 || *end == ';' || *end == '#';
}

/* The next line, without the indentation that libinih would take for a continuation of the line before. */
static char *next_line(char *line, int room, void *stream)
{
    struct reader *r = stream;
    if (r->failed || r->p == r->end)
        return NULL;
    const char *stop = memchr(r->p, '\n', (size_t)(r->end - r->p));
    r->line_p = r->p;
    r->line_n = (size_t)((stop ? stop : r->end) - r->p);
    r->p = stop ? stop + 1 : r->end;
    r->line++;
    size_t n = r->line_n, skip = 0;
    while (skip < n && (r->line_p[skip] == ' ' || r->line_p[skip] == '\t'))
        skip++;
    n -= skip;
    if (n + 2 > (size_t)room)
        fail(r, NULL, "this line is too long: 190 characters are the most");
    else if (memchr(r->line_p, 0, r->line_n))
        fail(r, NULL, "this is not a text file: it has a zero byte");
    if (r->failed)
        return NULL;
    memcpy(line, r->line_p + skip, n);
    memcpy(line + n, "\n", 2);
    if (line[0] == '[' && !is_section(line))
        fail(r, NULL, "a section looks like [network], alone in its line");
    return r->failed ? NULL : line;
}

static int on_value(void *user, const char *section, const char *name, const char *value)
{
    struct reader *r = user;
    char what[PM_OPTION_ERROR];
    const struct pm_option *o = pm_option_find(r->table, section, name);
    const struct pm_option *elsewhere = pm_option_find(r->table, NULL, name);
    if (!o && elsewhere && elsewhere->section)
        snprintf(what, sizeof(what), "\"%.60s\" belongs into the section [%s]", name, elsewhere->section);
    else if (!o)
        snprintf(what, sizeof(what), "there is no setting \"%.60s\" in the section [%.60s]. See --help", name, section);
    else if (r->seen[o - r->table] && o->type != PM_OPTION_LIST)
        snprintf(what, sizeof(what), "\"%s\" is set twice", name);
    if (!o || (r->seen[o - r->table] && o->type != PM_OPTION_LIST)) {
        fail(r, name, what);
        return 0;
    }
    r->seen[o - r->table] = true;
    if (pm_option_set(o, r->values, value, what) == 0)
        return 1;
    fail(r, value, what);
    return 0;
}

int pm_config_read(const struct pm_option *table, void *values, const char *name, const char *text, size_t n,
                   char error[PM_OPTION_ERROR])
{
    struct reader r = {
        .table = table, .values = values, .name = name, .p = text, .end = text + n, .line_p = text, .error = error};
    int line = ini_parse_stream(next_line, &r, on_value, &r);
    if (line != 0 && !r.failed) {
        snprintf(error, PM_OPTION_ERROR, "%.200s:%d:1: a setting looks like \"port = 3000\"", name, line);
        r.failed = true;
    }
    return r.failed ? -EBADMSG : 0;
}
