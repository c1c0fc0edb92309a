/* spelling.c - which member of a request a caller meant who wrote it otherwise: "baudRate" for "baud-rate". */
#include "api/table.h"

#include <ctype.h>
#include <string.h>

enum { WORD_MAX = 48, GUESS_MIN = 5, BEGIN_MIN = 4 };

/* Its letters and digits as small ones: what "baud-rate", "baudRate" and "Baud_Rate" share. 0 if it is too long. */
static size_t fold(const char *word, char out[WORD_MAX])
{
    size_t n = 0;
    for (; *word; word++) {
        if (*word == '-' || *word == '_' || *word == ' ')
            continue;
        if (n == WORD_MAX - 1)
            return 0;
        out[n++] = (char)tolower((unsigned char)*word);
    }
    out[n] = 0;
    return n;
}

/* One letter missing, surplus or another, or two that changed places. */
static bool is_one_slip(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t same = 0;
    if (n_a > n_b)
        return is_one_slip(b, n_b, a, n_a);
    while (same < n_a && a[same] == b[same])
        same++;
    const char *rest_a = a + same, *rest_b = b + same;
    if (n_b == n_a + 1)
        return strcmp(rest_a, rest_b + 1) == 0;
    if (n_a != n_b || n_a == same)
        return false;
    if (strcmp(rest_a + 1, rest_b + 1) == 0)
        return true;
    return rest_a[1] && rest_a[0] == rest_b[1] && rest_a[1] == rest_b[0] && strcmp(rest_a + 2, rest_b + 2) == 0;
}

static bool is_meant(const char *word, const char *name)
{
    char w[WORD_MAX], n[WORD_MAX];
    size_t n_w = fold(word, w), n_n = fold(name, n);
    if (n_w == 0)
        return false;
    return strcmp(w, n) == 0 || (n_w >= BEGIN_MIN && n_w < n_n && memcmp(w, n, n_w) == 0) ||
           (n_n >= GUESS_MIN && is_one_slip(w, n_w, n, n_n));
}

static const struct pm_arg *find(const struct pm_arg *args, const char *name, bool (*like)(const char *, const char *))
{
    for (; args->name; args++) {
        if (like(name, args->name))
            return args;
    }
    return NULL;
}

static bool is_same(const char *word, const char *name)
{
    return strcmp(word, name) == 0;
}

const char *pm_arg_misspelt(const struct pm_arg *args, const json_t *object, const char **ret_meant)
{
    const char *key;
    json_t *value, *members = (json_t *)(uintptr_t)object; /* json_object_foreach() wants it writable */
    json_object_foreach(members, key, value)
    {
        const struct pm_arg *meant = json_is_null(value) || find(args, key, is_same) ? NULL : find(args, key, is_meant);
        if (!meant || json_object_get(object, meant->name))
            continue;
        *ret_meant = meant->name;
        return key;
    }
    return NULL;
}
