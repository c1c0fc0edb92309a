/* arguments.c - the one place where what a caller sent is held against the schema of the request. */
#include "api/api_private.h"
#include "api/table.h"

#include "base/base64.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACE_MAX = 128, EXPECTS_MAX = 320 };

/* ---- what a person is told ---- */

static void list_words(const struct pm_arg *arg, char *out, size_t room)
{
    const char *quote = arg->type == PM_ARG_WORD ? "\"" : "";
    size_t at = 0;
    for (size_t i = 0; arg->words[i] && at < room; i++) {
        const char *before = i == 0 ? "" : arg->words[i + 1] ? ", " : " or ";
        at += (size_t)snprintf(out + at, room - at, "%s%s%s%s", before, quote, arg->words[i], quote);
    }
}

static void say_range(const struct pm_arg *arg, const char *what, char *out, size_t room)
{
    snprintf(out, room, "%s from %lld to %lld%s%s", what, (long long)arg->min, (long long)arg->max,
             arg->unit ? " " : "", arg->unit ? arg->unit : "");
}

void pm_arg_expects(const struct pm_arg *arg, char *out, size_t room)
{
    static const char *const fixed[PM_ARG_TYPES] = {
        [PM_ARG_CONNECTION] = "the name of a connection",
        [PM_ARG_NEW_NAME] = "a name of 1 to 64 bytes without control characters",
        [PM_ARG_BOOLEAN] = "true or false",
        [PM_ARG_PAYLOAD] = "binary data, a text, an array of integers from 0 to 255, or {\"base64\": …}",
        [PM_ARG_OBJECT] = "an object",
        [PM_ARG_OFFSETS] = "a whole number from 0 to 9007199254740991, or an object with one for each name",
        [PM_ARG_NAMES] = "an array of names of connections, or \"*\" for all",
        [PM_ARG_DEVICES] = "the id of a device, an array of such, or \"*\" for all, also later ones",
        [PM_ARG_FRAMING] = "\"lines\", \"idle\", \"slip\", \"cobs\", or an object with what its kind needs",
        [PM_ARG_ANY] = "any value",
    };
    if (fixed[arg->type])
        snprintf(out, room, "%s", fixed[arg->type]);
    else if (arg->words)
        list_words(arg, out, room);
    else if (arg->type == PM_ARG_TEXT)
        snprintf(out, room, "a text of %lld to %lld bytes", (long long)arg->min, (long long)arg->max);
    else if (arg->type == PM_ARG_ARRAY)
        snprintf(out, room, "an array of %lld to %lld elements", (long long)arg->min, (long long)arg->max);
    else
        say_range(arg, arg->type == PM_ARG_INTEGER ? "a whole number" : "a number", out, room);
}

static bool refuse_as(struct pm_call *call, const char *place, const char *expects)
{
    json_t *more = json_pack("{s:s, s:s}", "field", place, "expected", expects);
    pm_api_fail_with(call->request, PM_BAD_REQUEST, more, "\"%s\" must be %s.", place, expects);
    return false;
}

static bool refuse(struct pm_call *call, const struct pm_arg *arg, const char *place)
{
    char expects[EXPECTS_MAX];
    pm_arg_expects(arg, expects, sizeof(expects));
    return refuse_as(call, place, expects);
}

static bool refuse_missing(struct pm_call *call, const struct pm_arg *arg, const char *place)
{
    char expects[EXPECTS_MAX];
    pm_arg_expects(arg, expects, sizeof(expects));
    json_t *more = json_pack("{s:s, s:s}", "field", place, "expected", expects);
    pm_api_fail_with(call->request, PM_BAD_REQUEST, more, "\"%s\" is missing: it must be %s.", place, expects);
    return false;
}

/* ---- values by themselves ---- */

static bool is_text(const json_t *v, size_t min, size_t max)
{
    size_t n = json_string_length(v);
    return json_is_string(v) && n >= min && n <= max && strlen(json_string_value(v)) == n;
}

