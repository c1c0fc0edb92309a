/* table.h - the one table of requests: what each is called, takes, needs and answers, and who runs it. */
#ifndef PM_API_TABLE_H
#define PM_API_TABLE_H

#include "api/api.h"
#include "proto/framer.h"
#include "proto/pattern.h"

/* What a caller must be allowed to do before a handler runs; for the device that the request is about. */
enum pm_capability {
    PM_NEEDS_NONE,
    PM_NEEDS_LIST,    /* see devices and connections */
    PM_NEEDS_OPEN,    /* open and close them */
    PM_NEEDS_READ,    /* get their bytes */
    PM_NEEDS_WRITE,   /* send bytes */
    PM_NEEDS_CONTROL, /* change the line and its signals */
    PM_NEEDS_RECORD,
    PM_NEEDS_ADMIN,
    PM_CAPABILITIES
};

/* The word for it in the reference and in messages. */
const char *pm_capability_name(enum pm_capability c);

enum pm_arg_type {
    PM_ARG_CONNECTION, /* the name of a connection that exists: it is looked up, call->connection */
    PM_ARG_NEW_NAME,   /* a name that a connection may get: 1 to 64 bytes, no control characters, not reserved */
    PM_ARG_TEXT,       /* min to max bytes of UTF-8 without NUL */
    PM_ARG_INTEGER,    /* min to max */
    PM_ARG_NUMBER,     /* min to max; with `words`, one of these numbers */
    PM_ARG_BOOLEAN,
    PM_ARG_WORD,    /* one of `words` */
    PM_ARG_PAYLOAD, /* bytes in any of their forms: decoded, call->payload. One of a request at most */
    PM_ARG_OBJECT,  /* members as `of` says, or any */
    PM_ARG_ARRAY,   /* min to max elements, each as `of` says, or any */
    PM_ARG_OFFSETS, /* an integer from 0 to 2^53 - 1, or an object of such by name of connection */
    PM_ARG_NAMES,   /* an array of names of connections, which need not exist, or "*" */
    PM_ARG_DEVICES, /* an id of a device, an array of such, or "*" */
    PM_ARG_FRAMING, /* a framing rule: a word, or an object with members as `of` says */
    PM_ARG_ANY,
    PM_ARG_TYPES
};

/* The largest integer that JavaScript has exactly. */
#define PM_INTEGER_MAX ((INT64_C(1) << 53) - 1)

/* One argument. null counts as absent. */
struct pm_arg {
    const char *name;
    enum pm_arg_type type;
    bool required;
    int64_t min, max;
    const char *const *words; /* ends with NULL */
    const struct pm_arg *of;  /* of an array: its element; of an object: its members, ended by one without a name */
    const char *unit;
    const char *fallback; /* for the reference: what holds if it is absent */
    const char *purpose;
};

/* Bytes to send. */
struct pm_payload {
    const uint8_t *p;
    size_t n;
    uint8_t *owned; /* what free() is due for; the caller of the handler does it */
};

/* One request as its handler sees it: its arguments were checked. Borrowed for the call, except `request`. */
struct pm_call {
    struct pm_api *api;
    struct pm_api_request *request; /* to be answered exactly once, now or later */
    const struct pm_request_kind *kind;
    const json_t *data; /* an object, or NULL */
    const struct pm_api_blob *blobs;
    size_t n_blobs;
    struct pm_connection *connection;
    struct pm_payload payload;
};

struct pm_request_kind {
    const char *event;         /* the name on the wire; only ever add, never rename */
    const struct pm_arg *args; /* ended by one without a name; NULL: none */
    enum pm_capability needs;
    bool reads;        /* changes nothing: answers GET over HTTP too */
    const char *reply; /* the original's reply event, or NULL */
    bool says_false;   /* a failure is told by this event too, as false */
    void (*run)(struct pm_call *call);
    const char *purpose; /* for the reference */
    const char *result;  /* members of the answer, for the reference */
};

/* The table has one part for each area, beside its handlers. */
struct pm_request_area {
    const char *title;
    const struct pm_request_kind *kinds; /* ended by one without an event */
};

/* Ended by one without a title. */
extern const struct pm_request_area pm_request_areas[];

/* requests_<area>.c */
extern const struct pm_request_kind pm_requests_ask[], pm_requests_audit[], pm_requests_claim[], pm_requests_command[],
    pm_requests_connection[], pm_requests_consent[], pm_requests_history[], pm_requests_inspect[], pm_requests_line[],
    pm_requests_play[], pm_requests_record[], pm_requests_reference[], pm_requests_session[], pm_requests_token[],
    pm_requests_write[];

