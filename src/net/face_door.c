/* face_door.c - clients at the door: who comes in at once, who waits for the person, and who is turned away, with what
 * they can do about it. */
#include "net/face_socketio_private.h"

#include "proto/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUBSCRIBE_MAX = 16 * 1024 }; /* bytes that are kept for a client while it waits */

/* What a client says of itself: auth = {"pm": {"wait": false, "reason": "…", "subscribe": {…}}}. Old clients cannot
 * send objects: theirs is a parameter of the query, pm-wait=false. */
struct knock {
    bool waits;
    char reason[PM_CONSENT_REASON];
    size_t reason_n;
    bool has_session;
    char session[PM_BEARER_LENGTH];
    size_t session_n;
    bool has_token;
    char token[PM_TOKEN_LENGTH + 1]; /* one more than the right ones have: a longer one is wrong */
    size_t token_n;
    struct pm_json subscribe; /* borrowed; n 0: nothing */
};

static void read_knock(const char *auth, size_t n, struct knock *k)
{
    struct pm_json all, pm, value;
    *k = (struct knock){.waits = true};
    if (pm_json_check(auth, n, PM_JSON_DEPTH_MAX, &all) < 0 || all.type != PM_JSON_OBJECT)
        return;
    if (pm_json_get(&all, "pm-wait", &value) && value.type == PM_JSON_STRING && pm_json_equals(&value, "false"))
        k->waits = false;
    k->has_session = pm_json_get(&all, "session", &value) && value.type != PM_JSON_NULL;
    if (k->has_session && value.type == PM_JSON_STRING) {
        ssize_t length = pm_json_string(&value, k->session, sizeof(k->session));
        k->session_n = length > 0 ? (size_t)length : 0;
    }
    k->has_token = pm_json_get(&all, "token", &value) && value.type != PM_JSON_NULL;
    if (k->has_token && value.type == PM_JSON_STRING) {
        ssize_t length = pm_json_string(&value, k->token, sizeof(k->token));
        k->token_n = length > 0 ? (size_t)length : 0;
    }
    if (!pm_json_get(&all, "pm", &pm) || pm.type != PM_JSON_OBJECT)
        return;
    if (pm_json_get(&pm, "wait", &value) && value.type == PM_JSON_FALSE)
        k->waits = false;
    if (pm_json_get(&pm, "reason", &value) && value.type == PM_JSON_STRING && value.n <= sizeof(k->reason)) {
        ssize_t length = pm_json_string(&value, k->reason, sizeof(k->reason));
        k->reason_n = length > 0 ? (size_t)length : 0;
    }
    if (pm_json_get(&pm, "subscribe", &value) && value.type != PM_JSON_NULL)
        k->subscribe = value;
}

static void refuse(struct pm_socket *s, enum pm_error error, const char *message, const char *id)
{
    json_t *data = json_pack("{s:s, s:s, s:s*}", "code", pm_error_code(error), "message", message, "request", id);
    char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
    pm_socket_refuse(s, pm_error_code(error), text);
    free(text);
    json_decref(data);
}

static void refuse_asking(struct pm_socket *s, int error)
{
    if (error == -EACCES)
        refuse(s, PM_CONSENT_REFUSED,
               "The person at this machine said no to this page a short while ago. They can allow it in the console, "
               "or by starting peripheral-manager with --allow-origin.",
               NULL);
    else
        refuse(s, PM_BUSY, "Too many pages ask at once. Answer them in the console, then try again.", NULL);
}

static void refuse_end(struct pm_socket *s, enum pm_consent_end end)
{
    if (end == PM_CONSENT_TIMEOUT)
        refuse(
            s, PM_CONSENT_TIMED_OUT,
            "Nobody answered within two minutes. Open the console (peripheral-manager console) and connect again, or "
            "start peripheral-manager with --allow-origin and this page's address.",
            NULL);
    else
        refuse(s, PM_CONSENT_REFUSED,
               "The person at this machine said no. They can allow this page by starting peripheral-manager with "
               "--allow-origin and its address.",
               NULL);
}

static void on_end(struct pm_consent_waiter *w, const struct pm_consent_request *r, enum pm_consent_end end)
{
    struct pm_face_client *c = pm_container(w, struct pm_face_client, waiter);
    struct pm_socket *s = c->socket;
    (void)r;
    if (end == PM_CONSENT_APPROVED) {
        pm_face_admit(c);
        return;
    }
    pm_socket_set_app(s, NULL);
    pm_sent_fini(&c->sent);
    free(c);
    refuse_end(s, end);
}

/* Without waiting: the page draws its own picture, and comes again when it was allowed. */
static bool ask_only(struct pm_face_client *c, const struct pm_consent_wish *wish)
{
    struct pm_consent_request *r;
    int error = pm_door_ask(pm_api_door(c->face->api), wish, NULL, &r);
    if (error < 0)
        refuse_asking(c->socket, error);
    else
        refuse(c->socket, PM_CONSENT_REQUIRED,
               "The person at this machine must allow this page first: in the console, which "
               "\"peripheral-manager console\" opens, or by --allow-origin and its address. Then connect again.",
               r->id);
    return false;
}

static bool ask_and_wait(struct pm_face_client *c, const struct pm_consent_wish *wish)
{
    struct pm_consent_request *r;
    c->waiter.on_end = on_end;
    int error = pm_door_ask(pm_api_door(c->face->api), wish, &c->waiter, &r);
    if (error < 0)
        refuse_asking(c->socket, error);
    return error >= 0;
}

