/* socketio.c - see socketio.h. */
#include "proto/socketio.h"

#include "base/decimal.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { ID_DIGITS = 15 }; /* fits a double and an int64_t */

/* A cursor over the message. */
struct text {
    const char *p, *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A decimal number of at most `digits` digits without leading zeros; -1 if there is none, -2 if it is malformed. */
static int64_t take_number(struct text *t, unsigned digits)
{
    const char *start = t->p;
    int64_t value = 0;
    while (t->p < t->end && is_digit(*t->p)) {
        if (t->p - start >= digits)
            return -2;
        value = value * 10 + (*t->p++ - '0');
    }
    if (t->p == start)
        return -1;
    return *start == '0' && t->p - start > 1 ? -2 : value;
}

static int take_attachments(struct text *t, unsigned max, struct pm_sio_packet *ret)
{
    int64_t count = take_number(t, 4);
    if (count < 0 || t->p == t->end || *t->p++ != '-')
        return -EPROTO;
    if (count > max)
        return -E2BIG;
    ret->binary = true;
    ret->attachments = (unsigned)count;
    return 0;
}

static int take_namespace(struct text *t, size_t max, struct pm_sio_packet *ret)
{
    ret->name_space = "/";
    ret->name_space_n = 1;
    if (t->p == t->end || *t->p != '/')
        return 0;
    const char *start = t->p, *comma = memchr(start, ',', (size_t)(t->end - start));
    const char *stop = comma ? comma : t->end;
    t->p = comma ? comma + 1 : t->end;
    if ((size_t)(stop - start) > max)
        return -E2BIG;
    const char *question = memchr(start, '?', (size_t)(stop - start));
    ret->name_space = start;
    ret->name_space_n = (size_t)((question ? question : stop) - start);
    if (question) {
        ret->query = question + 1;
        ret->query_n = (size_t)(stop - question - 1);
    }
    return 0;
}

static bool count_placeholders(const struct pm_json *value, unsigned attachments, uint64_t *seen);

static bool count_number(const struct pm_json *value, unsigned attachments, uint64_t *seen)
{
    int64_t number;
    if (!value->p || value->type != PM_JSON_NUMBER || pm_json_integer(value, &number) < 0)
        return false;
    if (number < 0 || number >= attachments || (*seen >> number & 1))
        return false;
    *seen |= (uint64_t)1 << number;
    return true;
}

/* One walk: what is in an object counts if it turns out to be no placeholder itself. Of members that come twice the
 * last one is meant. */
static bool count_members(const struct pm_json *object, unsigned attachments, uint64_t *seen)
{
    struct pm_json key, child, number = {0};
    uint64_t before = *seen;
    bool placeholder = false, good = true;
    for (size_t at = 0; pm_json_member(object, &at, &key, &child);) {
        if (pm_json_equals(&key, "_placeholder"))
            placeholder = child.type == PM_JSON_TRUE;
        else if (pm_json_equals(&key, "num"))
            number = child;
        good = count_placeholders(&child, attachments, seen) && good;
    }
    if (!placeholder)
        return good;
    *seen = before;
    return count_number(&number, attachments, seen);
}

/* Count the placeholders below a value into `seen`, a bit for each number. False if one is malformed, out of range or
 * used twice. Recursion is as deep as the JSON, which is limited. */
static bool count_placeholders(const struct pm_json *value, unsigned attachments, uint64_t *seen)
{
    struct pm_json child;
    if (value->type == PM_JSON_OBJECT)
        return count_members(value, attachments, seen);
    for (size_t at = 0; value->type == PM_JSON_ARRAY && pm_json_element(value, &at, &child);) {
        if (!count_placeholders(&child, attachments, seen))
            return false;
    }
    return true;
}

static int check_placeholders(const struct pm_sio_packet *packet)
{
    uint64_t seen = 0;
    assert(packet->attachments < 64);
    if (!count_placeholders(&packet->data, packet->attachments, &seen))
        return -EPROTO;
    return seen == ((uint64_t)1 << packet->attachments) - 1 ? 0 : -EPROTO;
}

/* The array of an event or acknowledgement, whose text ends in ']': what lies behind the first `skip` bytes of it. */
static void set_args(struct pm_sio_packet *packet, size_t skip)
{
    packet->args = packet->data.p + skip;
    packet->args_n = packet->data.n - skip - 1;
}

static int read_event(const struct pm_sio_limits *limits, struct pm_sio_packet *ret)
{
    struct pm_json name;
    size_t at = 0;
    if (!pm_json_element(&ret->data, &at, &name) || name.type != PM_JSON_STRING)
        return -EPROTO;
    ssize_t n = pm_json_string(&name, ret->event, limits->event_name);
    if (n < 0)
        return -E2BIG;
    ret->event_n = (size_t)n;
    if (pm_sio_is_reserved(ret->event, ret->event_n))
        return -EPROTO;
    const char *first = pm_json_next(&ret->data, at);
    set_args(ret, first ? (size_t)(first - ret->data.p) : ret->data.n - 1);
    return 0;
}

static int read_data(struct text *t, const struct pm_sio_limits *limits, struct pm_sio_packet *ret)
{
    if (ret->type == PM_SIO_CONNECT_ERROR)
        return -EPROTO; /* only servers send it */
    if (t->p == t->end)
        return ret->type == PM_SIO_EVENT || ret->binary ? -EPROTO : 0;
    ret->has_data = true;
    int r = pm_json_admit(t->p, (size_t)(t->end - t->p), &limits->json, &ret->data);
    switch (ret->type) {
    case PM_SIO_CONNECT:
        return r < 0 || ret->data.type != PM_JSON_OBJECT ? -EINVAL : 0;
    case PM_SIO_EVENT:
    case PM_SIO_ACK:
        if (r < 0 || ret->data.type != PM_JSON_ARRAY)
            return r < 0 ? r : -EPROTO;
        break;
    default:
        return -EPROTO; /* a DISCONNECT has no payload */
    }
    if (ret->type == PM_SIO_EVENT)
        r = read_event(limits, ret);
    else
        set_args(ret, 1);
    return r == 0 && ret->binary ? check_placeholders(ret) : r;
}

int pm_sio_read(const char *p, size_t n, const struct pm_sio_limits *limits, struct pm_sio_packet *ret)
{
    struct text t = {p, p + n};
    assert(limits->event_name <= PM_SIO_EVENT_NAME_MAX);
    if (n == 0 || *p < '0' || *p > '0' + PM_SIO_BINARY_ACK)
        return -EPROTO;
    ret->type = (enum pm_sio_type)(*t.p++ - '0');
    ret->binary = ret->has_data = false;
    ret->attachments = 0;
    ret->query = ret->args = NULL;
    ret->query_n = ret->args_n = ret->event_n = 0;
    int r = 0;
    if (ret->type == PM_SIO_BINARY_EVENT || ret->type == PM_SIO_BINARY_ACK) {
        r = take_attachments(&t, limits->attachments, ret);
        ret->type = ret->type == PM_SIO_BINARY_EVENT ? PM_SIO_EVENT : PM_SIO_ACK;
    }
    if (r == 0)
        r = take_namespace(&t, limits->name_space, ret);
    if (r < 0)
        return r;
    ret->id = take_number(&t, ID_DIGITS);
    if (ret->id < PM_SIO_NO_ID || (ret->id >= 0 && ret->type != PM_SIO_EVENT && ret->type != PM_SIO_ACK))
        return ret->type == PM_SIO_CONNECT ? -EINVAL : -EPROTO;
    return read_data(&t, limits, ret);
}

static bool is_listed(const char *const *names, size_t count, const char *name, size_t n)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
            return true;
    }
    return false;
}

