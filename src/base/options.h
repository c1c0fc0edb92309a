/* options.h - options and settings from one table: its rows say how a value is called, what it may be, and where it
 * goes; the command line, the configuration file and the help are readers of the same rows. */
#ifndef PM_BASE_OPTIONS_H
#define PM_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    PM_OPTIONS_MAX = 96,       /* rows of a table */
    PM_OPTION_LIST_MAX = 32,   /* items of a list */
    PM_OPTION_TEXT_MAX = 1000, /* bytes of a text, a path, or one item of a list */
    PM_OPTION_ERROR = 512,     /* bytes of an error message, its end included */
};

/* A type and what lies at its row's offset. */
enum pm_option_type {
    PM_OPTION_FLAG,     /* bool: --name, --no-name; in a file yes/no, true/false, on/off */
    PM_OPTION_NUMBER,   /* int64_t within min..max */
    PM_OPTION_DURATION, /* int64_t in milliseconds within min..max: "250ms", "30s", "5m", "12h", "90d" */
    PM_OPTION_SIZE,     /* int64_t in bytes within min..max: "4096", "64K", "1M", "2G" */
    PM_OPTION_WORD,     /* int: the place in `words` */
    PM_OPTION_TEXT,     /* char *, owned, NULL when not given */
    PM_OPTION_PATH,     /* the same, absolute; on the command line one may be relative to the working folder */
    PM_OPTION_LIST,     /* struct pm_option_list: each giving adds an item */
};

struct pm_option_list {
    char *items[PM_OPTION_LIST_MAX]; /* owned */
    unsigned n;
};

/* One row. A table ends with a row whose name is NULL. */
struct pm_option {
    const char *name;    /* "allow-origin": the option is --allow-origin, the key in the file the same word */
    char letter;         /* a short option too, or 0 */
    const char *section; /* of the configuration file; NULL: an option only */
    enum pm_option_type type;
    size_t offset; /* of the value in the struct that the table describes */
    int64_t min, max;
    const char *const *words; /* WORD: ends with NULL */
    const char *initial;      /* the default, as it would be written; NULL: false, 0, nothing */
    const char *argument;     /* how the help calls the value: "N", "URL"; NULL for flags */
    const char *purpose;      /* one line for the help and the manual */
    bool live;                /* takes effect when the configuration is read again, without a restart */
    bool rare;                /* most people never need it: it has a help of its own */
};

/* Set every value to its default. The struct is taken as uninitialised. */
void pm_options_defaults(const struct pm_option *table, void *values);

/* Give back what the values own. */
void pm_options_fini(const struct pm_option *table, void *values);

/* Set one value from text. 0, or -EINVAL (-ENOMEM) with a message that names what would be right; the value is then as
 * it was. */
int pm_option_set(const struct pm_option *o, void *values, const char *text, char error[PM_OPTION_ERROR]);

/* Read a command line; argv[0] is skipped. Words that are no options are moved behind them. Returns the place of the
 * first such word in argv, or -EINVAL with a message. */
int pm_options_parse(const struct pm_option *table, void *values, int argc, char **argv, char error[PM_OPTION_ERROR]);

/* The row of this section and name, or NULL. `section` NULL: in any. */
const struct pm_option *pm_option_find(const struct pm_option *table, const char *section, const char *name);

/* Do two structs hold the same value? And: give `to` the value of `from`, which gets the other's. */
bool pm_option_equal(const struct pm_option *o, const void *a, const void *b);
void pm_option_swap(const struct pm_option *o, void *from, void *to);

/* Write the help on the rare ones or on all others, one option to a line, wrapped at 80 columns. */
void pm_options_help(const struct pm_option *table, bool rare, FILE *out);

#endif
