/* client.c - see client.h. */
#include "cli/client.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/mono.h"
#include "loop/loop.h"
#include "proto/engineio.h"
#include "proto/socketio.h"
#include "proto/websocket.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

enum {
    MESSAGE_MAX = 64 * 1024 * 1024, /* bytes the daemon may send in one message: a history is the largest */
    HEAD_MAX = 4096,                /* bytes of its answer to the upgrade */
};

struct pending {
    int64_t id;
    pm_client_on_answer *on_answer;
    void *owner;
};

struct pm_client {
    int fd;
    const struct pm_client_ops *ops;
    void *owner;
    struct pm_ws_reader ws;
    struct pm_bytes message;
    struct pending pending[PM_CLIENT_PENDING];
    unsigned n_pending;
    int64_t last_id;
    bool joined;
    char bytes_of[PM_SIO_EVENT_NAME_MAX + 1]; /* the event whose attachment comes next, or "" */
    uint8_t buffer[64 * 1024];
};

/* ---- sending ---- */

static int write_all(int fd, struct iovec *parts, int count)
{
    while (count > 0) {
        struct msghdr m = {.msg_iov = parts, .msg_iovlen = (size_t)count};
        ssize_t n = sendmsg(fd, &m, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EPIPE ? -ECONNRESET : -errno;
        for (size_t left = (size_t)n; count > 0; parts++, count--) {
            if (left < parts->iov_len) {
                parts->iov_base = (char *)parts->iov_base + left;
                parts->iov_len -= left;
                break;
            }
            left -= parts->iov_len;
        }
    }
    return 0;
}

/* A client's frames are masked (RFC 6455 5.3). The mask protects proxies from chosen bytes; here are none, so it is
 * zero and nothing needs to be copied. */
static int send_frame(struct pm_client *c, enum pm_ws_opcode opcode, const void *p, size_t n)
{
    uint8_t head[PM_WS_HEAD_MAX];
    size_t head_n = pm_ws_frame_head(head, opcode, false, n);
    head[1] |= 0x80;
    memset(head + head_n, 0, 4);
    struct iovec parts[] = {{head, head_n + 4}, {(void *)(uintptr_t)p, n}};
    return write_all(c->fd, parts, 2);
}

static int send_text(struct pm_client *c, const char *text)
{
    return send_frame(c, PM_WS_TEXT, text, strlen(text));
}

int pm_client_request(struct pm_client *c, const char *event, json_t *data, pm_client_on_answer *on_answer, void *owner)
{
    json_t *array = data ? json_pack("[s, o]", event, data) : json_pack("[s]", event);
    PM_AUTO_FREE char *json = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    if (!json)
        return -ENOMEM;
    if (c->n_pending == PM_CLIENT_PENDING)
        return -EAGAIN;
    PM_AUTO_FREE char *text = NULL;
    if (asprintf(&text, "%d%d%" PRId64 "%s", PM_EIO_MESSAGE, PM_SIO_EVENT, ++c->last_id, json) < 0) {
        text = NULL;
        return -ENOMEM;
    }
    c->pending[c->n_pending++] = (struct pending){c->last_id, on_answer, owner};
    return send_text(c, text);
}

/* ---- receiving ---- */

static json_t *first_argument(const struct pm_sio_packet *packet)
{
    json_error_t why;
    return packet->args_n == 0 ? NULL
                               : json_loadb(packet->args, packet->args_n,
                                            JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, &why);
}

static int take_event(struct pm_client *c, const struct pm_sio_packet *packet)
{
    char name[PM_SIO_EVENT_NAME_MAX + 1];
    memcpy(name, packet->event, packet->event_n);
    name[packet->event_n] = 0;
    if (packet->attachments > 1 || c->bytes_of[0])
        return -EPROTO; /* no event has two, and the one of the event before must have come */
    if (packet->attachments == 1) {
        memcpy(c->bytes_of, name, packet->event_n + 1);
        return 0;
    }
    json_t *data = first_argument(packet);
    if (c->ops && c->ops->on_event)
        c->ops->on_event(c->owner, name, data);
    json_decref(data);
    return 0;
}

static int take_answer(struct pm_client *c, const struct pm_sio_packet *packet)
{
    for (unsigned i = 0; i < c->n_pending; i++) {
        struct pending p = c->pending[i];
        if (p.id != packet->id)
            continue;
        c->pending[i] = c->pending[--c->n_pending];
        json_t *answer = first_argument(packet);
        if (!json_is_object(answer)) {
            json_decref(answer);
            return -EPROTO;
        }
        p.on_answer(p.owner, answer);
        json_decref(answer);
        return 0;
    }
    return -EPROTO;
}

static int take_packet(struct pm_client *c, const char *p, size_t n)
{
    static const struct pm_sio_limits limits = {1, {PM_JSON_DEPTH_MAX, UINT32_MAX}, 64, PM_SIO_EVENT_NAME_MAX};
    struct pm_sio_packet packet;
    if (n > 0 && *p == '0' + PM_SIO_CONNECT_ERROR)
        return -EBUSY;
    int r = pm_sio_read(p, n, &limits, &packet);
    if (r < 0)
        return -EPROTO;
    if (packet.type == PM_SIO_EVENT)
        return take_event(c, &packet);
    if (packet.type == PM_SIO_ACK)
        return take_answer(c, &packet);
    if (packet.type == PM_SIO_DISCONNECT)
        return -ECONNRESET;
    c->joined = true;
    return 0;
}

static int take_message(struct pm_client *c, enum pm_ws_opcode opcode)
{
    struct pm_eio_packet packet;
    if (opcode == PM_WS_BINARY) {
        if (!c->bytes_of[0])
            return -EPROTO;
        if (c->ops && c->ops->on_bytes)
            c->ops->on_bytes(c->owner, c->bytes_of, c->message.p, c->message.n);
        c->bytes_of[0] = 0;
        return 0;
    }
    if (pm_eio_read_text(PM_EIO_4, c->message.p, c->message.n, &packet) < 0)
        return -EPROTO;
    switch (packet.type) {
    case PM_EIO_OPEN:
        return send_text(c, "40"); /* into the namespace "/" */
    case PM_EIO_PING:
        return send_text(c, "3");
    case PM_EIO_CLOSE:
        return -ECONNRESET;
    case PM_EIO_MESSAGE:
        return take_packet(c, (const char *)packet.data, packet.n);
    default:
        return 0;
    }
}

static int take_ws_event(struct pm_client *c, const struct pm_ws_event *ev)
{
    if (ev->type == PM_WS_CONTROL && ev->opcode == PM_WS_PING)
        return send_frame(c, PM_WS_PONG, ev->data, ev->n);
    if (ev->type == PM_WS_CONTROL)
        return ev->opcode == PM_WS_CLOSE ? -ECONNRESET : 0;
    int r = pm_bytes_append(&c->message, ev->data, ev->n);
    if (r < 0 || !ev->last)
        return r;
    r = take_message(c, ev->opcode);
    c->message.n = 0;
    return r;
}

static int take_bytes(struct pm_client *c, uint8_t *p, size_t n)
{
    while (true) {
        struct pm_ws_event ev;
        ssize_t used = pm_ws_read(&c->ws, p, n, &ev);
        if (used < 0 || ev.type == PM_WS_NOTHING)
            return used < 0 ? -EPROTO : 0;
        p += used;
        n -= (size_t)used;
        int r = take_ws_event(c, &ev);
        if (r < 0)
            return r;
    }
}

int pm_client_fd(const struct pm_client *c)
{
    return c->fd;
}

int pm_client_turn(struct pm_client *c)
{
    ssize_t n = recv(c->fd, c->buffer, sizeof(c->buffer), MSG_DONTWAIT);
    if (n > 0)
        return take_bytes(c, c->buffer, (size_t)n);
    if (n == 0)
        return -ECONNRESET;
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* Wait until the socket has something, and take it. */
static int await(struct pm_client *c, int timeout_ms)
{
    struct pollfd fd = {c->fd, POLLIN, 0};
    int r = poll(&fd, 1, timeout_ms);
    if (r == 0)
        return -ETIMEDOUT;
    return r < 0 ? (errno == EINTR ? 0 : -errno) : pm_client_turn(c);
}

static void keep_answer(void *owner, const json_t *answer)
{
    *(json_t **)owner = json_incref((json_t *)(uintptr_t)answer);
}

int pm_client_ask(struct pm_client *c, const char *event, json_t *data, json_t **ret)
{
    json_t *answer = NULL;
    int r = pm_client_request(c, event, data, keep_answer, &answer);
    while (r == 0 && !answer)
        r = await(c, PM_CLIENT_TIMEOUT_MS);
    if (answer && r < 0)
        json_decref(answer);
    else
        *ret = answer;
    return r;
}

/* ---- connecting ---- */

static int connect_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    PM_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    return connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : pm_take_fd(&fd);
}

/* Read the answer to the upgrade to the end of its head. What follows is the WebSocket's. */
static int read_head(struct pm_client *c, struct pm_mono end, size_t *ret_head, size_t *ret_n)
{
    size_t have = 0;
    while (have < HEAD_MAX) {
        struct pollfd fd = {c->fd, POLLIN, 0};
        if (poll(&fd, 1, (int)pm_mono_ms_until(pm_loop_now(), end)) <= 0)
            return -ETIMEDOUT;
        ssize_t n = recv(c->fd, c->buffer + have, HEAD_MAX - have, 0);
        if (n <= 0)
            return n < 0 && errno != ECONNRESET ? -errno : -ECONNRESET;
        have += (size_t)n;
        const uint8_t *stop = memmem(c->buffer, have, "\r\n\r\n", 4);
        if (stop) {
            *ret_head = (size_t)(stop + 4 - c->buffer);
            *ret_n = have;
            return 0;
        }
    }
    return -EPROTO;
}

static int upgrade(struct pm_client *c, struct pm_mono end)
{
    /* Transport before version: a client that takes no offsets behind its events (connection state recovery). */
    static char request[] = "GET /socket.io/?transport=websocket&EIO=4 HTTP/1.1\r\nHost: localhost\r\n"
                            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: cGVyaXBoZXJhbC1tYW5hZw==\r\n\r\n";
    static const char yes[] = "HTTP/1.1 101 ", busy[] = "HTTP/1.1 503 ";
    struct iovec part = {request, sizeof(request) - 1};
    size_t head = 0, n = 0;
    int r = write_all(c->fd, &part, 1);
    if (r == 0)
        r = read_head(c, end, &head, &n);
    if (r < 0)
        return r == -ECONNRESET ? -EACCES : r; /* it hangs up on other users before it reads a byte */
    if (memcmp(c->buffer, busy, sizeof(busy) - 1) == 0)
        return -EBUSY;
    if (memcmp(c->buffer, yes, sizeof(yes) - 1) != 0)
        return -EPROTO;
    pm_ws_reader_init(&c->ws, PM_WS_CLIENT, (struct pm_ws_limits){MESSAGE_MAX, 1});
    return take_bytes(c, c->buffer + head, n - head);
}

int pm_client_open(const char *path, const struct pm_client_ops *ops, void *owner, struct pm_client **ret)
{
    struct pm_mono end = pm_mono_add_ms(pm_loop_now(), PM_CLIENT_HANDSHAKE_MS);
    PM_AUTO_CLOSE int fd = connect_socket(path);
    if (fd < 0)
        return fd;
    struct pm_client *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->fd = pm_take_fd(&fd);
    c->ops = ops;
    c->owner = owner;
    c->message = pm_bytes_empty(MESSAGE_MAX);
    int r = upgrade(c, end);
    while (r == 0 && !c->joined)
        r = await(c, (int)pm_mono_ms_until(pm_loop_now(), end));
    if (r < 0)
        pm_client_close(c);
    else
        *ret = c;
    return r;
}

struct pm_client *pm_client_close(struct pm_client *c)
{
    if (!c)
        return NULL;
    if (c->joined) {
        static const uint8_t normal[] = {PM_WS_NORMAL >> 8, PM_WS_NORMAL & 0xff};
        send_text(c, "41");
        send_frame(c, PM_WS_CLOSE, normal, sizeof(normal));
    }
    close(c->fd);
    pm_bytes_fini(&c->message);
    free(c);
    return NULL;
}
