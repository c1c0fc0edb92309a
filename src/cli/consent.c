/* consent.c - the subcommands by which a person lets pages in: what they ask, the answers, and what was allowed. */
#include "cli/choose.h"
#include "cli/session.h"

#include "base/utf8.h"

#include <string.h>

/* ---- questions ---- */

static void question_id(const json_t *q, char *out, size_t room)
{
    pm_session_text(q, "id", out, room);
}

static void question_origin(const json_t *q, char *out, size_t room)
{
    pm_session_text(q, "origin", out, room);
}

static void question_devices(const json_t *q, char *out, size_t room)
{
    size_t n = json_array_size(json_object_get(q, "devices"));
    bool one = json_is_true(json_object_get(q, "one-device"));
    snprintf(out, room, one ? "one of %zu" : "%zu", n);
}

static void question_left(const json_t *q, char *out, size_t room)
{
    snprintf(out, room, "%lld s", (long long)json_integer_value(json_object_get(q, "expires-in")));
}

static void question_reason(const json_t *q, char *out, size_t room)
{
    pm_session_text(q, "reason", out, room);
}

static void print_questions(const json_t *answer)
{
    static const struct pm_column columns[] = {{"ID", question_id},           {"PAGE", question_origin},
                                               {"DEVICES", question_devices}, {"TIME LEFT", question_left},
                                               {"REASON", question_reason},   {0}};
    pm_session_print_list(columns, "REASON", json_object_get(answer, "requests"), "No page asks for anything.");
}

enum pm_exit pm_questions_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    (void)self, (void)words, (void)n;
    return pm_session_show(values, "consent-list", NULL, "requests", print_questions);
}

/* ---- answers ---- */

static void print_grants(const json_t *answer)
{
    const json_t *grant;
    size_t i;
    char origin[300], id[PM_CELL], description[160], duration[32];
    json_array_foreach(json_object_get(answer, "grants"), i, grant)
    {
        const json_t *device = json_object_get(grant, "device");
        pm_session_text(grant, "origin", origin, sizeof(origin));
        pm_session_text(grant, "duration", duration, sizeof(duration));
        pm_session_text(device, "id", id, sizeof(id));
        pm_session_text(device, "description", description, sizeof(description));
        if (json_is_string(device))
            printf("%s may use all devices (%s).\n", origin, duration);
        else
            printf("%s may use %s%s%s%s (%s).\n", origin, id, description[0] ? ", \"" : "", description,
                   description[0] ? "\"" : "", duration);
    }
    pm_session_print_saved(answer);
}

/* Answer a question: `data` has how, and is taken; the words name the question, and devices if it is let in. */
static enum pm_exit answer(const struct pm_command *self, const struct pm_common *common, char **words, unsigned n,
                           json_t *data)
{
    struct pm_client *client;
    json_t *result;
    enum pm_exit code = pm_session_open(common, NULL, NULL, &client);
    if (code != PM_EXIT_OK) {
        json_decref(data);
        return code;
    }
    code = pm_choose_question(client, common, words[0], data);
    if (code == PM_EXIT_OK && n > 1)
        code = pm_choose_devices(client, common, words + 1, n - 1, data);
    if (code == PM_EXIT_OK)
        code = pm_session_ask(client, common, self->request, json_incref(data), &result);
    json_decref(data);
    pm_client_close(client);
    if (code == PM_EXIT_OK)
        pm_session_tell(common, result, NULL, print_grants);
    return code;
}

enum pm_exit pm_answer_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    json_t *data = json_object();
    for (unsigned i = 0; i < n; i++) {
        if (pm_utf8_valid(words[i], strlen(words[i])))
            continue;
        json_decref(data);
        return pm_command_usage(self, "ID and DEVICE must be UTF-8 text");
    }
    if (pm_request_collect(self, values, NULL, data) < 0) {
        json_decref(data);
        return PM_EXIT_USAGE;
    }
    return answer(self, values, words, n, data);
}

/* ---- grants ---- */

static void grant_id(const json_t *g, char *out, size_t room)
{
    pm_session_text(g, "id", out, room);
}

static void grant_origin(const json_t *g, char *out, size_t room)
{
    pm_session_text(g, "origin", out, room);
}

static void grant_device(const json_t *g, char *out, size_t room)
{
    const json_t *device = json_object_get(g, "device");
    if (json_is_object(device))
        pm_session_text(device, "id", out, room);
    else
        snprintf(out, room, "all");
}

static void grant_duration(const json_t *g, char *out, size_t room)
{
    pm_session_text(g, "duration", out, room);
}

static void grant_used(const json_t *g, char *out, size_t room)
{
    pm_session_text(g, "last-used", out, room);
}

static void print_allowed(const json_t *answer)
{
    static const struct pm_column columns[] = {{"ID", grant_id},          {"PAGE", grant_origin},
                                               {"DEVICE", grant_device},  {"DURATION", grant_duration},
                                               {"LAST USED", grant_used}, {0}};
    pm_session_print_list(columns, "DEVICE", json_object_get(answer, "grants"), "No page was allowed anything.");
}

enum pm_exit pm_grants_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    (void)self, (void)words, (void)n;
    return pm_session_show(values, "grant-list", NULL, "grants", print_allowed);
}

enum pm_exit pm_revoke_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_common *common = values;
    json_t *data = json_object();
    (void)words, (void)n;
    if (pm_request_collect(self, common, NULL, data) < 0) {
        json_decref(data);
        return PM_EXIT_USAGE;
    }
    if (json_object_size(data) == 0) {
        json_decref(data);
        return pm_command_usage(self, "Name what is to end: --id, --origin, --device, or --all yes");
    }
    return pm_session_revoke(common, self->request, data, "No grant fits that. See: peripheral-manager grants");
}
