/* tokens.h - secrets by which programs of other users come in: which there are, what each may do, and how long nobody
 * is listened to who showed wrong ones. No clock of its own. */
#ifndef PM_ACCESS_TOKENS_H
#define PM_ACCESS_TOKENS_H

#include "base/mono.h"
#include "base/sha256.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PM_TOKENS_MAX = 64,
    PM_TOKEN_NAME = 33,   /* bytes, the end included */
    PM_TOKEN_LENGTH = 47, /* "pmt_" and 256 bit, base64url */
    PM_TOKEN_DAYS = 90,   /* it holds for, unless the person says otherwise */
    PM_TOKEN_DAYS_MAX = 3650,
    PM_TOKEN_PEERS = 16, /* users whose mistakes are counted; the one that made its last longest ago makes room */
    PM_TOKEN_WRONG = 5,  /* in a minute; then no token of this user is looked at */
    PM_TOKEN_PAUSE_S = 30,
    PM_TOKEN_PAUSE_MAX_S =
        600, /* it doubles with each pause up to this, and after as long without a mistake begins anew */
};

/* What a token is for, as bits. Seeing devices and connections, and reading from them, is in each. */
enum pm_token_scope {
    PM_SCOPE_READ = 1,
    PM_SCOPE_WRITE = 2, /* open, close and send */
    PM_SCOPE_CONTROL = 4,
    PM_SCOPE_RECORD = 8,
};

/* The words for the bits, in their order; ends with NULL. */
extern const char *const pm_token_scope_words[];

struct pm_token {
    char name[PM_TOKEN_NAME]; /* "": free */
    uint32_t number;          /* never the same twice in one run */
    unsigned scopes;
    int64_t created, last_used, expires; /* wall time, seconds; last_used 0: never */
    uint8_t hash[PM_SHA256_SIZE];
};

/* A user who showed a wrong one. */
struct pm_token_peer {
    int64_t uid;
    unsigned wrong; /* in the minute that began at `minute` */
    unsigned pause_s;
    struct pm_mono minute, last, closed_until; /* last.us == 0: free */
};

/* Zero-initialise; owns nothing. */
struct pm_tokens {
    struct pm_token tokens[PM_TOKENS_MAX];
    unsigned n;
    uint32_t last;
    struct pm_token_peer peers[PM_TOKEN_PEERS];
};

/* Letters, digits, ".", "_" and "-". */
bool pm_token_is_name(const char *text);

/* Make one; `ret` is the only time that anybody sees it. 0; -EEXIST (the name is taken), -ENOSPC, or what the random
 * source gives. */
int pm_tokens_create(struct pm_tokens *t, const char *name, unsigned scopes, int64_t now, int64_t expires,
                     char ret[PM_TOKEN_LENGTH + 1]);

/* Somebody of this user (-1: nobody knows whose) shows a token. 0 and *ret, which lives until it ends; -EACCES (there
 * is none such, or its time is over); -EBUSY (too many wrong ones: it was not looked at). The comparison takes the same
 * time for every text of the same length. `wall` in seconds. */
int pm_tokens_check(struct pm_tokens *t, int64_t uid, const char *p, size_t n, int64_t wall, struct pm_mono now,
                    struct pm_token **ret);

/* End the one of this name. Its number, or 0. */
uint32_t pm_tokens_end(struct pm_tokens *t, const char *name);

/* One whose time is over, or NULL; and when the next one's is (0: there is none). */
const struct pm_token *pm_tokens_over(const struct pm_tokens *t, int64_t wall);
int64_t pm_tokens_next_end(const struct pm_tokens *t);

/* As an array for the file, which has hashes only; NULL: no memory. And back into an empty set: 0, or -EBADMSG, which
 * leaves it half full. */
json_t *pm_tokens_write(const struct pm_tokens *t);
int pm_tokens_read(struct pm_tokens *t, const json_t *array);

#endif
