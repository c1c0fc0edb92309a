/* session.h - what the commands have in common when they talk to the daemon: finding it, asking, and saying what went
 * wrong and what to do. */
#ifndef PM_CLI_SESSION_H
#define PM_CLI_SESSION_H

#include "base/paths.h"
#include "cli/client.h"
#include "cli/command.h"

/* Where the control socket is. PM_EXIT_OK, or an exit code after saying why that cannot be known. */
enum pm_exit pm_session_path(const struct pm_common *common, char ret[PM_PATH_MAX]);

/* Connect. PM_EXIT_OK and *ret, which pm_client_close() ends; or an exit code after saying why not. */
enum pm_exit pm_session_open(const struct pm_common *common, const struct pm_client_ops *ops, void *owner,
                             struct pm_client **ret);

/* Say why there is no daemon, or none any more: a negative errno of client.h. Returns the exit code for it. */
enum pm_exit pm_session_lost(int error);

/* Ask for something; `data` is stolen. PM_EXIT_OK and the answer, which the caller owns; or an exit code and
 * NULL, after the refusal was told: on stderr, and with --json as JSON too. */
enum pm_exit pm_session_ask(struct pm_client *c, const struct pm_common *common, const char *event, json_t *data,
                            json_t **ret);

/* Tell a refusal so. Returns its exit code. */
enum pm_exit pm_session_refused(const struct pm_common *common, const json_t *answer);

/* Open, ask one thing, show the answer, close: with --json its `member` (NULL: all of it) as JSON, else as print()
 * does.
 */
enum pm_exit pm_session_show(const struct pm_common *common, const char *event, json_t *data, const char *member,
                             void (*print)(const json_t *answer));

/* Show an answer so, and give it back. */
void pm_session_tell(const struct pm_common *common, json_t *answer, const char *member,
                     void (*print)(const json_t *answer));

/* Ask once for what takes away whatever fits and answers how much that was, and show it. Nothing is told by the
 * sentence `none`, and ends with PM_EXIT_REFUSED. */
enum pm_exit pm_session_revoke(const struct pm_common *common, const char *event, json_t *data, const char *none);

/* Say so if a change could not be written to the disk. */
void pm_session_print_saved(const json_t *answer);

/* Open, ask one thing, close. */
enum pm_exit pm_session_ask_once(const struct pm_common *common, const char *event, json_t *data, json_t **ret);

/* list.c: what list-devices answers, from the daemon or, where none runs, from a look of our own. The caller owns *ret.
 */
enum pm_exit pm_list_devices(const struct pm_common *common, json_t **ret);

/* ---- output ---- */

/* A member's text, harmless for a terminal and at most `room` - 1 bytes; "" if it is no text. Returns out. */
char *pm_session_text(const json_t *object, const char *member, char *out, size_t room);

void pm_session_print_json(const json_t *value);

/* A table: column heads, then one row for each element of `array`, filled in by `cell` (out has `room` bytes). On a
 * terminal that is too narrow the column whose head is `cut` (NULL: none) gives way: one that nobody has to type. */
struct pm_column {
    const char *head;
    void (*cell)(const json_t *element, char *out, size_t room);
};
enum { PM_COLUMNS_MAX = 8, PM_CELL = 288 }; /* a whole origin: what is shown is copied into other commands */
void pm_session_print_table(const struct pm_column *columns, const char *cut, const json_t *array);

/* The same, or where the array is empty this sentence. */
void pm_session_print_list(const struct pm_column *columns, const char *cut, const json_t *array, const char *none);

#endif
