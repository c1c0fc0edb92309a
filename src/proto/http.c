/* http.c - see http.h; heads of requests (RFC 9112 sections 2 to 6). Whoever is lenient here lets requests be smuggled.
 */
#include "proto/http.h"

#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static int refuse(struct pm_http_refusal *why, unsigned status, const char *code, const char *message)
{
    *why = (struct pm_http_refusal){status, code, message};
    return -EPROTO;
}

static int bad_head(struct pm_http_refusal *why, const char *message)
{
    return refuse(why, 400, "bad-head", message);
}

static int bad_target(struct pm_http_refusal *why, const char *message)
{
    return refuse(why, 400, "bad-target", message);
}

static int bad_framing(struct pm_http_refusal *why, const char *message)
{
    return refuse(why, 400, "bad-framing", message);
}

/* ---- finding the end ---- */

enum scan_state { IN_LINE, AFTER_CR, AFTER_LINE, AFTER_LAST_CR, BEFORE_FIRST, BEFORE_FIRST_CR };

static int scan_byte(struct pm_http_scan *s, unsigned char c, struct pm_http_refusal *why)
{
    bool wants_lf = s->state == AFTER_CR || s->state == AFTER_LAST_CR || s->state == BEFORE_FIRST_CR;
    if (wants_lf != (c == '\n'))
        return bad_head(why, "Lines of a request end in CR LF.");
    if ((c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
        return bad_head(why, "There is a control character in the head of the request.");
    switch ((enum scan_state)s->state) {
    case IN_LINE:
        s->state = c == '\r' ? AFTER_CR : IN_LINE;
        break;
    case AFTER_CR:
        s->state = AFTER_LINE;
        break;
    case AFTER_LINE:
        s->state = c == '\r' ? AFTER_LAST_CR : IN_LINE;
        break;
    case BEFORE_FIRST_CR:
    case BEFORE_FIRST:
    case AFTER_LAST_CR:
        break;
    }
    return 0;
}

ssize_t pm_http_scan(struct pm_http_scan *s, const char *p, size_t n, const struct pm_http_limits *limits,
                     struct pm_http_refusal *why)
{
    if (s->at == 0 && n > 0 && p[0] == 0x16)
        return refuse(why, 400, "not-http", "This port speaks http, not https. Use http:// in the address.");
    size_t end = n < limits->head ? n : limits->head;
    while (s->at < end) {
        if (s->at == 0 && p[0] == '\r') { /* one empty line may stand before a request, 2.2 */
            if (n < 3)
                return n == 2 && p[1] != '\n' ? bad_head(why, "Lines of a request end in CR LF.") : 0;
            if (p[1] != '\n' || p[2] == '\r')
                return bad_head(why, "There is no request line.");
            s->at = 2;
        }
        unsigned char c = (unsigned char)p[s->at++];
        int r = scan_byte(s, c, why);
        if (r < 0)
            return r;
        if (s->state == AFTER_LAST_CR && c == '\n')
            return (ssize_t)s->at;
    }
    if (n >= limits->head)
        return refuse(why, 431, "head-too-large",
                      "The head of the request is too large. Clear the cookies of this site, or start "
                      "peripheral-manager with a larger "
                      "--head-size.");
    return 0;
}

/* ---- the request line ---- */

static bool is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct pm_http_text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if (!is_token_char((unsigned char)t.p[i]))
            return false;
    }
    return t.n > 0;
}

static bool is_text(struct pm_http_text t, const char *text)
{
    return t.n == strlen(text) && memcmp(t.p, text, t.n) == 0;
}

static bool is_text_any_case(struct pm_http_text t, const char *text)
{
    return t.n == strlen(text) && strncasecmp(t.p, text, t.n) == 0;
}

