/* requests_line.c - the line of a connection: its settings, signals, breaks and queues, and what clients hear of them.
 */
#include "api/api_private.h"
#include "api/deliver.h"
#include "api/identify.h"
#include "api/profiled.h"
#include "api/table.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BREAK_MS_MAX = PM_STEPS_US_MAX / 1000, BREAK_MS = 250 };

static const char *const direction_words[] = {"both", "rx", "tx", NULL};

/* ---- in words ---- */

static const struct {
    const char *name;
    unsigned signal;
} signal_names[] = {{"cts", PM_SIGNAL_CTS}, {"dsr", PM_SIGNAL_DSR}, {"dcd", PM_SIGNAL_DCD},
                    {"ri", PM_SIGNAL_RI},   {"dtr", PM_SIGNAL_DTR}, {"rts", PM_SIGNAL_RTS}};
enum { N_SIGNALS = sizeof(signal_names) / sizeof(signal_names[0]) };

static json_t *signals_json(unsigned signals)
{
    json_t *o = json_object();
    for (unsigned i = 0; i < N_SIGNALS; i++)
        json_object_set_new(o, signal_names[i].name, json_boolean(signals & signal_names[i].signal));
    return o;
}

json_t *pm_describe_signals(const struct pm_connection *c)
{
    json_t *names = json_array();
    for (unsigned i = 0; i < N_SIGNALS; i++) {
        if (c->changed & signal_names[i].signal)
            json_array_append_new(names, json_string(signal_names[i].name));
    }
    return json_pack("{s:s, s:o, s:o}", "name", c->name, "signals", signals_json(c->signals), "changed", names);
}

json_t *pm_describe_errors(const struct pm_connection *c)
{
    json_t *o = json_pack("{s:s, s:I, s:I}", "name", c->name, "offset", (json_int_t)c->journal.end, "epoch",
                          (json_int_t)c->epoch);
    json_t *counts = pm_describe_counts(&c->errors);
    json_object_update(o, counts);
    json_decref(counts);
    return o;
}

static void fail_line(struct pm_api_request *r, const char *what, int error)
{
    switch (error) {
    case -EBUSY:
        pm_api_fail(r, PM_DEVICE_BUSY,
                    "A sequence, break or change of settings is under way here. Try again after it.");
        break;
    case -EOPNOTSUPP:
        pm_api_fail(r, PM_UNSUPPORTED, "This device cannot do that: it has no %s.", what);
        break;
    case -EINVAL:
        pm_api_fail(r, PM_BAD_REQUEST, "The driver does not take these %s.", what);
        break;
    case -ECANCELED:
    case -ENODEV:
        pm_api_fail(r, PM_DEVICE_GONE, "The device went away meanwhile.");
        break;
    default:
        pm_api_fail(r, pm_error_of(error), "The device's driver reports a fault with its %s.", what);
    }
}

/* False after the request has been failed: the device of the connection is not there now. */
static bool has_port(struct pm_call *call)
{
    if (call->connection->port)
        return true;
    pm_api_fail(call->request, PM_DEVICE_GONE, "The device of this connection is not plugged in.");
    return false;
}

/* The answer of a request comes later: whoever leaves meanwhile gets none. */
static void wait_for_answer(struct pm_call *call)
{
    if (call->request->client)
        pm_list_append(&call->request->client->requests, &call->request->link);
}

/* ---- settings ---- */

void pm_call_settings(const struct pm_call *call, struct pm_port_settings *s)
{
    s->baud_rate = (uint32_t)pm_call_integer(call, "baud-rate", s->baud_rate);
    s->data_bits = (uint8_t)pm_call_integer(call, "data-bits", s->data_bits);
    s->parity = (enum pm_parity)pm_call_word(call, "parity", pm_parity_words, s->parity);
    s->stop_bits2 = (uint8_t)(pm_call_number(call, "stop-bits", s->stop_bits2 / 2.0) * 2);
    s->flow = (enum pm_flow)pm_call_word(call, "flow-control", pm_flow_words, s->flow);
    s->dtr = (enum pm_at_open)pm_call_word(call, "dtr", pm_at_open_words, s->dtr);
    s->rts = (enum pm_at_open)pm_call_word(call, "rts", pm_at_open_words, s->rts);
    s->latency = (enum pm_latency)pm_call_word(call, "latency", pm_latency_words, s->latency);
    s->exclusive = pm_call_boolean(call, "exclusive", s->exclusive);
}

