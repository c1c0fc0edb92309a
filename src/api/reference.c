/* reference.c - the tables of requests, events and errors as clients and people read them. */
#include "api/api_private.h"
#include "api/profiled.h"
#include "api/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { EXPECTS_MAX = 320, LINE_MAX_BYTES = 1024 };

/* ---- as JSON ---- */

static json_t *type_name(const struct pm_arg *arg)
{
    static const char *const names[PM_ARG_TYPES] = {
        [PM_ARG_CONNECTION] = "connection",
        [PM_ARG_NEW_NAME] = "name",
        [PM_ARG_TEXT] = "text",
        [PM_ARG_INTEGER] = "integer",
        [PM_ARG_NUMBER] = "number",
        [PM_ARG_BOOLEAN] = "boolean",
        [PM_ARG_WORD] = "word",
        [PM_ARG_PAYLOAD] = "bytes",
        [PM_ARG_OBJECT] = "object",
        [PM_ARG_ARRAY] = "array",
        [PM_ARG_OFFSETS] = "offsets",
        [PM_ARG_NAMES] = "names",
        [PM_ARG_DEVICES] = "devices",
        [PM_ARG_FRAMING] = "framing",
        [PM_ARG_ANY] = "any",
    };
    return json_string(names[arg->type]);
}

static json_t *args_json(const struct pm_arg *args);

static void add_limits(json_t *o, const struct pm_arg *arg)
{
    bool bounded = arg->type == PM_ARG_TEXT || arg->type == PM_ARG_INTEGER || arg->type == PM_ARG_ARRAY ||
                   (arg->type == PM_ARG_NUMBER && !arg->words);
    if (bounded) {
        json_object_set_new(o, "min", json_integer(arg->min));
        json_object_set_new(o, "max", json_integer(arg->max));
    }
    if (arg->words) {
        json_t *words = json_array();
        for (size_t i = 0; arg->words[i]; i++)
            json_array_append_new(words, json_string(arg->words[i]));
        json_object_set_new(o, "words", words);
    }
}

static json_t *arg_json(const struct pm_arg *arg)
{
    char expects[EXPECTS_MAX];
    pm_arg_expects(arg, expects, sizeof(expects));
    json_t *o = json_pack("{s:s*, s:o, s:b, s:s}", "name", arg->name, "type", type_name(arg), "required", arg->required,
                          "expects", expects);
    add_limits(o, arg);
    if (arg->unit)
        json_object_set_new(o, "unit", json_string(arg->unit));
    if (arg->fallback)
        json_object_set_new(o, "default", json_string(arg->fallback));
    if (arg->purpose)
        json_object_set_new(o, "purpose", json_string(arg->purpose));
    if (arg->of)
        json_object_set_new(o, arg->type == PM_ARG_ARRAY ? "element" : "members",
                            arg->type == PM_ARG_ARRAY ? arg_json(arg->of) : args_json(arg->of));
    return o;
}

static json_t *args_json(const struct pm_arg *args)
{
    json_t *list = json_array();
    for (; args && args->name; args++)
        json_array_append_new(list, arg_json(args));
    return list;
}

static json_t *requests_json(void)
{
    json_t *list = json_array();
    for (const struct pm_request_area *area = pm_request_areas; area->title; area++) {
        for (const struct pm_request_kind *k = area->kinds; k->event; k++)
            json_array_append_new(list,
                                  json_pack("{s:s, s:o, s:s, s:b, s:s?, s:s, s:s?}", "event", k->event, "arguments",
                                            args_json(k->args), "needs", pm_capability_name(k->needs), "reads",
                                            k->reads, "reply", k->reply, "purpose", k->purpose, "result", k->result));
    }
    return list;
}

static json_t *events_json(void)
{
    json_t *list = json_array();
    for (const struct pm_event_kind *e = pm_event_kinds; e->name; e++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s}", "event", e->name, "data", e->data, "purpose", e->purpose));
    return list;
}

/* What HTTP itself is refused with, before a request is looked at; proto/ and net/ have them in their code. */
static const struct {
    const char *code;
    unsigned status;
    const char *means;
} http_errors[] = {
    {"bad-head", 400, "the head of the request is malformed"},
    {"bad-target", 400, "the address in the request is malformed"},
    {"bad-framing", 400, "the length or the chunks of the body are malformed"},
    {"not-http", 400, "something else than HTTP was spoken"},
    {"token-in-url", 400, "a token stood in the address, where others can read it"},
    {"jsonp", 400, "JSONP is not served; fetch is, by CORS"},
    {"https-required", 400, "this port speaks TLS only: use https"},
    {"sender-not-allowed", 403, "pages of others cannot use this address"},
    {"origin-not-allowed", 403, "only the pages that were listed come in by this port"},
    {"not-found", 404, "there is nothing at this address"},
    {"bad-method", 405, "the address takes other methods; the field Allow names them"},
    {"head-timeout", 408, "the head of the request did not come in time"},
    {"body-timeout", 408, "the body of the request did not come in time"},
    {"target-too-long", 414, "the address in the request is too long"},
    {"encoding", 415, "the body is not application/json, or is compressed"},
    {"too-many-fields", 431, "the request has too many header fields"},
    {"head-too-large", 431, "the head of the request is too large"},
    {"version", 505, "another version than HTTP/1.1 was spoken"},
};

