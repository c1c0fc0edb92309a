/* hot_write_fuzz.c - send-raw read in place against the way by jansson and the table: what the first takes, the second
 * takes too, and as the same. */
#include "api/hot.h"
#include "pieces.h"
#include "proto/json.h"

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct pm_hot_write *hot, const json_t *data, const struct pm_api_blob *blobs, size_t n_blobs)
{
    struct pm_payload payload;
    const char *name = json_string_value(json_object_get(data, "name"));
    PM_FUZZ_CHECK(name && strcmp(name, hot->name) == 0);
    PM_FUZZ_CHECK(json_string_length(json_object_get(data, "name")) == strlen(name));
    PM_FUZZ_CHECK(pm_payload_read(json_object_get(data, "payload"), blobs, n_blobs, &payload));
    PM_FUZZ_CHECK(payload.n == hot->payload.n);
    PM_FUZZ_CHECK(payload.n == 0 || memcmp(payload.p, hot->payload.p, payload.n) == 0);
    free(payload.owned);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pm_api_blob blobs[] = {{(const uint8_t *)"one", 3}, {(const uint8_t *)"", 0}};
    size_t n_blobs = sizeof(blobs) / sizeof(blobs[0]);
    const char *text = (const char *)data;
    struct pm_json first;
    struct pm_hot_write hot;
    json_error_t why;
    if (!pm_utf8_valid(data, size) || pm_json_scan(text, size, PM_JSON_DEPTH_MAX, &first) < 0)
        return 0; /* the layers below let nothing else pass */
    if (!pm_hot_write_read(text, size, blobs, n_blobs, &hot)) {
        PM_FUZZ_CHECK(!hot.payload.owned);
        return 0;
    }
    json_t *tree = json_loadb(first.p, first.n, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why);
    PM_FUZZ_CHECK(tree);
    compare(&hot, tree, blobs, n_blobs);
    free(hot.payload.owned);
    json_decref(tree);
    return 0;
}
