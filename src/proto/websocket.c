/* websocket.c - see websocket.h. */
#include "proto/websocket.h"

#include "base/base64.h"
#include "base/sha1.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void pm_ws_reader_init(struct pm_ws_reader *r, enum pm_ws_role role, struct pm_ws_limits limits)
{
    *r = (struct pm_ws_reader){.role = role, .limits = limits};
}

static int fail(struct pm_ws_reader *r, enum pm_ws_status status)
{
    r->fail_status = (uint16_t)status;
    return -EPROTO;
}

static bool is_control(unsigned opcode)
{
    return (opcode & 0x8) != 0;
}

/* Bytes the head has in all, as far as its first two bytes tell. */
static size_t head_length(const struct pm_ws_reader *r)
{
    if (r->head_have < 2)
        return 2;
    unsigned length = r->head[1] & 0x7f;
    return 2u + (length == 126 ? 2 : length == 127 ? 8 : 0) + (r->head[1] & 0x80 ? 4 : 0);
}

/* Refuse what the first two bytes already show to be wrong (5.1, 5.2, 5.4, 5.5). */
static int check_start(struct pm_ws_reader *r)
{
    unsigned opcode = r->head[0] & 0x0f, length = r->head[1] & 0x7f;
    bool fin = r->head[0] & 0x80, masked = r->head[1] & 0x80;

    unsigned reserved = r->head[0] & 0x70;
    if (reserved == 0x40 && r->may_deflate && (opcode == PM_WS_TEXT || opcode == PM_WS_BINARY))
        reserved = 0; /* RFC 7692 6: compressed; only the first frame of a message says so */
    if (reserved != 0 || masked != (r->role == PM_WS_SERVER))
        return fail(r, PM_WS_PROTOCOL_ERROR);
    if (is_control(opcode)) {
        if (opcode > PM_WS_PONG || !fin || length > PM_WS_CONTROL_MAX)
            return fail(r, PM_WS_PROTOCOL_ERROR);
    } else if (opcode > PM_WS_BINARY || (opcode == PM_WS_CONTINUATION) != (r->message_opcode != 0)) {
        return fail(r, PM_WS_PROTOCOL_ERROR);
    }
    return 0;
}

/* The head is whole: take the length, hold it against the limits, start the payload. */
static int finish_head(struct pm_ws_reader *r)
{
    unsigned short_length = r->head[1] & 0x7f;
    uint64_t length = short_length;
    size_t at = 2;
    if (short_length >= 126) {
        size_t bytes = short_length == 126 ? 2 : 8;
        length = 0;
        for (size_t i = 0; i < bytes; i++)
            length = length << 8 | r->head[at++];
        if (length >> 63)
            return fail(r, PM_WS_TOO_BIG);
        if (length < (bytes == 2 ? 126u : 65536u)) /* 5.2: the shortest form must be used */
            return fail(r, PM_WS_PROTOCOL_ERROR);
    }
    if (r->role == PM_WS_SERVER)
        memcpy(r->mask, r->head + at, 4);

    r->opcode = r->head[0] & 0x0f;
    r->fin = r->head[0] & 0x80;
    if (is_control(r->opcode)) {
        r->control_have = 0;
    } else {
        if (r->opcode != PM_WS_CONTINUATION) {
            r->message_opcode = r->opcode;
            r->deflated = r->head[0] & 0x40;
            r->message_bytes = 0;
            r->message_frames = 0;
            r->utf8 = (struct pm_utf8){0};
        }
        if (length > r->limits.message - r->message_bytes)
            return fail(r, PM_WS_TOO_BIG);
        if (++r->message_frames > r->limits.fragments)
            return fail(r, PM_WS_POLICY);
        r->message_bytes += length;
    }
    r->left = length;
    r->mask_at = 0;
    r->head_have = 0;
    r->in_payload = true;
    return 0;
}

/* Collect the head, from as many pieces as it comes in. Returns the bytes consumed or a negative errno. */
static ssize_t read_head(struct pm_ws_reader *r, const uint8_t *p, size_t n)
{
    size_t used = 0;
    while (used < n) {
        r->head[r->head_have++] = p[used++];
        if (r->head_have == 2) {
            int err = check_start(r);
            if (err < 0)
                return err;
        }
        if (r->head_have >= 2 && r->head_have == head_length(r)) {
            int err = finish_head(r);
            return err < 0 ? err : (ssize_t)used;
        }
    }
    return (ssize_t)used;
}

static void unmask(struct pm_ws_reader *r, uint8_t *p, size_t n)
{
    if (r->role == PM_WS_CLIENT)
        return;
    uint8_t key[8];
    for (unsigned i = 0; i < 8; i++)
        key[i] = r->mask[(r->mask_at + i) & 3];
    uint64_t wide;
    memcpy(&wide, key, 8);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, 8);
        word ^= wide;
        memcpy(p + i, &word, 8);
    }
    for (; i < n; i++)
        p[i] ^= key[i & 7];
    r->mask_at = (uint8_t)((r->mask_at + n) & 3);
}

