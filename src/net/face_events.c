/* face_events.c - what Socket.IO clients are sent: encoded once for all who are at the same place, and for clients with
 * state recovery with an offset that says where that is. */
#include "net/face_socketio_private.h"

#include "base/decimal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- encoding ---- */

/* "<number>-<epoch>-<offset behind the bytes>"; read_offset() below takes it apart. */
static void write_offset(char out[PM_OFFSET_MAX], uint64_t number, uint64_t epoch, uint64_t offset)
{
    static_assert(PM_OFFSET_MAX > 3 * PM_DECIMAL_MAX + 2, "three numbers fit");
    size_t n = pm_decimal(out, number);
    out[n++] = '-';
    n += pm_decimal(out + n, epoch);
    out[n++] = '-';
    n += pm_decimal(out + n, offset);
    out[n] = 0;
}

static void keep(struct pm_encoded *e, uint64_t number, struct pm_packet *packet, size_t n)
{
    pm_packet_unref(e->packet);
    *e = (struct pm_encoded){number, packet, n};
}

/* An event, as a reference that the caller drops. */
static struct pm_packet *encode_text(struct pm_face_socketio *f, const char *event, const char *json, size_t n)
{
    char offset[PM_OFFSET_MAX];
    struct pm_args args = {.json = json, .n = n};
    snprintf(offset, sizeof(offset), "%" PRIu64, ++f->clock);
    return pm_packet_new_at(f->sockets, "/", event, &args, offset);
}

static struct pm_packet *encode_json(struct pm_face_socketio *f, const char *event, const json_t *data, size_t *ret_n)
{
    char *text = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return NULL;
    *ret_n = strlen(text);
    struct pm_packet *p = encode_text(f, event, text, *ret_n);
    free(text);
    return p;
}

/* The newest event is encoded already, if this is it. Not if others were encoded since: to each client, numbers grow.
 */
static struct pm_packet *encode_broadcast(struct pm_face_socketio *f, const char *event, const json_t *data,
                                          uint64_t number)
{
    if (f->broadcast.packet && f->broadcast_number == number && f->broadcast.number == f->clock)
        return f->broadcast.packet;
    size_t n = 0;
    struct pm_packet *p = encode_json(f, event, data, &n);
    keep(&f->broadcast, f->clock, p, n);
    f->broadcast_number = number;
    return p;
}

static struct pm_packet *encode_rx(struct pm_face_socketio *f, const struct pm_connection *from, uint64_t offset,
                                   const uint8_t *p, size_t n)
{
    static const char placeholder[] = "{\"_placeholder\":true,\"num\":0}";
    char text[PM_OFFSET_MAX];
    if (f->rx.packet && f->rx.number == f->clock && f->rx_connection == from->number && f->rx_offset == offset &&
        f->rx.n == n)
        return f->rx.packet;
    struct pm_span bytes = {p, n};
    struct pm_args args = {placeholder, sizeof(placeholder) - 1, &bytes, 1};
    write_offset(text, ++f->clock, from->epoch, offset + n);
    keep(&f->rx, f->clock, pm_packet_new_at(f->sockets, "/", from->name, &args, text), n);
    f->rx_connection = from->number;
    f->rx_offset = offset;
    return f->rx.packet;
}

/* ---- sending ---- */

static void send_packet(struct pm_face_client *c, struct pm_packet *p)
{
    if (!p || pm_socket_send(c->socket, p) == -ENOMEM)
        pm_socket_cut(c->socket); /* better no client than one with a gap it does not know of */
}

static void send_event(struct pm_face_client *c, struct pm_packet *p, size_t n)
{
    if (p && pm_socket_recovers(c->socket))
        pm_sent_event(&c->sent, c->face->clock, p, n);
    send_packet(c, p);
}

void pm_face_emit(struct pm_face_client *c, const char *event, const json_t *data)
{
    size_t n = 0;
    struct pm_packet *p = encode_json(c->face, event, data, &n);
    send_event(c, p, n);
    pm_packet_unref(p);
}

static void on_event(struct pm_api_client *client, const char *event, const json_t *data, uint64_t number)
{
    struct pm_face_client *c = (struct pm_face_client *)client;
    if (number == 0)
        pm_face_emit(c, event, data);
    else
        send_event(c, encode_broadcast(c->face, event, data, number), c->face->broadcast.n);
}

static void on_text(struct pm_api_client *client, const char *event, const char *json, size_t n)
{
    struct pm_face_client *c = (struct pm_face_client *)client;
    struct pm_packet *p = encode_text(c->face, event, json, n);
    send_event(c, p, n);
    pm_packet_unref(p);
}

