/* gate.c - see gate.h. Each refusal names the way out. */
#include "daemon/gate.h"

#include "access/sender.h"
#include "base/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include <strings.h>

static struct pm_sender_text field(const struct pm_http_head *head, const char *name)
{
    const struct pm_http_field *f = pm_http_field(head, name);
    return f ? (struct pm_sender_text){f->value.p, f->value.n} : (struct pm_sender_text){0};
}

static void note(const struct pm_gate *g, const char *kind, const struct pm_conn *c, const char *origin)
{
    int64_t uid = c->peer.unknown ? -1 : (int64_t)c->peer.uid;
    pm_audit(pm_door_audit(g->door), &(struct pm_audit_entry){.kind = kind, .origin = origin, .uid = uid});
}

static const struct pm_http_refusal *refuse_sender(enum pm_sender sender)
{
    static const struct pm_http_refusal
        null_origin = {403, "origin-null",
                       "The page has no origin of its own, as files have none. Serve its folder, for example with "
                       "python3 -m http.server, and open it from http://localhost:8000."},
        web = {403, "sender-not-allowed", "Pages of other origins cannot use this address: open it by itself."},
        embedded = {403, "sender-not-allowed", "Other pages cannot use this as an image, a script or a frame."};
    return sender == PM_SENDER_NULL ? &null_origin : sender == PM_SENDER_WEB ? &web : &embedded;
}

/* Socket.IO can keep a page waiting for the person, and tells it why not; plain HTTP is asked again and again. */
static const struct pm_http_refusal *check_page(const struct pm_gate *g, const struct pm_http_head *head,
                                                enum pm_route_kind route, const struct pm_origin *from)
{
    static const struct pm_http_refusal
        unknown = {403, "consent-required",
                   "The person at this machine has not allowed this page. Connect with Socket.IO, which asks them, or "
                   "start peripheral-manager with --allow-origin and this page's address."},
        denied = {403, "consent-denied",
                  "The person at this machine said no to this page a short while ago. They can allow it by starting "
                  "peripheral-manager with --allow-origin and this page's address."};
    bool asks = (route == PM_ROUTE_API || route == PM_ROUTE_RECORDINGS) && head->method != PM_HTTP_OPTIONS;
    if (!asks || pm_door_knows(g->door, from))
        return NULL;
    return pm_door_is_quiet(g->door, from->text) ? &denied : &unknown;
}

static enum pm_who_kind kind_of(enum pm_sender sender)
{
    static const enum pm_who_kind kinds[PM_SENDERS] = {
        [PM_SENDER_CONSOLE] = PM_WHO_OWN_PAGE,
        [PM_SENDER_NAV] = PM_WHO_OWN_PAGE, /* a link to a recording: it goes to the person's files, not to a page */
        [PM_SENDER_WEB] = PM_WHO_PAGE,
        [PM_SENDER_NATIVE] = PM_WHO_PROGRAM,
    };
    return kinds[sender]; /* the others reach nothing that asks: PM_WHO_NOBODY */
}

/* What stands behind "Bearer", be it nothing; p is NULL if there is no such field. */
static struct pm_sender_text bearer_of(const struct pm_http_head *head)
{
    static const char scheme[] = "Bearer";
    struct pm_sender_text t = field(head, "authorization");
    size_t skip = sizeof(scheme) - 1;
    if (!t.p || t.n < skip || strncasecmp(t.p, scheme, skip) != 0 || (t.n > skip && t.p[skip] != ' '))
        return (struct pm_sender_text){0};
    while (skip < t.n && t.p[skip] == ' ')
        skip++;
    return (struct pm_sender_text){t.p + skip, t.n - skip};
}

/* At the console's own address nobody is anything without its session. */
static void check_session(const struct pm_gate *g, struct pm_sender_text bearer, struct pm_who *ret)
{
    ret->kind = PM_WHO_NOBODY;
    if (bearer.p)
        ret->session = pm_sessions_find(pm_door_sessions(g->door), bearer.p, bearer.n, pm_loop_now());
    if (ret->session)
        ret->kind = PM_WHO_PERSON;
}

/* Whoever shows a token gets what it is for and no more, and whoever must show one gets nothing without. Socket.IO may
 * show it later, when it connects. */
