/* options.c - see options.h. */
#include "base/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *value_at(const struct pm_option *o, void *values)
{
    return (char *)values + o->offset;
}

static const void *value_of(const struct pm_option *o, const void *values)
{
    return (const char *)values + o->offset;
}

static size_t size_of(enum pm_option_type type)
{
    static const size_t sizes[] = {
        [PM_OPTION_FLAG] = sizeof(bool),        [PM_OPTION_NUMBER] = sizeof(int64_t),
        [PM_OPTION_DURATION] = sizeof(int64_t), [PM_OPTION_SIZE] = sizeof(int64_t),
        [PM_OPTION_WORD] = sizeof(int),         [PM_OPTION_TEXT] = sizeof(char *),
        [PM_OPTION_PATH] = sizeof(char *),      [PM_OPTION_LIST] = sizeof(struct pm_option_list),
    };
    return sizes[type];
}

static int wrong(char error[PM_OPTION_ERROR], const struct pm_option *o, const char *what)
{
    snprintf(error, PM_OPTION_ERROR, "\"%s\" must be %s", o->name, what);
    return -EINVAL;
}

/* ---- one value ---- */

static int set_flag(const struct pm_option *o, bool *value, const char *text, char error[PM_OPTION_ERROR])
{
    static const char *const yes[] = {"yes", "true", "on", "1"}, *const no[] = {"no", "false", "off", "0"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        bool is_yes = strcmp(text, yes[i]) == 0;
        if (is_yes || strcmp(text, no[i]) == 0) {
            *value = is_yes;
            return 0;
        }
    }
    return wrong(error, o, "yes or no");
}

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit no_unit[] = {{"", 1}, {0}};
static const struct unit times[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {0}};
static const struct unit sizes[] = {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {0}};

static const struct unit *units_of(enum pm_option_type type)
{
    return type == PM_OPTION_DURATION ? times : type == PM_OPTION_SIZE ? sizes : no_unit;
}

/* The largest unit that leaves no remainder. */
static void format_amount(const struct pm_option *o, int64_t amount, char out[40])
{
    const struct unit *units = units_of(o->type), *best = units;
    for (const struct unit *u = units; u->name; u++)
        best = amount != 0 && amount % u->factor == 0 ? u : best;
    snprintf(out, 40, "%lld%s", (long long)(amount / best->factor), best->name);
}

static int set_amount(const struct pm_option *o, int64_t *value, const char *text, char error[PM_OPTION_ERROR])
{
    static const char *const kinds[] = {
        [PM_OPTION_NUMBER] = "a whole number",
        [PM_OPTION_DURATION] = "a time with its unit (ms, s, m, h or d)",
        [PM_OPTION_SIZE] = "a number of bytes, perhaps with K, M or G,",
    };
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool is_number = end != text && errno == 0 && strchr("-0123456789", text[0]);
    for (const struct unit *u = units_of(o->type); is_number && u->name; u++) {
        int64_t amount;
        if (strcmp(u->name, end) != 0 || __builtin_mul_overflow(number, u->factor, &amount) || amount < o->min ||
            amount > o->max)
            continue;
        *value = amount;
        return 0;
    }
    char min[40], max[40], what[160];
    format_amount(o, o->min, min);
    format_amount(o, o->max, max);
    snprintf(what, sizeof(what), "%s from %s to %s", kinds[o->type], min, max);
    return wrong(error, o, what);
}

static int set_word(const struct pm_option *o, int *value, const char *text, char error[PM_OPTION_ERROR])
{
    char what[256] = "one of";
    for (int i = 0; o->words[i]; i++) {
        if (strcmp(o->words[i], text) == 0) {
            *value = i;
            return 0;
        }
        size_t n = strlen(what);
        snprintf(what + n, sizeof(what) - n, "%s %s", i > 0 ? "," : "", o->words[i]);
    }
    return wrong(error, o, what);
}

static int copy_text(const struct pm_option *o, char **ret, const char *text, char error[PM_OPTION_ERROR])
{
    size_t n = strlen(text);
    if (n == 0 || n > PM_OPTION_TEXT_MAX)
        return wrong(error, o, "a text of 1 to 1000 bytes");
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return wrong(error, o, "without control characters");
    }
    *ret = strdup(text);
    if (*ret)
        return 0;
    snprintf(error, PM_OPTION_ERROR, "there is no memory left");
    return -ENOMEM;
}

