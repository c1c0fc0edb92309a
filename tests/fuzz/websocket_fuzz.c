/* websocket_fuzz.c - the frame reader must say the same however the stream is cut, and never more than its limits. */
#include "pieces.h"
#include "proto/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 4096, SAID_MAX = 1 << 16 };

struct said {
    uint8_t bytes[SAID_MAX];
    size_t n;
    unsigned status;
};

static void say(struct said *s, const void *p, size_t n)
{
    if (n > SAID_MAX - s->n)
        n = SAID_MAX - s->n;
    memcpy(s->bytes + s->n, p, n);
    s->n += n;
}

/* Feed one piece. False once the reader refused. Control frames are told with a mark, since they may come between the
 * parts of a message that another cut joins. */
static int feed(struct pm_ws_reader *r, uint8_t *p, size_t n, struct said *data, struct said *control)
{
    for (;;) {
        struct pm_ws_event ev;
        ssize_t used = pm_ws_read(r, p, n, &ev);
        if (used < 0) {
            PM_FUZZ_CHECK(r->fail_status >= 1002 && r->fail_status <= 1009);
            data->status = r->fail_status;
            return 0;
        }
        PM_FUZZ_CHECK((size_t)used <= n);
        p += used;
        n -= (size_t)used;
        if (ev.type == PM_WS_NOTHING) {
            PM_FUZZ_CHECK(n == 0);
            return 1;
        }
        PM_FUZZ_CHECK(ev.type == PM_WS_DATA || ev.n <= PM_WS_CONTROL_MAX);
        PM_FUZZ_CHECK(ev.type == PM_WS_CONTROL || ev.expect <= MESSAGE_MAX);
        say(ev.type == PM_WS_DATA ? data : control, ev.data, ev.n);
        if (ev.type == PM_WS_CONTROL || ev.last)
            say(ev.type == PM_WS_DATA ? data : control, "|", 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct said whole, whole_control, cut, cut_control;
    whole.n = whole_control.n = cut.n = cut_control.n = whole.status = cut.status = 0;
    if (size == 0)
        return 0;
    enum pm_ws_role role = data[0] & 1 ? PM_WS_CLIENT : PM_WS_SERVER;
    struct pm_ws_limits limits = {.message = MESSAGE_MAX, .fragments = 8};
    struct pm_ws_reader r;
    pm_ws_reader_init(&r, role, limits);
    uint8_t *copy = pm_fuzz_copy(data, size);
    feed(&r, copy, size, &whole, &whole_control);
    free(copy);

    pm_ws_reader_init(&r, role, limits);
    for (size_t at = 0, n; at < size; at += n) {
        n = pm_fuzz_piece(data + at, size - at);
        copy = pm_fuzz_copy(data + at, n);
        int goes_on = feed(&r, copy, n, &cut, &cut_control);
        free(copy);
        if (!goes_on)
            break;
    }
    PM_FUZZ_CHECK(whole.status == cut.status);
    if (whole.status == 0)
        PM_FUZZ_CHECK(whole.n == cut.n && memcmp(whole.bytes, cut.bytes, cut.n) == 0);
    PM_FUZZ_CHECK(whole_control.n == cut_control.n);
    return 0;
}
