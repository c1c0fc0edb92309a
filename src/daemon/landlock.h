/* landlock.h - which files and ports this process can still reach: landlock(7). */
#ifndef PM_DAEMON_LANDLOCK_H
#define PM_DAEMON_LANDLOCK_H

#include <stdint.h>

/* What is still allowed in a folder, and in all folders below it. */
enum {
    PM_LANDLOCK_READ = 1,    /* files and lists of them */
    PM_LANDLOCK_KEEP = 2,    /* the same, and all but devices is made, changed, renamed and removed */
    PM_LANDLOCK_DEVICES = 4, /* what is there is read, written and controlled; nothing is made or removed */
    PM_LANDLOCK_REMOVE = 8,  /* files are removed */
};

/* A set of rules that is being made. */
struct pm_landlock {
    int rules;            /* descriptor */
    unsigned version;     /* of what the kernel can */
    uint64_t file_rights; /* that it knows */
};

/* What the kernel of this machine can, a number that grows with it; 0: nothing. */
unsigned pm_landlock_version(void);

/* Begin a set that allows nothing, but for what is `left` (PM_LANDLOCK_LEAVES_*). 0 or a negative errno (-ENOSYS,
 * -EOPNOTSUPP: the kernel has no Landlock, or it is turned off); after 0 it must be ended with pm_landlock_enter(). */
enum {
    PM_LANDLOCK_LEAVES_PORTS = 1,    /* it may listen on any port */
    PM_LANDLOCK_LEAVES_ABSTRACT = 2, /* and connect to sockets without a path in the file system */
};
int pm_landlock_begin(struct pm_landlock *l, unsigned left);

/* Allow something in the folder that is at this path now, links followed: another that takes its place later is not
 * meant. Nothing is done if there is none, or it may not be looked at. */
void pm_landlock_allow(struct pm_landlock *l, const char *folder, unsigned rights);

/* Allow to listen on this TCP port. */
void pm_landlock_allow_port(struct pm_landlock *l, uint16_t port);

/* From here on this thread, and all that it starts, reaches what was allowed and no other file (what is open stays
 * open; paths, owners and times are still told), runs no program, and as far as the kernel can (version 4, 6) connects
 * to nobody by TCP and sends no signals to other programs. It can neither see nor trace processes that are not confined
 * like itself. It cannot be undone. 0 or a negative errno. */
int pm_landlock_enter(struct pm_landlock *l);

#endif
