/* recording_fuzz.c - records of any file: what is read is written the same, and every export holds its bounds. */
#include "pieces.h"
#include "proto/recording_export.h"
#include "proto/recording_reader.h"

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

/* The reader gives the same records whatever the pieces are, and at least those that stand before any damage. */
static size_t read_in_pieces(const uint8_t *p, size_t n, size_t piece)
{
    struct pm_recording_reader reader = pm_recording_reader_empty();
    struct pm_record r;
    size_t records = 0;
    int got = 0;
    for (size_t at = 0; at <= n && got >= 0; at += piece) {
        size_t part = n - at < piece ? n - at : piece;
        PM_FUZZ_CHECK(pm_recording_feed(&reader, p + at, part) == 0);
        while ((got = pm_recording_next(&reader, at + piece > n, &r)) > 0)
            records += r.type != PM_RECORD_GAP || r.direction != PM_RECORD_NONE;
    }
    pm_recording_reader_fini(&reader);
    return records;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *file = pm_fuzz_copy(data, size);
    struct pm_export exports[PM_EXPORT_FORMATS] = {0};
    int at = pm_recording_check_magic(file, size);
    size_t from = at > 0 ? (size_t)at : 0;
    struct pm_record r;
    ssize_t n;
    size_t good = 0;
    while ((n = pm_record_read(file + from, size - from, &r)) > 0) {
        struct pm_bytes again = pm_bytes_empty((size_t)n);
        PM_FUZZ_CHECK((size_t)n <= size - from && pm_record_length(file + from, size - from) == n);
        PM_FUZZ_CHECK(pm_record_append(&again, &r) == 0 && again.n == (size_t)n);
        PM_FUZZ_CHECK(memcmp(again.p, file + from, again.n) == 0);
        pm_bytes_fini(&again);
        check_exports(exports, &r);
        from += (size_t)n;
        good += r.type != PM_RECORD_GAP || r.direction != PM_RECORD_NONE;
    }
    size_t at_once = read_in_pieces(file, size, PM_RECORDING_PIECE);
    PM_FUZZ_CHECK(at <= 0 || (at_once >= good && at_once == read_in_pieces(file, size, 7)));
    /* The same bytes as a body, whose checksum no fuzzer guesses. */
    r = (struct pm_record){.type = size > 0 ? 1 + file[0] % 12 : 1, .direction = size % 3, .body = file, .n = size};
    if (size <= PM_RECORD_BODY_MAX)
        check_exports(exports, &r);
    free(file);
    return 0;
}