/* Codes a peer may put into a close frame (7.4). */
static bool close_code_legal(unsigned code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

static int finish_control(struct pm_ws_reader *r, struct pm_ws_event *ev)
{
    *ev = (struct pm_ws_event){
        .type = PM_WS_CONTROL, .opcode = r->opcode, .data = r->control, .n = r->control_have, .last = true};
    r->in_payload = false;
    if (r->opcode != PM_WS_CLOSE)
        return 0;
    ev->status = PM_WS_NO_STATUS;
    if (r->control_have == 0)
        return 0;
    unsigned code = (unsigned)r->control[0] << 8 | r->control[1];
    if (r->control_have == 1 || !close_code_legal(code))
        return fail(r, PM_WS_PROTOCOL_ERROR);
    if (!pm_utf8_valid(r->control + 2, r->control_have - 2u))
        return fail(r, PM_WS_BAD_DATA);
    ev->status = (uint16_t)code;
    return 0;
}

static int finish_data(struct pm_ws_reader *r, uint8_t *p, size_t n, struct pm_ws_event *ev)
{
    bool frame_ends = r->left == 0;
    *ev = (struct pm_ws_event){.type = PM_WS_DATA,
                               .opcode = r->message_opcode,
                               .data = p,
                               .n = n,
                               .expect = r->message_bytes,
                               .last = frame_ends && r->fin,
                               .deflated = r->deflated};
    if (r->message_opcode == PM_WS_TEXT && !r->deflated &&
        (!pm_utf8_feed(&r->utf8, p, n) || (ev->last && !pm_utf8_complete(&r->utf8))))
        return fail(r, PM_WS_BAD_DATA);
    if (frame_ends)
        r->in_payload = false;
    if (ev->last)
        r->message_opcode = 0;
    return 0;
}

ssize_t pm_ws_read(struct pm_ws_reader *r, uint8_t *p, size_t n, struct pm_ws_event *ev)
{
    *ev = (struct pm_ws_event){.type = PM_WS_NOTHING};
    size_t used = 0;
    if (!r->in_payload) {
        ssize_t took = read_head(r, p, n);
        if (took < 0)
            return took;
        used = (size_t)took;
        if (!r->in_payload)
            return took;
    }

    size_t piece = n - used < r->left ? n - used : (size_t)r->left;
    if (piece == 0 && r->left > 0)
        return (ssize_t)used;
    uint8_t *at = p + used;
    if (piece > 0)
        unmask(r, at, piece);
    r->left -= piece;
    used += piece;

    int err = 0;
    if (is_control(r->opcode)) {
        assert(r->control_have + piece <= PM_WS_CONTROL_MAX); /* check_start() refused longer ones */
        if (piece > 0)
            memcpy(r->control + r->control_have, at, piece);
        r->control_have = (uint8_t)(r->control_have + piece);
        if (r->left == 0)
            err = finish_control(r, ev);
    } else {
        err = finish_data(r, at, piece, ev);
    }
    return err < 0 ? err : (ssize_t)used;
}

size_t pm_ws_frame_head(uint8_t out[PM_WS_HEAD_MAX], enum pm_ws_opcode opcode, bool deflated, uint64_t payload)
{
    out[0] = (uint8_t)(0x80 | (deflated ? 0x40 : 0) | opcode);
    if (payload < 126) {
        out[1] = (uint8_t)payload;
        return 2;
    }
    size_t bytes = payload < 65536 ? 2 : 8;
    out[1] = bytes == 2 ? 126 : 127;
    for (size_t i = 0; i < bytes; i++)
        out[2 + i] = (uint8_t)(payload >> (8 * (bytes - 1 - i)));
    return 2 + bytes;
}

enum { KEY_LENGTH = 24 };

/* 16 bytes in base64. The bits of the last character that belong to no byte may be anything: in the example of 4.1 they
 * are not zero. */
static bool is_key(const char *key, size_t n)
{
    for (size_t i = 0; i < n && i < KEY_LENGTH - 2; i++) {
        char c = key[i];
        bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
        if (!good)
            return false;
    }
    return n == KEY_LENGTH && key[n - 2] == '=' && key[n - 1] == '=';
}

bool pm_ws_accept(const char *key, size_t n, char ret[PM_WS_ACCEPT_LENGTH])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* 1.3 */
    if (!is_key(key, n))
        return false;

    char joined[KEY_LENGTH + sizeof(guid) - 1];
    memcpy(joined, key, KEY_LENGTH);
    memcpy(joined + KEY_LENGTH, guid, sizeof(guid) - 1);
    uint8_t digest[PM_SHA1_SIZE];
    pm_sha1(joined, sizeof(joined), digest);
    pm_base64_encode(digest, sizeof(digest), ret);
    return true;
}
