/* daemon_landlock_test.c - which files and ports a confined process still reaches (I26), and the process beside it that
 * looks at others. Each test is a child of its own. */
#include "daemon/landlock.h"
#include "daemon/lookout.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

enum { NET_SINCE = 4, IOCTL_SINCE = 5, SIGNALS_SINCE = 6, TRIES = 3000 };

static char folder[] = "/tmp/pm-landlock-XXXXXX";

static void make_file(const char *name)
{
    char path[100];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static int make_places(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chdir(folder) < 0 || mkdir("read", 0700) < 0 || mkdir("kept", 0700) < 0 ||
        mkdir("removed", 0700) < 0 || mkdir("other", 0700) < 0)
        return -1;
    make_file("read/file");
    make_file("kept/file");
    make_file("removed/file");
    make_file("other/file");
    return symlink("../other/file", "read/link");
}

static int remove_places(void **state)
{
    (void)state;
    static const char *const all[] = {"read/link", "read/file", "kept/file", "other/file", "kept/in",
                                      "read",      "kept",      "removed",   "other"};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        remove(all[i]);
    return rmdir(folder);
}

/* Run try(version) in a child that is confined so; it returns the line where something was not as it should be, or 0.
 */
static void confined(void (*allow)(struct pm_landlock *), int (*try)(unsigned version))
{
    struct pm_landlock l;
    int status;
    if (pm_landlock_version() == 0)
        skip();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (pm_landlock_begin(&l, 0) < 0)
            _exit(1);
        allow(&l);
        unsigned version = l.version;
        _exit(pm_landlock_enter(&l) < 0 ? 1 : try(version));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Exit codes have eight bits; this file has more lines. */
#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "line %d: %s (%s)\n", __LINE__, #condition, strerror(errno));                              \
            return 2;                                                                                                  \
        }                                                                                                              \
    } while (0)

static bool is_denied(long result)
{
    return result == -1 && errno == EACCES;
}

static void allow_folders(struct pm_landlock *l)
{
    pm_landlock_allow(l, "read", PM_LANDLOCK_READ);
    pm_landlock_allow(l, "kept", PM_LANDLOCK_KEEP);
    pm_landlock_allow(l, "removed", PM_LANDLOCK_REMOVE);
    pm_landlock_allow(l, "is not there", PM_LANDLOCK_KEEP);
}

static int only_what_was_allowed(unsigned version)
{
    (void)version;
    MUST(open("read/file", O_RDONLY) >= 0);
    MUST(is_denied(open("read/file", O_RDWR)) && is_denied(open("read/new", O_WRONLY | O_CREAT, 0600)));
    MUST(is_denied(open("read/link", O_RDONLY)) && is_denied(open("other/file", O_RDONLY)));
    MUST(is_denied(open("/etc/passwd", O_RDONLY)) && is_denied(open("/", O_RDONLY)));
    MUST(is_denied(unlink("read/file")) && is_denied(rename("read/file", "read/else")));
    MUST(is_denied(open("removed/file", O_RDONLY)) && unlink("removed/file") == 0);
    return 0;
}

static void test_files_are_reached_where_it_was_allowed(void **state)
{
    (void)state;
    confined(allow_folders, only_what_was_allowed);
}

static int ones_own_are_kept(unsigned version)
{
    (void)version;
    int fd = open("kept/new", O_RDWR | O_CREAT | O_EXCL, 0600);
    MUST(fd >= 0 && write(fd, "x", 1) == 1 && ftruncate(fd, 0) == 0);
    MUST(rename("kept/new", "kept/file") == 0 && open("kept/file", O_RDONLY | O_TRUNC) >= 0);
    MUST(mkdir("kept/in", 0700) == 0 && open("kept/in/file", O_WRONLY | O_CREAT, 0600) >= 0);
    MUST(unlink("kept/in/file") == 0);
    MUST(symlink("/", "kept/new") == 0 && rename("kept/new", "kept/file") == 0);
    MUST(is_denied(mknod("kept/null", S_IFCHR | 0600, 0x103)) && link("read/file", "kept/new") == -1);
    return 0;
}

static void test_files_are_kept(void **state)
{
    (void)state;
    confined(allow_folders, ones_own_are_kept);
}

