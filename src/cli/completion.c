/* completion.c - the subcommand that writes what a shell needs to complete our commands and options, from their table.
 */
#include "cli/session.h"

#include <string.h>

/* ---- bash, and zsh through its emulation ---- */

static void list_options(const struct pm_option *rows)
{
    for (const struct pm_option *o = rows; o->name; o++) {
        printf(" --%s", o->name);
        if (o->type == PM_OPTION_FLAG && strcmp(o->name, "help") != 0 && strcmp(o->name, "version") != 0)
            printf(" --no-%s", o->name);
    }
}

static void list_words(const struct pm_option *rows)
{
    for (const struct pm_option *o = rows; o->name; o++) {
        if (!o->words)
            continue;
        printf("            --%s) words=\"", o->name);
        for (const char *const *word = o->words; *word; word++)
            printf("%s%s", word == o->words ? "" : " ", *word);
        puts("\" ;;");
    }
}

/* What the command's first word is: from the running daemon, so that names can be completed too. */
static const char *words_command(const struct pm_command *c)
{
    bool address = strstr(c->arguments, "ADDRESS") != NULL;
    if (address && c->min_words == 1)
        return "{ peripheral-manager connections; peripheral-manager list; }";
    if (address)
        return "peripheral-manager list";
    return strncmp(c->arguments, "NAME", 4) == 0 || strncmp(c->arguments, "OLD", 3) == 0
               ? "peripheral-manager connections"
               : NULL;
}

static void bash_command(const struct pm_command *c)
{
    struct pm_command_rows made;
    const char *words = words_command(c);
    pm_command_rows(c, &made);
    printf("    %s)\n        options=\"", c->name);
    list_options(made.rows);
    printf("\"\n        case $previous in\n");
    list_words(made.rows);
    printf("            *)");
    if (words)
        printf(" words=$(%s 2>/dev/null | awk '$1 !~ /^(NAME|ADDRESS|No)$/ && $1 !~ /:$/ {print $1}')", words);
    puts(" ;;\n        esac ;;");
}

static void bash(void)
{
    puts("# Completion of peripheral-manager for bash; made by: peripheral-manager completion bash\n"
         "_peripheral_manager() {\n"
         "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "    local command=\"\" options words=\"\" commands i");
    printf("    commands=\"");
    for (const struct pm_command *c = pm_commands; c->name; c++)
        printf("%s%s", c == pm_commands ? "" : " ", c->name);
    puts("\"\n    for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "        if [[ \" $commands \" == *\" ${COMP_WORDS[i]} \"* ]]; then command=${COMP_WORDS[i]}; break; fi\n"
         "    done\n"
         "    case ${command:-serve} in");
    for (const struct pm_command *c = pm_commands; c->name; c++)
        bash_command(c);
    puts("    esac\n"
         "    [[ -n $command ]] || words=${words:-$commands}\n"
         "    [[ $current != -* ]] || words=$options\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "}\n"
         "complete -o default -F _peripheral_manager peripheral-manager");
}

static void zsh(void)
{
    puts("#compdef peripheral-manager\nautoload -Uz bashcompinit && bashcompinit");
    bash();
}

/* ---- fish ---- */

/* In single quotes, where fish knows \' and \\. */
static void fish_text(const char *text)
{
    putchar('\'');
    for (; *text; text++)
        printf("%s%c", *text == '\'' || *text == '\\' ? "\\" : "", *text);
    putchar('\'');
}

static void fish_option(const struct pm_command *c, const struct pm_option *o)
{
    printf("complete -c peripheral-manager -n '__fish_seen_subcommand_from %s' -l %s", c->name, o->name);
    if (o->letter)
        printf(" -s %c", o->letter);
    if (o->type != PM_OPTION_FLAG)
        fputs(o->type == PM_OPTION_PATH ? " -r" : " -x", stdout);
    if (o->words) {
        fputs(" -a '", stdout);
        for (const char *const *word = o->words; *word; word++)
            printf("%s ", *word);
        putchar('\'');
    }
    fputs(" -d ", stdout);
    fish_text(o->purpose);
    putchar('\n');
}

static void fish(void)
{
    puts("# Completion of peripheral-manager for fish; made by: peripheral-manager completion fish\n"
         "complete -c peripheral-manager -f");
    for (const struct pm_command *c = pm_commands; c->name; c++) {
        struct pm_command_rows made;
        printf("complete -c peripheral-manager -n __fish_use_subcommand -a %s -d ", c->name);
        fish_text(c->purpose);
        putchar('\n');
        pm_command_rows(c, &made);
        for (const struct pm_option *o = made.rows; o->name; o++)
            fish_option(c, o);
    }
}

enum pm_exit pm_completion_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    static const struct {
        const char *shell;
        void (*write)(void);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    (void)values, (void)n;
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(words[0], shells[i].shell) == 0) {
            shells[i].write();
            return PM_EXIT_OK;
        }
    }
    return pm_command_usage(self, "SHELL must be bash, zsh or fish");
}
