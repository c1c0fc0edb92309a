/* choose.c - see choose.h. */
#include "cli/choose.h"

#include <ctype.h>
#include <string.h>

enum { SEVERAL_TOLD = 8 }; /* of those that a word fits */

/* A member that names something, and what stands before the last part of it, which names it too. Connections' names are
 * not among them: pages choose those. */
struct name {
    const char *member, *before;
};

struct kind {
    const char *event, *list; /* what has them all, and where in the answer */
    const struct name *names; /* besides the id; ends with {0} */
    const char *what, *see;   /* for the person: what they are, and the command that shows them */
};

static const struct name question_names[] = {{"origin", "/"}, {0}};
static const struct kind questions = {"consent-list", "requests", question_names, "questions", "requests"};
static const struct name device_names[] = {{"address", "/:"}, {"by-id", "/"}, {"by-path", "/"}, {0}};
static const struct kind devices = {"list-devices", "devices", device_names, "devices", "list"};

/* How surely a word means something: what it names by its id is meant before what it names whole, and that before
 * "ttyUSB0", which is the last part of "/dev/ttyUSB0". */
enum rank { NOT, PART, WHOLE, ID };

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static enum rank rank_of_name(const char *value, const char *before, const char *word)
{
    size_t n = strlen(value), k = strlen(word);
    if (k == 0 || k > n || strcmp(value + n - k, word) != 0)
        return NOT;
    return k == n ? WHOLE : strchr(before, value[n - k - 1]) ? PART : NOT;
}

static enum rank rank_of(const struct kind *kind, const json_t *element, const char *word)
{
    enum rank best = strcmp(text_of(element, "id"), word) == 0 ? ID : NOT;
    for (const struct name *name = kind->names; name->member; name++) {
        enum rank rank = rank_of_name(text_of(element, name->member), name->before, word);
        best = rank > best ? rank : best;
    }
    return best;
}

/* Those that the word means most surely. The caller owns it. */
static json_t *find(const struct kind *kind, const json_t *list, const char *word)
{
    json_t *found = json_array(), *element;
    enum rank best = PART;
    size_t i;
    json_array_foreach(list, i, element)
    {
        enum rank rank = rank_of(kind, element, word);
        if (rank < best)
            continue;
        if (rank > best)
            json_array_clear(found);
        best = rank;
        json_array_append(found, element);
    }
    return found;
}

static void tell_several(const struct kind *kind, const json_t *found, const char *word)
{
    const json_t *element;
    char id[PM_CELL], name[PM_CELL];
    size_t i, n = json_array_size(found);
    fprintf(stderr, "\"%s\" fits %zu %s:\n", word, n, kind->what);
    json_array_foreach(found, i, element)
    {
        if (i < SEVERAL_TOLD)
            fprintf(stderr, "  %s  %s\n", pm_session_text(element, "id", id, sizeof(id)),
                    pm_session_text(element, kind->names[0].member, name, sizeof(name)));
    }
    if (n > SEVERAL_TOLD)
        fprintf(stderr, "  and %zu more\n", n - SEVERAL_TOLD);
    fprintf(stderr, "Name one by its id. See: peripheral-manager %s\n", kind->see);
}

/* The id of what the word names, as a JSON text; NULL after saying that it fits several. */
static json_t *choose(const struct kind *kind, const json_t *list, const char *word)
{
    json_t *found = find(kind, list, word), *id = NULL;
    if (json_array_size(found) > 1)
        tell_several(kind, found, word);
    else
        id = json_string(json_array_size(found) == 1 ? text_of(json_array_get(found, 0), "id") : word);
    json_decref(found);
    return id;
}

/* As an address bar has it: "https://App.Example/" is "https://app.example". */
static void tidy_origin(const char *word, char *out, size_t room)
{
    size_t n = 0;
    for (; word[n] && n < room - 1; n++)
        out[n] = (char)tolower((unsigned char)word[n]);
    while (n > 0 && out[n - 1] == '/')
        n--;
    out[n] = 0;
}

enum pm_exit pm_choose_question(struct pm_client *c, const struct pm_common *common, const char *word, json_t *data)
{
    json_t *answer;
    char origin[PM_CELL];
    tidy_origin(word, origin, sizeof(origin));
    enum pm_exit code = pm_session_ask(c, common, questions.event, NULL, &answer);
    if (code != PM_EXIT_OK)
        return code;
    json_t *id = choose(&questions, json_object_get(answer, questions.list), origin);
    json_decref(answer);
    return id && json_object_set_new(data, "id", id) == 0 ? PM_EXIT_OK : PM_EXIT_USAGE;
}

enum pm_exit pm_choose_devices(struct pm_client *c, const struct pm_common *common, char **words, unsigned n,
                               json_t *data)
{
    json_t *answer = NULL, *ids = json_array();
    if (n == 1 && strcmp(words[0], "*") == 0) {
        json_decref(ids);
        return json_object_set_new(data, "devices", json_string("*")) == 0 ? PM_EXIT_OK : PM_EXIT_OS;
    }
    enum pm_exit code = pm_session_ask(c, common, devices.event, NULL, &answer);
    for (unsigned i = 0; i < n && code == PM_EXIT_OK; i++) {
        json_t *id = choose(&devices, json_object_get(answer, devices.list), words[i]);
        if (!id || json_array_append_new(ids, id) < 0)
            code = PM_EXIT_USAGE;
    }
    json_decref(answer);
    return json_object_set_new(data, "devices", ids) == 0 ? code : PM_EXIT_OS;
}
