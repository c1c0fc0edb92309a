/* requests_command.c - send-command: a command of the connection's profile, or a standard command frame; and what
 * profiles there are. */
#include "api/api_private.h"
#include "api/exchange.h"
#include "api/identify.h"
#include "api/profiled.h"
#include "api/table.h"

#include <stdio.h>
#include <string.h>

static void refuse(const struct pm_call *call, const char *field, const char *expected)
{
    json_t *more = json_pack("{s:s, s:s}", "field", field, "expected", expected);
    pm_api_fail_with(call->request, PM_BAD_REQUEST, more, "\"%s\" must be %s.", field, expected);
}

static void refuse_see(const struct pm_call *call, const char *see, const char *field, const char *expected)
{
    json_t *more = json_pack("{s:s, s:s}", "field", field, "expected", expected);
    pm_api_fail_see(call->request, PM_BAD_REQUEST, see, more, "\"%s\" must be %s.", field, expected);
}

static struct pm_exchange_options options_of(const struct pm_call *call, uint32_t timeout_ms, unsigned retries)
{
    return (struct pm_exchange_options){.request = call->request,
                                        .connection = call->connection,
                                        .timeout_ms = (uint32_t)pm_call_integer(call, "timeout", timeout_ms),
                                        .retries = (unsigned)pm_call_integer(call, "retries", retries)};
}

/* ---- without a profile ---- */

static bool read_numbers(struct pm_call *call, struct pm_command_frame *f)
{
    const json_t *args = json_object_get(call->data, "args");
    size_t n = json_array_size(args);
    if (args && !json_is_null(args) && (!json_is_array(args) || n > PM_COMMAND_ARGS_MAX)) {
        refuse(call, "args", "an array of 0 to 255 elements");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(args, i);
        char field[32];
        if (json_is_integer(v) && json_integer_value(v) >= INT32_MIN && json_integer_value(v) <= INT32_MAX) {
            f->args[f->n_args++] = (int32_t)json_integer_value(v);
            continue;
        }
        snprintf(field, sizeof(field), "args[%zu]", i);
        refuse(call, field, "a whole number from -2147483648 to 2147483647");
        return false;
    }
    return true;
}

static void send_numbers(struct pm_call *call)
{
    struct pm_exchange_options options = options_of(call, PM_EXCHANGE_MS_DEFAULT, 0);
    struct pm_command_frame f = {.id = (uint16_t)pm_call_integer(call, "command-id", 0)};
    if (pm_call_has(call, "command"))
        refuse(call, "command", "left out: the connection has no profile that says what commands there are");
    else if (!pm_call_has(call, "command-id"))
        refuse(call, "command-id", "a whole number from 0 to 65535");
    else if (read_numbers(call, &f))
        pm_exchange_send_frame(call->api, &options, NULL, NULL, &f);
}

/* ---- with one ---- */

static const struct pm_profile_command *find_command(struct pm_call *call, const struct pm_profile *p)
{
    const char *name = pm_call_text(call, "command");
    char expected[128];
    const struct pm_profile_command *c =
        name ? pm_profile_command(p, name) : pm_profile_command_of_id(p, pm_call_integer(call, "command-id", -1));
    snprintf(expected, sizeof(expected), "a command of the profile \"%.64s\"", p->id);
    if (!c)
        refuse_see(call, "describe", name || !pm_call_has(call, "command-id") ? "command" : "command-id", expected);
    return c;
}

static void send_named(struct pm_call *call, struct pm_profile *p)
{
    const struct pm_profile_command *c = find_command(call, p);
    struct pm_argument_problem problem;
    struct pm_command_frame f = {0};
    json_t *args = c ? pm_profile_arguments(c, json_object_get(call->data, "args"), &problem) : NULL;
    if (c && !args)
        refuse(call, problem.field, problem.expected);
    if (!args)
        return;
    struct pm_exchange_options options = options_of(call, c->timeout_ms, c->retries);
    if (!p->standard)
        pm_exchange_send_command(call->api, &options, p, c, args);
    else if (pm_profile_frame(c, args, &f) < 0)
        refuse(call, "args", "255 numbers at most");
    else
        pm_exchange_send_frame(call->api, &options, p, c, &f);
    json_decref(args);
}