static bool become(struct pm_face_client *c, const struct pm_who *who)
{
    if (pm_socket_set_who(c->socket, who) < 0) {
        refuse(c->socket, PM_BUSY, "There is no memory for another client.", NULL);
        return false;
    }
    c->api.who = pm_socket_who(c->socket);
    return true;
}

/* Our own page shows one; where nobody knows whose program a client is, also one that says that it is our page. */
static bool may_show_session(const struct pm_who *who)
{
    return who->kind == PM_WHO_OWN_PAGE || (who->kind == PM_WHO_NOBODY && who->uid == -1 && !who->origin[0]);
}

static bool add_session(struct pm_face_socketio *f, const struct knock *k, struct pm_who *who)
{
    who->session = pm_sessions_find(pm_door_sessions(pm_api_door(f->api)), k->session, k->session_n, pm_loop_now());
    if (who->session)
        who->kind = PM_WHO_PERSON;
    return who->session != 0;
}

static int add_token(struct pm_face_socketio *f, const struct knock *k, struct pm_who *who)
{
    int r = pm_door_check_token(pm_api_door(f->api), who->uid, k->token, k->token_n, who);
    if (r == 0 && who->kind == PM_WHO_NOBODY)
        who->kind = who->origin[0] ? PM_WHO_PAGE : PM_WHO_PROGRAM;
    return r;
}

/* The console page shows its session. */
static bool show_session(struct pm_face_client *c, const struct knock *k)
{
    struct pm_who who = *c->api.who;
    if (!add_session(c->face, k, &who)) {
        refuse(c->socket, PM_SESSION_REQUIRED,
               "This console session is over. Run \"peripheral-manager console\" for a new one.", NULL);
        return false;
    }
    if (!become(c, &who))
        return false;
    pm_face_admit(c);
    return true;
}

/* As in Authorization: Bearer. What it is for is the most that the client may do from now on. */
static bool show_token(struct pm_face_client *c, const struct knock *k)
{
    struct pm_who who = *c->api.who;
    int r = add_token(c->face, k, &who);
    if (r == -EBUSY)
        refuse(c->socket, PM_BUSY, "Too many wrong tokens came: none of yours is looked at for a while.", NULL);
    else if (r < 0)
        refuse(c->socket, PM_TOKEN_REQUIRED,
               "This token is wrong, was revoked, or its time is over. The user of this daemon makes a new one with "
               "\"peripheral-manager token create\".",
               NULL);
    return r == 0 && become(c, &who);
}

void pm_face_show(struct pm_face_socketio *f, const char *auth, size_t n, struct pm_who *who)
{
    struct knock knock;
    read_knock(auth, n, &knock);
    if (knock.has_session && may_show_session(who))
        add_session(f, &knock, who);
    else if (knock.has_token && who->kind != PM_WHO_PERSON)
        add_token(f, &knock, who);
}

/* False: it was turned away. */
static bool keep_subscribe(struct pm_face_client *c, const struct pm_json *wish)
{
    if (wish->n == 0)
        return true;
    if (wish->n > SUBSCRIBE_MAX) {
        refuse(c->socket, PM_TOO_LARGE, "auth.pm.subscribe takes at most 16 KiB. Use the request subscribe.", NULL);
        return false;
    }
    c->subscribe = strndup(wish->p, wish->n);
    if (!c->subscribe)
        pm_socket_refuse(c->socket, "busy", NULL);
    return c->subscribe;
}

bool pm_face_knock(struct pm_face_client *c, const char *auth, size_t n)
{
    struct pm_door *door = pm_api_door(c->face->api);
    struct pm_origin origin;
    struct knock knock;
    read_knock(auth, n, &knock);
    if (!keep_subscribe(c, &knock.subscribe))
        return false;
    if (knock.has_session && may_show_session(c->api.who))
        return show_session(c, &knock);
    if (knock.has_token && c->api.who->kind != PM_WHO_PERSON && !show_token(c, &knock))
        return false;
    if (c->api.who->kind == PM_WHO_NOBODY) {
        refuse(c->socket, PM_TOKEN_REQUIRED,
               "This takes a token: auth {token: \"pmt_...\"}, as the user of this daemon gets it from "
               "\"peripheral-manager token create\".",
               NULL);
        return false;
    }
    const char *text = c->api.who->origin;
    if (c->api.who->kind != PM_WHO_PAGE ||
        (pm_origin_parse(text, strlen(text), &origin) == 0 && pm_door_knows(door, &origin))) {
        pm_face_admit(c);
        return true;
    }
    if (pm_who_is_remote(c->api.who)) { /* it was listed a moment ago */
        refuse(c->socket, PM_CONSENT_REFUSED,
               "This page is not let in from other machines any more. Start peripheral-manager with --allow-origin and "
               "its address.",
               NULL);
        return false;
    }
    struct pm_consent_wish wish = {.origin = text,
                                   .reason = knock.reason,
                                   .reason_n = knock.reason_n,
                                   .capabilities = PM_MAY_USE | PM_MAY_CONTROL};
    return knock.waits ? ask_and_wait(c, &wish) : ask_only(c, &wish);
}

void pm_face_walk_off(struct pm_face_client *c)
{
    pm_door_leave(pm_api_door(c->face->api), &c->waiter);
}
