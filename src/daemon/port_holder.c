/* port_holder.c - see port_holder.h. */
#include "daemon/port_holder.h"

#include "base/clean.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PATH_ROOM = 300,
    LISTENING = 0x0a, /* TCP_LISTEN */
    LOCAL_COLUMN = 1,
    STATE_COLUMN = 3,
    INODE_COLUMN = 9, /* of /proc/net/tcp, proc(5) */
};

/* The column of a line, counted from 0; "" if it has fewer. */
static const char *column(const char *line, int number)
{
    for (line += strspn(line, " "); number > 0; number--) {
        line += strcspn(line, " ");
        line += strspn(line, " ");
    }
    return line;
}

/* The inode of the socket that a line of the kernel's table is about if it listens on the port, else 0. */
static unsigned long inode_of(const char *line, unsigned port)
{
    const char *colon = strchr(column(line, LOCAL_COLUMN), ':');
    if (!colon || strtoul(colon + 1, NULL, 16) != port || strtoul(column(line, STATE_COLUMN), NULL, 16) != LISTENING)
        return 0;
    return strtoul(column(line, INODE_COLUMN), NULL, 10);
}

static unsigned long find_inode(const char *table, unsigned port)
{
    char line[512];
    unsigned long found = 0;
    FILE *f = fopen(table, "re");
    while (f && found == 0 && fgets(line, sizeof(line), f))
        found = inode_of(line, port);
    if (f)
        fclose(f);
    return found;
}

static bool holds(const char *pid, const char *socket)
{
    char folder[PATH_ROOM], path[2 * PATH_ROOM], target[64];
    bool found = false;
    snprintf(folder, sizeof(folder), "/proc/%s/fd", pid);
    DIR *d = opendir(folder);
    for (struct dirent *e; d && !found && (e = readdir(d));) {
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = 0;
        found = strcmp(target, socket) == 0;
    }
    if (d)
        closedir(d);
    return found;
}

static void read_name(const char *pid, char *name, size_t room)
{
    char path[PATH_ROOM], comm[64] = "";
    snprintf(path, sizeof(path), "/proc/%s/comm", pid);
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(comm, 1, sizeof(comm), f) : 0;
    if (f)
        fclose(f);
    if (n > 0 && comm[n - 1] == '\n')
        n--;
    name[pm_text_clean(name, room - 1, comm, n, room)] = 0;
}

bool pm_port_holder(unsigned port, char *name, size_t room, pid_t *ret_pid)
{
    char socket[64];
    unsigned long inode = find_inode("/proc/net/tcp", port);
    inode = inode ? inode : find_inode("/proc/net/tcp6", port);
    if (inode == 0)
        return false;
    snprintf(socket, sizeof(socket), "socket:[%lu]", inode);
    bool found = false;
    DIR *d = opendir("/proc");
    for (struct dirent *e; d && !found && (e = readdir(d));) {
        found = e->d_name[0] >= '1' && e->d_name[0] <= '9' && holds(e->d_name, socket);
        if (found) {
            *ret_pid = (pid_t)strtol(e->d_name, NULL, 10);
            read_name(e->d_name, name, room);
        }
    }
    if (d)
        closedir(d);
    return found;
}