/* The options of a connection, as activate-connection and configure-connection take them. */
#define PM_ARGS_LINE                                                                                                   \
    {"baud-rate",                                                                                                      \
     PM_ARG_INTEGER,                                                                                                   \
     .min = 1,                                                                                                         \
     .max = 100000000,                                                                                                 \
     .unit = "baud",                                                                                                   \
     .fallback = "115200",                                                                                             \
     .purpose = "any rate that the driver takes"},                                                                     \
        {"data-bits", PM_ARG_INTEGER, .min = 5, .max = 8, .fallback = "8"},                                            \
        {"parity", PM_ARG_WORD, .words = pm_parity_words, .fallback = "none"},                                         \
        {"stop-bits", PM_ARG_NUMBER, .words = pm_stop_words, .fallback = "1"},                                         \
        {"flow-control", PM_ARG_WORD, .words = pm_flow_words, .fallback = "none"},                                     \
        {"dtr", PM_ARG_WORD, .words = pm_at_open_words, .fallback = "keep",                                            \
         .purpose = "what becomes of DTR whenever the device is opened; some boards reset when it changes"},           \
        {"rts", PM_ARG_WORD, .words = pm_at_open_words, .fallback = "keep", .purpose = "the same for RTS"},            \
        {"latency", PM_ARG_WORD, .words = pm_latency_words, .fallback = "low",                                         \
         .purpose =                                                                                                    \
             "whether bytes are handed over at once, or many together for less work: with \"throughput\" the driver "  \
             "may wait for more, and the daemon reads every 5 ms at most; with \"low\" it reads a stream so seldom "   \
             "only if it goes to more than five readers or the daemon is busy; \"lowest\" also keeps the daemon from " \
             "sleeping while answers come quickly, at the processor's cost"},                                          \
    {                                                                                                                  \
        "exclusive", PM_ARG_BOOLEAN, .fallback = "true", .purpose = "nobody else may open the device meanwhile"        \
    }

/* What a reader gets instead of bytes. */
#define PM_ARGS_DELIVER(default_, purpose_)                                                                            \
    {"deliver", PM_ARG_WORD, .words = pm_deliver_words, .fallback = (default_), .purpose = (purpose_)},                \
    {                                                                                                                  \
        "framing", PM_ARG_FRAMING, .of = pm_framing_members, .fallback = "what the profile says, or lines",            \
                                   .purpose = "how the bytes are cut"                                                  \
    }

extern const char *const pm_deliver_words[],
    *const pm_parity_words[], *const pm_stop_words[], *const pm_flow_words[], *const pm_at_open_words[],
                                                                                  *const pm_latency_words[];

/* Read these options; those that are absent stay. */
void pm_call_settings(const struct pm_call *call, struct pm_port_settings *s);

/* The same for `deliver` and `framing`; a framing alone is for frames. */
void pm_call_delivery(const struct pm_call *call, struct pm_delivery *d);

/* Can it be cut so with this profile (an id)? False after the request has been failed. */
bool pm_call_can_deliver(const struct pm_call *call, const struct pm_delivery *d, const char *profile);

/* requests_command.c: is its `profile`, if it has one, known? False after the request has been failed. */
bool pm_call_knows_profile(const struct pm_call *call);

/* requests_connection.c: the options that activate-connection was given; defaults for the others. */
struct pm_connection_options pm_call_options(const struct pm_call *call);

/* The kind of this name, or NULL. */
const struct pm_request_kind *pm_request_find(const char *event);

/* Does it answer GET: it changes nothing, and need not be told anything? */
bool pm_request_takes_get(const struct pm_request_kind *kind);

/* ---- events ---- */

/* What clients are told without asking; such a name cannot be a connection's. */
struct pm_event_kind {
    const char *name;
    const char *data; /* members, for the reference */
    const char *purpose;
};

/* Ended by one without a name. */
extern const struct pm_event_kind pm_event_kinds[];

/* May a connection not be called so, because Socket.IO, its clients or we use the name? */
bool pm_event_is_reserved(const char *name);

/* ---- arguments.c ---- */

/* Check everything the kind's schema says, and find the connection and the payload. False after the request has been
 * failed; the payload may be owned all the same. */
bool pm_call_check(struct pm_call *call);

/* Bytes in any of the forms that applications send them in. On both outcomes free(ret->owned) is the caller's. */
bool pm_payload_read(const json_t *v, const struct pm_api_blob *blobs, size_t n_blobs, struct pm_payload *ret);

/* What an argument must be, for a person: "a whole number from 5 to 8". */
void pm_arg_expects(const struct pm_arg *arg, char *out, size_t room);

/* What an argument is for a handler; absent ones are the fallback. Only for names in the schema. */
const char *pm_call_text(const struct pm_call *call, const char *name);
int64_t pm_call_integer(const struct pm_call *call, const char *name, int64_t fallback);
double pm_call_number(const struct pm_call *call, const char *name, double fallback);
bool pm_call_boolean(const struct pm_call *call, const char *name, bool fallback);
bool pm_call_has(const struct pm_call *call, const char *name);

/* The place of the word in the list. */
int pm_call_word(const struct pm_call *call, const char *name, const char *const *words, int fallback);

/* ---- spelling.c ---- */

/* A member of `object` that these arguments do not have, but one written nearly so, which is absent: other case, dashes
 * or underscores, one slip, or only how it begins. Borrowed; NULL if there is none. */
const char *pm_arg_misspelt(const struct pm_arg *args, const json_t *object, const char **ret_meant);

/* ---- framing.c ---- */

/* A framing rule as an argument: {"kind": "lines"}, …; and the rule of such an object, which was checked against these
 * members, or of the word for its kind. -EINVAL: it lacks what its kind needs. */
enum { PM_FRAMING_MAX_DEFAULT = 4096 };
extern const struct pm_arg pm_framing_members[];
int pm_framing_of_json(const json_t *v, struct pm_framing *ret);

/* The way back: a new reference. */
json_t *pm_framing_json(const struct pm_framing *rule);

/* requests_claim.c: may this caller write, or does somebody else hold a claim? False after the request has been failed.
 */
bool pm_claims_allow(struct pm_call *call);

/* ---- reference.c ---- */

/* The whole reference as JSON (what describe answers), and as the tables of docs/api.md. */
json_t *pm_reference_json(const struct pm_hub_limits *hub);
void pm_reference_markdown(void (*write)(void *owner, const char *text), void *owner);

#endif