static bool is_name(const json_t *v)
{
    if (!is_text(v, 1, PM_NAME_MAX))
        return false;
    for (const unsigned char *p = (const unsigned char *)json_string_value(v); *p; p++) {
        bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0; /* U+0080 to U+009F */
        if (*p < 0x20 || *p == 0x7f || c1)
            return false;
    }
    return true;
}

static bool is_number(const struct pm_arg *arg, const json_t *v)
{
    if (!json_is_number(v))
        return false;
    double number = json_number_value(v);
    for (size_t i = 0; arg->words && arg->words[i]; i++) {
        if (strtod(arg->words[i], NULL) == number)
            return true;
    }
    return !arg->words && number >= (double)arg->min && number <= (double)arg->max;
}

static bool is_word(const struct pm_arg *arg, const json_t *v)
{
    for (size_t i = 0; json_is_string(v) && arg->words[i]; i++) {
        if (strcmp(json_string_value(v), arg->words[i]) == 0)
            return true;
    }
    return false;
}

static bool is_offset(const json_t *v)
{
    return json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) <= PM_INTEGER_MAX;
}

static bool is_offsets(const json_t *v)
{
    const char *key;
    json_t *value, *object = (json_t *)(uintptr_t)v; /* json_object_foreach() wants it writable */
    if (!json_is_object(v))
        return is_offset(v);
    json_object_foreach(object, key, value)
    {
        if (!is_offset(value))
            return false;
    }
    return json_object_size(v) <= PM_CONNECTIONS_MAX;
}

static bool is_names(const json_t *v)
{
    if (json_is_string(v))
        return strcmp(json_string_value(v), "*") == 0;
    if (!json_is_array(v) || json_array_size(v) > PM_CONNECTIONS_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (!is_name(json_array_get(v, i)))
            return false;
    }
    return true;
}

static bool is_devices(const json_t *v)
{
    bool good = json_is_string(v) || (json_is_array(v) && json_array_size(v) <= PM_CONNECTIONS_MAX);
    for (size_t i = 0; i < json_array_size(v) && good; i++)
        good = is_text(json_array_get(v, i), 1, PM_DEVICE_TEXT - 1);
    return good;
}

static bool fits(const struct pm_arg *arg, const json_t *v)
{
    switch (arg->type) {
    case PM_ARG_CONNECTION:
    case PM_ARG_NEW_NAME:
        return is_name(v);
    case PM_ARG_TEXT:
        return is_text(v, (size_t)arg->min, (size_t)arg->max);
    case PM_ARG_INTEGER:
        return json_is_integer(v) && json_integer_value(v) >= arg->min && json_integer_value(v) <= arg->max;
    case PM_ARG_NUMBER:
        return is_number(arg, v);
    case PM_ARG_BOOLEAN:
        return json_is_boolean(v);
    case PM_ARG_WORD:
        return is_word(arg, v);
    case PM_ARG_OBJECT:
        return json_is_object(v);
    case PM_ARG_ARRAY:
        return json_is_array(v) && json_array_size(v) >= (size_t)arg->min && json_array_size(v) <= (size_t)arg->max;
    case PM_ARG_OFFSETS:
        return is_offsets(v);
    case PM_ARG_NAMES:
        return is_names(v);
    case PM_ARG_DEVICES:
        return is_devices(v);
    case PM_ARG_FRAMING:
        return json_is_object(v) || json_is_string(v);
    case PM_ARG_PAYLOAD:
    case PM_ARG_ANY:
    case PM_ARG_TYPES:
        break;
    }
    return true;
}

/* ---- payloads ---- */

static bool payload_from_integers(const json_t *array, struct pm_payload *ret)
{
    size_t n = json_array_size(array);
    ret->owned = malloc(n ? n : 1);
    for (size_t i = 0; ret->owned && i < n; i++) {
        const json_t *v = json_array_get(array, i);
        if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > 255)
            return false;
        ret->owned[i] = (uint8_t)json_integer_value(v);
    }
    ret->p = ret->owned;
    ret->n = n;
    return ret->owned != NULL;
}

