/* sockets_recovery.c - connection state recovery: events stay with the socket until they are old or many, and a client
 * that was cut off and names its last one gets the rest. */
#include "net/sockets_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool pm_recovery_covers(const struct pm_socket *s)
{
    return s->state == PM_SOCKET_AWAY || (s->client && s->client->recovers);
}

static void drop_oldest(struct pm_socket *s)
{
    struct pm_kept *k = s->first;
    assert(k);
    s->first = k->next;
    if (!s->first)
        s->last = NULL;
    s->kept_bytes -= k->packet->bytes;
    s->lost_through = k->packet->offset;
    pm_packet_unref(k->packet);
    free(k);
}

void pm_recovery_forget(struct pm_socket *s)
{
    while (s->first)
        drop_oldest(s);
}

void pm_recovery_keep(struct pm_socket *s, struct pm_packet *p)
{
    if (!pm_recovery_covers(s) || p->offset == 0 || s->all->ops->on_return)
        return;
    struct pm_kept *k = malloc(sizeof(*k));
    if (!k) {
        pm_recovery_forget(s);
        s->lost_through = p->offset; /* it cannot be brought back completely, so it will not be brought back */
        return;
    }
    *k = (struct pm_kept){.packet = pm_packet_ref(p)};
    if (s->last)
        s->last->next = k;
    else
        s->first = k;
    s->last = k;
    s->kept_bytes += p->bytes;
    while (s->kept_bytes > s->all->options.recovery_bytes)
        drop_oldest(s);
}

void pm_recovery_leave(struct pm_socket *s)
{
    struct pm_sockets *all = s->all;
    pm_list_remove(&s->link);
    s->client = NULL;
    if (pm_ident_table_add(&all->by_pid, &s->pid) < 0) {
        pm_socket_gone(s);
        return;
    }
    s->state = PM_SOCKET_AWAY;
    s->away_until = pm_mono_add_ms(pm_loop_now(), all->options.recovery_ms);
    if (pm_list_empty(&all->away))
        pm_timer_set(&all->expiry, s->away_until);
    pm_list_append(&all->away, &s->link);
    all->n_away++;
    all->ops->on_away(all->owner, s);
    if (all->n_away > all->away_max)
        pm_socket_gone(pm_container(all->away.next, struct pm_socket, link));
}

void pm_recovery_remove(struct pm_socket *s)
{
    pm_ident_table_remove(&s->all->by_pid, &s->pid);
    pm_list_remove(&s->link);
    s->all->n_away--;
}

void pm_recovery_expire(struct pm_timer *t)
{
    struct pm_sockets *all = t->owner;
    while (!pm_list_empty(&all->away)) {
        struct pm_socket *s = pm_container(all->away.next, struct pm_socket, link);
        if (!pm_mono_reached(pm_loop_now(), s->away_until)) {
            pm_timer_set(t, s->away_until);
            return;
        }
        pm_socket_gone(s);
    }
}

/* The offset that a client names: digits as we wrote them. No offset: it saw no event yet. */
static bool read_offset(const struct pm_json *auth, uint64_t *ret)
{
    struct pm_json offset;
    char text[24];
    *ret = 0;
    if (!pm_json_get(auth, "offset", &offset))
        return true;
    if (offset.type != PM_JSON_STRING)
        return false;
    ssize_t n = pm_json_string(&offset, text, sizeof(text));
    for (ssize_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9' || i > 18)
            return false;
        *ret = *ret * 10 + (uint64_t)(text[i] - '0');
    }
    return n > 0;
}

static bool is_complete(const struct pm_socket *s, const struct pm_json *auth, uint64_t *ret_offset)
{
    if (!read_offset(auth, ret_offset))
        return false;
    if (*ret_offset == 0)
        return s->lost_through <= s->joined_at;
    return *ret_offset >= s->lost_through && *ret_offset <= s->all->next_offset;
}

/* The offset is the application's: it knows what stands for what. Nothing is kept here. */
static bool ask_application(struct pm_socket *s, const struct pm_json *auth, uint64_t *ret_offset)
{
    struct pm_json offset;
    char text[PM_OFFSET_MAX];
    *ret_offset = 0;
    if (!pm_json_get(auth, "offset", &offset))
        return s->all->ops->on_return(s->all->owner, s, "", 0);
    ssize_t n = offset.type == PM_JSON_STRING ? pm_json_string(&offset, text, sizeof(text)) : -1;
    return n > 0 && s->all->ops->on_return(s->all->owner, s, text, (size_t)n);
}

/* The socket that this CONNECT asks for, if nothing it missed is lost. One that is asked for in vain is gone for good.
 */
struct pm_socket *pm_recovery_find(struct pm_client *c, const struct pm_sio_packet *connect, uint64_t *ret_offset)
{
    struct pm_json pid;
    char text[PM_IDENT_LENGTH];
    if (c->all->options.recovery_ms == 0 || !connect->has_data || !pm_json_get(&connect->data, "pid", &pid) ||
        pid.type != PM_JSON_STRING || pm_json_string(&pid, text, sizeof(text)) != PM_IDENT_LENGTH)
        return NULL;
    struct pm_ident_node *node = pm_ident_table_find(&c->all->by_pid, text, PM_IDENT_LENGTH);
    if (!node)
        return NULL;
    struct pm_socket *s = pm_container(node, struct pm_socket, pid);
    bool here = strlen(s->name_space) == connect->name_space_n &&
                memcmp(s->name_space, connect->name_space, connect->name_space_n) == 0;
    struct pm_who who = c->who->who;
    if (c->all->ops->on_show)
        c->all->ops->on_show(c->all->owner, connect->data.p, connect->data.n, &who);
    if (!here || !pm_who_is_same(&s->who->who, &who))
        return NULL;
    if (!(c->all->ops->on_return ? ask_application(s, &connect->data, ret_offset)
                                 : is_complete(s, &connect->data, ret_offset))) {
        pm_socket_gone(s);
        return NULL;
    }
    return s;
}

void pm_recovery_return(struct pm_socket *s, struct pm_client *c, uint64_t offset)
{
    struct pm_sockets *all = s->all;
    pm_recovery_remove(s);
    pm_list_append(&c->sockets, &s->link);
    c->n_sockets++;
    s->client = c;
    s->state = PM_SOCKET_JOINED;
    pm_socket_greet(s);
    for (struct pm_kept *k = s->first; k; k = k->next) {
        if (k->packet->offset > offset && pm_socket_send_now(s, k->packet) < 0)
            pm_session_abandon(c->session);
    }
    all->ops->on_back(all->owner, s);
}
