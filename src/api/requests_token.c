/* requests_token.c - tokens for programs of other users: made, listed, ended. For the person alone. */
#include "api/api_private.h"
#include "api/table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A change that must be on the disk before it is confirmed. */
struct change {
    struct pm_door_saving saving;
    struct pm_api_request *request;
    json_t *answer;
};

static void on_saved(struct pm_door_saving *s, int error)
{
    struct change *c = pm_container(s, struct change, saving);
    json_object_set_new(c->answer, "saved", json_boolean(error == 0));
    pm_api_answer(c->request, c->answer, NULL);
    free(c);
}

/* Takes `answer`. */
static void answer_when_saved(struct pm_call *call, struct change *c, json_t *answer)
{
    *c = (struct change){.saving.done = on_saved, .request = call->request, .answer = answer};
    if (call->request->client)
        pm_list_append(&call->request->client->requests, &call->request->link);
    pm_door_save(call->api->door, &c->saving);
}

static unsigned read_scopes(const struct pm_call *call)
{
    const json_t *array = json_object_get(call->data, "scopes");
    unsigned bits = PM_SCOPE_READ;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *word = json_string_value(json_array_get(array, i));
        for (unsigned k = 0; pm_token_scope_words[k]; k++)
            bits |= strcmp(word, pm_token_scope_words[k]) == 0 ? 1u << k : 0;
    }
    return bits;
}

static void token_create(struct pm_call *call)
{
    const char *name = pm_call_text(call, "name");
    char token[PM_TOKEN_LENGTH + 1];
    if (!pm_token_is_name(name)) {
        pm_api_fail(call->request, PM_BAD_REQUEST,
                    "\"name\" must be of letters, digits, \".\", \"_\" and \"-\", at most 32.");
        return;
    }
    struct change *c = malloc(sizeof(*c));
    int r = c ? pm_door_create_token(call->api->door, name, read_scopes(call),
                                     (unsigned)pm_call_integer(call, "days", PM_TOKEN_DAYS), token)
              : -ENOMEM;
    if (r == 0) {
        answer_when_saved(call, c, json_pack("{s:s, s:s}", "name", name, "token", token));
        return;
    }
    free(c);
    if (r == -EEXIST)
        pm_api_fail(call->request, PM_NAME_TAKEN, "There is a token \"%s\" already. Revoke it first.", name);
    else if (r == -ENOSPC)
        pm_api_fail(call->request, PM_TOO_MANY_OPEN, "There are as many tokens as can be held. Revoke some first.");
    else
        pm_api_fail(call->request, PM_INTERNAL, "%s.", strerror(-r));
}

static json_t *describe_token(const struct pm_token *t)
{
    char created[PM_TIME_TEXT], used[PM_TIME_TEXT], expires[PM_TIME_TEXT];
    json_t *scopes = json_array();
    for (unsigned i = 0; pm_token_scope_words[i]; i++) {
        if (t->scopes & 1u << i)
            json_array_append_new(scopes, json_string(pm_token_scope_words[i]));
    }
    pm_time_write(t->created, created);
    pm_time_write(t->last_used, used);
    pm_time_write(t->expires, expires);
    return json_pack("{s:s, s:o, s:s, s:s*, s:s}", "name", t->name, "scopes", scopes, "created", created, "last-used",
                     t->last_used ? used : NULL, "expires", expires);
}

static void token_list(struct pm_call *call)
{
    const struct pm_tokens *all = &pm_door_grants(call->api->door)->tokens;
    json_t *array = json_array();
    for (size_t i = 0; i < PM_TOKENS_MAX; i++) {
        if (all->tokens[i].name[0])
            json_array_append_new(array, describe_token(&all->tokens[i]));
    }
    pm_api_answer(call->request, json_pack("{s:o}", "tokens", array), NULL);
}

static void token_revoke(struct pm_call *call)
{
    struct change *c = malloc(sizeof(*c));
    if (!c) {
        pm_api_fail(call->request, PM_INTERNAL, "There is no memory left.");
        return;
    }
    int count = pm_door_revoke_token(call->api->door, pm_call_text(call, "name"));
    answer_when_saved(call, c, json_pack("{s:i}", "revoked", count));
}

static const struct pm_arg scope = {"scope", PM_ARG_WORD, .words = pm_token_scope_words};
static const struct pm_arg create_args[] = {
    {"name", PM_ARG_TEXT, .required = true, .min = 1, .max = PM_TOKEN_NAME - 1, .purpose = "to know it by"},
    {"scopes", PM_ARG_ARRAY, .min = 1, .max = 4, .of = &scope, .fallback = "[\"read\"]",
     .purpose = "what it is for; to read is in each, and `write` is to open and close too"},
    {"days", PM_ARG_INTEGER, .min = 1, .max = PM_TOKEN_DAYS_MAX, .fallback = "90", .purpose = "how many days it holds"},
    {0},
};
static_assert(PM_TOKEN_DAYS == 90, "as the reference says");
static const struct pm_arg revoke_args[] = {{"name", PM_ARG_TEXT, .required = true, .min = 1, .max = PM_TOKEN_NAME - 1},
                                            {0}};

const struct pm_request_kind pm_requests_token[] = {
    {"token-create", create_args, PM_NEEDS_ADMIN, false, NULL, false, token_create,
     "Make a token, by which programs of other users come in: `Authorization: Bearer …`, or `auth: {token: \"…\"}` of "
     "Socket.IO. It is shown this once. `saved` is false if the disk refused: then it holds for this run only.",
     "name, token, saved"},
    {"token-list", NULL, PM_NEEDS_ADMIN, true, NULL, false, token_list, "The tokens that there are.", "tokens"},
    {"token-revoke", revoke_args, PM_NEEDS_ADMIN, false, NULL, false, token_revoke,
     "End a token; clients that came in by it see nothing any more.", "revoked, saved"},
    {0},
};
