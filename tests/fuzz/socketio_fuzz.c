/* socketio_fuzz.c - Socket.IO packets: everything a packet says lies within its text and its limits. */
#include "pieces.h"
#include "proto/socketio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int inside(const char *p, size_t n, const char *text, size_t size)
{
    return p >= text && p + n <= text + size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pm_sio_limits limits = {
        .attachments = 10, .json = {.depth = 32, .members = 100}, .name_space = 64, .event_name = 32};
    char *text = (char *)pm_fuzz_copy(data, size), head[PM_SIO_HEAD_MAX + 64], json[512];
    struct pm_sio_packet p;
    if (pm_sio_read(text, size, &limits, &p) == 0) {
        PM_FUZZ_CHECK(p.name_space_n == 1 || inside(p.name_space, p.name_space_n, text, size));
        PM_FUZZ_CHECK(p.name_space_n >= 1 && p.name_space[0] == '/' && p.attachments <= limits.attachments);
        PM_FUZZ_CHECK(!p.has_data || inside(p.data.p, p.data.n, text, size));
        PM_FUZZ_CHECK(!p.args || inside(p.args, p.args_n, text, size));
        PM_FUZZ_CHECK(p.type != PM_SIO_EVENT || (p.event_n <= limits.event_name && p.args));
        PM_FUZZ_CHECK(p.id >= PM_SIO_NO_ID && p.id < 1000000000000000);
        PM_FUZZ_CHECK(p.type <= PM_SIO_ACK);
        size_t n = pm_sio_write_head(head, p.type, p.attachments, p.name_space, p.name_space_n, p.id);
        PM_FUZZ_CHECK(n <= PM_SIO_HEAD_MAX + p.name_space_n);
        if (p.query) {
            struct pm_json object;
            ssize_t length = pm_sio_query_to_json(p.query, p.query_n, json, sizeof(json));
            PM_FUZZ_CHECK(length < 0 || pm_json_check(json, (size_t)length, 2, &object) == 0);
        }
    }
    free(text);
    return 0;
}
