/* requests_history.c - bytes that were received earlier. */
#include "api/api_private.h"
#include "api/table.h"

#include "base/base64.h"

enum { LIMIT = 64 * 1024 };

/* What the journal still has from an offset on, and what of it is lost. */
static void read_history(struct pm_call *call)
{
    struct pm_connection *c = call->connection;
    uint64_t start = pm_journal_start(&c->journal), from = (uint64_t)pm_call_integer(call, "since", 0);
    if (from > c->journal.end) {
        pm_api_fail(call->request, PM_BAD_REQUEST, "\"since\" lies behind the newest byte, %llu.",
                    (unsigned long long)c->journal.end);
        return;
    }
    uint64_t lost = from < start ? start - from : 0;
    uint8_t bytes[LIMIT];
    char text[(LIMIT + 2) / 3 * 4];
    size_t n = pm_journal_read(&c->journal, from + lost, bytes, (size_t)pm_call_integer(call, "limit", LIMIT));
    size_t text_n = pm_base64_encode(bytes, n, text);
    pm_api_answer(call->request,
                  json_pack("{s:I, s:I, s:I, s:{s:s%}}", "epoch", (json_int_t)c->epoch, "offset",
                            (json_int_t)(from + lost), "lost", (json_int_t)lost, "payload", "base64", text, text_n),
                  NULL);
}

static const struct pm_arg read_args[] = {
    {"name", PM_ARG_CONNECTION, .required = true},
    {"since", PM_ARG_INTEGER, .min = 0, .max = PM_INTEGER_MAX, .fallback = "0", .purpose = "offset of the first byte"},
    {"limit", PM_ARG_INTEGER, .min = 0, .max = LIMIT, .unit = "bytes", .fallback = "65536"},
    {0},
};

const struct pm_request_kind pm_requests_history[] = {
    {"read-history", read_args, PM_NEEDS_READ, true, NULL, false, read_history, "Bytes that were received earlier.",
     "epoch, offset, lost, payload"},
    {0},
};
