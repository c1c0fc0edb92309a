/* saver.h - a small file that is kept up to date: replaced whole by a worker thread, so that the loop never waits for
 * the disk. */
#ifndef PM_LOOP_SAVER_H
#define PM_LOOP_SAVER_H

#include "base/file.h"
#include "loop/loop.h"

enum { PM_SAVER_RETRY_MS = 10000 };

struct pm_saver {
    struct pm_work work;
    struct pm_timer retry;
    struct pm_loop *loop;
    char path[PM_PATH_MAX];
    struct pm_bytes next, writing; /* the newest contents, and those that are under way */
    bool waits, busy, closing;     /* `next` is to be written; `writing` is */
    int result;                    /* of the last attempt */
    uint64_t put, begun;           /* how often contents were put; and when those under way were the newest */
    void (*on_saved)(void *owner, int error);
    void (*on_closed)(void *owner);
    void *owner;
};

/* Are the contents of the put()-th time, or newer ones, what the last attempt was about? For on_saved. */
static inline bool pm_saver_tried(const struct pm_saver *s, uint64_t put)
{
    return put <= s->begun;
}

/* `path` is copied. on_saved (may be NULL) is told of each attempt: 0 or a negative errno. After an error the old file
 * is as it was, and the newest contents are tried again every PM_SAVER_RETRY_MS. */
void pm_saver_init(struct pm_saver *s, struct pm_loop *l, const char *path, void (*on_saved)(void *owner, int error),
                   void *owner);

/* These are the file's contents from now on. Takes them from the caller. Of several in a row only the last may ever
 * reach the disk. */
void pm_saver_put(struct pm_saver *s, struct pm_bytes *contents);

/* What was put is still written, once; on_closed(owner) is called on a later turn, and only then may the memory be
 * freed. on_saved is not called any more. */
void pm_saver_close(struct pm_saver *s, void (*on_closed)(void *owner));

#endif
