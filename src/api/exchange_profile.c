/* exchange_profile.c - a command of a profile and its answer; and a program, whose lines go out as the device takes
 * them.
 */
#include "api/api_private.h"
#include "api/exchange.h"

#include "base/clean.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines of a program: how far they were sent, and answered. */
struct program {
    char *text; /* owned; NULL: this is no program */
    size_t n, sent, answered;
    unsigned lines_sent, lines_answered;
    size_t window;
    json_t *failures;
};

struct command {
    struct pm_exchange exchange; /* first */
    struct pm_profile *profile;
    const struct pm_profile_command *kind;
    struct pm_framer framer;
    struct program program;
    json_t *args; /* as they were sent */
    json_t *values;
    bool refused;
    struct pm_wrong wrong;
};

/* ---- programs ---- */

/* The line at an offset, without its end; blank lines are passed over. False at the end. *next is behind it. */
static bool line_at(const struct program *g, size_t from, size_t *at, size_t *n, size_t *next)
{
    *at = from + strspn(g->text + from, "\r\n");
    *n = strcspn(g->text + *at, "\r\n");
    *next = *at + *n;
    return *n > 0;
}

static size_t cost_of(size_t n)
{
    return n + 1; /* with what ends it */
}

static size_t waiting_bytes(const struct program *g)
{
    size_t from = g->answered, at, n, bytes = 0;
    while (from < g->sent && line_at(g, from, &at, &n, &from))
        bytes += cost_of(n);
    return bytes;
}

/* Append the lines that the device has room for. One that is longer than its room goes alone. */
static int add_lines(struct command *k, struct pm_bytes *out)
{
    struct program *g = &k->program;
    size_t waiting = waiting_bytes(g), at, n, next;
    while (line_at(g, g->sent, &at, &n, &next) && (waiting == 0 || waiting + cost_of(n) <= g->window)) {
        int r = pm_profile_wrap(k->profile, (const uint8_t *)g->text + at, n, out);
        if (r < 0)
            return r;
        waiting += cost_of(n);
        g->sent = next;
        g->lines_sent++;
    }
    return 0;
}

static void on_more_written(void *owner, size_t bytes, int error)
{
    (void)owner, (void)bytes, (void)error; /* a device that is gone ends the exchange by itself */
}

/* The device answered one line. 1: it was the last. */
static int line_answered(struct command *k, bool refused)
{
    struct program *g = &k->program;
    struct pm_bytes more = pm_bytes_empty(PM_PROFILE_SEND_MAX);
    size_t at, n;
    if (!line_at(g, g->answered, &at, &n, &g->answered))
        return 1;
    g->lines_answered++;
    if (refused)
        json_array_append_new(g->failures, json_pack("{s:i, s:s%, s:o}", "line", (int)g->lines_answered, "text",
                                                     g->text + at, n, "error", json_copy(k->values)));
    json_object_clear(k->values);
    int r = add_lines(k, &more);
    if (r == 0 && more.n > 0)
        r = pm_hub_write(k->exchange.connection, more.p, more.n, on_more_written, NULL);
    pm_bytes_fini(&more);
    return r < 0 ? r : g->lines_answered == g->lines_sent;
}

/* ---- the answer ---- */

static void begin(struct pm_exchange *x)
{
    struct command *k = (struct command *)x;
    pm_framer_reset(&k->framer);
    json_object_clear(k->values);
}

static int judge(struct command *k, const struct pm_frame *f)
{
    if (f->fault != PM_FRAME_GOOD) {
        pm_wrong_note(&k->wrong, PM_UNEXPECTED_ANSWER, f->p, f->n);
        return 0;
    }
    enum pm_verdict v = pm_profile_judge(k->profile, k->kind, k->args, f->p, f->n, k->values);
    switch (v) {
    case PM_VERDICT_DONE:
    case PM_VERDICT_REFUSED:
        if (k->program.text)
            return line_answered(k, v == PM_VERDICT_REFUSED);
        k->refused = v == PM_VERDICT_REFUSED;
        return 1;
    case PM_VERDICT_ABORTED:
        k->exchange.stray = true; /* what was sent meanwhile is answered too */
        k->refused = true;
        return 1;
    case PM_VERDICT_BAD_SUM:
        pm_wrong_note(&k->wrong, PM_BAD_CHECKSUM, f->p, f->n);
        return 0;
    case PM_VERDICT_TOO_SHORT:
        pm_wrong_note(&k->wrong, PM_TRUNCATED, f->p, f->n);
        return 0;
    case PM_VERDICT_OTHER:
        if (f->n > 0 && !pm_profile_event(k->profile, f->p, f->n, NULL))
            pm_wrong_note(&k->wrong, PM_UNEXPECTED_ANSWER, f->p, f->n);
        return 0;
    case PM_VERDICT_PART:
        return 0;
    }
    return 0;
}

static int take(struct pm_exchange *x, const uint8_t *p, size_t n)
{
    struct command *k = (struct command *)x;
    struct pm_frame frame;
    struct pm_mono now = pm_loop_now();
    int r = x->is_silent && pm_framer_expire(&k->framer, now, &frame) ? judge(k, &frame) : 0;
    if (r == 0 && x->is_silent && k->kind->silence_ms > 0)
        return 1;
    while (r == 0 && n > 0) {
        r = pm_framer_next(&k->framer, now, &p, &n, &frame);
        if (r == 1)
            r = judge(k, &frame);
    }
    return r;
}

