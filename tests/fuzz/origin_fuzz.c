/* origin_fuzz.c - origins and names that we are asked for: what is taken has one form, and only our own names are ours.
 */
#include "access/origin.h"
#include "pieces.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pm_hosts hosts = {
    .ports = {3000, 3443}, .allowed = {"lab.example", "lab.example:8080"}, .n_allowed = 2};

/* Written differently, it is still one of these. */
static void check_served(const char *host, size_t n)
{
    char text[64];
    size_t i = 0;
    PM_FUZZ_CHECK(n < sizeof(text));
    for (; i < n; i++)
        text[i] = host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] | 0x20) : host[i];
    text[i] = 0;
    static const char *const ours[] = {"localhost:3000",   "localhost:3443",   "127.0.0.1:3000",
                                       "127.0.0.1:3443",   "[::1]:3000",       "[::1]:3443",
                                       "lab.example:3000", "lab.example:3443", "lab.example:8080"};
    for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (strcmp(text, ours[i]) == 0)
            return;
    }
    PM_FUZZ_CHECK(!"a name that is not ours was taken");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pm_origin o, again;
    uint8_t *copy = pm_fuzz_copy(data, size);
    const char *text = (const char *)copy;
    if (pm_origin_parse(text, size, &o) == 0) {
        size_t n = strlen(o.text);
        PM_FUZZ_CHECK(n > 0 && n <= size && !strpbrk(o.text, " @?#\\%ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        PM_FUZZ_CHECK(pm_origin_parse(o.text, n, &again) == 0 && strcmp(again.text, o.text) == 0 &&
                      again.port == o.port);
        PM_FUZZ_CHECK(!pm_origin_is_own(&hosts, &o) || o.is_loopback);
    }
    if (pm_host_is_served(&hosts, text, size))
        check_served(text, size);
    free(copy);
    return 0;
}
