/* door.h - the door: who may do what. One place that holds the grants and answers every such question. */
#ifndef PM_ACCESS_DOOR_H
#define PM_ACCESS_DOOR_H

#include "access/audit.h"
#include "access/consent.h"
#include "access/grants.h"
#include "access/sessions.h"
#include "access/who.h"
#include "loop/loop.h"

struct pm_door;

struct pm_door_options {
    const char *const *allow_origins; /* as `--allow-origin` takes them; borrowed for the call */
    unsigned n_allow_origins;
    bool local_pages;   /* pages of this machine get every device without asking */
    bool share_all;     /* --compat original: whoever is approved gets every device, beside others */
    const char *folder; /* keeps grants.json; NULL: nothing is kept. Borrowed for the call */
};

/* Told after the fact, from the loop. Requests are borrowed for the call. */
struct pm_door_ops {
    void (*on_granted)(void *owner, const char *origin);
    void (*on_ended)(void *owner, const char *origin, const char *reason); /* it may have lost devices */
    void (*on_asked)(void *owner, const struct pm_consent_request *r);
    void (*on_answered)(void *owner, const struct pm_consent_request *r, enum pm_consent_end end);
    void (*on_token_ended)(void *owner, uint32_t number);
    void (*on_session_ended)(void *owner, uint32_t number); /* of the console */
    bool (*is_here)(void *owner, const char *origin);       /* asked: is a page of it connected? */
};

/* The caller owns *ret. 0; -EINVAL (one of allow_origins is none); -ENOMEM. */
int pm_door_new(struct pm_loop *loop, const struct pm_door_options *options, struct pm_door **ret);
struct pm_door *pm_door_free(struct pm_door *d);

/* Who wants to hear; once. */
void pm_door_listen(struct pm_door *d, const struct pm_door_ops *ops, void *owner);

/* Other origins are allowed from now on, those that were and are not any more lose that. 0; -EINVAL: one is
 * none, and nothing changed; -ENOSPC, -ENOMEM. */
int pm_door_set_origins(struct pm_door *d, const char *const *allow_origins, unsigned n);

/* Is `text` what --allow-origin takes: an origin, or one and "=" with capabilities behind it ("serial,control")? */
bool pm_door_is_origin_rule(const char *text);

/* Is the origin named by one of these rules? "*" names only itself. */
bool pm_door_is_listed(const char *const *rules, unsigned n, const char *origin);

/* May this origin come in at all, since it has a grant? Pages of this machine get theirs here, if they need none from
 * the person. */
bool pm_door_knows(struct pm_door *d, const struct pm_origin *o);

/* What a page may do with a device, as PM_MAY_* bits. *ret_shared: its grant lets other applications use it too. */
unsigned pm_door_covers(const struct pm_door *d, const char *origin, const char *device, bool *ret_shared);

/* Does an approval mean every device and sharing (--compat original)? */
bool pm_door_shares_all(const struct pm_door *d);

/* Grant, and tell. 0 and *ret, or what pm_grants_add() gives. */
int pm_door_grant(struct pm_door *d, const struct pm_grant_wish *wish, const struct pm_grant **ret);

/* End what fits, and tell. How many. */
unsigned pm_door_revoke(struct pm_door *d, const struct pm_grant_match *match, const char *reason);

/* A page uses a device; the last connection of an origin is closed; a device left. Pages that never connect and only
 * ask now and then, which pm_door_knows() notes, have left when they have not asked for PM_GRANT_IDLE_S. */
void pm_door_used(struct pm_door *d, const char *origin, const char *device);
void pm_door_origin_left(struct pm_door *d, const char *origin);
void pm_door_unplugged(struct pm_door *d, const char *device);

const struct pm_grants *pm_door_grants(const struct pm_door *d);

/* What the person must know about the grants ("" if nothing). */
const char *pm_door_banner(const struct pm_door *d);

/* `done` is called once, from the loop or before this returns, when all changes so far are safe: 0; or an error, and
 * they hold for this run only. Embedded by whoever waits, who must not go away. */
struct pm_door_saving {
    struct pm_link link;
    unsigned skip;
    void (*done)(struct pm_door_saving *s, int error);
};
void pm_door_save(struct pm_door *d, struct pm_door_saving *s);

/* All that wait for that are told -ECANCELED. */
void pm_door_stop_saving(struct pm_door *d);

/* Where our page is ("http://localhost:3000"): told to the person with codes. Copied. */
void pm_door_set_address(struct pm_door *d, const char *address);
const char *pm_door_address(const struct pm_door *d);

/* What happens is noted there, by others too. Lives as long as the door. */
struct pm_audit *pm_door_audit(struct pm_door *d);

/* The console's sessions; they live as long as the door. And begin one, as pm_sessions_start(). */
struct pm_sessions *pm_door_sessions(struct pm_door *d);
int pm_door_start_session(struct pm_door *d, const char *code, size_t n, const struct pm_console_session **ret);

/* ---- tokens: door_tokens.c ---- */

/* Somebody of this user (-1: nobody knows whose) shows one. 0, and `who` may do what the token is for and no more;
 * -EACCES or -EBUSY as pm_tokens_check(). */
int pm_door_check_token(struct pm_door *d, int64_t uid, const char *p, size_t n, struct pm_who *who);

/* As pm_tokens_create(), for so many days from now. And end one, and tell: false if there is none. Neither is safe
 * before pm_door_save(). */
int pm_door_create_token(struct pm_door *d, const char *name, unsigned scopes, unsigned days,
                         char ret[PM_TOKEN_LENGTH + 1]);
bool pm_door_revoke_token(struct pm_door *d, const char *name);

/* ---- questions to the person ---- */

/* Ask, and wait (`waiter` NULL: do not; the question stays until it is answered). As pm_consent_ask(); after -EACCES
 * and -EBUSY nobody waits. */
int pm_door_ask(struct pm_door *d, const struct pm_consent_wish *wish, struct pm_consent_waiter *waiter,
                struct pm_consent_request **ret);
void pm_door_leave(struct pm_door *d, struct pm_consent_waiter *waiter);

/* Those that are open: struct pm_consent_request. */
const struct pm_link *pm_door_requests(const struct pm_door *d);
struct pm_consent_request *pm_door_request(const struct pm_door *d, const char *id);
void pm_door_answer(struct pm_door *d, struct pm_consent_request *r, enum pm_consent_end end);

/* Did the person say no to this origin, a short while ago? */
bool pm_door_is_quiet(const struct pm_door *d, const char *origin);

#endif
