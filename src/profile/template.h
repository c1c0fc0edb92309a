/* template.h - how the arguments of a command become bytes: text with places for them, as in patterns. */
#ifndef PM_PROFILE_TEMPLATE_H
#define PM_PROFILE_TEMPLATE_H

#include "base/bytes.h"
#include "proto/pattern.h"

#include <jansson.h>

/* A template is text with `{argument:type:width}`. Textual types: `int` and `hex` with a width are filled with zeros to
 * it, `float` has so many decimals, `digits` so many digits at most; everything else is written as it is. Binary types
 * write one number for each element.
 * `{count(argument):type}` is how many elements it has, `{bytes(argument):type}` how many bytes it takes in this
 * template. Escapes are those of patterns. */
struct pm_template;

enum { PM_TEMPLATE_PARTS_MAX = 64 };

/* Read a template; the arguments that it names are looked for with `knows`. 0; -EINVAL: *bad is the offset of what is
 * wrong and *why says it; -E2BIG; -ENOMEM. */
int pm_template_new(const char *text, size_t n, bool (*knows)(void *owner, const char *name), void *owner,
                    struct pm_template **ret, size_t *bad, const char **why);
struct pm_template *pm_template_free(struct pm_template *t);

/* Does it write this argument in a binary type? Then *least and *greatest are what the type holds. */
bool pm_template_range(const struct pm_template *t, const char *name, double *least, double *greatest);

/* Append the bytes for these arguments: an object with a number, text, boolean, or array of numbers for each name. 0,
 * or as pm_bytes_append(). */
int pm_template_write(const struct pm_template *t, const json_t *args, struct pm_bytes *out);

#endif