static void allow_to_read_all(struct pm_landlock *l)
{
    pm_landlock_allow(l, "/", PM_LANDLOCK_READ);
}

static int no_program(unsigned version)
{
    (void)version;
    MUST(is_denied(execl("/bin/true", "true", (char *)NULL)));
    return 0;
}

static void test_no_program_runs(void **state)
{
    (void)state;
    confined(allow_to_read_all, no_program);
}

static void allow_devices(struct pm_landlock *l)
{
    pm_landlock_allow(l, "/dev", PM_LANDLOCK_DEVICES);
}

static int devices(unsigned version)
{
    struct termios t;
    int far = posix_openpt(O_RDWR | O_NOCTTY), near;
    (void)version;
    MUST(far >= 0 && grantpt(far) == 0 && unlockpt(far) == 0);
    near = open(ptsname(far), O_RDWR | O_NOCTTY);
    MUST(near >= 0 && tcgetattr(near, &t) == 0 && tcsetattr(near, TCSANOW, &t) == 0 && tcflush(near, TCIFLUSH) == 0);
    MUST(is_denied(open("/dev/pm-made", O_WRONLY | O_CREAT, 0600)));
    return 0;
}

static void test_devices_are_controlled(void **state)
{
    (void)state;
    confined(allow_devices, devices);
}

static int devices_that_are_only_read(unsigned version)
{
    int n, terminal = open("/dev/ptmx", O_RDONLY | O_NOCTTY);
    MUST(terminal >= 0);
    MUST(version < IOCTL_SINCE || is_denied(ioctl(terminal, TIOCGPTN, &n)));
    return 0;
}

static void test_no_device_is_controlled_elsewhere(void **state)
{
    (void)state;
    confined(allow_to_read_all, devices_that_are_only_read);
}

/* ---- ports, signals ---- */

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0 ? fd : -1;
}

enum { ALLOWED_PORT = 47801 };

static void allow_one_port(struct pm_landlock *l)
{
    pm_landlock_allow_port(l, ALLOWED_PORT);
}

static int ports(unsigned version)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    MUST(listen_on(ALLOWED_PORT) >= 0 || errno == EADDRINUSE);
    MUST(version < NET_SINCE || is_denied(listen_on(ALLOWED_PORT + 1)));
    MUST(version < NET_SINCE || is_denied(connect(client, (struct sockaddr *)&address, sizeof(address))));
    return 0;
}

static void test_ports_are_those_that_were_allowed(void **state)
{
    (void)state;
    confined(allow_one_port, ports);
}

static int signals(unsigned version)
{
    MUST(version < SIGNALS_SINCE || (kill(getppid(), 0) == -1 && errno == EPERM));
    MUST(kill(getpid(), 0) == 0);
    return 0;
}

static void test_no_signals_to_others(void **state)
{
    (void)state;
    confined(allow_one_port, signals);
}

/* ---- the process beside it ---- */

/* As the daemon does: the other process first. */
static int look_through(const char *device, unsigned port)
{
    struct pm_lookout lookout;
    struct pm_landlock l;
    struct pm_holder holders[2] = {{.path = "/dev/null-and-void"}};
    char name[64] = "";
    pid_t pid = 0;
    MUST(pm_lookout_start(&lookout, true) == 0);
    MUST(pm_landlock_begin(&l, 0) == 0 && pm_landlock_enter(&l) == 0);
    MUST(is_denied(open("/proc", O_RDONLY)));
    for (int i = 0; i < 2; i++) {
        snprintf(holders[1].path, sizeof(holders[1].path), "%s", device);
        pm_lookout_holders(&lookout, holders, 2);
        MUST(holders[0].program[0] == 0 && strcmp(holders[1].program, "daemon_landlock") == 0);
        MUST(pm_lookout_port(&lookout, port, name, sizeof(name), &pid) && pid == getppid());
        MUST(strcmp(name, "daemon_landlock") == 0);
    }
    MUST(!pm_lookout_port(&lookout, 1, name, sizeof(name), &pid));
    pm_lookout_end(&lookout);
    return 0;
}

