/* requests_ask.c - a question in raw bytes, and what answers it. */
#include "api/api_private.h"
#include "api/exchange.h"
#include "api/table.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum until { UNTIL_FRAME, UNTIL_PATTERN, UNTIL_LENGTH, UNTIL_SILENCE };

struct ask {
    struct pm_exchange exchange; /* first */
    enum until until;
    struct pm_pattern *pattern;
    size_t length, searched;
    bool framed;
    struct pm_framer framer;
    struct pm_bytes got;
    size_t answer; /* bytes of it that are the answer */
};

static void free_ask(struct ask *q)
{
    pm_pattern_free(q->pattern);
    pm_framer_fini(&q->framer);
    pm_bytes_fini(&q->got);
    free(q->exchange.bytes);
    free(q);
}

/* ---- looking for the end ---- */

static void begin(struct pm_exchange *x)
{
    struct ask *q = (struct ask *)x;
    q->got.n = q->searched = q->answer = 0;
    pm_framer_reset(&q->framer);
}

/* An empty line is what stands before an answer, not an answer. */
static int take_frames(struct ask *q, const uint8_t *p, size_t n)
{
    struct pm_frame frame;
    struct pm_mono now = pm_loop_now();
    int r = q->exchange.is_silent ? pm_framer_expire(&q->framer, now, &frame) : 0;
    while (r == 0 && n > 0) {
        r = pm_framer_next(&q->framer, now, &p, &n, &frame);
        if (r == 1 && frame.n == 0 && frame.fault == PM_FRAME_GOOD)
            r = 0;
    }
    if (r != 1)
        return r;
    q->got.n = 0;
    if (pm_bytes_append(&q->got, frame.p, frame.n) < 0)
        return -ENOMEM;
    q->answer = frame.n;
    return frame.fault == PM_FRAME_GOOD ? 1 : -EBADMSG;
}

static int find_pattern(struct ask *q)
{
    size_t longest = pm_pattern_longest(q->pattern);
    ssize_t end = pm_pattern_find(q->pattern, q->got.p, q->got.n, q->searched);
    q->searched = q->got.n >= longest ? q->got.n - longest + 1 : 0;
    q->answer = end < 0 ? 0 : (size_t)end;
    return end >= 0;
}

static int take(struct pm_exchange *x, const uint8_t *p, size_t n)
{
    struct ask *q = (struct ask *)x;
    if (q->until == UNTIL_FRAME)
        return take_frames(q, p, n);
    if (n > 0 && pm_bytes_append(&q->got, p, n) < 0)
        return -EMSGSIZE;
    switch (q->until) {
    case UNTIL_PATTERN:
        return q->got.n > 0 ? find_pattern(q) : 0;
    case UNTIL_LENGTH:
        q->answer = q->length;
        return q->got.n >= q->length;
    default:
        q->answer = q->got.n;
        return x->is_silent && q->got.n > 0;
    }
}

/* ---- the answer ---- */

/* Bytes, and as text where they are. */
static json_t *answer_json(const uint8_t *p, size_t n)
{
    json_t *o = json_pack("{s:o}", "response", pm_describe_bytes(p, n));
    if (pm_utf8_valid(p, n) && !memchr(p, 0, n))
        json_object_set_new(o, "text", json_stringn((const char *)p, n));
    return o;
}

static void fail_ask(const struct ask *q, int error)
{
    const struct pm_exchange *x = &q->exchange;
    const struct pm_bytes *came = q->until == UNTIL_FRAME && error != -EBADMSG ? &q->framer.held : &q->got;
    if (error == -ETIMEDOUT && came->n > 0)
        pm_api_fail_with(x->request, PM_TRUNCATED, json_pack("{s:o}", "received", pm_hex_json(came->p, came->n)),
                         "The answer of \"%s\" was not complete within %u ms: %zu bytes came.", x->connection->name,
                         (unsigned)x->timeout_ms, came->n);
    else if (error == -EBADMSG)
        pm_api_fail_with(x->request, PM_UNEXPECTED_ANSWER,
                         json_pack("{s:o}", "received", pm_hex_json(came->p, came->n)),
                         "What \"%s\" answered is too long for a frame, or damaged.", x->connection->name);
    else if (error == -EMSGSIZE)
        pm_api_fail(x->request, PM_TOO_LARGE, "The answer of \"%s\" is longer than 64 KiB and has no end yet.",
                    x->connection->name);
    else
        pm_exchange_fail(x, error);
}

static void end(struct pm_exchange *x, int error)
{
    struct ask *q = (struct ask *)x;
    if (error == 0)
        pm_api_answer(x->request, answer_json(q->got.p, q->answer), NULL);
    else
        fail_ask(q, error);
    free_ask(q);
}

static const struct pm_exchange_ops ops = {begin, take, end};

/* ---- the question ---- */

