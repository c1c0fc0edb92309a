/* completion_words.h - what can come next on a command line that is being typed. */
#ifndef PM_CLI_COMPLETION_WORDS_H
#define PM_CLI_COMPLETION_WORDS_H

#include "cli/command.h"

enum { PM_COMPLETION_WORDS_MAX = 64 };

/* Write to stdout what the last of these words can become, one to a line, each with a tab and what it is; the words
 * before it are what the command line has after the program's name. Nothing for file names, which shells complete
 * better, and nothing where a daemon would have to be asked that does not run or does not answer in time: that ends the
 * process. */
void pm_completion_words(const struct pm_common *common, char **words, unsigned n);

#endif