/* A port's work under way, for a request that waits for it. */
struct waiting {
    struct pm_api *api;
    struct pm_api_request *request;
    struct pm_connection *connection; /* lives at least as long as its port */
    struct pm_identify_waiting identified;
    bool cut_anew; /* what of its options is no setting of the port changes with these: */
    struct pm_delivery delivery;
    bool profiled;
    char profile[PM_PROFILE_ID_MAX + 1];
};

static struct waiting *new_waiting(struct pm_call *call)
{
    struct waiting *w = malloc(sizeof(*w));
    if (w)
        *w = (struct waiting){.api = call->api, .request = call->request, .connection = call->connection};
    return w;
}

static void on_identified(struct pm_identify_waiting *identified, struct pm_connection *c)
{
    PM_AUTO_FREE struct waiting *w = pm_container(identified, struct waiting, identified);
    if (c)
        pm_api_answer_kept(w->api, w->request, c, json_pack("{s:o}", "connection", pm_describe_connection(c)), NULL);
    else
        fail_line(w->request, "settings", -ENODEV);
}

/* What its device is, and how its bytes are cut: not before the driver has taken the line. */
static void take_options(const struct waiting *w)
{
    struct pm_connection *c = w->connection;
    if (w->profiled) {
        memcpy(c->options.profile, w->profile, sizeof(c->options.profile));
        pm_profiled_begin(w->api, c, false);
    }
    if (w->cut_anew) {
        c->options.delivery = w->delivery;
        pm_deliver_changed(c);
    }
}

static void on_configured(void *owner, int error)
{
    struct waiting *w = owner;
    if (error < 0) {
        fail_line(w->request, "settings", error);
        free(w);
        return;
    }
    take_options(w);
    pm_hub_configured(w->connection);
    w->identified.done = on_identified;
    pm_identify_begin(w->api, w->connection);
    pm_identify_wait(w->connection, &w->identified);
}

static void configure_connection(struct pm_call *call)
{
    struct pm_connection *c = call->connection;
    struct pm_port_settings settings = c->options.line;
    struct pm_delivery delivery = c->options.delivery;
    const char *profile = pm_call_text(call, "profile");
    pm_call_delivery(call, &delivery);
    if (!has_port(call) || !pm_call_knows_profile(call) ||
        !pm_call_can_deliver(call, &delivery, profile ? profile : c->options.profile))
        return;
    struct waiting *w = new_waiting(call);
    if (w) {
        w->profiled = profile != NULL;
        w->cut_anew = profile || pm_call_has(call, "deliver") || pm_call_has(call, "framing");
        w->delivery = delivery;
        snprintf(w->profile, sizeof(w->profile), "%s", profile ? profile : "");
    }
    pm_call_settings(call, &settings);
    wait_for_answer(call);
    int r = w ? pm_port_configure(c->port, &settings, on_configured, w) : -ENOMEM;
    if (r < 0) {
        free(w);
        fail_line(call->request, "settings", r);
    }
}

/* ---- signals ---- */

static void get_signals(struct pm_call *call)
{
    if (!has_port(call))
        return;
    int r = pm_port_get_signals(call->connection->port);
    if (r < 0)
        fail_line(call->request, "signals", r);
    else
        pm_api_answer(call->request, json_pack("{s:o}", "signals", signals_json((unsigned)r)), NULL);
}

/* The answer of whatever set them, and what everybody hears of it. */
static void answer_signals(struct pm_api_request *request, struct pm_connection *c, unsigned changed)
{
    int now = pm_port_get_signals(c->port);
    if (now < 0) {
        fail_line(request, "signals", now);
        return;
    }
    if (changed)
        pm_hub_tell_signals(c, (unsigned)now, changed);
    pm_api_answer(request, json_pack("{s:o}", "signals", signals_json((unsigned)now)), NULL);
}

