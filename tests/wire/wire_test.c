/* wire_test.c - plays golden transcripts whole, and with each thing the client says cut at every byte: the server's
 * words must be the same each time. */
#include "player.h"

#include <limits.h>
#include <stdio.h>

static bool play_in_all_ways(const char *path)
{
    struct transcript t;
    struct play how = {.cut_what = UINT_MAX};
    unsigned ways = 1;
    bool good = transcript_read(path, &t) && transcript_play(&t, &how) && how.said > 0;
    unsigned said = how.said;
    for (unsigned what = 0; good && what < said; what++) {
        how.cut_what = what;
        how.cut_length = 2;
        for (how.cut_at = 1; good && how.cut_at < how.cut_length; how.cut_at++, ways++)
            good = transcript_play(&t, &how);
    }
    transcript_fini(&t);
    printf("%s %s: %u ways\n", good ? "ok  " : "FAIL", path, ways);
    return good;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;
    for (int i = 1; i < argc; i++)
        failed += !play_in_all_ways(argv[i]);
    return failed ? 1 : 0;
}
