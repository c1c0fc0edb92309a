/* file.h - small files that are read whole and replaced whole, so that a crash leaves the old state or the new one. */
#ifndef PM_BASE_FILE_H
#define PM_BASE_FILE_H

#include "base/bytes.h"
#include "base/paths.h"

/* Read a regular file of at most `max` bytes. 0 and *ret, which the caller ends with pm_bytes_fini(); -ENOENT; -EFBIG
 * (larger); -EINVAL (not a regular file); or another negative errno. Symbolic links are not followed (-ELOOP). */
int pm_file_read(const char *path, size_t max, struct pm_bytes *ret);

/* Put n bytes in its place: a new file beside it (PATH.new, mode 0600), fsync, rename, fsync of the folder. 0 or a
 * negative errno, with the old file intact and no new one left (but for the last step: then the new one is in place,
 * and a crash of the machine may still bring the old one back). It waits for the disk: call it from a worker thread. */
int pm_file_replace(const char *path, const void *p, size_t n);

/* Remove the new file that a crash during pm_file_replace() may have left. */
void pm_file_tidy(const char *path);

/* Keep whatever is at this path and cannot be used: rename it to PATH.bad-N with the first number that is free; of
 * PM_ASIDE_MAX the last gives way. Writes the new path to ret. 0 or a negative errno. */
enum { PM_ASIDE_MAX = 20 };
int pm_file_set_aside(const char *path, char ret[PM_PATH_MAX]);

#endif
