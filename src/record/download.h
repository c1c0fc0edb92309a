/* download.h - a recording read back, in any format, piece by piece, by a worker thread; also while it grows. */
#ifndef PM_RECORD_DOWNLOAD_H
#define PM_RECORD_DOWNLOAD_H

#include "record/recorder.h"

enum { PM_DOWNLOADS_MAX = 16 };

/* Told from the loop, never from inside a call below. */
struct pm_download_ops {
    void (*on_bytes)(void *owner, const uint8_t *p, size_t n); /* borrowed; ask for more with pm_download_next() */
    void (*on_end)(void *owner, int error);                    /* 0: that was all; or a negative errno. The last call */
};

struct pm_download;

/* Read the recording whose id is the n bytes at p (from outside; they are compared with what is there, and become part
 * of no path), as far as it is written now. Nothing is read before pm_download_next(). The caller owns *ret. 0, -EBUSY
 * (too many at once) or -ENOMEM. An id that is none ends with -ENOENT. */
int pm_download_new(struct pm_recorder *r, const char *p, size_t n, enum pm_export_format format,
                    const struct pm_download_ops *ops, void *owner, struct pm_download **ret);

/* Ask for the next bytes: one call of on_bytes or on_end follows, however often it was asked. */
void pm_download_next(struct pm_download *d);

/* Nothing is told any more. NULL is fine. Returns NULL. */
struct pm_download *pm_download_free(struct pm_download *d);

#endif
