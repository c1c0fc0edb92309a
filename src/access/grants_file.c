/* grants_file.c - grants as JSON. Whatever is not exactly what pm_grants_write() writes is refused as a whole: half a
 * file of permissions is none. */
#include "access/grants.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };

/* ---- writing ---- */

static bool is_kept(const struct pm_grant *grant)
{
    return (grant->duration == PM_GRANT_ONE_DAY || grant->duration == PM_GRANT_ALWAYS) && !grant->until_unplug &&
           grant->by != PM_BY_OPTION && grant->by != PM_BY_FOREGROUND;
}

static json_t *write_capabilities(unsigned capabilities)
{
    json_t *array = json_array();
    for (unsigned bit = 1; bit & PM_MAY_ALL; bit <<= 1) {
        if (capabilities & bit)
            json_array_append_new(array, json_string(pm_grant_capability_name(bit)));
    }
    return array;
}

static json_t *write_grant(const struct pm_grant *grant)
{
    char created[PM_TIME_TEXT], used[PM_TIME_TEXT], expires[PM_TIME_TEXT];
    pm_time_write(grant->created, created);
    pm_time_write(grant->last_used, used);
    pm_time_write(grant->expires, expires);
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:b, s:s, s:s, s:s, s:s}", "id", grant->id, "origin", grant->origin,
                     "device", grant->device, "capabilities", write_capabilities(grant->capabilities), "duration",
                     pm_grant_duration_name(grant->duration), "shared", grant->shared, "created", created, "last_used",
                     used, "expires", expires, "by", pm_grant_by_name(grant->by));
}

int pm_grants_write(const struct pm_grants *g, struct pm_bytes *ret)
{
    char clock[PM_TIME_TEXT];
    json_t *array = json_array();
    pm_time_write(g->clock, clock);
    for (struct pm_link *link = g->list.next; link != &g->list; link = link->next) {
        const struct pm_grant *grant = pm_container(link, struct pm_grant, link);
        if (is_kept(grant))
            json_array_append_new(array, write_grant(grant));
    }
    json_t *root = json_pack("{s:i, s:s, s:o, s:o}", "version", VERSION, "clock", clock, "grants", array, "tokens",
                             pm_tokens_write(&g->tokens));
    char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    *ret = pm_bytes_empty(SIZE_MAX);
    int r = text ? pm_bytes_append(ret, text, strlen(text)) : -ENOMEM;
    free(text);
    return r;
}

/* ---- reading ---- */

static bool is_origin(const char *text)
{
    struct pm_origin o;
    return pm_origin_parse(text, strlen(text), &o) == 0 && strcmp(o.text, text) == 0;
}

static bool is_device(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    }
    return n > 0 && n < PM_GRANT_DEVICE;
}

static bool is_id(const struct pm_grants *g, const char *text)
{
    if (strncmp(text, "g_", 2) != 0 || strlen(text) != PM_GRANT_ID ||
        strspn(text + 2, "0123456789abcdef") != PM_GRANT_ID - 2)
        return false;
    for (struct pm_link *link = g->list.next; link != &g->list; link = link->next) {
        if (strcmp(pm_container(link, struct pm_grant, link)->id, text) == 0)
            return false;
    }
    return true;
}

static bool read_capabilities(const json_t *array, unsigned *ret)
{
    size_t i;
    json_t *word;
    *ret = 0;
    json_array_foreach(array, i, word)
    {
        unsigned bit = json_is_string(word) ? pm_grant_capability_of(json_string_value(word)) : 0;
        if (bit == 0 || (*ret & bit))
            return false;
        *ret |= bit;
    }
    return *ret != 0;
}

/* The place of a word among `count` ones, or -1. */
static int read_word(const char *text, const char *(*name)(unsigned), unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(name(i), text) == 0)
            return (int)i;
    }
    return -1;
}

static const char *duration_name(unsigned i)
{
    return pm_grant_duration_name((enum pm_grant_duration)i);
}

static const char *by_name(unsigned i)
{
    return pm_grant_by_name((enum pm_grant_by)i);
}

static int read_grant(struct pm_grants *g, json_t *o)
{
    struct pm_grant_wish wish = {0};
    const char *id, *duration, *by, *created, *used, *expires;
    json_t *capabilities;
    int shared;
    int64_t created_at, used_at, expires_at;
    if (json_unpack(o, "{s:s, s:s, s:s, s:o, s:s, s:b, s:s, s:s, s:s, s:s !}", "id", &id, "origin", &wish.origin,
                    "device", &wish.device, "capabilities", &capabilities, "duration", &duration, "shared", &shared,
                    "created", &created, "last_used", &used, "expires", &expires, "by", &by) < 0)
        return -EBADMSG;
    int word = read_word(duration, duration_name, PM_GRANT_DURATIONS), way = read_word(by, by_name, PM_GRANT_BYS);
    if (!is_id(g, id) || !is_origin(wish.origin) || !is_device(wish.device) ||
        !read_capabilities(capabilities, &wish.capabilities) || word < PM_GRANT_ONE_DAY || way < 0 ||
        !pm_time_read(created, &created_at) || !pm_time_read(used, &used_at) || !pm_time_read(expires, &expires_at) ||
        expires_at == 0)
        return -EBADMSG;
    wish.duration = (enum pm_grant_duration)word;
    wish.by = (enum pm_grant_by)way;
    wish.shared = shared;
    unsigned before = g->n;
    struct pm_grant *grant;
    int r = pm_grants_add(g, &wish, g->clock, &grant);
    if (r < 0)
        return r == -ENOSPC ? -EBADMSG : r;
    if (g->n == before)
        return -EBADMSG; /* the same origin and device twice */
    memcpy(grant->id, id, sizeof(grant->id));
    grant->created = created_at;
    grant->last_used = used_at;
    grant->expires = expires_at;
    return 0;
}

static int read_all(struct pm_grants *g, json_t *root)
{
    const char *clock;
    json_t *array, *tokens = NULL, *item;
    size_t i;
    int version = 0;
    if (json_unpack(root, "{s:i}", "version", &version) == 0 && version > VERSION)
        return -ENOTSUP;
    if (json_unpack(root, "{s:i, s:s, s:o, s?o !}", "version", &version, "clock", &clock, "grants", &array, "tokens",
                    &tokens) < 0 ||
        version != VERSION || !json_is_array(array) || !pm_time_read(clock, &g->clock))
        return -EBADMSG;
    json_array_foreach(array, i, item)
    {
        int r = read_grant(g, item);
        if (r < 0)
            return r;
    }
    return tokens ? pm_tokens_read(&g->tokens, tokens) : 0;
}

int pm_grants_read(struct pm_grants *g, const void *p, size_t n)
{
    json_error_t why;
    json_t *root = json_loadb(p, n, JSON_REJECT_DUPLICATES, &why);
    int r = root ? read_all(g, root) : -EBADMSG;
    json_decref(root);
    if (r < 0) {
        pm_grants_fini(g);
        pm_grants_init(g);
    }
    g->changes = 0;
    return r;
}
