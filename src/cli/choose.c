/* choose.c - see choose.h. */
#include "cli/choose.h"

#include <string.h>

enum { SEVERAL_TOLD = 8 }; /* of those that a word fits */

struct kind {
    const char *event, *list; /* what has them all, and where in the answer */
    const char *const *names; /* members that name one, besides its id; ends with NULL */
    const char *what, *see;   /* for the person: what they are, and the command that shows them */
};

static const char *const question_names[] = {"origin", NULL};
static const struct kind questions = {"consent-list", "requests", question_names, "questions", "requests"};
static const char *const device_names[] = {"address", "by-id", "by-path", "connection", NULL};
static const struct kind devices = {"list-devices", "devices", device_names, "devices", "list"};

/* "ttyUSB0" is "/dev/ttyUSB0", and "app.example" is "https://app.example", but not "https://my.app.example". */
static bool is_called(const char *value, const char *word)
{
    size_t n = strlen(value), k = strlen(word);
    if (k == 0 || k > n || strcmp(value + n - k, word) != 0)
        return false;
    return k == n || value[n - k - 1] == '/' || value[n - k - 1] == ':';
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static bool fits(const struct kind *kind, const json_t *element, const char *word)
{
    for (const char *const *name = kind->names; *name; name++) {
        if (is_called(text_of(element, *name), word))
            return true;
    }
    return false;
}

/* What is called so, or the one whose id it is, which is meant before others that are called so. The caller owns it. */
static json_t *find(const struct kind *kind, const json_t *list, const char *word)
{
    json_t *found = json_array(), *element;
    size_t i;
    json_array_foreach(list, i, element)
    {
        if (strcmp(text_of(element, "id"), word) == 0) {
            json_array_clear(found);
            json_array_append(found, element);
            break;
        }
        if (fits(kind, element, word))
            json_array_append(found, element);
    }
    return found;
}

static enum pm_exit tell_several(const struct kind *kind, const json_t *found, const char *word)
{
    const json_t *element;
    char id[PM_CELL], name[PM_CELL];
    size_t i;
    fprintf(stderr, "\"%s\" fits %zu %s:\n", word, json_array_size(found), kind->what);
    json_array_foreach(found, i, element)
    {
        if (i < SEVERAL_TOLD)
            fprintf(stderr, "  %s  %s\n", pm_session_text(element, "id", id, sizeof(id)),
                    pm_session_text(element, kind->names[0], name, sizeof(name)));
    }
    fprintf(stderr, "Name one by its id. See: peripheral-manager %s\n", kind->see);
    return PM_EXIT_USAGE;
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

enum pm_exit pm_choose_question(struct pm_client *c, const struct pm_common *common, const char *word, json_t *data)
{
    json_t *answer;
    enum pm_exit code = pm_session_ask(c, common, questions.event, NULL, &answer);
    if (code != PM_EXIT_OK)
        return code;
    json_t *id = choose(&questions, json_object_get(answer, questions.list), word);
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
