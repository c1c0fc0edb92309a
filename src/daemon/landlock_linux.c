/* landlock_linux.c - see landlock.h. Headers of older systems lack most of it, so what the kernel takes stands here. */
#include "daemon/landlock.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CREATE_RULESET = 444, ADD_RULE, RESTRICT_SELF }; /* the same on every architecture */
enum { VERSION_FLAG = 1, PATH_BENEATH = 1, NET_PORT = 2 };
enum { NET_SINCE = 4, SCOPES_SINCE = 6 };

enum {
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    MAKE_FIFO = 1 << 10,
    MAKE_SYM = 1 << 12,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,
};
enum { BIND_TCP = 1 << 0, CONNECT_TCP = 1 << 1 };
enum { SCOPE_ABSTRACT = 1 << 0, SCOPE_SIGNAL = 1 << 1 };

struct ruleset {
    uint64_t files, net, scopes;
};

struct path_beneath {
    uint64_t allowed;
    int32_t folder;
} __attribute__((packed));

struct net_port {
    uint64_t allowed, port;
};

/* All rights to files that a kernel of this version knows: 13 at first, and one each with versions 2, 3 and 5. */
static uint64_t known_rights(unsigned version)
{
    unsigned count = 13u + (version >= 2) + (version >= 3) + (version >= 5);
    return (UINT64_C(1) << count) - 1;
}

unsigned pm_landlock_version(void)
{
#ifdef PM_COVERAGE
    return 0; /* what counts the lines that run writes its files beside the objects, wherever they are */
#else
    long r = syscall(CREATE_RULESET, NULL, (size_t)0, VERSION_FLAG);
    return r > 0 ? (unsigned)r : 0;
#endif
}

int pm_landlock_begin(struct pm_landlock *l, unsigned left)
{
    *l = (struct pm_landlock){.rules = -1, .version = pm_landlock_version()};
    if (l->version == 0)
        return -ENOSYS;
    l->file_rights = known_rights(l->version);
    struct ruleset all = {.files = l->file_rights};
    if (l->version >= NET_SINCE)
        all.net = CONNECT_TCP | (left & PM_LANDLOCK_LEAVES_PORTS ? 0 : BIND_TCP);
    if (l->version >= SCOPES_SINCE)
        all.scopes = SCOPE_SIGNAL | (left & PM_LANDLOCK_LEAVES_ABSTRACT ? 0 : SCOPE_ABSTRACT);
    l->rules = (int)syscall(CREATE_RULESET, &all, sizeof(all), 0);
    return l->rules < 0 ? -errno : 0;
}

void pm_landlock_allow(struct pm_landlock *l, const char *folder, unsigned rights)
{
    PM_AUTO_CLOSE int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct path_beneath rule = {.folder = fd};
    if (rights & (PM_LANDLOCK_READ | PM_LANDLOCK_KEEP | PM_LANDLOCK_DEVICES))
        rule.allowed |= READ_FILE | READ_DIR;
    if (rights & PM_LANDLOCK_KEEP)
        rule.allowed |=
            WRITE_FILE | TRUNCATE | MAKE_REG | MAKE_DIR | REMOVE_FILE | REMOVE_DIR | MAKE_SOCK | MAKE_FIFO | MAKE_SYM;
    if (rights & PM_LANDLOCK_DEVICES)
        rule.allowed |= WRITE_FILE | IOCTL_DEV;
    if (rights & PM_LANDLOCK_REMOVE)
        rule.allowed |= REMOVE_FILE;
    rule.allowed &= l->file_rights;
    if (fd >= 0) /* whatever goes wrong, less is allowed */
        (void)syscall(ADD_RULE, l->rules, PATH_BENEATH, &rule, 0);
}

void pm_landlock_allow_port(struct pm_landlock *l, uint16_t port)
{
    struct net_port rule = {BIND_TCP, port};
    if (l->version >= NET_SINCE)
        (void)syscall(ADD_RULE, l->rules, NET_PORT, &rule, 0);
}

int pm_landlock_enter(struct pm_landlock *l)
{
    PM_AUTO_CLOSE int rules = l->rules;
    l->rules = -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return syscall(RESTRICT_SELF, rules, 0) < 0 ? -errno : 0;
}