static struct pm_step step_of(const json_t *o)
{
    static const struct {
        const char *name;
        unsigned signal;
    } outputs[] = {{"dtr", PM_SIGNAL_DTR}, {"rts", PM_SIGNAL_RTS}, {"break", PM_SIGNAL_BREAK}};
    struct pm_step step = {.wait_us = (uint32_t)json_integer_value(json_object_get(o, "wait-us"))};
    for (unsigned i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
        const json_t *value = json_object_get(o, outputs[i].name);
        step.mask |= json_is_boolean(value) ? outputs[i].signal : 0;
        step.values |= json_is_true(value) ? outputs[i].signal : 0;
    }
    return step;
}

static void on_sequence(void *owner, int error)
{
    PM_AUTO_FREE struct waiting *w = owner;
    if (error < 0)
        fail_line(w->request, "signals", error);
    else
        answer_signals(w->request, w->connection, PM_SIGNAL_DTR | PM_SIGNAL_RTS);
}

static void on_break(void *owner, int error)
{
    PM_AUTO_FREE struct waiting *w = owner;
    if (error < 0)
        fail_line(w->request, "break", error);
    else
        pm_api_answer(w->request, NULL, NULL);
}

static void run_steps(struct pm_call *call, const struct pm_step *steps, size_t n, pm_port_done_fn *done,
                      const char *what)
{
    struct waiting *w = new_waiting(call);
    wait_for_answer(call);
    int r = w ? pm_port_run_steps(call->connection->port, steps, n, done, w) : -ENOMEM;
    if (r == 0)
        return;
    free(w);
    if (r == -EINVAL)
        pm_api_fail(call->request, PM_BAD_REQUEST, "The \"wait-us\" of a \"sequence\" may be %d together.",
                    PM_STEPS_US_MAX);
    else
        fail_line(call->request, what, r);
}

static void set_signals(struct pm_call *call)
{
    const json_t *sequence = json_object_get(call->data, "sequence");
    struct pm_step steps[PM_STEPS_MAX], now = step_of(call->data);
    size_t n = json_array_size(sequence);
    if (!has_port(call))
        return;
    if (!now.mask && n == 0) {
        pm_api_fail(call->request, PM_BAD_REQUEST,
                    "Give \"dtr\", \"rts\" or \"break\" as true or false, or a \"sequence\" of steps with these.");
        return;
    }
    if (now.mask && n > 0) {
        pm_api_fail(
            call->request, PM_BAD_REQUEST,
            "Give either \"dtr\", \"rts\" or \"break\", or a \"sequence\": as its first step it can set them too.");
        return;
    }
    if (n > 0) {
        for (size_t i = 0; i < n; i++)
            steps[i] = step_of(json_array_get(sequence, i));
        run_steps(call, steps, n, on_sequence, "signals");
        return;
    }
    int r = pm_port_set_signals(call->connection->port, now.mask, now.values);
    if (r < 0)
        fail_line(call->request, "signals", r);
    else
        answer_signals(call->request, call->connection, now.mask & (PM_SIGNAL_DTR | PM_SIGNAL_RTS));
}

static void send_break(struct pm_call *call)
{
    uint32_t us = (uint32_t)pm_call_integer(call, "milliseconds", BREAK_MS) * 1000;
    struct pm_step steps[] = {{PM_SIGNAL_BREAK, PM_SIGNAL_BREAK, us}, {PM_SIGNAL_BREAK, 0, 0}};
    if (has_port(call))
        run_steps(call, steps, 2, on_break, "break");
}

/* ---- queues ---- */

