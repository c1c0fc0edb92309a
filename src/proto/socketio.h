/* socketio.h - Socket.IO packets (protocols 4 and 5, the JSON parser): one engine message in, its meaning out, and
 * back. */
#ifndef PM_PROTO_SOCKETIO_H
#define PM_PROTO_SOCKETIO_H

#include "proto/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happened; whether the packet is binary stands in `attachments`. */
enum pm_sio_type {
    PM_SIO_CONNECT = 0,
    PM_SIO_DISCONNECT = 1,
    PM_SIO_EVENT = 2,
    PM_SIO_ACK = 3,
    PM_SIO_CONNECT_ERROR = 4,
    PM_SIO_BINARY_EVENT = 5,
    PM_SIO_BINARY_ACK = 6,
};

struct pm_sio_limits {
    unsigned attachments; /* in one packet */
    struct pm_json_limits json;
    size_t name_space; /* bytes of a namespace with its query */
    size_t event_name; /* bytes once unescaped, at most PM_SIO_EVENT_NAME_MAX */
};

enum { PM_SIO_EVENT_NAME_MAX = 256, PM_SIO_NO_ID = -1 };

/* One packet; all text borrowed from the message. */
struct pm_sio_packet {
    enum pm_sio_type type; /* EVENT and ACK for the binary kinds too */
    bool binary;           /* `attachments` binary messages follow */
    unsigned attachments;
    const char *name_space; /* begins with '/'; without query */
    size_t name_space_n;
    const char *query; /* what stood behind '?' in the namespace (protocol 4), or NULL */
    size_t query_n;
    int64_t id;          /* acknowledgement asked for or given, PM_SIO_NO_ID if none */
    bool has_data;       /* an ACK without is to be ignored */
    struct pm_json data; /* CONNECT: auth data; EVENT and ACK: the array */
    const char *args;    /* EVENT: text behind the name, without the comma, ACK: inside the brackets: "1,{}" or "" */
    size_t args_n;
    char event[PM_SIO_EVENT_NAME_MAX]; /* EVENT: its name, unescaped, no terminator */
    size_t event_n;
};

/* Read one text message. 0; -EPROTO for what no client sends; -E2BIG for what is over a limit. In a binary packet each
 * placeholder number from 0 to attachments - 1 must occur exactly once. On an error in the auth data of a CONNECT
 * (-EINVAL) type and namespace are set, so that it can be answered. */
int pm_sio_read(const char *p, size_t n, const struct pm_sio_limits *limits, struct pm_sio_packet *ret);

/* Names that clients keep for themselves: an event with such a name cannot be sent (3.x and 4.x clients), and a server
 * that sends one would be misunderstood (2.x clients keep more). */
bool pm_sio_is_reserved(const char *name, size_t n);
bool pm_sio_is_reserved_for_server(const char *name, size_t n);

enum { PM_SIO_HEAD_MAX = 32 }; /* bytes of type, attachments, comma and id */

/* Write what stands before the JSON: type digit (binary kinds if attachments > 0), attachment count, namespace with its
 * comma unless it is "/", id unless PM_SIO_NO_ID. `out` holds PM_SIO_HEAD_MAX + name_space_n. Returns the length. */
size_t pm_sio_write_head(char *out, enum pm_sio_type type, unsigned attachments, const char *name_space,
                         size_t name_space_n, int64_t id);

/* Write a query ("a=1&b=x%20y") as a JSON object of strings, equal names repeated (readers take the last). Returns the
 * length, or -ENOBUFS. What cannot be UTF-8 text is left out. */
ssize_t pm_sio_query_to_json(const char *query, size_t n, char *out, size_t room);

#endif
