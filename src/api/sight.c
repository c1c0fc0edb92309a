/* sight.c - what a client may see and do: the one place where grants are held against devices and connections, and
 * what happens to clients when grants change. */
#include "api/api_private.h"

#include <assert.h>
#include <string.h>

static_assert((int)PM_OWNER_MAX == PM_ORIGIN_MAX, "an owner is an origin");
static_assert((int)PM_DEVICE_TEXT <= PM_GRANT_DEVICE, "a grant names a device by its id");

const struct pm_who pm_who_left = {.kind = PM_WHO_NOBODY};

static unsigned bit_of(enum pm_capability needs)
{
    return needs == PM_NEEDS_CONTROL ? PM_MAY_CONTROL : needs == PM_NEEDS_ADMIN ? 0 : PM_MAY_USE;
}

static unsigned scope_of(enum pm_capability needs)
{
    static const unsigned scopes[] = {[PM_NEEDS_OPEN] = PM_SCOPE_WRITE,
                                      [PM_NEEDS_WRITE] = PM_SCOPE_WRITE,
                                      [PM_NEEDS_CONTROL] = PM_SCOPE_CONTROL,
                                      [PM_NEEDS_RECORD] = PM_SCOPE_RECORD,
                                      [PM_NEEDS_ADMIN] = 0};
    return needs == PM_NEEDS_LIST || needs == PM_NEEDS_READ ? PM_SCOPE_READ : scopes[needs];
}

/* A token never widens what somebody may do: the smaller right wins. */
static bool is_in_scope(const struct pm_who *who, enum pm_capability needs)
{
    return who->token == 0 || (who->scopes & scope_of(needs)) != 0;
}

bool pm_may(const struct pm_api *a, const struct pm_who *who, enum pm_capability needs, const char *device_id)
{
    bool shared;
    if (!is_in_scope(who, needs))
        return false;
    switch (who->kind) {
    case PM_WHO_PERSON:
        return true;
    case PM_WHO_PROGRAM:
    case PM_WHO_OWN_PAGE:
        return needs != PM_NEEDS_ADMIN;
    case PM_WHO_PAGE:
        return (pm_door_covers(a->door, who->origin, device_id, &shared) & bit_of(needs)) != 0;
    case PM_WHO_NOBODY:
        break;
    }
    return false;
}

/* If two claim to be the device that was granted, nobody but a person can tell which was meant. A grant for all devices
 * means both. */
static bool is_in_doubt(const struct pm_api *a, const struct pm_who *who, const struct pm_device *d)
{
    bool shared;
    return who->kind == PM_WHO_PAGE && d->conflict && pm_door_covers(a->door, who->origin, "*", &shared) == 0;
}

bool pm_sees_device(const struct pm_api *a, const struct pm_who *who, const struct pm_device *d)
{
    return pm_may(a, who, PM_NEEDS_LIST, d->id) && !is_in_doubt(a, who, d);
}

/* Is it open for others than the page that opened it? What programs of the person open is. */
static bool is_shared(const struct pm_api *a, const char *owner, const char *device_id)
{
    bool shared;
    return !owner[0] || (pm_door_covers(a->door, owner, device_id, &shared) && shared);
}

static bool is_for(const struct pm_api *a, const struct pm_who *who, const char *owner, const char *device_id)
{
    return who->kind != PM_WHO_PAGE || strcmp(owner, who->origin) == 0 || is_shared(a, owner, device_id);
}

bool pm_sees_connection(const struct pm_api *a, const struct pm_who *who, const struct pm_connection *c)
{
    return pm_may(a, who, PM_NEEDS_LIST, c->device_id) && is_for(a, who, c->options.owner, c->device_id);
}

bool pm_sees_recording(const struct pm_api *a, const struct pm_who *who, const struct pm_recording_item *i)
{
    return pm_may(a, who, PM_NEEDS_RECORD, i->device) && is_for(a, who, i->owner, i->device);
}

struct pm_connection *pm_sight_find(const struct pm_api *a, const struct pm_who *who, const char *name)
{
    struct pm_connection *c = pm_hub_find(a->hub, name);
    return c && pm_sees_connection(a, who, c) ? c : NULL;
}

