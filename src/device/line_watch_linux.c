/* line_watch_linux.c - the thread of serial_line.h that waits for signals to change, by TIOCMIWAIT. */
#include "device/serial_line.h"

#include <errno.h>
#include <linux/tty.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { STACK = 128 * 1024, KICK_NS = 2000000 };

struct pm_line_watch {
    pthread_t thread;
    sem_t go, ended;
    int tty, told;
    bool waits; /* for the loop's side only */
    atomic_bool stop, useless;
};

static void *wait_for_changes(void *argument)
{
    struct pm_line_watch *w = argument;
    const int all = TIOCM_CTS | TIOCM_DSR | TIOCM_CAR | TIOCM_RNG;
    while (!w->useless) {
        while (sem_wait(&w->go) < 0) {
        }
        if (w->stop)
            break;
        if (ioctl(w->tty, TIOCMIWAIT, all) < 0 && errno != EINTR)
            w->useless = true; /* not known here, or unplugged, which the loop hears of by itself */
        eventfd_write(w->told, 1);
    }
    sem_post(&w->ended);
    return NULL;
}

/* A signal without a meaning ends the ioctl: SIGURG, which nobody sends otherwise and which is ignored by default. The
 * handler must exist, for an ignored signal interrupts nothing, and must not restart the call. */
static void on_kick(int number)
{
    (void)number;
}

static int start_thread(struct pm_line_watch *w)
{
    struct sigaction kick = {.sa_handler = on_kick};
    sigset_t all, before;
    pthread_attr_t attr;
    sigaction(SIGURG, &kick, NULL);
    sigfillset(&all);
    sigdelset(&all, SIGURG);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* the thread inherits it: the loop's signals stay with the loop */
    int r = pthread_create(&w->thread, &attr, wait_for_changes, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return -r;
}

int pm_line_watch_new(int fd, struct pm_line_watch **ret, int *ret_fd)
{
    struct pm_line_counts counts;
    if (pm_serial_line_get_signals(fd) < 0 || pm_serial_line_counts(fd, &counts) < 0)
        return -ENOTTY;
    struct pm_line_watch *w = calloc(1, sizeof(*w));
    if (!w)
        return -ENOMEM;
    w->tty = fd;
    w->told = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    sem_init(&w->go, 0, 0);
    sem_init(&w->ended, 0, 0);
    int r = w->told < 0 ? -errno : start_thread(w);
    if (r < 0) {
        if (w->told >= 0)
            close(w->told);
        free(w);
        return r;
    }
    *ret = w;
    *ret_fd = w->told;
    return 0;
}

bool pm_line_watch_go(struct pm_line_watch *w)
{
    if (w->waits || w->useless)
        return false;
    w->waits = true;
    sem_post(&w->go);
    return true;
}

void pm_line_watch_seen(struct pm_line_watch *w)
{
    eventfd_t count;
    eventfd_read(w->told, &count);
    w->waits = false;
}

/* A signal may come right before the ioctl and be lost, so it is sent until the thread has answered. */
void pm_line_watch_free(struct pm_line_watch *w)
{
    struct timespec until;
    if (!w)
        return;
    w->stop = true;
    sem_post(&w->go);
    do {
        pthread_kill(w->thread, SIGURG);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += KICK_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
    } while (sem_timedwait(&w->ended, &until) < 0);
    pthread_join(w->thread, NULL);
    close(w->told);
    sem_destroy(&w->go);
    sem_destroy(&w->ended);
    free(w);
}
