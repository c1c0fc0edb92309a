/* door_private.h - what the files of the door share: door.c (questions and answers), door_file.c (what is kept),
 * door_tokens.c. */
#ifndef PM_ACCESS_DOOR_PRIVATE_H
#define PM_ACCESS_DOOR_PRIVATE_H

#include "access/door.h"
#include "loop/saver.h"

struct pm_door {
    struct pm_loop *loop;
    struct pm_grants grants;
    struct pm_consent consent;
    struct pm_sessions sessions;
    struct pm_audit audit;
    struct pm_timer timer; /* the next end of a question or a grant */
    const struct pm_door_ops *ops;
    void *owner;
    bool local_pages, share_all;
    unsigned handles; /* of the loop that are not closed yet */

    bool keeps; /* there is a file, and the saver is begun */
    bool newer; /* it is of a later version: left as it is */
    struct pm_saver saver;
    uint64_t kept; /* grants.changes when it was handed to the saver */
    bool failed;   /* the last attempt to write it */
    struct pm_link savings;
    char banner[512];
    char address[64];
};

/* door_file.c: read the file and keep it up to date; `folder` may be NULL. 0 or -ENAMETOOLONG. And: there may be
 * something to keep. */
int pm_door_load(struct pm_door *d, const char *folder);
void pm_door_keep(struct pm_door *d);

/* door_tokens.c: end those whose time is over. */
void pm_door_expire_tokens(struct pm_door *d);

/* door.c: grants changed; and what time it is, in seconds of wall time that never goes back. */
void pm_door_changed(struct pm_door *d);
int64_t pm_door_time(struct pm_door *d);

#endif
