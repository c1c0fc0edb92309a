/* pattern_fuzz.c - any pattern over any subject: what is found lies inside, and a match is one for find() too. */
#include "pieces.h"
#include "proto/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The pattern ends at the first 0 byte. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    size_t n_text = end ? (size_t)(end - data) : size, n = end ? size - n_text - 1 : 0, bad;
    uint8_t *text = pm_fuzz_copy(data, n_text), *subject = pm_fuzz_copy(end ? end + 1 : data, n);
    struct pm_pattern *p;
    struct pm_capture c[PM_PATTERN_VALUES_MAX];
    const char *why;
    if (pm_pattern_new((const char *)text, n_text, &p, &bad, &why) == 0) {
        bool fits = pm_pattern_match(p, subject, n, c);
        for (size_t i = 0; fits && i < pm_pattern_values(p); i++)
            PM_FUZZ_CHECK(c[i].at <= n && c[i].n <= n - c[i].at);
        if (pm_pattern_longest(p) > 0 && n > 0) {
            ssize_t found = pm_pattern_find(p, subject, n, 0);
            PM_FUZZ_CHECK(!fits || found == (ssize_t)n);
            PM_FUZZ_CHECK(found <= (ssize_t)n);
        }
        pm_pattern_free(p);
    } else {
        PM_FUZZ_CHECK(bad <= n_text);
    }
    free(text);
    free(subject);
    return 0;
}