static enum pm_http_method method_of(struct pm_http_text t)
{
    static const char *const names[] = {
        [PM_HTTP_GET] = "GET", [PM_HTTP_HEAD] = "HEAD",     [PM_HTTP_POST] = "POST",
        [PM_HTTP_PUT] = "PUT", [PM_HTTP_DELETE] = "DELETE", [PM_HTTP_OPTIONS] = "OPTIONS",
    };
    for (int i = PM_HTTP_GET; i < PM_HTTP_OTHER; i++) {
        if (is_text(t, names[i]))
            return (enum pm_http_method)i;
    }
    return PM_HTTP_OTHER;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Visible ASCII only, each '%' followed by two hex digits, and UTF-8 once decoded (hostile bytes often are not). */
static int check_target(struct pm_http_text t, struct pm_http_refusal *why)
{
    struct pm_utf8 utf8 = {0};
    for (size_t i = 0; i < t.n; i++) {
        uint8_t c = (uint8_t)t.p[i];
        if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\')
            return bad_target(why, "The address holds a character that must be percent-encoded.");
        if (c == '%') {
            if (t.n - i < 3 || hex(t.p[i + 1]) < 0 || hex(t.p[i + 2]) < 0)
                return bad_target(why, "The address holds a percent sign without two hex digits.");
            c = (uint8_t)(hex(t.p[i + 1]) << 4 | hex(t.p[i + 2]));
            i += 2;
        }
        if (c == 0 || !pm_utf8_feed(&utf8, &c, 1))
            return bad_target(why, "The address does not decode to UTF-8.");
    }
    return pm_utf8_complete(&utf8) ? 0 : bad_target(why, "The address does not decode to UTF-8.");
}

/* Split "http://host/path?query" or "/path?query" (3.2); "*" stands for the server itself. */
static int parse_target(struct pm_http_head *h, struct pm_http_refusal *why)
{
    struct pm_http_text rest = h->target;
    if (is_text(rest, "*") && h->method == PM_HTTP_OPTIONS) {
        h->path = rest;
        return 0;
    }
    size_t scheme = rest.n >= 7 && strncasecmp(rest.p, "http://", 7) == 0    ? 7
                    : rest.n >= 8 && strncasecmp(rest.p, "https://", 8) == 0 ? 8
                                                                             : 0;
    if (scheme > 0) {
        const char *host = rest.p + scheme, *end = rest.p + rest.n, *slash = memchr(host, '/', (size_t)(end - host));
        const char *stop = slash ? slash : end;
        h->absolute_host = (struct pm_http_text){host, (size_t)(stop - host)};
        rest = slash ? (struct pm_http_text){stop, (size_t)(end - stop)} : (struct pm_http_text){"/", 1};
    }
    if (rest.n == 0 || rest.p[0] != '/')
        return bad_target(why, "The address of a request begins with a slash.");
    const char *question = memchr(rest.p, '?', rest.n);
    h->path = (struct pm_http_text){rest.p, question ? (size_t)(question - rest.p) : rest.n};
    if (question)
        h->query = (struct pm_http_text){question + 1, rest.n - h->path.n - 1};
    return check_target(h->target, why);
}

static int parse_version(struct pm_http_text t, struct pm_http_head *h, struct pm_http_refusal *why)
{
    if (is_text(t, "HTTP/1.1") || is_text(t, "HTTP/1.0")) {
        h->minor = t.p[7] == '1';
        return 0;
    }
    bool well_formed = t.n == 8 && memcmp(t.p, "HTTP/", 5) == 0 && t.p[5] >= '0' && t.p[5] <= '9' && t.p[6] == '.' &&
                       t.p[7] >= '0' && t.p[7] <= '9';
    if (well_formed && t.p[5] != '1')
        return refuse(why, 505, "version", "Only HTTP/1.1 is spoken here.");
    return bad_head(why, "The request line is malformed.");
}

static int parse_request_line(struct pm_http_text line, struct pm_http_head *h, const struct pm_http_limits *limits,
                              struct pm_http_refusal *why)
{
    enum { METHOD_MAX = 32 };
    const char *end = line.p + line.n, *first = memchr(line.p, ' ', line.n);
    const char *second = first ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;
    if (!second)
        return bad_head(why, "The request line is malformed.");
    struct pm_http_text method = {line.p, (size_t)(first - line.p)};
    if (method.n > METHOD_MAX || !is_token(method))
        return bad_head(why, "The method of the request is malformed.");
    h->method = method_of(method);
    h->target = (struct pm_http_text){first + 1, (size_t)(second - first - 1)};
    int r = parse_version((struct pm_http_text){second + 1, (size_t)(end - second - 1)}, h, why);
    if (r < 0)
        return r;
    if (h->target.n > limits->target)
        return refuse(why, 414, "target-too-long",
                      "The address of the request is too long. Shorten it, or start peripheral-manager with a larger "
                      "--target-size.");
    return parse_target(h, why);
}

/* ---- fields ---- */

static int parse_field(struct pm_http_text line, struct pm_http_field *ret, struct pm_http_refusal *why)
{
    const char *colon = memchr(line.p, ':', line.n), *end = line.p + line.n;
    if (!colon)
        return bad_head(why, "A header field has no colon.");
    ret->name = (struct pm_http_text){line.p, (size_t)(colon - line.p)};
    if (!is_token(ret->name)) /* white space before the colon and continuation lines are caught here, 5.1 and 5.2 */
        return bad_head(why, "The name of a header field is malformed.");
    const char *start = colon + 1;
    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    ret->value = (struct pm_http_text){start, (size_t)(end - start)};
    return 0;
}

bool pm_http_field_is(const struct pm_http_field *f, const char *name)
{
    return is_text_any_case(f->name, name);
}

const struct pm_http_field *pm_http_field(const struct pm_http_head *h, const char *name)
{
    for (size_t i = 0; i < h->n_fields; i++) {
        if (is_text_any_case(h->fields[i].name, name))
            return &h->fields[i];
    }
    return NULL;
}

size_t pm_http_field_count(const struct pm_http_head *h, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < h->n_fields; i++)
        count += is_text_any_case(h->fields[i].name, name);
    return count;
}