static bool payload_from_object(const json_t *object, const struct pm_api_blob *blobs, size_t n_blobs,
                                struct pm_payload *ret)
{
    const json_t *text = json_object_get(object, "base64"), *number = json_object_get(object, "num");
    if (json_is_true(json_object_get(object, "_placeholder")) && json_is_integer(number) &&
        json_integer_value(number) >= 0 && (size_t)json_integer_value(number) < n_blobs) {
        const struct pm_api_blob *blob = &blobs[json_integer_value(number)];
        ret->p = blob->p;
        ret->n = blob->n;
        return true;
    }
    if (!json_is_string(text))
        return false;
    size_t n = json_string_length(text);
    ret->owned = malloc(n / 4 * 3 + 2);
    ssize_t decoded = ret->owned ? pm_base64_decode(json_string_value(text), n, ret->owned) : -ENOMEM;
    ret->p = ret->owned;
    ret->n = decoded < 0 ? 0 : (size_t)decoded;
    return decoded >= 0;
}

bool pm_payload_read(const json_t *v, const struct pm_api_blob *blobs, size_t n_blobs, struct pm_payload *ret)
{
    *ret = (struct pm_payload){0};
    if (json_is_array(v))
        return payload_from_integers(v, ret);
    if (json_is_object(v))
        return payload_from_object(v, blobs, n_blobs, ret);
    if (!json_is_string(v))
        return false;
    *ret = (struct pm_payload){(const uint8_t *)json_string_value(v), json_string_length(v), NULL};
    return true;
}

/* ---- values with parts ---- */

static bool check_value(struct pm_call *call, const struct pm_arg *arg, const json_t *v, const char *place);

/* Applications of the original, which want no answer, go on as they always did: the log tells, once for each. */
static void tell_misspelt(const struct pm_call *call, const char *place, const char *meant)
{
    struct pm_api_client *client = call->request->client;
    if (client && client->misspells)
        return;
    if (client)
        client->misspells = true;
    pm_log(PM_LOG_WARNING, "%s came with \"%s\", which means nothing and is passed over. Is \"%s\" meant?",
           call->kind->event, place, meant);
}

/* What is passed over silently lets a page believe that it set what it did not. */
static bool check_spelling(struct pm_call *call, const struct pm_arg *args, const json_t *object, const char *prefix)
{
    char place[PLACE_MAX], expects[PLACE_MAX];
    const char *meant, *key = pm_arg_misspelt(args, object, &meant);
    if (!key)
        return true;
    snprintf(place, sizeof(place), "%s%s", prefix, key);
    snprintf(expects, sizeof(expects), "written \"%s\"", meant);
    if (!call->request->unheard)
        return refuse_as(call, place, expects);
    tell_misspelt(call, place, meant);
    return true;
}

static bool check_members(struct pm_call *call, const struct pm_arg *args, const json_t *object, const char *prefix)
{
    if (!check_spelling(call, args, object, prefix))
        return false;
    for (const struct pm_arg *arg = args; arg->name; arg++) {
        const json_t *v = json_object_get(object, arg->name);
        char place[PLACE_MAX];
        snprintf(place, sizeof(place), "%s%s", prefix, arg->name);
        if (v && !json_is_null(v) ? !check_value(call, arg, v, place)
                                  : arg->required && !refuse_missing(call, arg, place))
            return false;
    }
    return true;
}

static bool check_parts(struct pm_call *call, const struct pm_arg *arg, const json_t *v, const char *place)
{
    char inner[PLACE_MAX];
    if (json_is_object(v)) {
        snprintf(inner, sizeof(inner), "%s.", place);
        return check_members(call, arg->of, v, inner);
    }
    for (size_t i = 0; i < json_array_size(v); i++) {
        snprintf(inner, sizeof(inner), "%s[%zu]", place, i);
        if (!check_value(call, arg->of, json_array_get(v, i), inner))
            return false;
    }
    return true;
}

