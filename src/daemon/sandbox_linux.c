/* sandbox_linux.c - see sandbox.h. */
#include "daemon/sandbox.h"

#include "base/sanitizer.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

enum { X32 = 0x40000000 }; /* added to the numbers of calls of another ABI on x86-64 */

/* What the daemon and its libraries never call. */
static const uint32_t refused[] = {
    SYS_execve,
    SYS_execveat,
#ifndef PM_UNDER_SANITIZER
    SYS_ptrace,
#endif
    /* other processes */
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_pidfd_open,
    SYS_unshare,
    SYS_setns,
    /* file systems */
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    SYS_open_by_handle_at,
    SYS_fanotify_init,
    /* the kernel, and ways around this filter or into rarely used parts */
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_reboot,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_personality,
    SYS_syslog,
    SYS_acct,
    SYS_vhangup,
    /* the machine's name and time */
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
#ifdef __x86_64__
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
#if defined(__x86_64__) && !defined(PM_UNDER_SANITIZER)
    SYS_fork,
    SYS_vfork,
#endif
};

enum { N_REFUSED = sizeof(refused) / sizeof(refused[0]) };

/* Of an argument the lower half, which is what the kernel looks at in these calls; both architectures are little-endian
 * here. */
#define LOAD(field)                    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, so, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (so), (otherwise))
#define RETURN(what)                   BPF_STMT(BPF_RET | BPF_K, (what))
#define REFUSE                         RETURN(SECCOMP_RET_ERRNO | EPERM)
#define ALLOW                          RETURN(SECCOMP_RET_ALLOW)

static const struct sock_filter head[] = {
    LOAD(arch),
    IF_EQUAL(ARCHITECTURE, 1, 0),
    REFUSE,
    LOAD(nr),
#ifdef __x86_64__
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1),
    REFUSE,
#endif
};

/* Behind the list: calls that are refused for some of their arguments. */
static const struct sock_filter tail[] = {
#ifndef PM_UNDER_SANITIZER
    /* Its flags are in memory, where no filter can look: the C library then uses clone(). */
    IF_EQUAL(SYS_clone3, 0, 1),
    RETURN(SECCOMP_RET_ERRNO | ENOSYS),
    /* Threads only. */
    IF_EQUAL(SYS_clone, 0, 4),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1),
    ALLOW,
    REFUSE,
#endif
    IF_EQUAL(SYS_socket, 0, 7),
    LOAD(args[0]),
    IF_EQUAL(AF_UNIX, 4, 0),
    IF_EQUAL(AF_INET, 3, 0),
    IF_EQUAL(AF_INET6, 2, 0),
    IF_EQUAL(AF_NETLINK, 1, 0),
    REFUSE,
    ALLOW,
    IF_EQUAL(SYS_ioctl, 0, 4),
    LOAD(args[1]),
    IF_EQUAL(TIOCSTI, 1, 0), /* types into the terminal that the daemon was started in: the shell would run it */
    IF_EQUAL(TIOCLINUX, 0, 1),
    REFUSE,
    ALLOW,
};

enum { N_HEAD = sizeof(head) / sizeof(head[0]), N_TAIL = sizeof(tail) / sizeof(tail[0]) };

int pm_sandbox_enter(void)
{
    struct sock_filter filter[N_HEAD + 2 * N_REFUSED + N_TAIL];
    unsigned n = 0;
    for (unsigned i = 0; i < N_HEAD; i++)
        filter[n++] = head[i];
    for (unsigned i = 0; i < N_REFUSED; i++) {
        filter[n++] = (struct sock_filter)IF_EQUAL(refused[i], 0, 1);
        filter[n++] = (struct sock_filter)REFUSE;
    }
    for (unsigned i = 0; i < N_TAIL; i++)
        filter[n++] = tail[i];
    struct sock_fprog program = {.len = (unsigned short)n, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    /* SPEC_ALLOW: nothing of ours runs code from outside, and the mitigation would make every branch slower. */
    long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                     &program);
    return r == 0 ? 0 : r < 0 ? -errno : -EBUSY; /* more than 0: a thread that has a filter of its own */
}

#else

int pm_sandbox_enter(void)
{
    return -ENOSYS;
}

#endif