/* ---- the check before a handler ---- */

static bool refuse_capability(struct pm_call *call)
{
    pm_api_fail(call->request, PM_SCOPE,
                "The person at the machine allowed this page \"%s\", but not \"%s\". They can: in the console, or with "
                "--allow-origin, this page's address and =serial,control.",
                pm_capability_name(PM_NEEDS_OPEN), pm_capability_name(call->kind->needs));
    return false;
}

/* What an option would make appear is said to whoever may know what is not there. */
void pm_sight_fail_missing(struct pm_api *a, struct pm_api_request *r, const char *address)
{
    const char *option = r->who->kind == PM_WHO_PAGE ? NULL : pm_devices_hidden_by(a->devices, address);
    pm_api_fail_see(r, PM_NO_SUCH_DEVICE, "list-devices", NULL, "There is no device at \"%s\"%s%s.", address,
                    option ? "; some like it are there when the daemon runs with " : "", option ? option : "");
}

/* To a page, a device that it was not granted does not exist. Another application's connection that waits for its
 * device is not to be had by its name either. */
static bool may_open(struct pm_call *call, const char *address)
{
    const struct pm_who *who = call->request->who;
    const struct pm_device *d = pm_devices_find(call->api->devices, address);
    const struct pm_connection *c = d ? pm_hub_find_path(call->api->hub, d->path) : NULL;
    const char *name = pm_call_text(call, "name");
    const struct pm_connection *named = name ? pm_hub_find(call->api->hub, name) : NULL;
    if (!pm_may(call->api, who, PM_NEEDS_OPEN, d ? d->id : address)) {
        pm_sight_fail_missing(call->api, call->request, address);
        return false;
    }
    if (d && is_in_doubt(call->api, who, d)) {
        pm_api_fail(call->request, PM_IDENTITY_CONFLICT,
                    "Several devices call themselves so: the person at the machine must unplug one, or allow all.");
        return false;
    }
    if (c && !pm_sees_connection(call->api, who, c)) {
        pm_api_fail(call->request, PM_DEVICE_BUSY, "Another application uses this device. Close it there first.");
        return false;
    }
    if (named && !pm_sees_connection(call->api, who, named)) {
        pm_api_fail(call->request, PM_NAME_TAKEN, "Another application has a connection of this name. Choose another.");
        return false;
    }
    return true;
}

static bool refuse_admin(struct pm_call *call)
{
    pm_api_fail(call->request, PM_SESSION_REQUIRED,
                "Only the person at the machine may ask this: in the console, as \"peripheral-manager console\" opens "
                "it, or with the commands of peripheral-manager.");
    return false;
}

static bool refuse_scope(struct pm_call *call)
{
    pm_api_fail(call->request, PM_SCOPE,
                "The token is not for \"%s\". Make one that is: peripheral-manager token create NAME SCOPE.",
                pm_capability_name(call->kind->needs));
    return false;
}

bool pm_call_is_permitted(struct pm_call *call)
{
    enum pm_capability needs = call->kind->needs;
    const struct pm_who *who = call->request->who;
    if (needs == PM_NEEDS_ADMIN || (who->kind == PM_WHO_NOBODY && needs != PM_NEEDS_NONE))
        return who->kind == PM_WHO_PERSON || refuse_admin(call);
    if (needs != PM_NEEDS_NONE && !is_in_scope(who, needs))
        return refuse_scope(call);
    if (who->kind != PM_WHO_PAGE || needs == PM_NEEDS_NONE || needs == PM_NEEDS_LIST)
        return true;
    if (call->connection)
        return pm_may(call->api, who, needs, call->connection->device_id) || refuse_capability(call);
    const char *address = needs == PM_NEEDS_OPEN ? pm_call_text(call, "address") : NULL;
    return !address || may_open(call, address);
}

/* ---- when grants change ---- */