/* One of the elements of a comma-separated list? */
static bool lists(struct pm_http_text value, const char *token)
{
    const char *p = value.p, *end = p + value.n;
    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p)), *stop = comma ? comma : end, *next = stop + 1;
        while (p < stop && (*p == ' ' || *p == '\t'))
            p++;
        while (stop > p && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        if (is_text_any_case((struct pm_http_text){p, (size_t)(stop - p)}, token))
            return true;
        p = next;
    }
    return false;
}

bool pm_http_has_token(const struct pm_http_head *h, const char *name, const char *token)
{
    for (size_t i = 0; i < h->n_fields; i++) {
        if (is_text_any_case(h->fields[i].name, name) && lists(h->fields[i].value, token))
            return true;
    }
    return false;
}

static struct pm_http_text value_of(const struct pm_http_head *h, const char *name)
{
    const struct pm_http_field *f = pm_http_field(h, name);
    return f ? f->value : (struct pm_http_text){0};
}

/* ---- what the fields mean ---- */

static int parse_length(struct pm_http_text t, uint64_t *ret, struct pm_http_refusal *why)
{
    uint64_t value = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] < '0' || t.p[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(t.p[i] - '0'), &value))
            return bad_framing(why, "Content-Length is not a number of bytes.");
    }
    *ret = value;
    return t.n > 0 ? 0 : bad_framing(why, "Content-Length is empty.");
}

/* One length or chunked, never both, never twice: two readers must not disagree where a request ends (6.3). */
static int parse_framing(struct pm_http_head *h, const struct pm_http_limits *limits, struct pm_http_refusal *why)
{
    size_t lengths = pm_http_field_count(h, "content-length"), codings = pm_http_field_count(h, "transfer-encoding");
    if (lengths + codings > 1)
        return bad_framing(why, "The length of the body is given more than once.");
    if (codings == 1) {
        if (!is_text_any_case(value_of(h, "transfer-encoding"), "chunked") || h->minor == 0)
            return bad_framing(why, "The only transfer encoding is chunked, in HTTP/1.1.");
        h->chunked = h->has_body = true;
    }
    if (lengths == 1) {
        int r = parse_length(value_of(h, "content-length"), &h->content_length, why);
        if (r < 0)
            return r;
        if (h->content_length > limits->body)
            return refuse(why, 413, "too-large", PM_HTTP_TOO_LARGE);
        h->has_body = h->content_length > 0;
    }
    struct pm_http_text coding = value_of(h, "content-encoding");
    if (coding.n > 0 && !is_text_any_case(coding, "identity"))
        return refuse(why, 415, "encoding", "Bodies are taken as they are, without Content-Encoding.");
    return 0;
}

