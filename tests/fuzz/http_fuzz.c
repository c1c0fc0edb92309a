/* http_fuzz.c - requests: a head means the same however it arrives, and so does its body. */
#include "pieces.h"
#include "proto/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pm_http_limits limits = {.head = 2048, .fields = 16, .target = 256, .body = 4096};

struct outcome {
    ssize_t head; /* length, 0 incomplete, -1 refused */
    unsigned status;
    char body[4096];
    size_t body_n;
    int body_end; /* 1 done, 0 more to come, -1 refused */
};

static void read_body(const struct pm_http_head *head, const uint8_t *p, size_t n, int in_pieces, struct outcome *o)
{
    struct pm_http_body b;
    pm_http_body_init(&b, head, &limits);
    for (size_t at = 0;;) {
        size_t piece = at == n ? 0 : in_pieces ? pm_fuzz_piece(p + at, n - at) : n - at;
        uint8_t *copy = pm_fuzz_copy(p + at, piece);
        struct pm_http_text data;
        struct pm_http_refusal why;
        bool done = false;
        ssize_t used = pm_http_body_read(&b, (char *)copy, piece, &data, &done, &why);
        if (used >= 0) {
            PM_FUZZ_CHECK(data.n <= sizeof(o->body) - o->body_n);
            if (data.n > 0)
                memcpy(o->body + o->body_n, data.p, data.n);
            o->body_n += data.n;
            at += (size_t)used;
        }
        free(copy);
        o->body_end = used < 0 ? -1 : done;
        if (used < 0 || done || at == n)
            return;
    }
}

static void check_head(const struct pm_http_head *h)
{
    char value[16];
    size_t length;
    PM_FUZZ_CHECK(h->n_fields <= limits.fields && h->target.n <= limits.target);
    PM_FUZZ_CHECK(!(h->chunked && h->content_length > 0));
    PM_FUZZ_CHECK(h->path.n > 0);
    int r = pm_http_query(h->query, "sid", value, sizeof(value), &length);
    PM_FUZZ_CHECK(r != 1 || length <= sizeof(value));
    pm_http_has_token(h, "connection", "upgrade");
}

static void run(const uint8_t *data, size_t size, int in_pieces, struct outcome *o)
{
    struct pm_http_scan scan = {0};
    struct pm_http_refusal why;
    *o = (struct outcome){0};
    for (size_t have = 0; have < size && o->head == 0;) {
        have += in_pieces ? pm_fuzz_piece(data + have, size - have) : size;
        uint8_t *copy = pm_fuzz_copy(data, have);
        o->head = pm_http_scan(&scan, (char *)copy, have, &limits, &why);
        free(copy);
    }
    if (o->head <= 0) {
        o->status = o->head < 0 ? why.status : 0;
        return;
    }
    uint8_t *copy = pm_fuzz_copy(data, (size_t)o->head);
    struct pm_http_head head;
    if (pm_http_parse((char *)copy, (size_t)o->head, &limits, &head, &why) < 0) {
        o->status = why.status;
    } else {
        check_head(&head);
        read_body(&head, data + o->head, size - (size_t)o->head, in_pieces, o);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome whole, cut;
    run(data, size, 0, &whole);
    run(data, size, 1, &cut);
    PM_FUZZ_CHECK(whole.head == cut.head && whole.status == cut.status && whole.body_end == cut.body_end);
    if (whole.body_end >= 0)
        PM_FUZZ_CHECK(whole.body_n == cut.body_n && memcmp(whole.body, cut.body, cut.body_n) == 0);
    return 0;
}
