/* oom_test.c - plays the golden transcripts with each allocation failing once (I10). The dialogue may end early, but
 * the server must not: whoever wins is the sanitizer, the loop that must close without a handle left, and a whole run
 * afterwards. */
#include "failing.h"
#include "player.h"

#include <limits.h>
#include <stdio.h>

static bool play_with_failures(const char *path)
{
    struct transcript t;
    struct play how = {.cut_what = UINT_MAX};
    pm_fail_allocation(0);
    bool good = transcript_read(path, &t);
    pm_fail_allocation(0);
    good = good && transcript_play(&t, &how);
    unsigned long total = pm_allocations(), ended_early = 0;
    how.quiet = true;
    for (unsigned long n = 1; good && n <= total; n++) {
        pm_fail_allocation(n);
        ended_early += !transcript_play(&t, &how);
    }
    pm_fail_allocation(0);
    good = good && total > 0 && ended_early > 0 && transcript_play(&t, &how);
    transcript_fini(&t);
    printf("%s %s: %lu allocations, %lu ended the dialogue\n", good ? "ok  " : "FAIL", path, total, ended_early);
    return good;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;
    for (int i = 1; i < argc; i++)
        failed += !play_with_failures(argv[i]);
    return failed ? 1 : 0;
}