static const struct pm_http_refusal *check_token(const struct pm_gate *g, const struct pm_conn *c,
                                                 struct pm_sender_text bearer, enum pm_route_kind route,
                                                 struct pm_who *ret)
{
    static const struct pm_http_refusal
        none = {401, "token-required",
                "This takes a token: Authorization: Bearer pmt_..., as the user of this daemon gets "
                "it with peripheral-manager token create."},
        wrong = {401, "token-required",
                 "This token is wrong, was revoked, or its time is over. The user of this daemon makes a new one with "
                 "peripheral-manager token create."},
        paused = {503, "busy", "Too many wrong tokens came: none of yours is looked at for a while."};
    /* The fields that make our own page can be forged: where the kernel does not say whose a program is, they count for
     * nothing, and our page shows its session instead. */
    bool must = c->peer.stranger || c->peer.network || (c->peer.unknown && ret->kind == PM_WHO_OWN_PAGE) ||
                ((c->peer.unknown || g->require_token) && ret->kind == PM_WHO_PROGRAM);
    bool asks = c->peer.stranger || route == PM_ROUTE_API || route == PM_ROUTE_RECORDINGS || route == PM_ROUTE_METRICS;
    if (bearer.p) {
        int r = pm_door_check_token(g->door, ret->uid, bearer.p, bearer.n, ret);
        return r == 0 ? NULL : r == -EBUSY ? &paused : &wrong;
    }
    if (!must)
        return NULL;
    ret->kind = PM_WHO_NOBODY;
    return asks && route != PM_ROUTE_SOCKETS ? &none : NULL;
}

/* From another machine come programs, and pages that the settings name: no console, no question to the person here. */
static const struct pm_http_refusal *check_network(const struct pm_gate *g, enum pm_sender sender,
                                                   enum pm_route_kind route, const struct pm_origin *from)
{
    static const struct pm_http_refusal
        local =
            {403, "sender-not-allowed",
             "The console is for browsers of the machine that the devices are at: open http://localhost:3000 there."},
        unknown = {403, "origin-not-allowed",
                   "This page is not let in from other machines. Start peripheral-manager with --allow-origin and its "
                   "address."};
    if ((sender != PM_SENDER_WEB && sender != PM_SENDER_NATIVE) || route == PM_ROUTE_PAGE || route == PM_ROUTE_CONSOLE)
        return &local;
    bool listed = pm_door_is_listed((const char *const *)g->origins->items, g->origins->n, from->text);
    return sender == PM_SENDER_NATIVE || listed ? NULL : &unknown;
}

/* Our page at /connect passes on what the page that opened it says, and whose that is, as the browser told it: from
 * then on it is that page who asks. Nobody but our own page is believed. */
static enum pm_sender speaks_for(const struct pm_gate *g, struct pm_http_text query, enum pm_sender sender,
                                 struct pm_origin *from)
{
    char text[PM_ORIGIN_MAX];
    size_t n = 0;
    int times = sender == PM_SENDER_CONSOLE ? pm_http_query(query, "for", text, sizeof(text), &n) : 0;
    if (times == 0)
        return sender;
    bool good = times == 1 && pm_origin_parse(text, n, from) == 0 && !pm_origin_is_own(&g->hosts, from);
    return good ? PM_SENDER_WEB : PM_SENDER_NULL;
}

static const struct pm_http_refusal *check_sender(const struct pm_gate *g, const struct pm_conn *c,
                                                  const struct pm_http_head *head, struct pm_who *ret)
{
    static const struct pm_http_refusal not_yours = {403, "sender-not-allowed", "The console is its user's alone."};
    struct pm_origin from;
    struct pm_sender_facts facts = {{head->origin.p, head->origin.n},
                                    field(head, "sec-fetch-site"),
                                    field(head, "sec-fetch-mode"),
                                    field(head, "sec-fetch-dest"),
                                    head->n_origin,
                                    head->method <= PM_HTTP_HEAD};
    struct pm_sender_text bearer = bearer_of(head);
    enum pm_sender sender = speaks_for(g, head->query, pm_sender_class(&g->hosts, &facts, &from), &from);
    ret->kind = kind_of(sender);
    enum pm_route_kind route = pm_route_kind(head->path.p, head->path.n);
    if (!pm_route_admits(route, sender)) {
        note(g, "origin_refused", c, from.text[0] ? from.text : NULL);
        return refuse_sender(sender);
    }
    const struct pm_http_refusal *why = c->peer.network ? check_network(g, sender, route, &from) : NULL;
    if (why) {
        note(g, "origin_refused", c, from.text[0] ? from.text : NULL);
        return why;
    }
    if (route == PM_ROUTE_CONSOLE && c->peer.stranger)
        return &not_yours;
    if (route == PM_ROUTE_CONSOLE) {
        check_session(g, bearer, ret);
        return NULL;
    }
    if (sender == PM_SENDER_WEB)
        memcpy(ret->origin, from.text, sizeof(ret->origin));
    why = check_token(g, c, bearer, route, ret);
    return why || sender != PM_SENDER_WEB ? why : check_page(g, head, route, &from);
}