static int set_text(const struct pm_option *o, char **value, const char *text, char error[PM_OPTION_ERROR])
{
    char *copy;
    if (o->type == PM_OPTION_PATH && text[0] != '/')
        return wrong(error, o, "a path that begins with \"/\"");
    int r = copy_text(o, &copy, text, error);
    if (r < 0)
        return r;
    free(*value);
    *value = copy;
    return 0;
}

static int add_item(const struct pm_option *o, struct pm_option_list *list, const char *text,
                    char error[PM_OPTION_ERROR])
{
    if (list->n == PM_OPTION_LIST_MAX)
        return wrong(error, o, "given 32 times at most");
    int r = copy_text(o, &list->items[list->n], text, error);
    if (r == 0)
        list->n++;
    return r;
}

int pm_option_set(const struct pm_option *o, void *values, const char *text, char error[PM_OPTION_ERROR])
{
    void *value = value_at(o, values);
    switch (o->type) {
    case PM_OPTION_FLAG:
        return set_flag(o, value, text, error);
    case PM_OPTION_WORD:
        return set_word(o, value, text, error);
    case PM_OPTION_TEXT:
    case PM_OPTION_PATH:
        return set_text(o, value, text, error);
    case PM_OPTION_LIST:
        return add_item(o, value, text, error);
    case PM_OPTION_NUMBER:
    case PM_OPTION_DURATION:
    case PM_OPTION_SIZE:
        break;
    }
    return set_amount(o, value, text, error);
}

void pm_options_defaults(const struct pm_option *table, void *values)
{
    char error[PM_OPTION_ERROR];
    for (const struct pm_option *o = table; o->name; o++) {
        memset(value_at(o, values), 0, size_of(o->type));
        if (o->initial)
            pm_option_set(o, values, o->initial, error);
    }
}

static void free_list(struct pm_option_list *list)
{
    while (list->n > 0)
        free(list->items[--list->n]);
}

void pm_options_fini(const struct pm_option *table, void *values)
{
    for (const struct pm_option *o = table; o->name; o++) {
        void *value = value_at(o, values);
        if (o->type == PM_OPTION_LIST)
            free_list(value);
        else if (o->type == PM_OPTION_TEXT || o->type == PM_OPTION_PATH)
            free(*(char **)value);
        memset(value, 0, size_of(o->type));
    }
}

