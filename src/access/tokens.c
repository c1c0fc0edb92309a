/* tokens.c - see tokens.h. */
#include "access/tokens.h"

#include "access/grants.h"
#include "base/base64.h"
#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

const char *const pm_token_scope_words[] = {"read", "write", "control", "record", NULL};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool pm_token_is_name(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n < PM_TOKEN_NAME && strspn(text, alphabet) == n;
}

static struct pm_token *find(struct pm_tokens *t, const char *name)
{
    for (size_t i = 0; i < PM_TOKENS_MAX; i++) {
        if (strcmp(t->tokens[i].name, name) == 0)
            return &t->tokens[i];
    }
    return NULL;
}

static int add(struct pm_tokens *t, const char *name, struct pm_token **ret)
{
    if (find(t, name))
        return -EEXIST;
    struct pm_token *place = find(t, "");
    if (!place)
        return -ENOSPC;
    snprintf(place->name, sizeof(place->name), "%s", name);
    place->number = ++t->last;
    t->n++;
    *ret = place;
    return 0;
}

int pm_tokens_create(struct pm_tokens *t, const char *name, unsigned scopes, int64_t now, int64_t expires,
                     char ret[PM_TOKEN_LENGTH + 1])
{
    uint8_t random[32];
    struct pm_token *token;
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return -errno;
    int r = add(t, name, &token);
    if (r < 0)
        return r;
    memcpy(ret, "pmt_", 4);
    ret[4 + pm_base64url_encode(random, sizeof(random), ret + 4)] = 0;
    pm_sha256(ret, PM_TOKEN_LENGTH, token->hash);
    token->scopes = scopes;
    token->created = now;
    token->expires = expires;
    return 0;
}

/* ---- showing one ---- */

static struct pm_token_peer *find_peer(struct pm_tokens *t, int64_t uid)
{
    for (size_t i = 0; i < PM_TOKEN_PEERS; i++) {
        if (t->peers[i].last.us > 0 && t->peers[i].uid == uid)
            return &t->peers[i];
    }
    return NULL;
}

static struct pm_token_peer *take_peer(struct pm_tokens *t, int64_t uid)
{
    struct pm_token_peer *place = find_peer(t, uid);
    if (place)
        return place;
    place = &t->peers[0];
    for (size_t i = 1; i < PM_TOKEN_PEERS; i++)
        place = t->peers[i].last.us < place->last.us ? &t->peers[i] : place;
    *place = (struct pm_token_peer){.uid = uid};
    return place;
}

static void count_wrong(struct pm_tokens *t, int64_t uid, struct pm_mono now)
{
    enum { MINUTE_MS = 60000, QUIET_MS = PM_TOKEN_PAUSE_MAX_S * 1000 };
    struct pm_token_peer *p = take_peer(t, uid);
    struct pm_mono last_end = p->closed_until.us > p->last.us ? p->closed_until : p->last;
    if (pm_mono_reached(now, pm_mono_add_ms(last_end, QUIET_MS)))
        p->pause_s = 0;
    if (p->wrong == 0 || pm_mono_reached(now, pm_mono_add_ms(p->minute, MINUTE_MS))) {
        p->minute = now;
        p->wrong = 0;
    }
    p->last = now;
    if (++p->wrong < PM_TOKEN_WRONG)
        return;
    p->wrong = 0;
    p->pause_s = p->pause_s == 0 ? PM_TOKEN_PAUSE_S : p->pause_s * 2;
    if (p->pause_s > PM_TOKEN_PAUSE_MAX_S)
        p->pause_s = PM_TOKEN_PAUSE_MAX_S;
    p->closed_until = pm_mono_add_ms(now, (int64_t)p->pause_s * 1000);
}

int pm_tokens_check(struct pm_tokens *t, int64_t uid, const char *p, size_t n, int64_t wall, struct pm_mono now,
                    struct pm_token **ret)
{
    uint8_t hash[PM_SHA256_SIZE];
    const struct pm_token_peer *peer = find_peer(t, uid);
    struct pm_token *found = NULL;
    if (peer && !pm_mono_reached(now, peer->closed_until))
        return -EBUSY;
    pm_sha256(p, n, hash);
    for (size_t i = 0; i < PM_TOKENS_MAX; i++) {
        struct pm_token *token = &t->tokens[i];
        if (pm_secret_equal(hash, token->hash, sizeof(hash)) && token->name[0])
            found = token;
    }
    if (!found || found->expires <= wall) {
        count_wrong(t, uid, now);
        return -EACCES;
    }
    *ret = found;
    return 0;
}

