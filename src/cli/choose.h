/* choose.h - which one a person means who names something by what they see of it rather than by its id. */
#ifndef PM_CLI_CHOOSE_H
#define PM_CLI_CHOOSE_H

#include "cli/session.h"

/* Set `word` as the id of the question that it names: by its id, or by the page's address with or without the scheme,
 * as an address bar may have it. What names none is taken as it stands, for the daemon to refuse. PM_EXIT_OK; or an
 * exit code after saying which ones it fits, or what went wrong. */
enum pm_exit pm_choose_question(struct pm_client *c, const struct pm_common *common, const char *word, json_t *data);

/* Likewise set the devices that the words name: by id, address, link below /dev/serial, or the last part of those. The
 * one word "*" is all. */
enum pm_exit pm_choose_devices(struct pm_client *c, const struct pm_common *common, char **words, unsigned n,
                               json_t *data);

#endif
