/* http.h - HTTP/1.1 requests (RFC 9112), strictly: a head in, its meaning out; then the body's bytes. No I/O, no
 * memory. */
#ifndef PM_PROTO_HTTP_H
#define PM_PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A piece of the caller's buffer, not terminated; p is NULL where the thing is absent. */
struct pm_http_text {
    const char *p;
    size_t n;
};

struct pm_http_limits {
    size_t head;   /* bytes from the first to the empty line, both included */
    size_t fields; /* at most PM_HTTP_FIELDS_MAX */
    size_t target; /* bytes */
    uint64_t body; /* bytes after decoding; a larger Content-Length is refused on the head alone */
};

enum { PM_HTTP_FIELDS_MAX = 100 };

/* Why a request is refused: what goes on the wire. All strings are constants. */
struct pm_http_refusal {
    unsigned status;     /* 400, 413, 414, 415, 431, 501, 505 */
    const char *code;    /* stable: bad-head, bad-framing, bad-target, head-too-large, too-many-fields, target-too-long,
                            too-large, encoding, version, not-http */
    const char *message; /* for a person: names the thing and the way out */
};

#define PM_HTTP_TOO_LARGE                                                                                              \
    "The body is larger than this server takes. Send it in parts, or start peripheral-manager with a larger "          \
    "--message-size."

enum pm_http_method {
    PM_HTTP_GET,
    PM_HTTP_HEAD,
    PM_HTTP_POST,
    PM_HTTP_PUT,
    PM_HTTP_DELETE,
    PM_HTTP_OPTIONS,
    PM_HTTP_OTHER
};

struct pm_http_field {
    struct pm_http_text name, value;
}; /* value without surrounding white space */

/* One request head; all text borrowed from the buffer that was parsed. */
struct pm_http_head {
    enum pm_http_method method;
    struct pm_http_text target, path, query; /* query without '?', absent if there is none; path not decoded */
    struct pm_http_text absolute_host;       /* authority of an absolute-form target, else absent */
    unsigned minor;                          /* HTTP/1.minor: 0 or 1 */
    struct pm_http_field fields[PM_HTTP_FIELDS_MAX];
    size_t n_fields;
    struct pm_http_text host, origin, content_type;
    size_t n_host, n_origin; /* how often the field was there */
    bool chunked;
    uint64_t content_length; /* 0 if absent */
    bool has_body;           /* chunked, or content_length > 0 */
    bool keep_alive;         /* version and Connection taken together */
    bool expects_continue;
    bool upgrade_websocket; /* Connection lists upgrade and Upgrade lists websocket (token lists, any case) */
};

/* Lexical scan over a head that arrives in pieces: finds its end without parsing twice, and refuses at once what can
 * never become a head (a NUL, a bare CR or LF, a TLS ClientHello, too many bytes). Zero-initialise. */
struct pm_http_scan {
    size_t at;     /* bytes looked at */
    uint8_t state; /* what the last of them was */
};

/* Look at buffer [p, p+n), which holds the head from its first byte and has grown since the last call.
 * Returns the length of the head (both line ends of the empty line included), 0 while it is incomplete, or -EPROTO with
 * *why filled. Empty lines before the request line are refused only if more than one (RFC 9112 2.2). */
ssize_t pm_http_scan(struct pm_http_scan *s, const char *p, size_t n, const struct pm_http_limits *limits,
                     struct pm_http_refusal *why);

/* Parse a whole head as pm_http_scan() delimited it. 0 or -EPROTO with *why. */
int pm_http_parse(const char *p, size_t n, const struct pm_http_limits *limits, struct pm_http_head *ret,
                  struct pm_http_refusal *why);

/* First field of that name (any case), or NULL; the number of such fields; whether a field's comma-separated list (all
 * fields of that name) holds a token (any case). */
const struct pm_http_field *pm_http_field(const struct pm_http_head *h, const char *name);
size_t pm_http_field_count(const struct pm_http_head *h, const char *name);
bool pm_http_field_is(const struct pm_http_field *f, const char *name);
bool pm_http_has_token(const struct pm_http_head *h, const char *name, const char *token);

/* The value of a query parameter: names and values percent-decoded before comparing ('+' is a space), the last of
 * several wins. Writes at most `room` bytes; *ret_n is the length. Returns how often it is there, or -ENOBUFS if its
 * value is longer than room. */
int pm_http_query(struct pm_http_text query, const char *name, char *out, size_t room, size_t *ret_n);

/* State of a body, Content-Length or chunked (section 7.1). Filled by pm_http_body_init(), owns nothing. */
struct pm_http_body {
    uint64_t left;  /* of the body, or of the present chunk */
    uint64_t total; /* decoded so far */
    uint64_t max;
    uint32_t overhead, overhead_max; /* bytes of chunk heads and trailers: bounded beside the data */
    uint8_t state, digits;
};

void pm_http_body_init(struct pm_http_body *b, const struct pm_http_head *h, const struct pm_http_limits *limits);

/* Consume input and give at most one piece of the body, borrowed from the input (ret_data->n may be 0). *ret_done says
 * that the body is complete; call again with the rest until then. Returns the bytes consumed, or -EPROTO with *why. */
ssize_t pm_http_body_read(struct pm_http_body *b, const char *p, size_t n, struct pm_http_text *ret_data,
                          bool *ret_done, struct pm_http_refusal *why);

/* Standard reason phrase of a status we send ("Bad Request"), never NULL. */
const char *pm_http_reason(unsigned status);
#endif