static bool take_payload(struct pm_call *call, const json_t *v)
{
    assert(!call->payload.owned);
    return pm_payload_read(v, call->blobs, call->n_blobs, &call->payload);
}

static bool check_value(struct pm_call *call, const struct pm_arg *arg, const json_t *v, const char *place)
{
    if (!fits(arg, v))
        return refuse(call, arg, place);
    if (arg->type == PM_ARG_PAYLOAD && !take_payload(call, v))
        return refuse(call, arg, place);
    struct pm_framing rule;
    if (arg->of && !check_parts(call, arg, v, place))
        return false;
    return arg->type != PM_ARG_FRAMING || pm_framing_of_json(v, &rule) == 0 || refuse(call, arg, place);
}

/* ---- the whole ---- */

static const struct pm_arg *find_arg(const struct pm_arg *args, const char *name)
{
    for (; args->name; args++) {
        if (strcmp(args->name, name) == 0)
            return args;
    }
    return NULL;
}

/* Members that we do not know are passed over: they may be an older or newer client's. */
static void note_unknown(const struct pm_call *call)
{
    const char *key;
    json_t *value, *object = (json_t *)(uintptr_t)call->data; /* json_object_foreach() wants it writable */
    json_object_foreach(object, key, value)
    {
        if (!find_arg(call->kind->args, key))
            pm_log(PM_LOG_DEBUG, "%s has a member \"%s\" that means nothing, ignoring.", call->kind->event, key);
    }
}

/* Names are looked up when everything else is right, so that a mistake is told before what does not exist. */
static bool check_names(struct pm_call *call)
{
    for (const struct pm_arg *arg = call->kind->args; arg->name; arg++) {
        const char *name = json_string_value(json_object_get(call->data, arg->name));
        if (arg->type == PM_ARG_NEW_NAME && name && pm_event_is_reserved(name)) {
            pm_api_fail(call->request, PM_RESERVED_NAME, "\"%s\" is an event of its own. Choose another name.", name);
            return false;
        }
        if (arg->type != PM_ARG_CONNECTION || !name)
            continue;
        call->connection = pm_sight_find(call->api, call->request->who, name);
        if (!call->connection) {
            pm_api_fail_see(call->request, PM_NO_SUCH_CONNECTION, "list-connections", NULL,
                            "There is no connection named \"%s\".", name);
            return false;
        }
    }
    return true;
}

bool pm_call_check(struct pm_call *call)
{
    const struct pm_arg *args = call->kind->args;
    if (!args) {
        call->data = NULL;
        return true;
    }
    if (json_is_null(call->data))
        call->data = NULL;
    if (call->data && !json_is_object(call->data)) {
        pm_api_fail(call->request, PM_BAD_REQUEST, "%s takes one object with its arguments.", call->kind->event);
        return false;
    }
    if (!check_members(call, args, call->data, ""))
        return false;
    note_unknown(call);
    return check_names(call);
}

/* ---- for handlers ---- */

static const json_t *get(const struct pm_call *call, const char *name)
{
    const json_t *v = json_object_get(call->data, name);
    return json_is_null(v) ? NULL : v;
}

bool pm_call_has(const struct pm_call *call, const char *name)
{
    return get(call, name) != NULL;
}

const char *pm_call_text(const struct pm_call *call, const char *name)
{
    return json_string_value(get(call, name));
}

int64_t pm_call_integer(const struct pm_call *call, const char *name, int64_t fallback)
{
    const json_t *v = get(call, name);
    return v ? json_integer_value(v) : fallback;
}

double pm_call_number(const struct pm_call *call, const char *name, double fallback)
{
    const json_t *v = get(call, name);
    return v ? json_number_value(v) : fallback;
}

bool pm_call_boolean(const struct pm_call *call, const char *name, bool fallback)
{
    const json_t *v = get(call, name);
    return v ? json_is_true(v) : fallback;
}

int pm_call_word(const struct pm_call *call, const char *name, const char *const *words, int fallback)
{
    const char *word = pm_call_text(call, name);
    for (int i = 0; word && words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    return fallback;
}