/* What the device says it is, as far as it fits: "exception illegal data address". */
static void say_refusal(const struct command *k, char *out, size_t room)
{
    const char *key;
    json_t *value;
    size_t at = 0;
    *out = 0;
    json_object_foreach(k->values, key, value)
    {
        char text[128];
        if (json_object_get(k->args, key) || (!json_is_string(value) && !json_is_integer(value)))
            continue;
        if (json_is_string(value))
            pm_text_clean(text, sizeof(text), json_string_value(value), json_string_length(value), 60);
        else
            snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
        at += at < room ? (size_t)snprintf(out + at, room - at, "%s%s %s", at ? ", " : ": ", key, text) : 0;
    }
}

static void answer(struct command *k)
{
    const struct pm_exchange *x = &k->exchange;
    size_t failures = json_array_size(k->program.failures);
    char why[256];
    say_refusal(k, why, sizeof(why));
    json_t *o = json_pack("{s:I, s:O}", "bytes", (json_int_t)x->n, "response", k->values);
    json_object_set_new(k->values, "command", json_string(k->kind->name));
    if (k->program.text) {
        json_object_set_new(k->values, "lines", json_integer(k->program.lines_answered));
        json_object_set(k->values, "failures", k->program.failures);
    }
    if (!x->answers)
        json_object_del(o, "response");
    if (failures > 0 && !k->refused)
        pm_api_fail_with(x->request, PM_DEVICE_ERROR, o, "\"%s\" refused %zu of %u lines: see `response`.",
                         x->connection->name, failures, k->program.lines_answered);
    else if (k->refused)
        pm_api_fail_with(x->request, PM_DEVICE_ERROR, o, "\"%s\" refused \"%s\"%s.", x->connection->name, k->kind->name,
                         why);
    else
        pm_api_answer(x->request, o, NULL);
}

static void free_command(struct command *k)
{
    pm_framer_fini(&k->framer);
    pm_wrong_fini(&k->wrong);
    json_decref(k->args);
    json_decref(k->values);
    json_decref(k->program.failures);
    free(k->program.text);
    free(k->exchange.bytes);
    pm_profile_unref(k->profile);
    free(k);
}

static void end(struct pm_exchange *x, int error)
{
    struct command *k = (struct command *)x;
    if (error == 0)
        answer(k);
    else
        pm_wrong_fail(&k->wrong, x, error, k->framer.held.p, pm_framer_held(&k->framer));
    free_command(k);
}

/* ---- the command ---- */

static int encode(struct command *k, const json_t *args)
{
    struct pm_bytes out = pm_bytes_empty(PM_PROFILE_SEND_MAX);
    const json_t *text = k->kind->program ? json_object_get(args, k->kind->program) : NULL;
    int r;
    if (text) {
        k->program.text = strdup(json_string_value(text));
        k->program.window = k->profile->window;
        k->program.failures = json_array();
        r = k->program.text && k->program.failures ? add_lines(k, &out) : -ENOMEM;
    } else {
        r = pm_profile_encode(k->profile, k->kind, args, &out);
    }
    k->exchange.bytes = out.p;
    k->exchange.n = out.n;
    return r;
}

void pm_exchange_send_command(struct pm_api *a, const struct pm_exchange_options *o, struct pm_profile *profile,
                              const struct pm_profile_command *kind, const json_t *args)
{
    static const struct pm_exchange_ops ops = {begin, take, end};
    struct command *k = calloc(1, sizeof(*k));
    if (!k) {
        pm_api_fail(o->request, PM_INTERNAL, "There is no memory for another command.");
        return;
    }
    bool to_all = pm_profile_is_broadcast(profile, args);
    uint32_t idle_ms = profile->frame.kind == PM_FRAMING_IDLE ? (profile->frame.idle_us + 999) / 1000 : 0;
    k->profile = pm_profile_ref(profile);
    k->kind = kind;
    k->args = json_incref((json_t *)(uintptr_t)args);
    k->values = json_object();
    k->wrong = pm_wrong_none();
    pm_framer_init(&k->framer, &profile->frame);
    k->exchange = (struct pm_exchange){.ops = &ops,
                                       .request = o->request,
                                       .connection = o->connection,
                                       .answers = kind->answers && !to_all && o->timeout_ms > 0 && !o->request->unheard,
                                       .timeout_ms = o->timeout_ms,
                                       .urgent = kind->realtime,
                                       .cancels = kind->cancels,
                                       .retries = kind->program ? 0 : o->retries,
                                       .silence_ms = kind->silence_ms ? kind->silence_ms : idle_ms,
                                       .gap_ms = to_all ? profile->broadcast.pause_ms : profile->gap_ms,
                                       .piece = profile->piece,
                                       .piece_ms = profile->piece_ms,
                                       .renews = kind->program != NULL};
    int r = k->values ? encode(k, args) : -ENOMEM;
    if (r < 0) {
        pm_api_fail(o->request, pm_error_of(r == -ENOBUFS ? -EMSGSIZE : r), "The command is longer than %d bytes.",
                    PM_PROFILE_SEND_MAX);
        free_command(k);
        return;
    }
    pm_exchange_start(a, &k->exchange);
}