static int on_rx(struct pm_api_client *client, const struct pm_connection *from, uint64_t offset, const uint8_t *p,
                 size_t n)
{
    struct pm_face_client *c = (struct pm_face_client *)client;
    struct pm_packet *packet = encode_rx(c->face, from, offset, p, n);
    if (!packet)
        return -ENOMEM;
    if (pm_socket_recovers(c->socket))
        pm_sent_bytes(&c->sent, c->face->clock, from->number, offset);
    return pm_socket_send(c->socket, packet);
}

/* Not sent again as it is: if it is lost, the reader goes back to before it. */
static void on_gap(struct pm_api_client *client, const struct pm_connection *from, const struct pm_api_gap *gap,
                   const json_t *data)
{
    struct pm_face_client *c = (struct pm_face_client *)client;
    size_t n = 0;
    struct pm_packet *p = encode_json(c->face, "rx-gap", data, &n);
    if (p && pm_socket_recovers(c->socket))
        pm_sent_gap(&c->sent, c->face->clock, from->number, gap);
    send_packet(c, p);
    pm_packet_unref(p);
}

static void on_end(struct pm_api_client *client, const struct pm_connection *from, uint64_t cursor)
{
    struct pm_face_client *c = (struct pm_face_client *)client;
    struct pm_sent_end end = {from->number, from->epoch, cursor, from->journal.end, ""};
    if (!pm_socket_recovers(c->socket))
        return;
    snprintf(end.name, sizeof(end.name), "%s", from->name);
    pm_sent_ended(&c->sent, ++c->face->clock, &end);
}

static bool has_room(struct pm_api_client *client)
{
    return !client->away && pm_socket_has_room(((struct pm_face_client *)client)->socket);
}

static void set_paused(struct pm_api_client *client, bool paused)
{
    pm_socket_pause(((struct pm_face_client *)client)->socket, paused);
}

const struct pm_api_client_ops pm_face_client_ops = {on_event, on_text, on_rx, on_gap, on_end, has_room, set_paused};

/* ---- sending again ---- */

/* Digits up to `end`, or the end of the text. */
static bool read_number(const char **p, const char *limit, char end, uint64_t *ret)
{
    const char *start = *p;
    *ret = 0;
    for (; *p < limit && **p != end; (*p)++) {
        if (**p < '0' || **p > '9' || *p - start > 17)
            return false;
        *ret = *ret * 10 + (uint64_t)(**p - '0');
    }
    return *p > start;
}

/* "<number>", or "<number>-<epoch>-<offset behind the bytes>". */
static bool read_offset(const char *text, size_t n, uint64_t *number, bool *bytes, uint64_t *offset)
{
    const char *p = text, *limit = text + n;
    uint64_t epoch;
    *offset = 0;
    if (!read_number(&p, limit, '-', number))
        return false;
    *bytes = p < limit;
    return !*bytes || (p++, read_number(&p, limit, '-', &epoch) && p++ < limit && read_number(&p, limit, 0, offset));
}

bool pm_face_rewind(struct pm_face_client *c, const char *text, size_t n)
{
    uint64_t number, offset;
    bool bytes;
    if (n == 0)
        return pm_sent_seek(&c->sent, c->sent.floor, false, 0) == 0;
    return read_offset(text, n, &number, &bytes, &offset) && number <= c->face->clock &&
           pm_sent_seek(&c->sent, number, bytes, offset) == 0;
}

static void again_bytes(void *owner, uint32_t connection, uint64_t from)
{
    struct pm_face_client *c = owner;
    pm_api_rewind(&c->api, connection, from);
}

static void again_gap(void *owner, uint32_t connection, const struct pm_api_gap *gap)
{
    struct pm_face_client *c = owner;
    pm_api_rewind_gap(&c->api, connection, gap);
}

static void again_event(void *owner, struct pm_packet *packet)
{
    struct pm_face_client *c = owner;
    if (pm_socket_send(c->socket, packet) == -ENOMEM)
        pm_socket_cut(c->socket);
}

static void again_end(void *owner, const struct pm_sent_end *end)
{
    struct pm_face_client *c = owner;
    json_t *gap = json_pack("{s:s, s:I, s:I, s:s, s:I}", "name", end->name, "from", (json_int_t)end->cursor, "to",
                            (json_int_t)end->end, "reason", "closed", "epoch", (json_int_t)end->epoch);
    pm_face_emit(c, "rx-gap", gap);
    json_decref(gap);
}

void pm_face_resend(struct pm_face_client *c)
{
    static const struct pm_sent_ops ops = {again_bytes, again_gap, again_event, again_end};
    pm_sent_replay(&c->sent, &ops, c);
}
