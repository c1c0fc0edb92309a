/* completion_words.c - see completion_words.h: options and words from the table of commands, names from the daemon. */
#include "cli/completion_words.h"

#include "access/tokens.h"
#include "api/table.h"
#include "cli/session.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_S = 2 }; /* a shell waits for us while a key is pressed */

/* The line as far as it has been typed. */
struct line {
    const struct pm_common *common;
    const struct pm_command *command;
    const char *begin; /* of the word to be completed, or of its last part, */
    const char *kept;  /* behind this, which stays: "--end=" */
    int n_kept;
    const char *given[PM_COMPLETION_WORDS_MAX]; /* words of the command before it that are no options */
    unsigned n_given;
};

static void offer(const struct line *l, const char *word, const char *about)
{
    if (word[0] && strncmp(word, l->begin, strlen(l->begin)) == 0)
        printf("%.*s%s\t%s\n", l->n_kept, l->kept ? l->kept : "", word, about);
}

/* ---- options ---- */

static bool may_be_denied(const struct pm_option *o)
{
    return o->type == PM_OPTION_FLAG && strcmp(o->name, "help") != 0 && strcmp(o->name, "version") != 0;
}

static void offer_options(const struct line *l, const struct pm_option *rows)
{
    char word[PM_CELL];
    for (const struct pm_option *o = rows; o->name; o++) {
        snprintf(word, sizeof(word), "--%s", o->name);
        offer(l, word, o->purpose);
        if (!may_be_denied(o) || strlen(l->begin) <= strlen("--"))
            continue; /* not twice as many before "no" is meant */
        snprintf(word, sizeof(word), "--no-%s", o->name);
        offer(l, word, o->purpose);
    }
}

/* The option that this word is and whose value follows in the next one, or NULL. */
static const struct pm_option *option_awaiting(const struct pm_option *rows, const char *word)
{
    for (const struct pm_option *o = rows; o->name && word[0] == '-'; o++) {
        bool named = word[1] == '-' ? strcmp(word + 2, o->name) == 0 : o->letter && word[1] == o->letter && !word[2];
        if (named && o->type != PM_OPTION_FLAG)
            return o;
    }
    return NULL;
}

/* ---- what the daemon knows ---- */

static void on_alarm(int number)
{
    (void)number;
    _exit(PM_EXIT_OK);
}

/* Ask without a word about what goes wrong. NULL, or the answer, which the caller owns. */
static json_t *ask(const struct line *l, const char *event, json_t *data)
{
    char path[PM_PATH_MAX];
    struct pm_client *client;
    json_t *answer = NULL;
    if (pm_session_path(l->common, path) != PM_EXIT_OK || pm_client_open(path, NULL, NULL, &client) < 0) {
        json_decref(data);
        return NULL;
    }
    if (pm_client_ask(client, event, data, &answer) < 0)
        answer = NULL;
    pm_client_close(client);
    return answer;
}

static void offer_members(const struct line *l, const json_t *array, const char *key, const char *about)
{
    char word[PM_CELL], meaning[PM_CELL];
    const json_t *element;
    size_t i;
    json_array_foreach(array, i, element) offer(l, pm_session_text(element, key, word, sizeof(word)),
                                                pm_session_text(element, about, meaning, sizeof(meaning)));
}

static void offer_known(const struct line *l, const char *event, const char *member, const char *key, const char *about)
{
    json_t *answer = ask(l, event, NULL);
    offer_members(l, json_object_get(answer, member), key, about);
    json_decref(answer);
}

static void offer_connections(const struct line *l)
{
    offer_known(l, "list-connections", "connections", "name", "address");
}

static void offer_devices(const struct line *l, const char *key)
{
    json_t *answer = NULL;
    if (pm_list_devices(l->common, &answer) == PM_EXIT_OK)
        offer_members(l, json_object_get(answer, "devices"), key, "description");
    json_decref(answer);
}

static void offer_addresses(const struct line *l)
{
    offer_devices(l, "address");
}

static void offer_ids(const struct line *l)
{
    offer_devices(l, "id");
}

static void offer_questions(const struct line *l)
{
    offer_known(l, "consent-list", "requests", "id", "origin");
}

static void offer_recordings(const struct line *l)
{
    offer_known(l, "list-recordings", "recordings", "id", "name");
}

static void offer_tokens(const struct line *l)
{
    offer_known(l, "token-list", "tokens", "name", "expires");
}

static void offer_profiles(const struct line *l)
{
    offer_known(l, "list-profiles", "profiles", "id", "name");
}

/* Names of a device's commands; of the arguments of one that is named already. */
static void offer_commands(const struct line *l)
{
    json_t *answer = ask(l, "describe", json_pack("{s:s}", "name", l->given[0]));
    const json_t *commands = json_object_get(json_object_get(answer, "profile"), "commands");
    offer_members(l, commands, "name", "purpose");
    json_decref(answer);
}

static void offer_arguments(const struct line *l)
{
    json_t *answer = ask(l, "describe", json_pack("{s:s}", "name", l->given[0]));
    const json_t *commands = json_object_get(json_object_get(answer, "profile"), "commands"), *command, *argument;
    size_t i, k;
    json_array_foreach(commands, i, command)
    {
        const char *name = json_string_value(json_object_get(command, "name"));
        if (!name || strcmp(name, l->given[1]) != 0)
            continue;
        json_array_foreach(json_object_get(command, "arguments"), k, argument)
        {
            char word[PM_CELL], about[PM_CELL];
            size_t length = strlen(pm_session_text(argument, "name", word, sizeof(word) - 1));
            memcpy(word + length, "=", 2);
            offer(l, word, pm_session_text(argument, "unit", about, sizeof(about)));
        }
    }
    json_decref(answer);
}

