/* reference.c - prints what the documents say from tables of the code; tools/update-reference puts it there:
 * pm-reference requests|manual|settings|commands */
#include "api/table.h"
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static void write_text(void *owner, const char *text)
{
    fputs(text, owner);
}

static void requests(void)
{
    putchar('\n');
    pm_reference_markdown(write_text, stdout);
    putchar('\n');
}

/* The table of commands in README.md. */
static void commands(void)
{
    puts("\n| command | |\n|---|---|");
    for (const struct pm_command *c = pm_commands; c->name; c++) {
        printf("| `%s%s", c->name, c->arguments[0] ? " " : "");
        for (const char *p = c->arguments; *p; p++)
            printf("%s%c", *p == '|' ? "\\" : "", *p);
        printf("` | %s |\n", c->purpose);
    }
    putchar('\n');
}

/* ---- manual pages, in mdoc(7) ---- */

/* A text on lines of its own, one for each sentence, which nothing in it makes a macro. */
static void roff(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        fputs(*text == '\\' ? "\\e" : (char[]){*text, 0}, stdout);
        if (text[0] == '.' && text[1] == ' ') {
            putchar('\n');
            text++;
        }
    }
}

static void roff_sentence(const char *text)
{
    char first = *text >= 'a' && *text <= 'z' ? (char)(*text - 0x20) : *text;
    if (first == '.' || first == '\'')
        fputs("\\&", stdout);
    putchar(first);
    roff(text + 1);
    puts(".");
}

static void roff_option(const struct pm_option *o)
{
    char text[2 * PM_OPTION_ERROR];
    fputs(".It ", stdout);
    if (o->letter)
        printf("Fl %c , ", o->letter);
    printf("Fl -%s", o->name);
    if (o->argument)
        printf(" Ar %s", o->argument);
    putchar('\n');
    bool tell_default = o->initial && o->type != PM_OPTION_FLAG;
    snprintf(text, sizeof(text), "%s%s%s%s", o->purpose, tell_default ? " (default " : "",
             tell_default ? o->initial : "", tell_default ? ")" : "");
    roff_sentence(text);
}

static bool is_common(const struct pm_option *o)
{
    return strcmp(o->name, "json") == 0 || strcmp(o->name, "runtime-dir") == 0 || strcmp(o->name, "help") == 0;
}

static void roff_options(const struct pm_option *rows, bool common, bool others)
{
    bool any = false;
    for (const struct pm_option *o = rows; o->name; o++) {
        if (!(is_common(o) ? common : others))
            continue;
        if (!any)
            puts(".Bl -tag -width Ds");
        any = true;
        roff_option(o);
    }
    if (any)
        puts(".El");
}

static void roff_command(const struct pm_command *c)
{
    struct pm_command_rows made;
    pm_command_rows(c, &made);
    printf(".Ss %s%s", c->name, c->arguments[0] ? " " : "");
    roff(c->arguments);
    putchar('\n');
    roff_sentence(c->purpose);
    roff_options(made.rows, c->main != NULL, true);
    puts(".Bd -literal -offset indent");
    roff(c->example);
    puts("\n.Ed");
}

static void manual(void)
{
    struct pm_command_rows made;
    puts(".Sh COMMANDS");
    for (const struct pm_command *c = pm_commands; c->name; c++)
        roff_command(c);
    puts(".Ss Options of every command but serve");
    pm_command_rows(pm_command_find("list"), &made);
    roff_options(made.rows, true, false);
}

/* Settings of one section that were not written yet. */
static void roff_section(const char *section)
{
    printf(".Ss [%s]\n.Bl -tag -width Ds\n", section);
    for (const struct pm_option *o = pm_setting_rows; o->name; o++) {
        if (!o->section || strcmp(o->section, section) != 0)
            continue;
        printf(".It Cm %s No = Ar %s\n", o->name, o->argument ? o->argument : "yes|no");
        roff_sentence(o->purpose);
        if (o->initial)
            printf("The default is %s.\n", o->initial);
        if (o->live)
            puts("Takes effect when the file is read again.");
    }
    puts(".El");
}

static void settings(void)
{
    puts(".Sh SETTINGS");
    for (const struct pm_option *o = pm_setting_rows; o->name; o++) {
        bool seen = !o->section;
        for (const struct pm_option *before = pm_setting_rows; before != o && !seen; before++)
            seen = before->section && strcmp(before->section, o->section) == 0;
        if (!seen)
            roff_section(o->section);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(void);
    } parts[] = {{"requests", requests}, {"commands", commands}, {"manual", manual}, {"settings", settings}};
    for (size_t i = 0; argc == 2 && i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strcmp(argv[1], parts[i].name) != 0)
            continue;
        parts[i].write();
        return fflush(stdout) == 0 ? 0 : 1;
    }
    fputs("pm-reference requests|commands|manual|settings\n", stderr);
    return 64;
}
