/* daemon_sandbox_test.c - what a process can still do after it gave up its rights (I26). Each test is a child of its
 * own. */
#include "daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Run try() in a child behind the filter; it returns true if all was as it should be. */
static void in_sandbox(bool (*try)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(pm_sandbox_enter() < 0 ? 2 : try() ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static bool is_refused(long result)
{
    return result == -1 && errno == EPERM;
}

static bool no_programs(void)
{
    return is_refused(execl("/bin/true", "true", (char *)NULL));
}

static void test_no_program_starts(void **state)
{
    (void)state;
    in_sandbox(no_programs);
}

static bool nothing_of_the_system(void)
{
    return is_refused(mount("none", "/mnt", "tmpfs", 0, NULL)) && is_refused(unshare(CLONE_NEWUSER)) &&
           is_refused(syscall(SYS_bpf, 0, NULL, 0)) && is_refused(syscall(SYS_init_module, NULL, 0, "")) &&
           is_refused(syscall(SYS_io_uring_setup, 1, NULL)) && is_refused(syscall(SYS_process_vm_readv, getppid()));
}

static void test_nothing_of_the_system_changes(void **state)
{
    (void)state;
    in_sandbox(nothing_of_the_system);
}

static bool sockets_by_family(void)
{
    return is_refused(socket(AF_PACKET, SOCK_RAW, 0)) && is_refused(socket(AF_VSOCK, SOCK_STREAM, 0)) &&
           socket(AF_UNIX, SOCK_STREAM, 0) >= 0 && socket(AF_INET, SOCK_STREAM, 0) >= 0 &&
           socket(AF_NETLINK, SOCK_RAW, 0) >= 0;
}

static void test_sockets_are_of_known_families(void **state)
{
    (void)state;
    in_sandbox(sockets_by_family);
}

static bool nothing_typed(void)
{
    int n, terminal = posix_openpt(O_RDWR | O_NOCTTY);
    return terminal >= 0 && is_refused(ioctl(terminal, TIOCSTI, "x")) && ioctl(terminal, TIOCOUTQ, &n) == 0;
}

static void test_nothing_is_typed_into_a_terminal(void **state)
{
    (void)state;
    in_sandbox(nothing_typed);
}

static void *thread(void *seen)
{
    *(bool *)seen = no_programs();
    return NULL;
}

static bool threads(void)
{
    pthread_t t;
    bool refused_there = false;
    return pthread_create(&t, NULL, thread, &refused_there) == 0 && pthread_join(t, NULL) == 0 && refused_there;
}

static void test_threads_start_and_are_confined(void **state)
{
    (void)state;
    in_sandbox(threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_program_starts),
        cmocka_unit_test(test_nothing_of_the_system_changes),
        cmocka_unit_test(test_sockets_are_of_known_families),
        cmocka_unit_test(test_nothing_is_typed_into_a_terminal),
        cmocka_unit_test(test_threads_start_and_are_confined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