/* ---- what we know ourselves ---- */

static void offer_events(const struct line *l)
{
    for (const struct pm_request_area *area = pm_request_areas; area->title; area++) {
        for (const struct pm_request_kind *kind = area->kinds; kind->event; kind++)
            offer(l, kind->event, kind->purpose);
    }
}

static void offer_signals(const struct line *l)
{
    static const char *const names[] = {"dtr", "rts", "break"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char word[PM_CELL];
        snprintf(word, sizeof(word), "%s=on", names[i]);
        offer(l, word, "");
        snprintf(word, sizeof(word), "%s=off", names[i]);
        offer(l, word, "");
    }
}

static void offer_scopes(const struct line *l)
{
    for (const char *const *word = pm_token_scope_words; *word; word++)
        offer(l, *word, "");
}

static void offer_shells(const struct line *l)
{
    offer(l, "bash", "");
    offer(l, "zsh", "");
    offer(l, "fish", "");
}

/* What stands for a word in the table of commands, or an option that has no words of its own; and what fits there. */
static const struct {
    const char *place;
    void (*offer)(const struct line *l);
} sources[] = {
    {"NAME", offer_connections},
    {"OLD", offer_connections},
    {"NAME|ADDRESS", offer_connections},
    {"NAME|ADDRESS", offer_addresses},
    {"ADDRESS", offer_addresses},
    {"DEVICE", offer_ids},
    {"ID|PAGE", offer_questions},
    {"FILE|RECORDING", offer_recordings},
    {"TOKEN", offer_tokens},
    {"COMMAND", offer_commands},
    {"ARGUMENT", offer_arguments},
    {"EVENT", offer_events},
    {"SIGNAL=on|off", offer_signals},
    {"SCOPE", offer_scopes},
    {"SHELL", offer_shells},
    {"--profile", offer_profiles},
    {"--device", offer_ids},
};

/* ---- words that are no options ---- */

static bool is_literal(const char *place)
{
    return place[0] >= 'a' && place[0] <= 'z';
}

static void offer_place(const struct line *l, const char *place)
{
    if (is_literal(place))
        offer(l, place, "");
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (strcmp(place, sources[i].place) == 0)
            sources[i].offer(l);
    }
}

/* "[SCOPE]..." becomes "SCOPE". */
static void strip(char *place)
{
    char *to = place;
    for (const char *c = place; *c; c++) {
        if (!strchr("[].", *c))
            *to++ = *c;
    }
    *to = 0;
}

/* One way to say a command, "create TOKEN [SCOPE]...": offer what stands where the line has come to. */
static void offer_way(const struct line *l, char *way)
{
    char *rest = way, *place = NULL;
    bool repeats = false;
    for (unsigned i = 0; i <= l->n_given; i++) {
        if (!repeats) {
            place = strtok_r(rest, " ", &rest);
            if (!place)
                return;
            repeats = strstr(place, "...") != NULL;
            strip(place);
        }
        if (i < l->n_given && is_literal(place) && strcmp(place, l->given[i]) != 0)
            return; /* another way was taken */
    }
    offer_place(l, place);
}

static void offer_words(const struct line *l)
{
    char ways[PM_CELL], *way = ways;
    snprintf(ways, sizeof(ways), "%s", l->command->arguments);
    for (char *next; way; way = next) {
        next = strstr(way, " | ");
        if (next) {
            *next = 0;
            next += strlen(" | ");
        }
        offer_way(l, way);
    }
}

static void offer_command_names(const struct line *l)
{
    for (const struct pm_command *c = pm_commands; c->name; c++)
        offer(l, c->name, c->purpose);
}

/* ---- the line ---- */

static void offer_values(const struct line *l, const struct pm_option *o)
{
    char place[PM_CELL];
    for (const char *const *word = o->words; word && *word; word++)
        offer(l, *word, "");
    snprintf(place, sizeof(place), "--%s", o->name);
    offer_place(l, place);
}

/* "--end=c": the value is completed behind what is there. */
static void offer_joined(struct line *l, const struct pm_option *rows, const char *equals)
{
    char name[PM_CELL];
    snprintf(name, sizeof(name), "%.*s", (int)(equals - l->begin), l->begin);
    const struct pm_option *o = option_awaiting(rows, name);
    l->kept = l->begin;
    l->n_kept = (int)(equals + 1 - l->begin);
    l->begin = equals + 1;
    if (o)
        offer_values(l, o);
}

void pm_completion_words(const struct pm_common *common, char **words, unsigned n)
{
    struct pm_command_rows made;
    const struct pm_option *awaiting = NULL;
    struct line l = {.common = common, .begin = n ? words[n - 1] : ""};
    signal(SIGALRM, on_alarm);
    alarm(PATIENCE_S);
    if (n < 2 && l.begin[0] != '-') {
        offer_command_names(&l);
        return;
    }
    bool named = words[0][0] != '-';
    l.command = named ? pm_command_find(words[0]) : pm_commands;
    if (!l.command)
        return;
    pm_command_rows(l.command, &made);
    for (unsigned i = named; i + 1 < n; i++) {
        if (awaiting)
            awaiting = NULL; /* this was its value */
        else if (words[i][0] == '-' && words[i][1])
            awaiting = option_awaiting(made.rows, words[i]);
        else if (l.n_given < PM_COMPLETION_WORDS_MAX)
            l.given[l.n_given++] = words[i];
    }
    const char *equals = l.begin[0] == '-' ? strchr(l.begin, '=') : NULL;
    if (awaiting)
        offer_values(&l, awaiting);
    else if (equals)
        offer_joined(&l, made.rows, equals);
    else if (l.begin[0] == '-')
        offer_options(&l, made.rows);
    else
        offer_words(&l);
}