static int interpret(struct pm_http_head *h, const struct pm_http_limits *limits, struct pm_http_refusal *why)
{
    h->host = value_of(h, "host");
    h->n_host = pm_http_field_count(h, "host");
    h->origin = value_of(h, "origin");
    h->n_origin = pm_http_field_count(h, "origin");
    h->content_type = value_of(h, "content-type");
    if (h->n_host > 1 || (h->n_host == 0 && h->minor == 1))
        return bad_head(why, "A request has one Host field.");
    h->keep_alive =
        h->minor == 1 ? !pm_http_has_token(h, "connection", "close") : pm_http_has_token(h, "connection", "keep-alive");
    h->expects_continue = h->minor == 1 && pm_http_has_token(h, "expect", "100-continue");
    h->upgrade_websocket =
        pm_http_has_token(h, "connection", "upgrade") && pm_http_has_token(h, "upgrade", "websocket");
    return parse_framing(h, limits, why);
}

/* The next line of a head that was scanned: each ends in CR LF. */
static struct pm_http_text next_line(const char **p, const char *end)
{
    const char *lf = memchr(*p, '\n', (size_t)(end - *p));
    assert(lf && lf > *p);
    struct pm_http_text line = {*p, (size_t)(lf - 1 - *p)};
    *p = lf + 1;
    return line;
}

int pm_http_parse(const char *p, size_t n, const struct pm_http_limits *limits, struct pm_http_head *ret,
                  struct pm_http_refusal *why)
{
    const char *end = p + n;
    assert(limits->fields <= PM_HTTP_FIELDS_MAX);
    memset(ret, 0, offsetof(struct pm_http_head, fields)); /* the table is long, and its rows are filled one by one */
    memset((char *)ret + offsetof(struct pm_http_head, n_fields), 0,
           sizeof(*ret) - offsetof(struct pm_http_head, n_fields));
    if (*p == '\r')
        p += 2;
    int r = parse_request_line(next_line(&p, end), ret, limits, why);
    for (struct pm_http_text line; r == 0 && (line = next_line(&p, end)).n > 0;) {
        if (ret->n_fields == limits->fields)
            return refuse(why, 431, "too-many-fields",
                          "The request has too many header fields. Send fewer, or start peripheral-manager with a "
                          "larger --head-fields.");
        r = parse_field(line, &ret->fields[ret->n_fields], why);
        ret->n_fields++;
    }
    return r == 0 ? interpret(ret, limits, why) : r;
}

/* ---- queries ---- */

/* The next character of a query component, decoded; the query was checked with the target. */
static char decoded(const char **p)
{
    char c = *(*p)++;
    if (c == '+')
        return ' ';
    if (c != '%')
        return c;
    c = (char)((unsigned)hex((*p)[0]) << 4 | (unsigned)hex((*p)[1]));
    *p += 2;
    return c;
}

static bool component_is(const char *p, const char *end, const char *name)
{
    while (p < end && *name) {
        if (decoded(&p) != *name++)
            return false;
    }
    return p == end && !*name;
}

int pm_http_query(struct pm_http_text query, const char *name, char *out, size_t room, size_t *ret_n)
{
    if (query.n == 0)
        return 0;
    const char *p = query.p, *end = p + query.n;
    int found = 0;
    bool too_long = false;
    while (p < end) {
        const char *stop = memchr(p, '&', (size_t)(end - p));
        stop = stop ? stop : end;
        const char *equals = memchr(p, '=', (size_t)(stop - p)), *key_end = equals ? equals : stop;
        if (component_is(p, key_end, name)) {
            size_t n = 0;
            for (const char *v = equals ? equals + 1 : stop; v < stop;) {
                char c = decoded(&v);
                if (n < room)
                    out[n] = c;
                n++;
            }
            found++;
            too_long = n > room;
            *ret_n = n;
        }
        p = stop + 1;
    }
    return too_long ? -ENOBUFS : found;
}

const char *pm_http_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {204, "No Content"},
        {302, "Found"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}
