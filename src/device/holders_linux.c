/* holders_linux.c - see holders.h; by the links in /proc/PID/fd. */
#include "device/holders.h"

#include "base/clean.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENTRIES_MAX = 50000 };

static void name_program(char out[PM_HOLDER_TEXT], int proc, const char *pid)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof(path), "%.20s/comm", pid);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = 0;
    if (fd >= 0)
        close(fd);
    pm_text_clean(out, PM_HOLDER_TEXT, text, n > 0 ? (size_t)n : 0, SIZE_MAX);
}

static void look_at_process(struct pm_holder *holders, size_t n, int proc, const char *pid, unsigned *left)
{
    char path[64], target[PM_DEVICE_TEXT];
    snprintf(path, sizeof(path), "%.20s/fd", pid);
    int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd); /* not ours to see, or gone */
    for (struct dirent *e; folder && *left > 0 && (e = readdir(folder));) {
        (*left)--;
        ssize_t length = readlinkat(fd, e->d_name, target, sizeof(target) - 1);
        if (length < 5 || memcmp(target, "/dev/", 5) != 0)
            continue;
        target[length] = 0;
        for (size_t i = 0; i < n; i++) {
            if (strcmp(holders[i].path, target) == 0)
                name_program(holders[i].program, proc, pid);
        }
    }
    if (folder)
        closedir(folder);
    else if (fd >= 0)
        close(fd);
}

void pm_holders_find(struct pm_holder *holders, size_t n, pid_t except)
{
    DIR *proc = opendir("/proc");
    unsigned left = ENTRIES_MAX;
    for (struct dirent *e; proc && left > 0 && (e = readdir(proc));) {
        left--;
        if (isdigit((unsigned char)e->d_name[0]) && strtol(e->d_name, NULL, 10) != except)
            look_at_process(holders, n, dirfd(proc), e->d_name, &left);
    }
    if (proc)
        closedir(proc);
}