bool pm_sio_is_reserved(const char *name, size_t n)
{
    static const char *const names[] = {"connect",       "connect_error", "disconnect",
                                        "disconnecting", "newListener",   "removeListener"};
    return n >= 7 && n <= 14 && is_listed(names, sizeof(names) / sizeof(names[0]), name, n);
}

bool pm_sio_is_reserved_for_server(const char *name, size_t n)
{
    static const char *const names[] = {"error", "connecting", "connect_timeout", "ping", "pong"};
    return pm_sio_is_reserved(name, n) || is_listed(names, sizeof(names) / sizeof(names[0]), name, n) ||
           (n >= 9 && memcmp(name, "reconnect", 9) == 0);
}

size_t pm_sio_write_head(char *out, enum pm_sio_type type, unsigned attachments, const char *name_space,
                         size_t name_space_n, int64_t id)
{
    size_t at = 0;
    assert(attachments == 0 || type == PM_SIO_EVENT || type == PM_SIO_ACK);
    out[at++] = (char)('0' + type + (attachments > 0 ? PM_SIO_BINARY_EVENT - PM_SIO_EVENT : 0));
    if (attachments > 0) {
        at += pm_decimal(out + at, attachments);
        out[at++] = '-';
    }
    if (name_space_n > 1) {
        memcpy(out + at, name_space, name_space_n);
        at += name_space_n;
        out[at++] = ',';
    }
    if (id >= 0)
        at += pm_decimal(out + at, (uint64_t)id);
    return at;
}

static int hex(char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decode [p, p+n) into out (room for n). A '%' without two hex digits stands for itself. Returns the length. */
static size_t decode_component(const char *p, size_t n, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '%' && n - i > 2 && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
            out[length++] = (char)((unsigned)hex(p[i + 1]) << 4 | (unsigned)hex(p[i + 2]));
            i += 2;
        } else {
            out[length++] = p[i] == '+' ? ' ' : p[i];
        }
    }
    return length;
}

/* A component as a JSON string at out[at]. Returns the position behind it, or -ENOBUFS. */
static ssize_t put_component(const char *p, size_t n, char *out, size_t at, size_t room)
{
    char decoded[PM_SIO_EVENT_NAME_MAX];
    if (n > sizeof(decoded))
        return -ENOBUFS;
    size_t length = decode_component(p, n, decoded);
    if (!pm_utf8_valid(decoded, length))
        length = 0;
    if (pm_json_quoted_max(length) > room - at)
        return -ENOBUFS;
    return (ssize_t)(at + pm_json_quote(decoded, length, out + at));
}

ssize_t pm_sio_query_to_json(const char *query, size_t n, char *out, size_t room)
{
    const char *end = query + n;
    ssize_t at = 0;
    if (room < 2)
        return -ENOBUFS;
    out[at++] = '{';
    for (const char *p = query; p < end;) {
        const char *stop = memchr(p, '&', (size_t)(end - p));
        stop = stop ? stop : end;
        const char *equals = memchr(p, '=', (size_t)(stop - p));
        const char *key_end = equals ? equals : stop, *value = equals ? equals + 1 : stop;
        if (key_end > p) {
            if ((size_t)at + 3 > room)
                return -ENOBUFS;
            if (at > 1)
                out[at++] = ',';
            at = put_component(p, (size_t)(key_end - p), out, (size_t)at, room - 2);
            if (at < 0)
                return at;
            out[at++] = ':';
            at = put_component(value, (size_t)(stop - value), out, (size_t)at, room - 1);
            if (at < 0)
                return at;
        }
        p = stop + 1;
    }
    if ((size_t)at + 1 > room)
        return -ENOBUFS;
    out[at++] = '}';
    return at;
}
