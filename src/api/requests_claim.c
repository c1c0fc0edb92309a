/* requests_claim.c - a client may claim a connection, so that nobody else writes to it meanwhile. */
#include "api/api_private.h"
#include "api/table.h"

static void tell(struct pm_api *a, const char *event, const struct pm_connection *c)
{
    pm_api_broadcast(a, c, event, json_pack("{s:s}", "name", c->name));
}

static bool fail_claimed(struct pm_call *call)
{
    pm_api_fail(call->request, PM_CLAIMED,
                "Another client has claimed \"%s\". It can be written to again when that client releases it or leaves.",
                call->connection->name);
    return false;
}

static bool is_held_by_another(const struct pm_call *call)
{
    const struct pm_connection *c = call->connection;
    return c->holder && c->holder != call->request->client;
}

bool pm_claims_allow(struct pm_call *call)
{
    bool writes = call->kind->needs == PM_NEEDS_WRITE || call->kind->needs == PM_NEEDS_CONTROL;
    return !writes || !call->connection || !is_held_by_another(call) || fail_claimed(call);
}

void pm_claims_release(struct pm_api *a, struct pm_connection *c)
{
    c->holder = NULL;
    tell(a, "connection-released", c);
}

void pm_claims_drop(struct pm_api_client *client)
{
    const struct pm_link *list = pm_hub_connections(client->api->hub);
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        struct pm_connection *c = pm_container(link, struct pm_connection, link);
        if (c->holder == client)
            pm_claims_release(client->api, c);
    }
}

static void claim(struct pm_call *call)
{
    struct pm_connection *c = call->connection;
    struct pm_api_client *client = call->request->client;
    if (!client) {
        pm_api_fail(call->request, PM_UNSUPPORTED,
                    "Only a client that stays connected can hold a claim: use Socket.IO.");
        return;
    }
    if (!c->holder) {
        c->holder = client;
        tell(call->api, "connection-claimed", c);
    }
    pm_api_answer(call->request, NULL, NULL);
}

static void release(struct pm_call *call)
{
    if (call->connection->holder)
        pm_claims_release(call->api, call->connection);
    pm_api_answer(call->request, NULL, NULL);
}

static const struct pm_arg name_args[] = {{"name", PM_ARG_CONNECTION, .required = true}, {0}};

const struct pm_request_kind pm_requests_claim[] = {
    {"claim", name_args, PM_NEEDS_WRITE, false, NULL, false, claim,
     "Be the only one who may write to a connection or change its line, until `release` or until this client leaves. "
     "Others may close and rename it.",
     NULL},
    {"release", name_args, PM_NEEDS_WRITE, false, NULL, false, release, "Give a claim up.", NULL},
    {0},
};
