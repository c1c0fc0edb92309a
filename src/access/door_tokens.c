/* door_tokens.c - tokens at the door: shown, made, ended, and noted. */
#include "access/door_private.h"

#include <errno.h>
#include <string.h>

static void note(struct pm_door *d, const char *kind, const char *name, int64_t uid)
{
    pm_audit(&d->audit, &(struct pm_audit_entry){.kind = kind, .id = name, .uid = uid});
}

/* Wrong tokens of pages are counted apart: every page can show some, and must keep no program of its user from the
 * right one. */
static int64_t counted_as(int64_t uid, const struct pm_who *who)
{
    static const int64_t pages = INT64_C(1) << 41; /* beyond every user and machine */
    return who->origin[0] ? uid + pages : uid;
}

int pm_door_check_token(struct pm_door *d, int64_t uid, const char *p, size_t n, struct pm_who *who)
{
    struct pm_token *token;
    int64_t now = pm_door_time(d);
    int r = pm_tokens_check(&d->grants.tokens, counted_as(uid, who), p, n, now, pm_loop_now(), &token);
    if (r < 0) {
        note(d, r == -EBUSY ? "token_paused" : "token_bad", NULL, uid);
        return r;
    }
    who->token = token->number;
    who->scopes = token->scopes;
    if (now - token->last_used >= PM_GRANT_DAY) { /* else every request would be a line, and a file */
        note(d, "token_ok", token->name, uid);
        d->grants.changes++;
        token->last_used = now;
        pm_door_keep(d);
    }
    return 0;
}

int pm_door_create_token(struct pm_door *d, const char *name, unsigned scopes, unsigned days,
                         char ret[PM_TOKEN_LENGTH + 1])
{
    int64_t now = pm_door_time(d);
    int r = pm_tokens_create(&d->grants.tokens, name, scopes, now, now + (int64_t)days * PM_GRANT_DAY, ret);
    if (r < 0)
        return r;
    d->grants.changes++;
    note(d, "token_created", name, -1);
    pm_door_changed(d);
    return 0;
}

static bool end_token(struct pm_door *d, const char *name, const char *kind)
{
    uint32_t number = pm_tokens_end(&d->grants.tokens, name);
    if (number == 0)
        return false;
    d->grants.changes++;
    note(d, kind, name, -1);
    d->ops->on_token_ended(d->owner, number);
    return true;
}

bool pm_door_revoke_token(struct pm_door *d, const char *name)
{
    bool ended = end_token(d, name, "token_revoked");
    pm_door_keep(d);
    return ended;
}

void pm_door_expire_tokens(struct pm_door *d)
{
    const struct pm_token *token;
    while ((token = pm_tokens_over(&d->grants.tokens, pm_door_time(d)))) {
        char name[PM_TOKEN_NAME];
        memcpy(name, token->name, sizeof(name));
        end_token(d, name, "token_expired");
    }
}
