/* origins.h - how many connections the pages of each origin hold, or another user: one must not take all there are. */
#ifndef PM_NET_ORIGINS_H
#define PM_NET_ORIGINS_H

#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>

struct pm_origin_use; /* one origin (or user), while it has connections */

/* Count a connection with the origin of n bytes at `text` (n == 0: a program's request, which changes nothing); before,
 * it counted with *use (NULL: with none). `all` is the list of them. False, and nothing changed, if the origin has
 * `limit` connections already, or without memory. */
bool pm_origin_enter(struct pm_link *all, struct pm_origin_use **use, const char *text, size_t n, unsigned limit);

/* The connection ended; *use becomes NULL, which it may be already. */
void pm_origin_leave(struct pm_origin_use **use);

#endif
