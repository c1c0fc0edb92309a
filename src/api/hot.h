/* hot.h - the request that comes thousands of times a second, read where it lies: send-raw without a tree. */
#ifndef PM_API_HOT_H
#define PM_API_HOT_H

#include "api/table.h"

struct pm_hot_write {
    char name[PM_NAME_MAX + 1];
    struct pm_payload payload;
};

/* Read the arguments of send-raw, checked JSON in UTF-8 without the brackets around it. True: they are a name and bytes
 * in one of the forms that clients write, and *ret is what the table of requests would make of them; the caller gives
 * payload.owned to free(), the rest is borrowed. False: anything else, right or wrong, is for the table to say. */
bool pm_hot_write_read(const char *json, size_t n, const struct pm_api_blob *blobs, size_t n_blobs,
                       struct pm_hot_write *ret);

#endif
