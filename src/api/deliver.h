/* deliver.h - a client that takes lines, frames or parsed objects of a connection instead of its bytes. */
#ifndef PM_API_DELIVER_H
#define PM_API_DELIVER_H

#include "api/api_private.h"
#include "proto/framer.h"

enum pm_deliver_kind { PM_DELIVER_BYTES, PM_DELIVER_LINES, PM_DELIVER_FRAMES, PM_DELIVER_JSON };

extern const char *const pm_deliver_words[];

/* From here on the reader gets this. `rule` is copied. 0 or -ENOMEM. */
int pm_deliver_set(struct pm_subscription *s, enum pm_deliver_kind kind, const struct pm_framing *rule);
void pm_deliver_drop(struct pm_subscription *s);

/* Where to stop before `limit`, so that what was begun before the device went away is not completed by what comes
 * after; at such a place it is forgotten. */
uint64_t pm_deliver_limit(struct pm_subscription *s, uint64_t limit);

/* Bytes of the reader's place, up to such a limit: an event of the connection's name for what is complete. 0 or
 * -ENOMEM. */
int pm_deliver_feed(struct pm_subscription *s, const uint8_t *p, size_t n);

/* Bytes are missing: what was begun is not completed by what comes now. */
void pm_deliver_gap(struct pm_subscription *s);

#endif