static void send_command(struct pm_call *call)
{
    const char *id = call->connection->options.profile;
    struct pm_profile *p = pm_profiled_find(call->api, id);
    if (p)
        send_named(call, p);
    else if (!id[0])
        send_numbers(call);
    else if (strcmp(id, PM_PROFILE_AUTO) == 0)
        pm_api_fail_see(call->request, PM_UNSUPPORTED, "configure-connection", NULL,
                        "No profile recognises the device of this connection, or more than one: choose one.");
    else
        pm_api_fail_see(call->request, PM_UNSUPPORTED, "configure-connection", NULL,
                        "The profile \"%s\" of this connection is not there. Put its file back, or choose another.",
                        id);
}

bool pm_call_knows_profile(const struct pm_call *call)
{
    const char *id = pm_call_text(call, "profile");
    if (!id || !id[0] || strcmp(id, PM_PROFILE_AUTO) == 0 || pm_profiled_find(call->api, id))
        return true;
    refuse_see(call, "list-profiles", "profile", "the id of a profile, or \"auto\"");
    return false;
}

/* Files are no business of pages from elsewhere. */
static json_t *faults_json(const struct pm_call *call)
{
    const struct pm_profile_fault *f;
    json_t *all = json_array();
    for (size_t i = 0; call->request->who->kind != PM_WHO_PAGE && (f = pm_profiled_fault(call->api, i)); i++)
        json_array_append_new(all, json_pack("{s:s?, s:s?, s:s?}", "file", f->file, "error", f->error, "profile",
                                             f->profile ? f->profile->id : NULL));
    return all;
}

static void list_profiles(struct pm_call *call)
{
    json_t *profiles = json_array();
    struct pm_profile *p;
    bool own;
    for (size_t i = 0; (p = pm_profiled_get(call->api, i, &own)); i++) {
        json_t *o = pm_profile_json(p);
        json_object_set_new(o, "own", json_boolean(own));
        json_array_append_new(profiles, o);
    }
    pm_api_answer(call->request, json_pack("{s:o, s:o}", "profiles", profiles, "faults", faults_json(call)), NULL);
}

static const struct pm_arg command_args[] = {
    {"name", PM_ARG_CONNECTION, .required = true},
    {"command-id", PM_ARG_INTEGER, .min = 0, .max = UINT16_MAX, .purpose = "a command by its number"},
    {"command", PM_ARG_TEXT, .min = 1, .max = PM_VALUE_NAME_MAX,
     .purpose = "or, if the connection has a profile, by its name"},
    {"args", PM_ARG_ANY, .fallback = "[]",
     .purpose =
         "up to 255 whole numbers of 32 bits; with a profile an object with the arguments by name, or an array of "
         "them in their order"},
    {"timeout", PM_ARG_INTEGER, .min = 0, .max = PM_EXCHANGE_MS_MAX, .unit = "milliseconds",
     .fallback = "1000, or what the profile says",
     .purpose = "how long to wait for the device's answer; 0: do not wait"},
    {"retries", PM_ARG_INTEGER, .min = 0, .max = PM_EXCHANGE_RETRIES_MAX, .fallback = "0, or what the profile says",
     .purpose = "how often the same is sent again before this fails"},
    {0},
};

const struct pm_request_kind pm_requests_command[] = {
    {"send-command", command_args, PM_NEEDS_WRITE, false, NULL, false, send_command,
     "Send a command and wait for the device's answer: one of the connection's profile, or without a profile a "
     "standard "
     "command frame. Without acknowledgement nobody waits.",
     "bytes; response: command and named values, or sequence, command-id, status, args"},
    {"list-profiles", NULL, PM_NEEDS_NONE, true, NULL, false, list_profiles,
     "What devices can be spoken to by name: the profiles that are shipped, and the user's own.",
     "profiles; faults: files of one's own that cannot be used as they are, each with file, error, and the profile "
     "that "
     "it was before and that is used still, or null"},
    {0},
};
