/* grants_fuzz.c - the file of grants and tokens: whatever is read is written as it was, and read again as the same. */
#include "access/grants.h"
#include "pieces.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pm_grants g, again;
    struct pm_bytes first, second;
    pm_grants_init(&g);
    pm_grants_init(&again);
    if (pm_grants_read(&g, data, size) < 0) {
        PM_FUZZ_CHECK(g.n == 0 && g.tokens.n == 0);
        return 0;
    }
    PM_FUZZ_CHECK(g.n <= PM_GRANTS_MAX && g.tokens.n <= PM_TOKENS_MAX);
    PM_FUZZ_CHECK(pm_grants_write(&g, &first) == 0);
    PM_FUZZ_CHECK(pm_grants_read(&again, first.p, first.n) == 0);
    PM_FUZZ_CHECK(again.n == g.n && again.tokens.n == g.tokens.n && again.clock == g.clock);
    PM_FUZZ_CHECK(pm_grants_write(&again, &second) == 0);
    PM_FUZZ_CHECK(first.n == second.n && memcmp(first.p, second.p, first.n) == 0);
    pm_bytes_fini(&first);
    pm_bytes_fini(&second);
    pm_grants_fini(&g);
    pm_grants_fini(&again);
    return 0;
}