/* ---- the end of one ---- */

uint32_t pm_tokens_end(struct pm_tokens *t, const char *name)
{
    struct pm_token *token = name[0] ? find(t, name) : NULL;
    uint32_t number = token ? token->number : 0;
    if (token) {
        *token = (struct pm_token){0};
        t->n--;
    }
    return number;
}

const struct pm_token *pm_tokens_over(const struct pm_tokens *t, int64_t wall)
{
    for (size_t i = 0; i < PM_TOKENS_MAX; i++) {
        if (t->tokens[i].name[0] && t->tokens[i].expires <= wall)
            return &t->tokens[i];
    }
    return NULL;
}

int64_t pm_tokens_next_end(const struct pm_tokens *t)
{
    int64_t next = 0;
    for (size_t i = 0; i < PM_TOKENS_MAX; i++) {
        const struct pm_token *token = &t->tokens[i];
        if (token->name[0] && (next == 0 || token->expires < next))
            next = token->expires;
    }
    return next;
}

/* ---- the file ---- */

static json_t *write_token(const struct pm_token *token)
{
    char hash[2 * PM_SHA256_SIZE + 1], created[PM_TIME_TEXT], used[PM_TIME_TEXT], expires[PM_TIME_TEXT];
    json_t *scopes = json_array();
    for (unsigned i = 0; pm_token_scope_words[i]; i++) {
        if (token->scopes & 1u << i)
            json_array_append_new(scopes, json_string(pm_token_scope_words[i]));
    }
    for (size_t i = 0; i < PM_SHA256_SIZE; i++)
        snprintf(hash + 2 * i, 3, "%02x", token->hash[i]);
    pm_time_write(token->created, created);
    pm_time_write(token->last_used, used);
    pm_time_write(token->expires, expires);
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:s}", "name", token->name, "scopes", scopes, "sha256", hash, "created",
                     created, "last_used", used, "expires", expires);
}

json_t *pm_tokens_write(const struct pm_tokens *t)
{
    json_t *array = json_array();
    for (size_t i = 0; i < PM_TOKENS_MAX; i++) {
        if (t->tokens[i].name[0])
            json_array_append_new(array, write_token(&t->tokens[i]));
    }
    return array;
}

static bool read_scopes(const json_t *array, unsigned *ret)
{
    size_t i;
    json_t *word;
    *ret = 0;
    json_array_foreach(array, i, word)
    {
        const char *text = json_string_value(word);
        unsigned bit = 0;
        while (text && pm_token_scope_words[bit] && strcmp(pm_token_scope_words[bit], text) != 0)
            bit++;
        if (!text || !pm_token_scope_words[bit] || (*ret & 1u << bit))
            return false;
        *ret |= 1u << bit;
    }
    return *ret & PM_SCOPE_READ;
}

static bool read_hash(const char *text, uint8_t out[PM_SHA256_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(text) != 2 * (size_t)PM_SHA256_SIZE || strspn(text, digits) != 2 * (size_t)PM_SHA256_SIZE)
        return false;
    for (size_t i = 0; i < PM_SHA256_SIZE; i++)
        out[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 | (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}

static int read_token(struct pm_tokens *t, json_t *o)
{
    const char *name, *hash, *created, *used, *expires;
    struct pm_token read = {0}, *token;
    json_t *scopes;
    if (json_unpack(o, "{s:s, s:o, s:s, s:s, s:s, s:s !}", "name", &name, "scopes", &scopes, "sha256", &hash, "created",
                    &created, "last_used", &used, "expires", &expires) < 0 ||
        !pm_token_is_name(name) || !read_scopes(scopes, &read.scopes) || !read_hash(hash, read.hash) ||
        !pm_time_read(created, &read.created) || !pm_time_read(used, &read.last_used) ||
        !pm_time_read(expires, &read.expires) || add(t, name, &token) < 0)
        return -EBADMSG;
    memcpy(read.name, token->name, sizeof(read.name));
    read.number = token->number;
    *token = read;
    return 0;
}

int pm_tokens_read(struct pm_tokens *t, const json_t *array)
{
    size_t i;
    json_t *item;
    if (!json_is_array(array))
        return -EBADMSG;
    json_array_foreach(array, i, item)
    {
        if (read_token(t, item) < 0)
            return -EBADMSG;
    }
    return 0;
}
