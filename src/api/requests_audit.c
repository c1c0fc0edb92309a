/* requests_audit.c - what happened at the door, for the person. */
#include "api/api_private.h"
#include "api/table.h"

#include <string.h>

enum { LINES = 100, LINES_MAX = 1000, TAIL = 256 * 1024 };

/* The newest lines, oldest of them first; a line that is not whole is none. */
static json_t *read_lines(const char *text, size_t n, size_t limit)
{
    json_t *array = json_array();
    while (n > 0 && json_array_size(array) < limit) {
        const char *end = memrchr(text, '\n', n - 1), *start = end ? end + 1 : text;
        json_t *line = json_loadb(start, n - (size_t)(start - text), JSON_DISABLE_EOF_CHECK, NULL);
        if (line)
            json_array_insert_new(array, 0, line);
        n = (size_t)(start - text);
    }
    return array;
}

static void audit_read(struct pm_call *call)
{
    char text[TAIL];
    size_t n = pm_audit_tail(pm_door_audit(call->api->door), text, sizeof(text));
    json_t *lines = read_lines(text, n, (size_t)pm_call_integer(call, "limit", LINES));
    pm_api_answer(call->request, json_pack("{s:o}", "entries", lines), NULL);
}

static const struct pm_arg read_args[] = {
    {"limit", PM_ARG_INTEGER, .min = 1, .max = LINES_MAX, .fallback = "100", .purpose = "how many lines at most"}, {0}};

const struct pm_request_kind pm_requests_audit[] = {
    {"audit-read", read_args, PM_NEEDS_ADMIN, true, NULL, false, audit_read,
     "What happened at the door, the newest last: questions, answers, grants, refusals, openings.", "entries"},
    {0},
};
