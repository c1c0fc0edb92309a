/* requests_command.c - send-command: the standard command frame (docs/command-frame.md) and the device's answer. */
#include "api/api_private.h"
#include "api/exchange.h"
#include "api/table.h"

#include "proto/command_frame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct command {
    struct pm_exchange exchange; /* first */
    struct pm_framer framer;
    struct pm_command_frame frame;
    bool answered;        /* `frame` is the device's */
    enum pm_error wrong;  /* what came instead of the answer, PM_OK: nothing */
    struct pm_bytes came; /* and its bytes */
};

/* ---- the answer ---- */

static void begin(struct pm_exchange *x)
{
    struct command *k = (struct command *)x;
    pm_framer_reset(&k->framer);
}

/* It may be noise before the answer: it is told only if nothing better comes. */
static void note_wrong(struct command *k, enum pm_error error, const uint8_t *p, size_t n)
{
    k->wrong = error;
    k->came.n = 0;
    pm_bytes_append(&k->came, p, n < k->came.max ? n : k->came.max);
}

static void judge(struct command *k, const struct pm_frame *f)
{
    struct pm_command_frame answer;
    int r = f->fault == PM_FRAME_GOOD ? pm_command_decode(f->p, f->n, &answer) : -EMSGSIZE;
    if (r == -EBADMSG)
        note_wrong(k, PM_BAD_CHECKSUM, f->p, f->n);
    else if (r == -EMSGSIZE)
        note_wrong(k, PM_TRUNCATED, f->p, f->n);
    else if (r < 0 || (answer.sequence == k->frame.sequence && (answer.id != k->frame.id || answer.n_args == 0)))
        note_wrong(k, PM_UNEXPECTED_ANSWER, f->p, f->n);
    if (r < 0 || answer.sequence != k->frame.sequence || answer.id != k->frame.id || answer.n_args == 0)
        return; /* another sequence: a late answer to a question before */
    k->frame = answer;
    k->answered = true;
}

static int take(struct pm_exchange *x, const uint8_t *p, size_t n)
{
    struct command *k = (struct command *)x;
    struct pm_frame frame;
    int r;
    while ((r = pm_framer_next(&k->framer, (struct pm_mono){0}, &p, &n, &frame)) == 1 && !k->answered)
        judge(k, &frame);
    return k->answered ? 1 : r;
}

static json_t *answer_json(const struct pm_command_frame *f)
{
    json_t *args = json_array();
    for (unsigned i = 1; i < f->n_args; i++)
        json_array_append_new(args, json_integer(f->args[i]));
    return json_pack("{s:i, s:i, s:i, s:o}", "sequence", f->sequence, "command-id", f->id, "status", (int)f->args[0],
                     "args", args);
}

static const char *status_meaning(int status)
{
    static const char *const words[] = {[PM_COMMAND_UNKNOWN] = "it does not know the command",
                                        [PM_COMMAND_COUNT] = "it takes another number of arguments",
                                        [PM_COMMAND_RANGE] = "an argument is out of its range",
                                        [PM_COMMAND_BUSY] = "it is busy"};
    return status > 0 && status <= PM_COMMAND_BUSY ? words[status] : "see its manual";
}

static void fail_wrong(struct command *k)
{
    const struct pm_exchange *x = &k->exchange;
    static const char *const says[PM_ERRORS] = {
        [PM_BAD_CHECKSUM] = "is damaged: its checksum is wrong",
        [PM_TRUNCATED] = "is not complete",
        [PM_UNEXPECTED_ANSWER] = "is none to this command, or of another version",
    };
    if (k->wrong == PM_OK)
        note_wrong(k, PM_TRUNCATED, k->framer.held.p, pm_framer_held(&k->framer));
    pm_api_fail_with(x->request, k->wrong, json_pack("{s:o}", "received", pm_hex_json(k->came.p, k->came.n)),
                     "The answer of \"%s\" %s. No other came within %u ms.", x->connection->name, says[k->wrong],
                     (unsigned)x->timeout_ms);
}

