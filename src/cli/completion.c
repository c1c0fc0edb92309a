/* completion.c - the subcommand that writes what a shell needs to complete our command line: a function in its
 * language, which asks the program what can come next. So all shells offer the same. */
#include "cli/completion_words.h"

#include <string.h>

/* Bash takes : and = for ends of words; what it cut there is joined, and only what is behind them is put in place.
 * Words come from elsewhere: nothing of them is expanded here, nor on the line where they are put. */
static const char bash[] = "# Completion of peripheral-manager for bash; made by: peripheral-manager completion bash\n"
                           "_peripheral_manager() {\n"
                           "    local -a typed=()\n"
                           "    local word last=${COMP_WORDS[COMP_CWORD]} i\n"
                           "    for ((i = 1; i <= COMP_CWORD; i++)); do\n"
                           "        word=${COMP_WORDS[i]}\n"
                           "        if ((${#typed[@]})) && [[ $word == [:=]* || ${COMP_WORDS[i-1]} == [:=]* ]]; then\n"
                           "            typed[${#typed[@]}-1]+=$word\n"
                           "        else\n"
                           "            typed+=(\"$word\")\n"
                           "        fi\n"
                           "    done\n"
                           "    local kept=${typed[${#typed[@]}-1]}\n"
                           "    [[ $last == [:=]* ]] || kept=${kept%\"$last\"}\n"
                           "    COMPREPLY=()\n"
                           "    while IFS=$'\\t' read -r word _; do\n"
                           "        printf -v word %q \"${word#\"$kept\"}\"\n"
                           "        COMPREPLY+=(\"$word\")\n"
                           "    done < <(peripheral-manager completion words -- \"${typed[@]}\" 2>/dev/null)\n"
                           "    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null || true\n"
                           "}\n"
                           "complete -o default -F _peripheral_manager peripheral-manager\n";

/* The file is read as the function's body when it lies where zsh looks for it, and as a script by `source`. */
static const char zsh[] =
    "#compdef peripheral-manager\n"
    "# Completion of peripheral-manager for zsh; made by: peripheral-manager completion zsh\n"
    "_peripheral-manager() {\n"
    "    local -a whole begun\n"
    "    local word about\n"
    "    while IFS=$'\\t' read -r word about; do\n"
    "        about=${${word//\\\\/\\\\\\\\}//:/\\\\:}:$about\n"
    "        if [[ $word == *= ]]; then begun+=(\"$about\"); else whole+=(\"$about\"); fi\n"
    "    done < <(peripheral-manager completion words -- \"${(@Q)words[2,CURRENT-1]}\" \"${(Q)PREFIX}\" 2>/dev/null)\n"
    "    if (( $#whole + $#begun )); then\n"
    "        _describe -V peripheral-manager whole\n"
    "        _describe -V peripheral-manager begun -S ''\n"
    "    else\n"
    "        _files\n"
    "    fi\n"
    "}\n"
    "if [[ ${funcstack[1]-} == _peripheral-manager ]]; then\n"
    "    _peripheral-manager \"$@\"\n"
    "else\n"
    "    compdef _peripheral-manager peripheral-manager\n"
    "fi\n";

static const char fish[] =
    "# Completion of peripheral-manager for fish; made by: peripheral-manager completion fish\n"
    "function __peripheral_manager_words\n"
    "    set -l typed (commandline -opc)\n"
    "    set -l last (commandline -ct)\n"
    "    set -l offered (peripheral-manager completion words -- $typed[2..-1] \"$last\" 2>/dev/null)\n"
    "    if set -q offered[1]\n"
    "        printf '%s\\n' $offered\n"
    "    else\n"
    "        __fish_complete_path \"$last\"\n"
    "    end\n"
    "end\n"
    "complete -c peripheral-manager -f -k -a '(__peripheral_manager_words)'\n";

enum pm_exit pm_completion_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    static const struct {
        const char *shell, *script;
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    if (strcmp(words[0], "words") == 0) {
        pm_completion_words(values, words + 1, n - 1);
        return PM_EXIT_OK;
    }
    if (n > 1)
        return pm_command_usage(self, "A SHELL stands alone");
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(words[0], shells[i].shell) == 0) {
            fputs(shells[i].script, stdout);
            return PM_EXIT_OK;
        }
    }
    return pm_command_usage(self, "SHELL must be bash, zsh or fish");
}
