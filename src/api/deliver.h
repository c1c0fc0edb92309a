/* deliver.h - a client that takes lines, frames or parsed objects of a connection instead of its bytes. */
#ifndef PM_API_DELIVER_H
#define PM_API_DELIVER_H

#include "api/api_private.h"
#include "profile/profile.h"

/* How a connection's bytes are cut, if this is its profile (NULL: none). -EINVAL: nothing says how. */
int pm_delivery_rule(const struct pm_delivery *d, const struct pm_profile *p, struct pm_framing *ret);

/* From here on the reader gets this; or what readers of its connection get that do not choose. What was begun and not
 * told comes again, as this. 0, -EINVAL (nothing says how to cut), -ENOMEM. On an error it gets bytes. */
int pm_deliver_set(struct pm_subscription *s, const struct pm_delivery *d);
int pm_deliver_default(struct pm_subscription *s);

/* The offset behind the last byte that the reader was told of. */
uint64_t pm_deliver_place(const struct pm_subscription *s);

/* The connection's options or its profile have changed: all who did not choose. */
void pm_deliver_changed(struct pm_connection *c);
void pm_deliver_drop(struct pm_subscription *s);

/* Where to stop before `limit`, so that what was begun before the device went away is not completed by what comes
 * after; at such a place it is told as incomplete. */
uint64_t pm_deliver_limit(struct pm_subscription *s, uint64_t limit);

/* Bytes of the reader's place, up to such a limit: an event of the connection's name for what is complete. 0 or
 * -ENOMEM. */
int pm_deliver_feed(struct pm_subscription *s, const uint8_t *p, size_t n);

/* Nothing that comes now completes what was begun, which is told as incomplete. */
void pm_deliver_cut(struct pm_subscription *s);

/* The same for a device that is away, of which the reader has all bytes. What silence ends is left to the silence. */
void pm_deliver_lost(struct pm_subscription *s);

#endif