static void answer(struct command *k, size_t bytes)
{
    const struct pm_exchange *x = &k->exchange;
    json_t *o = json_pack("{s:I}", "bytes", (json_int_t)bytes);
    if (k->answered)
        json_object_set_new(o, "response", answer_json(&k->frame));
    if (!k->answered || k->frame.args[0] == 0)
        pm_api_answer(x->request, o, NULL);
    else
        pm_api_fail_with(x->request, PM_DEVICE_ERROR, o, "\"%s\" answered with status %d: %s.", x->connection->name,
                         (int)k->frame.args[0], status_meaning(k->frame.args[0]));
}

static void end(struct pm_exchange *x, int error)
{
    struct command *k = (struct command *)x;
    if (error == 0)
        answer(k, x->n);
    else if (error == -ETIMEDOUT && (k->wrong != PM_OK || pm_framer_held(&k->framer) > 0))
        fail_wrong(k);
    else
        pm_exchange_fail(x, error);
    pm_framer_fini(&k->framer);
    pm_bytes_fini(&k->came);
    free(k);
}

static const struct pm_exchange_ops ops = {begin, take, end};

/* ---- the command ---- */

static struct command *new_command(struct pm_call *call)
{
    static const struct pm_framing rule = {.kind = PM_FRAMING_COBS, .max = PM_COMMAND_PLAIN_MAX};
    struct command *k = calloc(1, sizeof(*k));
    uint8_t *bytes = malloc(PM_COMMAND_WIRE_MAX);
    if (!k || !bytes) {
        free(k);
        free(bytes);
        pm_api_fail(call->request, PM_INTERNAL, "There is no memory for another command.");
        return NULL;
    }
    int64_t timeout = pm_call_integer(call, "timeout", PM_EXCHANGE_MS_DEFAULT);
    pm_framer_init(&k->framer, &rule);
    k->came = pm_bytes_empty(PM_HEX_SHOWN);
    k->exchange = (struct pm_exchange){.ops = &ops,
                                       .request = call->request,
                                       .connection = call->connection,
                                       .bytes = bytes,
                                       .answers = timeout > 0 && !call->request->unheard,
                                       .sequenced = true,
                                       .timeout_ms = (uint32_t)timeout,
                                       .retries = (unsigned)pm_call_integer(call, "retries", 0)};
    return k;
}

static void send_command(struct pm_call *call)
{
    const json_t *args = json_object_get(call->data, "args");
    struct command *k = new_command(call);
    if (!k)
        return;
    k->frame.sequence = pm_exchange_sequence(call->api, call->connection);
    k->frame.id = (uint16_t)pm_call_integer(call, "command-id", 0);
    k->frame.n_args = (uint8_t)json_array_size(args);
    for (unsigned i = 0; i < k->frame.n_args; i++)
        k->frame.args[i] = (int32_t)json_integer_value(json_array_get(args, i));
    k->exchange.n = pm_command_encode(&k->frame, k->exchange.bytes);
    pm_exchange_start(call->api, &k->exchange);
}

static const struct pm_arg argument = {"argument", PM_ARG_INTEGER, .min = INT32_MIN, .max = INT32_MAX};
static const struct pm_arg command_args[] = {
    {"name", PM_ARG_CONNECTION, .required = true},
    {"command-id", PM_ARG_INTEGER, .required = true, .min = 0, .max = UINT16_MAX},
    {"args", PM_ARG_ARRAY, .min = 0, .max = PM_COMMAND_ARGS_MAX, .of = &argument, .fallback = "[]"},
    {"timeout", PM_ARG_INTEGER, .min = 0, .max = PM_EXCHANGE_MS_MAX, .unit = "milliseconds", .fallback = "1000",
     .purpose = "how long to wait for the device's answer; 0: do not wait"},
    {"retries", PM_ARG_INTEGER, .min = 0, .max = PM_EXCHANGE_RETRIES_MAX, .fallback = "0",
     .purpose = "how often the same frame is sent again, with the same sequence number, before this fails"},
    {0},
};

const struct pm_request_kind pm_requests_command[] = {
    {"send-command", command_args, PM_NEEDS_WRITE, false, NULL, false, send_command,
     "Send a standard command frame and wait for the device's answer to it. Without acknowledgement nobody waits.",
     "bytes; response: sequence, command-id, status, args"},
    {0},
};