static json_t *errors_json(void)
{
    json_t *list = json_array();
    for (enum pm_error e = PM_OK + 1; e < PM_ERRORS; e++)
        json_array_append_new(list, json_pack("{s:s, s:i, s:s}", "code", pm_error_code(e), "status",
                                              (int)pm_error_status(e), "means", pm_error_meaning(e)));
    return list;
}

json_t *pm_reference_json(const struct pm_hub_limits *hub)
{
    json_t *limits = json_pack("{s:i, s:i, s:i, s:i}", "name", PM_NAME_MAX, "history", (int)hub->history, "connections",
                               (int)hub->connections, "write-queue", (int)hub->write_queue);
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "version", PM_VERSION, "limits", limits, "requests", requests_json(),
                     "events", events_json(), "errors", errors_json());
}

/* ---- as Markdown ---- */

struct page {
    void (*write)(void *owner, const char *text);
    void *owner;
};

static void line(const struct page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(const struct page *p, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    p->write(p->owner, text);
}

static void write_args(const struct page *p, const struct pm_arg *args, const char *prefix)
{
    for (; args && args->name; args++) {
        char expects[EXPECTS_MAX], inner[128];
        pm_arg_expects(args, expects, sizeof(expects));
        line(p, "| `%s%s` | %s | %s | %s |\n", prefix, args->name, expects,
             args->required   ? "required"
             : args->fallback ? args->fallback
                              : "",
             args->purpose ? args->purpose : "");
        if (!args->of)
            continue;
        snprintf(inner, sizeof(inner), "%s%s%s", prefix, args->name, args->type == PM_ARG_ARRAY ? "[]." : ".");
        const struct pm_arg *members = args->type == PM_ARG_ARRAY ? args->of->of : args->of;
        if (args->type == PM_ARG_ARRAY && args->of->type != PM_ARG_OBJECT) {
            pm_arg_expects(args->of, expects, sizeof(expects));
            line(p, "| `%s%s[]` | %s | | |\n", prefix, args->name, expects);
        } else {
            write_args(p, members, inner);
        }
    }
}

static void write_request(const struct page *p, const struct pm_request_kind *k)
{
    line(p, "### `%s`\n%s\n\n", k->event, k->purpose);
    if (k->args) {
        line(p, "| argument | must be | default | |\n|---|---|---|---|\n");
        write_args(p, k->args, "");
        line(p, "\n");
    }
    line(p, "Result: %s. Needs: %s.", k->result ? k->result : "nothing more", pm_capability_name(k->needs));
    if (pm_request_takes_get(k))
        line(p, " Answers GET too.");
    if (k->reply)
        line(p, " Reply event: `%s`.", k->reply);
    line(p, "\n\n");
}

void pm_reference_markdown(void (*write)(void *owner, const char *text), void *owner)
{
    struct page p = {write, owner};
    for (const struct pm_request_area *area = pm_request_areas; area->title; area++) {
        line(&p, "## %s\n\n", area->title);
        for (const struct pm_request_kind *k = area->kinds; k->event; k++)
            write_request(&p, k);
    }
    line(&p,
         "## Events\n\n| event | data | |\n|---|---|---|\n| `<name of a connection>` | binary | its bytes, in order, "
         "none twice |\n");
    for (const struct pm_event_kind *e = pm_event_kinds; e->name; e++)
        line(&p, "| `%s` | %s | %s |\n", e->name, e->data, e->purpose);
    line(&p, "\n## Errors\n\n| code | HTTP | |\n|---|---|---|\n");
    for (enum pm_error e = PM_OK + 1; e < PM_ERRORS; e++)
        line(&p, "| `%s` | %u | %s |\n", pm_error_code(e), pm_error_status(e), pm_error_meaning(e));
    line(
        &p,
        "\nHTTP is refused with these as well, before any request is looked at:\n\n| code | HTTP | |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof(http_errors) / sizeof(http_errors[0]); i++)
        line(&p, "| `%s` | %u | %s |\n", http_errors[i].code, http_errors[i].status, http_errors[i].means);
}

/* ---- the request ---- */

static void describe(struct pm_call *call)
{
    const struct pm_connection *c = call->connection;
    const struct pm_profile *p = c ? pm_profiled_find(call->api, c->options.profile) : NULL;
    json_t *reference = pm_reference_json(pm_hub_limits(call->api->hub));
    if (call->api->door)
        json_object_set_new(reference, "address", json_string(pm_door_address(call->api->door)));
    if (c)
        json_object_set_new(reference, "connection", pm_describe_connection(c));
    if (p)
        json_object_set_new(reference, "profile", pm_profile_json(p));
    pm_api_answer(call->request, reference, NULL);
}

static const struct pm_arg describe_args[] = {
    {"name", PM_ARG_CONNECTION, .purpose = "whose commands to describe too"},
    {0},
};

const struct pm_request_kind pm_requests_reference[] = {
    {"describe", describe_args, PM_NEEDS_NONE, true, NULL, false, describe,
     "What this server can do: enough to build a client against; and what the device of a connection can do: enough to "
     "build its controls.",
     "version, address (of the console on this machine), limits, requests, events, errors; with a name: connection, "
     "and if it has one its profile with commands"},
    {0},
};
