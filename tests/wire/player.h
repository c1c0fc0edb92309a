/* player.h - plays a golden transcript against the server in this process.
 *
 * A transcript is a dialogue; each line names a connection, then:
 *   GET path | POST path body   a request                = 200 body     the answer that must follow
 *   ws path | wz path           a request to upgrade,    = closed       the server hangs up
 *                               wz: offering deflate
 *   raw bytes                   anything                 = nothing      nothing is to be read
 *   text data | binary hex      a message                > data         a text message must follow
 *   frame hex                   a frame as it is         >b hex         a binary message
 *   hangup                      the client goes          > close 1000   a close frame (without number: empty)
 * \r \n \x1e are escapes. $name stands for 20 characters that are remembered; `option name value` sets one. */
#ifndef PM_WIRE_PLAYER_H
#define PM_WIRE_PLAYER_H

#include <stdbool.h>
#include <stddef.h>

struct transcript {
    const char *path;
    char *lines[256];
    size_t n;
};

/* False if there is nothing to play. End it with transcript_fini(). */
bool transcript_read(const char *path, struct transcript *ret);
void transcript_fini(struct transcript *t);

/* How it is to be played, and how it went. */
struct play {
    unsigned cut_what; /* the thing the client says that is cut in two (from 0; UINT_MAX: none) */
    size_t cut_at;     /* bytes */
    bool quiet;        /* do not print where it left the transcript */
    unsigned said;     /* out: things the client said */
    size_t cut_length; /* out: length of the one that was cut */
};

/* Play it once, with a server of its own. False if the server said something else than is written, or could not start.
 */
bool transcript_play(const struct transcript *t, struct play *how);

#endif
