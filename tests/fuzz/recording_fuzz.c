/* recording_fuzz.c - records of any file: what is read is written the same, and every export holds its bounds. */
#include "pieces.h"
#include "proto/recording_export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_exports(struct pm_export *exports, const struct pm_record *r)
{
    for (unsigned format = 0; format < PM_EXPORT_FORMATS; format++) {
        struct pm_bytes out = pm_bytes_empty(PM_EXPORT_RECORD_MAX);
        exports[format].format = format;
        PM_FUZZ_CHECK(pm_export_record(&exports[format], r, &out) == 0);
        PM_FUZZ_CHECK(format != PM_EXPORT_PCAPNG || out.n % 4 == 0);
        for (size_t i = 0; format == PM_EXPORT_TEXT && i < out.n; i++)
            PM_FUZZ_CHECK(out.p[i] == '\n' || (out.p[i] >= 0x20 && out.p[i] < 0x7f));
        pm_bytes_fini(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *file = pm_fuzz_copy(data, size);
    struct pm_export exports[PM_EXPORT_FORMATS] = {0};
    int at = pm_recording_check_magic(file, size);
    size_t from = at > 0 ? (size_t)at : 0;
    struct pm_record r;
    ssize_t n;
    while ((n = pm_record_read(file + from, size - from, &r)) > 0) {
        struct pm_bytes again = pm_bytes_empty((size_t)n);
        PM_FUZZ_CHECK((size_t)n <= size - from && pm_record_length(file + from, size - from) == n);
        PM_FUZZ_CHECK(pm_record_append(&again, &r) == 0 && again.n == (size_t)n);
        PM_FUZZ_CHECK(memcmp(again.p, file + from, again.n) == 0);
        pm_bytes_fini(&again);
        check_exports(exports, &r);
        from += (size_t)n;
    }
    /* The same bytes as a body, whose checksum no fuzzer guesses. */
    r = (struct pm_record){.type = size > 0 ? 1 + file[0] % 12 : 1, .direction = size % 3, .body = file, .n = size};
    if (size <= PM_RECORD_BODY_MAX)
        check_exports(exports, &r);
    free(file);
    return 0;
}
