/* hot.c - see hot.h. What is rare is left to the table: escapes like \u00e9, other members, keys that come twice. */
#include "api/hot.h"

#include "base/base64.h"
#include "proto/json.h"

#include <stdlib.h>
#include <string.h>

static bool is_key(const struct pm_json *key, const char *word)
{
    size_t n = strlen(word);
    return key->n == n + 2 && memcmp(key->p + 1, word, n) == 0;
}

/* Find exactly these members, each once, in any order. */
static bool take_members(const struct pm_json *object, const char *const *names, struct pm_json *ret, size_t n)
{
    struct pm_json key, value;
    size_t found = 0;
    for (size_t at = 0; pm_json_member(object, &at, &key, &value); found++) {
        size_t i = 0;
        while (i < n && !is_key(&key, names[i]))
            i++;
        if (i == n || ret[i].p)
            return false;
        ret[i] = value;
    }
    return found == n;
}

static bool has_escape(const struct pm_json *string)
{
    return memchr(string->p, '\\', string->n) != NULL;
}

/* Unescape it; false for characters by number, which may be halves of one. */
static bool take_text(const struct pm_json *string, char *out, size_t room, size_t *ret_n)
{
    if (memmem(string->p, string->n, "\\u", 2))
        return false;
    ssize_t n = pm_json_string(string, out, room);
    *ret_n = n < 0 ? 0 : (size_t)n;
    return n >= 0;
}

static bool take_name(const struct pm_json *string, char out[PM_NAME_MAX + 1])
{
    size_t n;
    if (string->type != PM_JSON_STRING || !take_text(string, out, PM_NAME_MAX, &n) || n == 0)
        return false;
    out[n] = 0;
    return true;
}

/* ---- forms of a payload ---- */

static bool payload_from_text(const struct pm_json *string, struct pm_payload *ret)
{
    if (!has_escape(string)) {
        *ret = (struct pm_payload){(const uint8_t *)string->p + 1, string->n - 2, NULL};
        return true;
    }
    ret->owned = malloc(string->n);
    ret->p = ret->owned;
    return ret->owned && take_text(string, (char *)ret->owned, string->n, &ret->n);
}

/* One to three digits and nothing else. */
static const char *take_byte(const char *p, uint8_t *ret)
{
    unsigned value = 0, digits = 0;
    for (; *p >= '0' && *p <= '9' && digits < 4; digits++)
        value = value * 10 + (unsigned)(*p++ - '0');
    *ret = (uint8_t)value;
    return digits > 0 && value <= UINT8_MAX ? p : NULL;
}

static const char *skip_space(const char *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
        p++;
    return p;
}

/* The array's closing bracket ends every loop here. */
static bool payload_from_integers(const struct pm_json *array, struct pm_payload *ret)
{
    const char *p = skip_space(array->p + 1);
    ret->owned = malloc(array->n / 2 + 1); /* each has a digit and what follows it */
    ret->p = ret->owned;
    while (ret->owned && *p != ']') {
        p = take_byte(p, &ret->owned[ret->n++]);
        p = p ? skip_space(p) : NULL;
        if (!p || (*p != ',' && *p != ']'))
            return false;
        p = *p == ',' ? skip_space(p + 1) : p;
    }
    return ret->owned != NULL;
}

static bool payload_from_base64(const struct pm_json *text, struct pm_payload *ret)
{
    if (text->type != PM_JSON_STRING || has_escape(text))
        return false;
    ret->owned = malloc(text->n / 4 * 3 + 2);
    ret->p = ret->owned;
    ssize_t n = ret->owned ? pm_base64_decode(text->p + 1, text->n - 2, ret->owned) : -1;
    ret->n = n < 0 ? 0 : (size_t)n;
    return n >= 0;
}

static bool payload_from_object(const struct pm_json *object, const struct pm_api_blob *blobs, size_t n_blobs,
                                struct pm_payload *ret)
{
    static const char *const attachment[] = {"_placeholder", "num"}, *const base64[] = {"base64"};
    struct pm_json found[2] = {0}, text = {0};
    int64_t number;
    if (!take_members(object, attachment, found, 2))
        return take_members(object, base64, &text, 1) && payload_from_base64(&text, ret);
    if (found[0].type != PM_JSON_TRUE || found[1].type != PM_JSON_NUMBER || pm_json_integer(&found[1], &number) < 0 ||
        number < 0 || (size_t)number >= n_blobs)
        return false;
    *ret = (struct pm_payload){blobs[number].p, blobs[number].n, NULL};
    return true;
}

static bool take_payload(const struct pm_json *value, const struct pm_api_blob *blobs, size_t n_blobs,
                         struct pm_payload *ret)
{
    if (value->type == PM_JSON_OBJECT)
        return payload_from_object(value, blobs, n_blobs, ret);
    if (value->type == PM_JSON_STRING)
        return payload_from_text(value, ret);
    return value->type == PM_JSON_ARRAY && payload_from_integers(value, ret);
}

bool pm_hot_write_read(const char *json, size_t n, const struct pm_api_blob *blobs, size_t n_blobs,
                       struct pm_hot_write *ret)
{
    static const char *const names[] = {"name", "payload"};
    struct pm_json object, found[2] = {0};
    *ret = (struct pm_hot_write){0};
    if (!pm_json_first(json, n, &object) || object.type != PM_JSON_OBJECT || !take_members(&object, names, found, 2) ||
        !take_name(&found[0], ret->name))
        return false;
    if (take_payload(&found[1], blobs, n_blobs, &ret->payload))
        return true;
    free(ret->payload.owned);
    ret->payload = (struct pm_payload){0};
    return false;
}
