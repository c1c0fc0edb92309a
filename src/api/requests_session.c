/* requests_session.c - console sessions: codes for the command line, bearers for the page, and which there are. */
#include "api/api_private.h"
#include "api/table.h"

#include <errno.h>
#include <string.h>

static void session_code(struct pm_call *call)
{
    char code[PM_CODE_LENGTH + 1];
    const char *page = pm_door_address(call->api->door);
    if (pm_sessions_code(pm_door_sessions(call->api->door), pm_loop_now(), code) < 0)
        pm_api_fail(call->request, PM_INTERNAL, "The system gives no random bytes.");
    else
        pm_api_answer(call->request,
                      json_pack("{s:s, s:i, s:o}", "code", code, "expires-in", PM_CODE_SECONDS, "address",
                                json_sprintf("%s/console/#c=%s", page, code)),
                      NULL);
}

static void session(struct pm_call *call)
{
    const struct pm_console_session *made;
    const char *code = pm_call_text(call, "code");
    enum pm_who_kind kind = call->request->who->kind;
    if (kind != PM_WHO_NOBODY && kind != PM_WHO_OWN_PAGE) {
        pm_api_fail(call->request, PM_UNSUPPORTED, "Only the console page begins a session.");
        return;
    }
    int r = pm_door_start_session(call->api->door, code, strlen(code), &made);
    if (r == 0)
        pm_api_answer(call->request, json_pack("{s:s, s:i}", "bearer", made->bearer, "expires-in", PM_SESSION_SECONDS),
                      NULL);
    else if (r == -EBUSY)
        pm_api_fail(call->request, PM_BUSY, "Too many wrong codes came: none is looked at for a minute.");
    else
        pm_api_fail(call->request, PM_SESSION_REQUIRED,
                    "This code is wrong, used or too old. Run \"peripheral-manager console\" for a new one.");
}

static void session_list(struct pm_call *call)
{
    const struct pm_sessions *all = pm_door_sessions(call->api->door);
    struct pm_mono now = pm_loop_now();
    json_t *array = json_array();
    for (size_t i = 0; i < PM_SESSIONS_MAX; i++) {
        const struct pm_console_session *s = &all->sessions[i];
        if (s->number)
            json_array_append_new(array, json_pack("{s:I, s:I, s:I, s:b}", "id", (json_int_t)s->number, "started",
                                                   (json_int_t)((now.us - s->started.us) / 1000000), "last-used",
                                                   (json_int_t)((now.us - s->used.us) / 1000000), "this",
                                                   s->number == call->request->who->session));
    }
    pm_api_answer(call->request, json_pack("{s:o}", "sessions", array), NULL);
}

static void session_revoke(struct pm_call *call)
{
    uint32_t number = (uint32_t)pm_call_integer(call, "id", 0);
    unsigned count = pm_sessions_end(pm_door_sessions(call->api->door), number);
    pm_api_answer(call->request, json_pack("{s:i}", "revoked", (int)count), NULL);
}

static const struct pm_arg code_args[] = {
    {"code", PM_ARG_TEXT, .required = true, .min = 1, .max = 100, .purpose = "as `session-code` gave it"}, {0}};
static const struct pm_arg revoke_args[] = {
    {"id", PM_ARG_INTEGER, .min = 1, .max = UINT32_MAX, .fallback = "all of them"}, {0}};

const struct pm_request_kind pm_requests_session[] = {
    {"session-code", NULL, PM_NEEDS_ADMIN, false, NULL, false, session_code,
     "A code that the console page exchanges for a session, once and within a minute.", "code, expires-in, address"},
    {"session", code_args, PM_NEEDS_NONE, false, NULL, false, session,
     "Begin a console session. For the console page alone: `POST /console/api/session`.", "bearer, expires-in"},
    {"session-list", NULL, PM_NEEDS_ADMIN, true, NULL, false, session_list,
     "The console sessions: how many seconds ago they began and were used.", "sessions"},
    {"session-revoke", revoke_args, PM_NEEDS_ADMIN, false, NULL, false, session_revoke, "End console sessions.",
     "revoked"},
    {0},
};