/* What stands in an address stands in histories and logs; and a script that is an answer could be read by any page. */
static const struct pm_http_refusal *check_query(struct pm_http_text query)
{
    static const struct pm_http_refusal token = {400, "token-in-url",
                                                 "A secret does not belong into an address: send it as "
                                                 "Authorization: Bearer."},
                                        jsonp = {400, "jsonp", "JSONP is not served: use fetch, which CORS allows."};
    char value[4];
    size_t n;
    if (query.n == 0)
        return NULL;
    if (pm_http_query(query, "token", value, sizeof(value), &n) != 0)
        return &token;
    return pm_http_query(query, "j", value, sizeof(value), &n) != 0 ? &jsonp : NULL;
}

const struct pm_http_refusal *pm_gate(void *owner, const struct pm_conn *c, const struct pm_http_head *head,
                                      struct pm_who *ret)
{
    static const struct pm_http_refusal host = {403, "host-not-allowed",
                                                "This name is not served here. Use http://localhost:3000, or start "
                                                "peripheral-manager with --allow-host and the name."};
    const struct pm_gate *g = owner;
    struct pm_http_text other = head->absolute_host;
    *ret = (struct pm_who){.kind = c->peer.control ? PM_WHO_PERSON : PM_WHO_NOBODY,
                           .uid = c->peer.network   ? pm_who_machine(c->peer.machine)
                                  : c->peer.unknown ? -1
                                                    : (int64_t)c->peer.uid};
    if (c->peer.control)
        return NULL; /* no name leads there, and no page */
    if (!pm_host_is_served(&g->hosts, head->host.p, head->host.n) ||
        (other.p && !pm_host_is_served(&g->hosts, other.p, other.n))) {
        note(g, "host_refused", c, NULL);
        return &host;
    }
    const struct pm_http_refusal *why = check_query(head->query);
    return why ? why : check_sender(g, c, head, ret);
}

void pm_gate_on_limit(void *owner, const struct pm_conn *c, const char *what)
{
    const struct pm_gate *g = owner;
    pm_audit_limit(pm_door_audit(g->door), what, !c || c->peer.unknown ? -1 : (int64_t)c->peer.uid);
}

/* ---- whose connection it is ---- */

bool pm_gate_open(struct pm_gate *g, const struct pm_option_list *users)
{
    int r = pm_peer_open(&g->peers);
    if (r < 0)
        pm_log(PM_LOG_WARNING, "The kernel does not tell whose connections are (%s): programs need a token.",
               strerror(-r));
    for (unsigned i = 0; i < users->n; i++) {
        const struct passwd *user = getpwnam(users->items[i]);
        if (!user) {
            pm_log(PM_LOG_ERROR, "--allow-user %s: there is no user of this name here.", users->items[i]);
            return false;
        }
        g->users[g->n_users++] = user->pw_uid;
    }
    return true;
}

void pm_gate_close(struct pm_gate *g)
{
    pm_peer_close(&g->peers);
}

static bool is_allowed(const struct pm_gate *g, uid_t uid)
{
    for (unsigned i = 0; i < g->n_users; i++) {
        if (g->users[i] == uid)
            return true;
    }
    return uid == geteuid() || uid == 0;
}

/* Once a minute: whoever it is might try a thousand times a second. */
static void tell_stranger(struct pm_gate *g, uid_t uid)
{
    enum { PAUSE_MS = 60000 };
    struct pm_mono now = pm_loop_now();
    if (g->told.us > 0 && !pm_mono_reached(now, pm_mono_add_ms(g->told, PAUSE_MS)))
        return;
    g->told = now;
    pm_log(PM_LOG_WARNING,
           "A program of another user (number %u) was turned away. If it is welcome, start with --allow-user, or make "
           "a token for it.",
           uid);
}

/* Machines are told apart by address; of IPv6 only the network counts, since one machine has all the others there. */
static uint32_t machine_of(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof(a);
    uint32_t word[2] = {0};
    if (getpeername(fd, (struct sockaddr *)&a, &n) == 0 && a.ss_family == AF_INET)
        memcpy(word, &((struct sockaddr_in *)&a)->sin_addr, sizeof(word[0]));
    else if (a.ss_family == AF_INET6)
        memcpy(word, &((struct sockaddr_in6 *)&a)->sin6_addr, sizeof(word));
    return word[0] ^ word[1] * 2654435761U;
}

bool pm_gate_admits(void *owner, int fd, struct pm_peer *ret)
{
    struct pm_gate *g = owner;
    uid_t uid = 0;
    if (ret->network) {
        ret->unknown = true;
        ret->machine = machine_of(fd);
        return true;
    }
    int r = pm_peer_uid(&g->peers, fd, &uid);
    if (r == -ENOENT)
        return false; /* it is gone already */
    *ret = (struct pm_peer){.unknown = r < 0, .uid = uid};
    ret->stranger = r == 0 && !is_allowed(g, uid);
    if (!ret->stranger || pm_door_grants(g->door)->tokens.n > 0)
        return true;
    pm_audit(pm_door_audit(g->door), &(struct pm_audit_entry){.kind = "uid_refused", .uid = uid});
    tell_stranger(g, uid);
    return false;
}
