/* lookout_linux.c - see lookout.h. One message asks, the same one comes back with the answer in it. */
#include "daemon/lookout.h"

#include "base/cleanup.h"
#include "daemon/port_holder.h"
#include "daemon/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 5, PORT_NAME = 64, END_MS = 1000, END_STEP_MS = 2 };

struct message {
    uint32_t port;        /* which somebody holds; 0: it is about devices */
    uint32_t n;           /* of them */
    int32_t pid;          /* of who has the port; 0: nobody was found */
    char name[PORT_NAME]; /* and its name */
    struct pm_holder devices[PM_DEVICES_MAX];
};

static size_t size_of(uint32_t n)
{
    return offsetof(struct message, devices) + n * sizeof(struct pm_holder);
}

/* ---- in the process ---- */

static void answer(struct message *m, pid_t owner)
{
    pid_t pid = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        m->devices[i].path[PM_DEVICE_TEXT - 1] = 0;
        m->devices[i].program[0] = 0;
    }
    if (m->port == 0)
        pm_holders_find(m->devices, m->n, owner);
    else if (pm_port_holder(m->port, m->name, sizeof(m->name), &pid))
        m->pid = (int32_t)pid;
}

/* All that was open is closed, so that nothing stays alive for its sake; what ends or stops the owner's group does not
 * do so to it, for the owner may still ask. False if something may still be open. */
static bool leave_the_owner(int fd)
{
    static const int ignored[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGPIPE,
                                  SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    if ((fd > 0 && syscall(SYS_close_range, 0, (unsigned)fd - 1, 0) < 0) ||
        syscall(SYS_close_range, (unsigned)fd + 1, UINT_MAX, 0) < 0)
        return false;
    (void)prctl(PR_SET_NAME, "pm-lookout");
    (void)pm_sandbox_enter();
    return true;
}

static _Noreturn void look_out(int fd, pid_t owner)
{
    struct message m;
    if (!leave_the_owner(fd))
        _exit(1);
    for (;;) {
        ssize_t n = recv(fd, &m, sizeof(m), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < (ssize_t)size_of(0) || m.n > PM_DEVICES_MAX || (size_t)n != size_of(m.n))
            _exit(0); /* its owner is gone, or no longer itself */
        answer(&m, owner);
        if (send(fd, &m, (size_t)n, MSG_NOSIGNAL) != n)
            _exit(0);
    }
}

/* ---- in its owner ---- */

int pm_lookout_start(struct pm_lookout *l, bool wanted)
{
    static const struct timeval patience = {.tv_sec = PATIENCE_S};
    int ends[2];
    *l = (struct pm_lookout){.fd = -1};
    pthread_mutex_init(&l->one, NULL);
    if (!wanted)
        return 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    PM_AUTO_CLOSE int ours = ends[0], theirs = ends[1];
    pid_t owner = getpid(), pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        close(ours);
        look_out(theirs, owner);
    }
    (void)setsockopt(ours, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    l->fd = pm_take_fd(&ours);
    l->pid = pid;
    return 0;
}

/* Wait until it is gone, but not for ever. */
static bool has_ended(pid_t pid)
{
    static const struct timespec pause = {.tv_nsec = 1000000L * END_STEP_MS};
    for (int waited = 0; waited < END_MS; waited += END_STEP_MS) {
        pid_t r = waitpid(pid, NULL, WNOHANG);
        if (r == pid || (r < 0 && errno != EINTR))
            return true;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

/* It ends when its socket does, unless somebody stopped it. A confined owner may not be allowed to kill it: then it
 * ends as soon as it is continued. */
void pm_lookout_end(struct pm_lookout *l)
{
    if (l->fd >= 0) {
        close(l->fd);
        if (!has_ended(l->pid) && kill(l->pid, SIGKILL) == 0)
            (void)has_ended(l->pid);
    }
    l->fd = -1;
    pthread_mutex_destroy(&l->one);
}

/* False if no answer came. Then none is waited for again: it might be the one to this question. */
static bool ask(struct pm_lookout *l, struct message *m)
{
    size_t size = size_of(m->n);
    pthread_mutex_lock(&l->one);
    bool answered = send(l->fd, m, size, MSG_NOSIGNAL) == (ssize_t)size;
    ssize_t n = -1;
    while (answered && (n = recv(l->fd, m, size, 0)) < 0 && errno == EINTR)
        ;
    answered = n == (ssize_t)size && size_of(m->n) == size;
    if (!answered)
        shutdown(l->fd, SHUT_RDWR);
    pthread_mutex_unlock(&l->one);
    return answered;
}

void pm_lookout_holders(void *lookout, struct pm_holder *holders, size_t n)
{
    struct pm_lookout *l = lookout;
    if (l->fd < 0) {
        pm_holders_find(holders, n, getpid());
        return;
    }
    struct message m = {.n = (uint32_t)(n < PM_DEVICES_MAX ? n : PM_DEVICES_MAX)};
    memcpy(m.devices, holders, m.n * sizeof(holders[0]));
    if (!ask(l, &m))
        return;
    for (uint32_t i = 0; i < m.n; i++)
        snprintf(holders[i].program, sizeof(holders[i].program), "%.*s", PM_HOLDER_TEXT - 1, m.devices[i].program);
}

bool pm_lookout_port(struct pm_lookout *l, unsigned port, char *name, size_t room, pid_t *ret_pid)
{
    if (l->fd < 0)
        return pm_port_holder(port, name, room, ret_pid);
    struct message m = {.port = port};
    if (port == 0 || !ask(l, &m) || m.pid == 0)
        return false;
    snprintf(name, room, "%.*s", PORT_NAME - 1, m.name);
    *ret_pid = m.pid;
    return true;
}
