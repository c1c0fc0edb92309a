/* token.c - the subcommand by which a person lets programs of other users in. */
#include "cli/session.h"

#include <string.h>

static void token_name(const json_t *t, char *out, size_t room)
{
    pm_session_text(t, "name", out, room);
}

static void token_scopes(const json_t *t, char *out, size_t room)
{
    const json_t *word;
    size_t i, n = 0;
    out[0] = 0;
    json_array_foreach(json_object_get(t, "scopes"), i, word)
    {
        if (n < room)
            n += (size_t)snprintf(out + n, room - n, "%s%s", i ? " " : "", json_string_value(word));
    }
}

static void token_used(const json_t *t, char *out, size_t room)
{
    if (json_object_get(t, "last-used"))
        pm_session_text(t, "last-used", out, room);
    else
        snprintf(out, room, "never");
}

static void token_expires(const json_t *t, char *out, size_t room)
{
    pm_session_text(t, "expires", out, room);
}

static void print_list(const json_t *answer)
{
    static const struct pm_column columns[] = {
        {"NAME", token_name}, {"FOR", token_scopes}, {"LAST USED", token_used}, {"HOLDS UNTIL", token_expires}, {0}};
    const json_t *list = json_object_get(answer, "tokens");
    if (json_array_size(list) == 0)
        puts("There are no tokens: programs of other users are turned away.");
    else
        pm_session_print_table(columns, NULL, list);
}

/* The secret alone, so that a script can take it. */
static void print_token(const json_t *answer)
{
    puts(json_string_value(json_object_get(answer, "token")));
    fputs("This is shown once. Send it as Authorization: Bearer, or as auth {token: ...} of Socket.IO.\n", stderr);
    pm_session_print_saved(answer);
}

static enum pm_exit revoke(const struct pm_common *common, const char *request, json_t *data)
{
    char name[PM_CELL], none[PM_CELL + 64];
    snprintf(none, sizeof(none), "There is no token \"%s\". See: peripheral-manager token list",
             pm_session_text(data, "name", name, sizeof(name)));
    return pm_session_revoke(common, request, data, none);
}

static const struct verb {
    const char *word, *request;
    unsigned min, max;                   /* words, itself included */
    void (*print)(const json_t *answer); /* NULL: it is told how many there were */
} verbs[] = {
    {"create", "token-create", 2, 6, print_token},
    {"list", "token-list", 1, 1, print_list},
    {"revoke", "token-revoke", 2, 2, NULL},
};

static const struct verb *find_verb(const char *word, unsigned n)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].word, word) == 0 && n >= verbs[i].min && n <= verbs[i].max)
            return &verbs[i];
    }
    return NULL;
}

static bool add_words(json_t *data, char **words, unsigned n)
{
    bool good = n < 2 || json_object_set_new(data, "name", json_string(words[1])) == 0;
    if (n < 3)
        return good;
    json_t *scopes = json_array();
    for (unsigned i = 2; i < n; i++)
        good = json_array_append_new(scopes, json_string(words[i])) == 0 && good;
    return json_object_set_new(data, "scopes", scopes) == 0 && good;
}

enum pm_exit pm_token_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_common *common = values;
    const struct verb *verb = find_verb(words[0], n);
    json_t *data = json_object();
    if (!verb) {
        json_decref(data);
        return pm_command_usage(self, "It is create NAME [SCOPE]..., list, or revoke NAME");
    }
    if (!add_words(data, words, n)) {
        json_decref(data);
        return pm_command_usage(self, "NAME and SCOPE must be UTF-8 text");
    }
    if (pm_request_collect(self, common, NULL, data) < 0) {
        json_decref(data);
        return PM_EXIT_USAGE;
    }
    if (!verb->print)
        return revoke(common, verb->request, data);
    return pm_session_show(common, verb->request, data, NULL, verb->print);
}