static void discard(struct pm_call *call)
{
    static const unsigned what[] = {PM_DISCARD_RX | PM_DISCARD_TX, PM_DISCARD_RX, PM_DISCARD_TX};
    unsigned direction = what[pm_call_word(call, "direction", direction_words, 0)];
    size_t rx, tx;
    if (!has_port(call))
        return;
    size_t queued = direction & PM_DISCARD_TX ? pm_hub_discard(call->connection) : 0;
    int r = pm_port_discard(call->connection->port, direction, &rx, &tx);
    if (r < 0) {
        fail_line(call->request, "queues", r);
        return;
    }
    tx += queued;
    if (rx > 0)
        pm_hub_mark(call->connection, PM_GAP_DISCARDED, rx);
    pm_api_answer(call->request, json_pack("{s:{s:I, s:I}}", "discarded", "rx", (json_int_t)rx, "tx", (json_int_t)tx),
                  NULL);
}

/* ---- the table ---- */

#define OUTPUTS                                                                                                        \
    {"dtr", PM_ARG_BOOLEAN, .purpose = "data terminal ready"}, {"rts", PM_ARG_BOOLEAN, .purpose = "request to send"},  \
    {                                                                                                                  \
        "break", PM_ARG_BOOLEAN, .purpose = "hold the line in the break state"                                         \
    }

static const struct pm_arg configure_args[] = {
    {"name", PM_ARG_CONNECTION, .required = true},
    PM_ARGS_LINE,
    {"profile", PM_ARG_TEXT, .min = 0, .max = PM_PROFILE_ID_MAX,
     .purpose = "what kind of device it is from now on: the id of a profile, `auto`, or empty for none"},
    PM_ARGS_DELIVER("as it is", "how its bytes come to pages that do not choose by themselves, with `subscribe`"),
    {0}};
static const struct pm_arg name_args[] = {{"name", PM_ARG_CONNECTION, .required = true}, {0}};
static const struct pm_arg step_members[] = {
    OUTPUTS,
    {"wait-us", PM_ARG_INTEGER, .min = 0, .max = PM_STEPS_US_MAX, .unit = "microseconds", .fallback = "0",
     .purpose = "how long to wait after it, at least"},
    {0},
};
static const struct pm_arg step = {"step", PM_ARG_OBJECT, .of = step_members};
static const struct pm_arg set_args[] = {
    {"name", PM_ARG_CONNECTION, .required = true},
    OUTPUTS,
    {"sequence", PM_ARG_ARRAY, .min = 0, .max = PM_STEPS_MAX, .of = &step,
     .purpose = "steps to run one after another, as boot loaders need them; their waits may be 5 s together"},
    {0},
};
static const struct pm_arg break_args[] = {
    {"name", PM_ARG_CONNECTION, .required = true},
    {"milliseconds", PM_ARG_INTEGER, .min = 1, .max = BREAK_MS_MAX, .unit = "milliseconds", .fallback = "250"},
    {0},
};
static const struct pm_arg discard_args[] = {
    {"name", PM_ARG_CONNECTION, .required = true},
    {"direction", PM_ARG_WORD, .words = direction_words, .fallback = "both"},
    {0},
};

const struct pm_request_kind pm_requests_line[] = {
    {"configure-connection", configure_args, PM_NEEDS_CONTROL, false, NULL, false, configure_connection,
     "Change the line of an open connection without losing a byte: what was sent before goes out as the line was. The "
     "answer says what the driver made of it.",
     "connection"},
    {"set-signals", set_args, PM_NEEDS_CONTROL, false, NULL, false, set_signals,
     "Set DTR and RTS, both at the same instant, and the break state; or, instead, run a sequence of such steps. "
     "Answered after "
     "the last one.",
     "signals"},
    {"get-signals", name_args, PM_NEEDS_READ, true, NULL, false, get_signals,
     "The signals now: cts, dsr, dcd and ri of the device, dtr and rts of ours.", "signals"},
    {"send-break", break_args, PM_NEEDS_CONTROL, false, NULL, false, send_break,
     "Send a break. Answered when it is over.", NULL},
    {"discard", discard_args, PM_NEEDS_CONTROL, false, NULL, false, discard,
     "Throw away bytes that have not been read from the driver yet (rx), or not been sent (tx): those of waiting "
     "requests too, which are answered `discarded`.",
     "discarded: how many bytes, `rx` and `tx`"},
    {0},
};
