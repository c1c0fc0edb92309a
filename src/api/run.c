/* run.c - requests: how they are run, send-raw by a shorter way than the others, and how they are answered. */
#include "api/api_private.h"
#include "api/hot.h"
#include "api/inspect.h"
#include "api/table.h"

#include "base/clean.h"
#include "proto/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note_request(struct pm_api *a, struct pm_api_request *r)
{
    a->counts.requests++;
    pm_list_init(&r->link);
    if (r->client)
        pm_reader_asks(r->client);
}

static void name_it(struct pm_api_request *r, const char *name)
{
    if (name && strlen(name) <= PM_NAME_MAX)
        memcpy(r->name, name, strlen(name) + 1);
}

void pm_api_run(struct pm_api *a, struct pm_api_request *r, const char *event, const json_t *data,
                const struct pm_api_blob *blobs, size_t n_blobs)
{
    struct pm_call call = {.api = a, .request = r, .data = data, .blobs = blobs, .n_blobs = n_blobs};
    note_request(a, r);
    name_it(r, json_string_value(json_object_get(data, "name")));
    call.kind = r->kind = pm_request_find(event);
    if (a->inspector)
        pm_inspect_request(a, r, event, data, n_blobs > 0 ? blobs : NULL);
    if (!r->kind)
        pm_api_fail_see(r, PM_UNKNOWN_REQUEST, "describe", NULL, "There is no request of this name: \"%.64s\".", event);
    else if (pm_call_check(&call) && pm_call_is_permitted(&call) && pm_claims_allow(&call))
        call.kind->run(&call);
    free(call.payload.owned);
}

/* send-raw with arguments as usual. False: it is for the table. */
static bool run_hot(struct pm_api *a, struct pm_api_request *r, const char *json, size_t n,
                    const struct pm_api_blob *blobs, size_t n_blobs)
{
    struct pm_hot_write w;
    struct pm_call call = {.api = a, .request = r, .blobs = blobs, .n_blobs = n_blobs};
    if (!pm_hot_write_read(json, n, blobs, n_blobs, &w))
        return false;
    call.payload = w.payload;
    call.connection = pm_sight_find(a, r->who, w.name);
    if (call.connection) {
        note_request(a, r);
        name_it(r, w.name);
        call.kind = r->kind = pm_request_find("send-raw");
        if (a->inspector)
            pm_inspect_hot_request(a, r, json, n, &call.payload);
        if (pm_call_is_permitted(&call) && pm_claims_allow(&call))
            call.kind->run(&call);
    }
    free(call.payload.owned);
    return call.connection != NULL;
}

void pm_api_run_text(struct pm_api *a, struct pm_api_request *r, const char *event, const char *json, size_t n,
                     const struct pm_api_blob *blobs, size_t n_blobs)
{
    struct pm_json first = {0};
    json_error_t why;
    if (strcmp(event, "send-raw") == 0 && run_hot(a, r, json, n, blobs, n_blobs))
        return;
    bool used = pm_json_first(json, n, &first);
    json_t *data =
        used ? json_loadb(first.p, first.n, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why) : NULL;
    if (used && !data) {
        pm_list_init(&r->link);
        pm_api_fail(r, PM_BAD_REQUEST, "The argument cannot be read: %s.", why.text);
        return;
    }
    pm_api_run(a, r, event, data, blobs, n_blobs);
    json_decref(data);
}

bool pm_api_reads(const char *event)
{
    const struct pm_request_kind *kind = pm_request_find(event);
    return !kind || pm_request_takes_get(kind);
}

static void finish(struct pm_api_request *r, json_t *answer, json_t *legacy, enum pm_error error)
{
    pm_list_remove(&r->link);
    if (r->inspected)
        pm_inspect_answer(r, answer);
    r->on_answer(r, answer, r->kind ? r->kind->reply : NULL, legacy, error);
    json_decref(answer);
    json_decref(legacy);
}

void pm_api_sent(struct pm_api_request *r, size_t bytes)
{
    if (!r->on_sent) {
        pm_api_answer(r, json_pack("{s:I}", "bytes", (json_int_t)bytes), NULL);
        return;
    }
    pm_list_remove(&r->link);
    if (r->inspected)
        pm_inspect_sent(r, bytes);
    r->on_sent(r, bytes);
}

void pm_api_answer(struct pm_api_request *r, json_t *result, json_t *legacy)
{
    json_t *answer = json_pack("{s:b}", "ok", 1);
    json_object_update(answer, result);
    json_decref(result);
    finish(r, answer, legacy, PM_OK);
}

__attribute__((format(printf, 5, 0))) static void fail(struct pm_api_request *r, enum pm_error error, const char *see,
                                                       json_t *more, const char *format, va_list args)
{
    char text[512], message[512];
    int n = vsnprintf(text, sizeof(text), format, args);
    if (see && n > 0 && (size_t)n < sizeof(text))
        snprintf(text + n, sizeof(text) - (size_t)n, " See %s.", see);
    pm_text_clean(message, sizeof(message), text, strlen(text), sizeof(message)); /* a character may have been cut */
    json_t *answer = json_pack("{s:b, s:{s:s, s:s, s:s*}}", "ok", 0, "error", "code", pm_error_code(error), "message",
                               message, "see", see);
    json_object_update(json_object_get(answer, "error"), more);
    json_decref(more);
    finish(r, answer, r->kind && r->kind->says_false ? json_false() : NULL, error);
}

void pm_api_fail(struct pm_api_request *r, enum pm_error error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(r, error, NULL, NULL, format, args);
    va_end(args);
}

void pm_api_fail_with(struct pm_api_request *r, enum pm_error error, json_t *more, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(r, error, NULL, more, format, args);
    va_end(args);
}

void pm_api_fail_see(struct pm_api_request *r, enum pm_error error, const char *see, json_t *more, const char *format,
                     ...)
{
    va_list args;
    va_start(args, format);
    fail(r, error, see, more, format, args);
    va_end(args);
}