static bool same_list(const struct pm_option_list *a, const struct pm_option_list *b)
{
    if (a->n != b->n)
        return false;
    for (unsigned i = 0; i < a->n; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

bool pm_option_equal(const struct pm_option *o, const void *a, const void *b)
{
    const void *one = value_of(o, a), *two = value_of(o, b);
    if (o->type == PM_OPTION_LIST)
        return same_list(one, two);
    if (o->type != PM_OPTION_TEXT && o->type != PM_OPTION_PATH)
        return memcmp(one, two, size_of(o->type)) == 0;
    const char *x = *(char *const *)one, *y = *(char *const *)two;
    return x && y ? strcmp(x, y) == 0 : x == y;
}

void pm_option_swap(const struct pm_option *o, void *from, void *to)
{
    struct pm_option_list between; /* the largest of all types */
    memcpy(&between, value_of(o, from), size_of(o->type));
    memcpy(value_at(o, from), value_of(o, to), size_of(o->type));
    memcpy(value_at(o, to), &between, size_of(o->type));
}

const struct pm_option *pm_option_find(const struct pm_option *table, const char *section, const char *name)
{
    for (const struct pm_option *o = table; o->name; o++) {
        if (strcmp(o->name, name) == 0 && (!section || (o->section && strcmp(o->section, section) == 0)))
            return o;
    }
    return NULL;
}

/* ---- the command line ---- */

/* A flag has two long options: --name and --no-name. `flag` and `val` of getopt's rows: val is 2 * row, +1 for no. */
struct long_options {
    struct option rows[2 * PM_OPTIONS_MAX + 1];
    char no_names[PM_OPTIONS_MAX][40];
    char letters[2 * PM_OPTIONS_MAX + 2];
};

enum { FIRST_VALUE = 256 }; /* above every letter */

static void list_options(const struct pm_option *table, struct long_options *l)
{
    struct option *row = l->rows;
    char *letter = l->letters;
    *letter++ = ':';
    for (int i = 0; table[i].name && i < PM_OPTIONS_MAX; i++) {
        int argument = table[i].type == PM_OPTION_FLAG ? no_argument : required_argument;
        *row++ = (struct option){table[i].name, argument, NULL, FIRST_VALUE + 2 * i};
        if (table[i].letter)
            *letter++ = table[i].letter;
        if (table[i].letter && argument == required_argument)
            *letter++ = ':';
        if (argument == required_argument)
            continue;
        snprintf(l->no_names[i], sizeof(l->no_names[i]), "no-%s", table[i].name);
        *row++ = (struct option){l->no_names[i], no_argument, NULL, FIRST_VALUE + 2 * i + 1};
    }
}

static const struct pm_option *row_of(const struct pm_option *table, int found)
{
    if (found >= FIRST_VALUE)
        return &table[(found - FIRST_VALUE) / 2];
    for (const struct pm_option *o = table; o->name; o++) {
        if (o->letter == found)
            return o;
    }
    return NULL;
}

static int set_from_line(const struct pm_option *o, void *values, bool no, char *text, char error[PM_OPTION_ERROR])
{
    char path[PM_OPTION_TEXT_MAX + 2], folder[PM_OPTION_TEXT_MAX / 2];
    if (o->type == PM_OPTION_FLAG)
        return pm_option_set(o, values, no ? "no" : "yes", error);
    if (o->type != PM_OPTION_PATH || text[0] == '/' || text[0] == 0 || !getcwd(folder, sizeof(folder)))
        return pm_option_set(o, values, text, error);
    snprintf(path, sizeof(path), "%s/%s", folder, text);
    return pm_option_set(o, values, path, error);
}

int pm_options_parse(const struct pm_option *table, void *values, int argc, char **argv, char error[PM_OPTION_ERROR])
{
    struct long_options l = {0};
    list_options(table, &l);
    optind = 0; /* glibc: start anew */
    opterr = 0;
    for (int found; (found = getopt_long(argc, argv, l.letters, l.rows, NULL)) != -1;) {
        const struct pm_option *o = found == '?' || found == ':' ? NULL : row_of(table, found);
        if (!o) {
            char letter[] = {'-', (char)optopt, 0}; /* its word may hold others, and is not passed yet */
            snprintf(error, PM_OPTION_ERROR, "\"%.100s\" %s",
                     optopt > 0 && optopt < FIRST_VALUE ? letter : argv[optind - 1],
                     found == ':' ? "needs a value behind it" : "is not an option, or not with this value");
            return -EINVAL;
        }
        int r = set_from_line(o, values, found >= FIRST_VALUE && (found & 1), optarg, error);
        if (r < 0)
            return r;
    }
    return optind;
}

/* ---- help ---- */

enum { HELP_TEXT = 26, HELP_END = 80 };

/* Words from `column` on, further lines indented to HELP_TEXT. */
static void print_wrapped(FILE *out, const char *text, int column)
{
    for (const char *word = text; *word;) {
        int n = (int)strcspn(word, " ");
        if (column > HELP_TEXT && column + 1 + n > HELP_END) {
            fprintf(out, "\n%*s", HELP_TEXT, "");
            column = HELP_TEXT;
        }
        fprintf(out, "%s%.*s", column > HELP_TEXT ? " " : "", n, word);
        column += n + (column > HELP_TEXT);
        word += n + (word[n] == ' ');
    }
    fputc('\n', out);
}

void pm_options_help(const struct pm_option *table, bool rare, FILE *out)
{
    for (const struct pm_option *o = table; o->name; o++) {
        char letter[8] = "", text[512];
        if (o->rare != rare)
            continue;
        if (o->letter)
            snprintf(letter, sizeof(letter), "-%c, ", o->letter);
        int column = fprintf(out, "  %s--%s%s%s", letter, o->name, o->argument ? " " : "", o->argument ?: "");
        if (column > HELP_TEXT - 2)
            fputc('\n', out), column = 0;
        fprintf(out, "%*s", HELP_TEXT - column, "");
        bool tell_default = o->initial && o->type != PM_OPTION_FLAG;
        snprintf(text, sizeof(text), "%s%s%s%s", o->purpose, tell_default ? " (default " : "",
                 tell_default ? o->initial : "", tell_default ? ")" : "");
        print_wrapped(out, text, HELP_TEXT);
    }
}
