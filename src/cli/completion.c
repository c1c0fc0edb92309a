/* completion.c - the subcommand that writes what a shell needs to complete our commands and options, from their table.
 */
#include "cli/session.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_S = 2 }; /* a shell waits for us while a key is pressed */

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
    if (c->run == pm_device_command)
        printf(" words=$(peripheral-manager completion device \"${COMP_WORDS[@]:i+1:COMP_CWORD-i-1}\" 2>/dev/null)");
    else if (words)
        printf(" words=$(%s 2>/dev/null | awk '$1 !~ /^(NAME|ADDRESS|No)$/ && $1 !~ /:$/ {print $1}')", words);
    puts(" ;;\n        esac ;;");
}

static void bash(void)
{
    puts("# Completion of peripheral-manager for bash; made by: peripheral-manager completion bash\n"
         "_peripheral_manager() {\n"
         "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "    local command=\"\" options words=\"\" commands word i");
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
         /* names come from elsewhere: nothing of them is expanded here, nor on the line where they are put */
         "    COMPREPLY=()\n"
         "    while IFS= read -r word; do\n"
         "        [[ -n $word && $word == \"$current\"* ]] || continue\n"
         "        printf -v word %q \"$word\"\n"
         "        COMPREPLY+=(\"$word\")\n"
         "    done <<< \"${words// /$'\\n'}\"\n"
         "    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null || true\n"
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
        if (c->run == pm_device_command)
            printf("complete -c peripheral-manager -n '__fish_seen_subcommand_from %s' -a '(peripheral-manager "
                   "completion device (commandline -opc)[3..-1] 2>/dev/null)'\n",
                   c->name);
    }
}

/* ---- what a device can be told ---- */

static void on_alarm(int number)
{
    (void)number;
    _exit(PM_EXIT_OK);
}

static void print_names(const json_t *array, const char *after)
{
    char name[PM_CELL];
    for (size_t i = 0; i < json_array_size(array); i++)
        printf("%s%s\n", pm_session_text(json_array_get(array, i), "name", name, sizeof(name)), after);
}

/* Names of connections; of the commands of one; of the arguments of such a command, with the words that they take. */
static void print_device_words(struct pm_client *client, char **words, unsigned n)
{
    json_t *answer = NULL;
    if (pm_client_ask(client, n == 0 ? "list-connections" : "describe",
                      n == 0 ? NULL : json_pack("{s:s}", "name", words[0]), &answer) < 0)
        return;
    const json_t *commands = json_object_get(json_object_get(answer, "profile"), "commands");
    if (n < 2)
        print_names(n == 0 ? json_object_get(answer, "connections") : commands, "");
    for (size_t i = 0; n >= 2 && i < json_array_size(commands); i++) {
        const json_t *command = json_array_get(commands, i);
        const char *name = json_string_value(json_object_get(command, "name"));
        if (name && strcmp(name, words[1]) == 0)
            print_names(json_object_get(command, "arguments"), "=");
    }
    json_decref(answer);
}

/* Says nothing where there is no daemon, or one that hangs. */
static enum pm_exit complete_device(const struct pm_common *common, char **words, unsigned n)
{
    char path[PM_PATH_MAX];
    struct pm_client *client;
    signal(SIGALRM, on_alarm);
    alarm(PATIENCE_S);
    if (pm_session_path(common, path) != PM_EXIT_OK || pm_client_open(path, NULL, NULL, &client) < 0)
        return PM_EXIT_OK;
    print_device_words(client, words, n);
    fflush(stdout);
    pm_client_close(client);
    return PM_EXIT_OK;
}

enum pm_exit pm_completion_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    static const struct {
        const char *shell;
        void (*write)(void);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    if (strcmp(words[0], "device") == 0)
        return complete_device(values, words + 1, n - 1);
    if (n > 1)
        return pm_command_usage(self, "A SHELL stands alone");
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(words[0], shells[i].shell) == 0) {
            shells[i].write();
            return PM_EXIT_OK;
        }
    }
    return pm_command_usage(self, "SHELL must be bash, zsh or fish");
}
