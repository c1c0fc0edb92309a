/* profile_private.h - what the files of a profile share: profile_load.c and profile_parts.c (from its file),
 * arguments.c (what callers give), encode.c (bytes out), answer.c (values in). */
#ifndef PM_PROFILE_PROFILE_PRIVATE_H
#define PM_PROFILE_PROFILE_PRIVATE_H

#include "profile/profile.h"
#include "profile/reader.h"

/* The largest integer that JavaScript has exactly. */
#define PM_READER_INTEGER_MAX ((INT64_C(1) << 53) - 1)

/* profile_parts.c: everything but commands, events and sequences. */
void pm_profile_read_parts(struct pm_reader *r, struct pm_profile *p);

/* Members of an object that was checked. */
int64_t pm_file_integer(const json_t *object, const char *key, int64_t fallback);
const char *pm_file_text(const json_t *object, const char *key);
bool pm_file_yes(const json_t *object, const char *key);
bool pm_file_is(const json_t *object, const char *key, const char *word);

/* arguments.c: may this be given for the argument? Else problem->expected says what may; problem->field is not set. */
bool pm_argument_takes(const struct pm_argument *a, const json_t *v, struct pm_argument_problem *problem);

/* profile_load.c: the pattern that is the text `v`, where the reader is; NULL after a mistake. */
struct pm_pattern *pm_profile_read_pattern(struct pm_reader *r, const json_t *v);

/* profile_parts.c: which values of its answer agree with which arguments. Its arguments and patterns have been read. */
void pm_profile_read_agrees(struct pm_reader *r, const json_t *o, struct pm_profile_command *c);

#endif