/* What ends the answer, of `until`. False: it is not one thing that can be. */
static bool read_until(struct ask *q, const json_t *until)
{
    struct pm_framing rule = {.kind = PM_FRAMING_LINES, .max = PM_ANSWER_MAX};
    const json_t *pattern = json_object_get(until, "pattern"), *length = json_object_get(until, "length"),
                 *silence = json_object_get(until, "silence"), *frame = json_object_get(until, "frame");
    bool framed = frame && !json_is_null(frame);
    size_t bad;
    const char *why;
    bool good = true;
    if (framed)
        good = pm_framing_of_json(frame, &rule) == 0;
    pm_framer_init(&q->framer, &rule);
    q->exchange.silence_ms = rule.kind == PM_FRAMING_IDLE ? (rule.idle_us + 999) / 1000 : 0;
    if (json_is_string(pattern)) {
        q->until = UNTIL_PATTERN;
        good = pm_pattern_new(json_string_value(pattern), json_string_length(pattern), &q->pattern, &bad, &why) == 0 &&
               pm_pattern_longest(q->pattern) > 0;
    } else if (json_is_integer(length)) {
        q->until = UNTIL_LENGTH;
        q->length = (size_t)json_integer_value(length);
    } else if (json_is_integer(silence)) {
        q->until = UNTIL_SILENCE;
        q->exchange.silence_ms = (uint32_t)json_integer_value(silence);
    }
    return good &&
           json_is_string(pattern) + json_is_integer(length) + json_is_integer(silence) + framed == (until != NULL);
}

static void ask(struct pm_call *call)
{
    struct ask *q = calloc(1, sizeof(*q));
    uint8_t *bytes = malloc(call->payload.n + 1);
    if (!q || !bytes) {
        free(q);
        free(bytes);
        pm_api_fail(call->request, PM_INTERNAL, "There is no memory for another question.");
        return;
    }
    if (call->payload.n > 0)
        memcpy(bytes, call->payload.p, call->payload.n);
    q->got = pm_bytes_empty(PM_ANSWER_MAX);
    q->exchange = (struct pm_exchange){.ops = &ops,
                                       .request = call->request,
                                       .connection = call->connection,
                                       .bytes = bytes,
                                       .n = call->payload.n,
                                       .answers = true,
                                       .timeout_ms = (uint32_t)pm_call_integer(call, "timeout", PM_EXCHANGE_MS_DEFAULT),
                                       .retries = (unsigned)pm_call_integer(call, "retries", 0)};
    const json_t *until = json_object_get(call->data, "until");
    if (read_until(q, json_is_null(until) ? NULL : until)) {
        pm_exchange_start(call->api, &q->exchange);
        return;
    }
    pm_api_fail_with(call->request, PM_BAD_REQUEST,
                     json_pack("{s:s, s:s}", "field", "until", "expected", "one of pattern, length, frame and silence"),
                     "\"until\" must be one of pattern, length, frame and silence; a pattern without text of free "
                     "width, a frame with what its kind needs.");
    free_ask(q);
}

static const struct pm_arg until_members[] = {
    {"pattern", PM_ARG_TEXT, .min = 1, .max = PM_PATTERN_MAX,
     .purpose = "the answer ends where this fits for the first time: text with {:int}, {:float}, {:hex}, {:word}, "
                "{:char}, \\r, \\n, \\x06 (docs/write-a-profile.md)"},
    {"length", PM_ARG_INTEGER, .min = 1, .max = PM_ANSWER_MAX, .unit = "bytes", .purpose = "it has so many bytes"},
    {"frame", PM_ARG_FRAMING, .of = pm_framing_members, .purpose = "it is the first frame that is not empty"},
    {"silence", PM_ARG_INTEGER, .min = 1, .max = 60000, .unit = "milliseconds",
     .purpose = "it ends when nothing more has come for so long"},
    {0},
};
static const struct pm_arg ask_args[] = {
    {"name", PM_ARG_CONNECTION, .required = true},
    {"payload", PM_ARG_PAYLOAD, .required = true},
    {"until", PM_ARG_OBJECT, .of = until_members, .fallback = "a line", .purpose = "what ends the answer"},
    {"timeout", PM_ARG_INTEGER, .min = 1, .max = PM_EXCHANGE_MS_MAX, .unit = "milliseconds", .fallback = "1000",
     .purpose = "from when the driver has taken the question"},
    {"retries", PM_ARG_INTEGER, .min = 0, .max = PM_EXCHANGE_RETRIES_MAX, .fallback = "0",
     .purpose = "how often it is asked again before this fails"},
    {0},
};

const struct pm_request_kind pm_requests_ask[] = {
    {"ask", ask_args, PM_NEEDS_WRITE, false, NULL, false, ask,
     "Send bytes and wait for what the device answers. Questions of all clients to one device wait for each other, so "
     "that nobody gets another's answer; the bytes come on the event of the connection too.",
     "response: the bytes of the answer; text: the same, if it is UTF-8"},
    {0},
};