/* To a page that lost it, a connection is closed. */
static void drop_unseen(struct pm_api *a, struct pm_api_client *client, struct pm_connection *c, const char *reason)
{
    struct pm_subscription *s = pm_subscription_find(client, c);
    if (pm_sees_connection(a, client->who, c) || (!s && strcmp(c->options.owner, client->who->origin) != 0))
        return;
    if (c->holder == client)
        pm_claims_release(a, c);
    if (s) {
        client->ops->on_end(client, c, s->cursor);
        pm_unsubscribe(s);
    }
    json_t *data = json_pack("{s:s, s:s}", "name", c->name, "reason", reason);
    pm_api_tell(client, "connection-closed", data, 0);
    json_decref(data);
}

/* Streams end at once. What the origin itself had opened is closed, for those too with whom it was shared. */
static void close_unseen(struct pm_api *a, const char *reason)
{
    const struct pm_link *list = pm_hub_connections(a->hub);
    for (struct pm_link *link = list->next, *next = link->next; link != list; link = next, next = link->next) {
        struct pm_connection *c = pm_container(link, struct pm_connection, link);
        bool shared;
        pm_list_for_each (l, &a->clients) {
            struct pm_api_client *client = pm_container(l, struct pm_api_client, link);
            if (client->who->kind == PM_WHO_PAGE)
                drop_unseen(a, client, c, reason);
        }
        if (!c->options.owner[0] || pm_door_covers(a->door, c->options.owner, c->device_id, &shared) != 0)
            continue;
        c->options.owner[0] = 0;
        pm_hub_deactivate(c, reason);
    }
}

/* What was hidden is seen now; and what a narrower answer took back is seen no more. */
static void on_granted(void *owner, const char *origin)
{
    struct pm_api *a = owner;
    const struct pm_link *list = pm_hub_connections(a->hub);
    pm_list_for_each (link, &a->clients) {
        struct pm_api_client *client = pm_container(link, struct pm_api_client, link);
        if (!client->wants_all || strcmp(client->who->origin, origin) != 0)
            continue;
        for (struct pm_link *l = list->next; l != list; l = l->next) {
            struct pm_connection *c = pm_container(l, struct pm_connection, link);
            if (pm_sees_connection(a, client->who, c))
                pm_subscribe(client, c);
        }
    }
    close_unseen(a, "revoked");
    pm_consent_grants_changed(a);
}

static void on_ended(void *owner, const char *origin, const char *reason)
{
    (void)origin;
    close_unseen(owner, reason);
    pm_consent_grants_changed(owner);
}

static void on_asked(void *owner, const struct pm_consent_request *r)
{
    pm_consent_asked(owner, r);
}

static void on_answered(void *owner, const struct pm_consent_request *r, enum pm_consent_end end)
{
    pm_consent_answered(owner, r, end);
}

/* Who came in by it sees and does nothing any more. */
static void on_token_ended(void *owner, uint32_t number)
{
    struct pm_api *a = owner;
    const struct pm_link *list = pm_hub_connections(a->hub);
    pm_list_for_each (link, &a->clients) {
        struct pm_api_client *client = pm_container(link, struct pm_api_client, link);
        const struct pm_who *who = client->who;
        if (who->token != number)
            continue;
        client->who = &pm_who_left;
        for (struct pm_link *l = list->next; l != list; l = l->next)
            drop_unseen(a, client, pm_container(l, struct pm_connection, link), "revoked");
        pm_api_origin_left(a, who);
    }
}

/* Clients that came in by it go on as the page without a session. */
static void on_session_ended(void *owner, uint32_t number)
{
    static const struct pm_who page = {.kind = PM_WHO_OWN_PAGE};
    struct pm_api *a = owner;
    pm_list_for_each (link, &a->clients) {
        struct pm_api_client *c = pm_container(link, struct pm_api_client, link);
        if (c->who->session != number)
            continue;
        json_t *data = json_object();
        c->who = &page;
        pm_api_tell(c, "session-ended", data, 0);
        json_decref(data);
    }
}

static bool is_here(void *owner, const char *origin)
{
    return pm_api_has_origin(owner, origin);
}

const struct pm_door_ops pm_sight_ops = {on_granted,     on_ended,         on_asked, on_answered,
                                         on_token_ended, on_session_ended, is_here};
