/* consent.c - the subcommands by which a person lets pages in: what they ask, the answers, and what was allowed. */
#include "cli/session.h"

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
    pm_session_print_list(columns, json_object_get(answer, "requests"), "No page asks for anything.");
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
    char origin[300], description[160], duration[32];
    json_array_foreach(json_object_get(answer, "grants"), i, grant)
    {
        const json_t *device = json_object_get(grant, "device");
        pm_session_text(device, "description", description, sizeof(description));
        printf("%s may use %s (%s).\n", pm_session_text(grant, "origin", origin, sizeof(origin)),
               json_is_string(device) ? "all devices" : description,
               pm_session_text(grant, "duration", duration, sizeof(duration)));
    }
    pm_session_print_saved(answer);
}

/* The ids of the devices that were named. */
static json_t *name_devices(char **words, unsigned n)
{
    if (n == 1 && strcmp(words[0], "*") == 0)
        return json_string("*");
    json_t *array = json_array();
    for (unsigned i = 0; i < n; i++)
        json_array_append_new(array, json_string(words[i]));
    return array;
}

enum pm_exit pm_approve_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_common *common = values;
    json_t *data = json_pack("{s:s}", "id", words[0]);
    if (!data)
        return pm_command_usage(self, "The ID must be UTF-8 text");
    if (n > 1)
        json_object_set_new(data, "devices", name_devices(words + 1, n - 1));
    if (pm_request_collect(self, common, NULL, data) < 0) {
        json_decref(data);
        return PM_EXIT_USAGE;
    }
    return pm_session_show(common, self->request, data, NULL, print_grants);
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
    pm_session_print_list(columns, json_object_get(answer, "grants"), "No page was allowed anything.");
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