static void test_holders_are_still_found(void **state)
{
    struct sockaddr_in address;
    socklen_t n = sizeof(address);
    char device[64];
    int far, near, status, fd = listen_on(0);
    (void)state;
    if (pm_landlock_version() == 0)
        skip();
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    assert_int_equal(openpty(&far, &near, device, NULL, NULL), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fd);
        close(near); /* what it looks for is held by its parent alone */
        _exit(look_through(device, ntohs(address.sin_port)));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(fd);
    close(near);
    close(far);
}

static void test_without_the_process_one_looks_oneself(void **state)
{
    struct pm_lookout lookout;
    struct pm_holder own = {.path = ""};
    char name[64];
    pid_t pid;
    int far, near, fd = listen_on(0);
    struct sockaddr_in address;
    socklen_t n = sizeof(address);
    (void)state;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    assert_int_equal(openpty(&far, &near, own.path, NULL, NULL), 0);
    assert_int_equal(pm_lookout_start(&lookout, false), 0);
    pm_lookout_holders(&lookout, &own, 1);
    assert_string_equal(own.program, ""); /* oneself is in nobody's way */
    assert_true(pm_lookout_port(&lookout, ntohs(address.sin_port), name, sizeof(name), &pid));
    assert_int_equal(pid, getpid());
    pm_lookout_end(&lookout);
    close(fd);
    close(near);
    close(far);
}

/* Its state as proc(5) has it; 0: it is gone. */
static char state_of(pid_t pid)
{
    char path[64], text[400] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    const char *name_end = n > 0 ? strrchr(text, ')') : NULL;
    return name_end ? name_end[2] : 0;
}

static bool is_running(pid_t pid)
{
    char state = state_of(pid);
    return state && state != 'Z';
}

static void test_it_ends_with_its_owner(void **state)
{
    int news[2], status;
    pid_t it = 0;
    (void)state;
    assert_int_equal(pipe(news), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct pm_lookout lookout;
        int r = pm_lookout_start(&lookout, true);
        (void)!write(news[1], &lookout.pid, r == 0 ? sizeof(lookout.pid) : 0);
        raise(SIGKILL);
    }
    assert_int_equal(read(news[0], &it, sizeof(it)), sizeof(it));
    assert_int_equal(waitpid(child, &status, 0), child);
    for (int i = 0; i < TRIES && is_running(it); i++)
        usleep(10000);
    assert_false(is_running(it));
    close(news[0]);
    close(news[1]);
}

static void test_one_that_was_stopped_holds_nobody_up(void **state)
{
    static const int of_a_terminal[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGQUIT};
    struct pm_lookout lookout;
    char name[64];
    pid_t pid;
    int fd = listen_on(0);
    struct sockaddr_in address;
    socklen_t n = sizeof(address);
    (void)state;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    assert_int_equal(pm_lookout_start(&lookout, true), 0);
    for (size_t i = 0; i <= sizeof(of_a_terminal) / sizeof(of_a_terminal[0]); i++) { /* the first answer: it is ready */
        assert_true(pm_lookout_port(&lookout, ntohs(address.sin_port), name, sizeof(name), &pid));
        if (i < sizeof(of_a_terminal) / sizeof(of_a_terminal[0]))
            kill(lookout.pid, of_a_terminal[i]);
    }
    kill(lookout.pid, SIGSTOP);
    for (int i = 0; i < TRIES && state_of(lookout.pid) != 'T'; i++)
        usleep(10000);
    assert_int_equal(state_of(lookout.pid), 'T');
    pid = lookout.pid;
    pm_lookout_end(&lookout);
    assert_int_equal(state_of(pid), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_reached_where_it_was_allowed),
        cmocka_unit_test(test_files_are_kept),
        cmocka_unit_test(test_no_program_runs),
        cmocka_unit_test(test_devices_are_controlled),
        cmocka_unit_test(test_no_device_is_controlled_elsewhere),
        cmocka_unit_test(test_ports_are_those_that_were_allowed),
        cmocka_unit_test(test_no_signals_to_others),
        cmocka_unit_test(test_holders_are_still_found),
        cmocka_unit_test(test_without_the_process_one_looks_oneself),
        cmocka_unit_test(test_it_ends_with_its_owner),
        cmocka_unit_test(test_one_that_was_stopped_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, make_places, remove_places);
}
