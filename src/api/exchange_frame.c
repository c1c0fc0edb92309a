/* exchange_frame.c - a standard command frame (docs/command-frame.md) and the device's answer. */
#include "api/api_private.h"
#include "api/exchange.h"

#include "proto/command_frame.h"

#include <errno.h>
#include <stdlib.h>

struct command {
    struct pm_exchange exchange; /* first */
    struct pm_profile *profile;  /* NULL: none says what the answer's numbers are */
    const struct pm_profile_command *kind;
    struct pm_framer framer;
    struct pm_command_frame frame;
    bool answered; /* `frame` is the device's */
    struct pm_wrong wrong;
};

static void begin(struct pm_exchange *x)
{
    struct command *k = (struct command *)x;
    pm_framer_reset(&k->framer);
}

static void judge(struct command *k, const struct pm_frame *f)
{
    struct pm_command_frame answer;
    int r = f->fault == PM_FRAME_GOOD ? pm_command_decode(f->p, f->n, &answer) : -EMSGSIZE;
    bool ours = r == 0 && answer.sequence == k->frame.sequence; /* else a late answer to a question before */
    if (r == -EBADMSG)
        pm_wrong_note(&k->wrong, PM_BAD_CHECKSUM, f->p, f->n);
    else if (r == -EMSGSIZE)
        pm_wrong_note(&k->wrong, PM_TRUNCATED, f->p, f->n);
    else if (r < 0 || (ours && (answer.id != k->frame.id || answer.n_args == 0)))
        pm_wrong_note(&k->wrong, PM_UNEXPECTED_ANSWER, f->p, f->n);
    if (!ours || answer.id != k->frame.id || answer.n_args == 0)
        return;
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

static json_t *answer_json(const struct command *k)
{
    const struct pm_command_frame *f = &k->frame;
    json_t *o = json_pack("{s:i, s:i, s:i}", "sequence", f->sequence, "command-id", f->id, "status", (int)f->args[0]);
    if (k->kind) {
        json_object_set_new(o, "command", json_string(k->kind->name));
        pm_profile_results(k->kind, f, o);
        return o;
    }
    json_t *args = json_array();
    for (unsigned i = 1; i < f->n_args; i++)
        json_array_append_new(args, json_integer(f->args[i]));
    json_object_set_new(o, "args", args);
    return o;
}

static const char *status_meaning(int status)
{
    static const char *const words[] = {[PM_COMMAND_UNKNOWN] = "it does not know the command",
                                        [PM_COMMAND_COUNT] = "it takes another number of arguments",
                                        [PM_COMMAND_RANGE] = "an argument is out of its range",
                                        [PM_COMMAND_BUSY] = "it is busy"};
    return status > 0 && status <= PM_COMMAND_BUSY ? words[status] : "see its manual";
}

static void answer(const struct command *k)
{
    const struct pm_exchange *x = &k->exchange;
    json_t *o = json_pack("{s:I}", "bytes", (json_int_t)x->n);
    if (k->answered)
        json_object_set_new(o, "response", answer_json(k));
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
        answer(k);
    else
        pm_wrong_fail(&k->wrong, x, error, k->framer.held.p, pm_framer_held(&k->framer));
    pm_framer_fini(&k->framer);
    pm_wrong_fini(&k->wrong);
    pm_profile_unref(k->profile);
    free(k);
}

void pm_exchange_send_frame(struct pm_api *a, const struct pm_exchange_options *o, struct pm_profile *profile,
                            const struct pm_profile_command *kind, const struct pm_command_frame *frame)
{
    static const struct pm_framing rule = {.kind = PM_FRAMING_COBS, .max = PM_COMMAND_PLAIN_MAX};
    static const struct pm_exchange_ops ops = {begin, take, end};
    struct command *k = calloc(1, sizeof(*k));
    uint8_t *bytes = malloc(PM_COMMAND_WIRE_MAX);
    if (!k || !bytes) {
        free(k);
        free(bytes);
        pm_api_fail(o->request, PM_INTERNAL, "There is no memory for another command.");
        return;
    }
    pm_framer_init(&k->framer, &rule);
    k->wrong = pm_wrong_none();
    k->profile = profile ? pm_profile_ref(profile) : NULL;
    k->kind = kind;
    k->frame = *frame;
    k->frame.sequence = pm_exchange_sequence(a, o->connection);
    k->exchange = (struct pm_exchange){.ops = &ops,
                                       .request = o->request,
                                       .connection = o->connection,
                                       .bytes = bytes,
                                       .n = pm_command_encode(&k->frame, bytes),
                                       .answers = o->timeout_ms > 0 && !o->request->unheard,
                                       .sequenced = true,
                                       .timeout_ms = o->timeout_ms,
                                       .retries = o->retries};
    pm_exchange_start(a, &k->exchange);
}
