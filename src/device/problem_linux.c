/* problem_linux.c - why a device could not be opened, and what a person can do about it. */
#include "device/devices.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* From the files themselves, for the ordinary functions may ask a server and wait for it. */
static bool group_name(gid_t gid, const char *user, char *name, size_t room, bool *is_member)
{
    FILE *f = fopen("/etc/group", "re");
    bool found = false;
    for (struct group *g; f && !found && (g = fgetgrent(f));) {
        found = g->gr_gid == gid;
        if (!found)
            continue;
        snprintf(name, room, "%s", g->gr_name);
        for (char **member = g->gr_mem; *member; member++)
            *is_member = *is_member || strcmp(*member, user) == 0;
    }
    if (f)
        fclose(f);
    return found;
}

static void user_name(char *name, size_t room)
{
    FILE *f = fopen("/etc/passwd", "re");
    snprintf(name, room, "$USER");
    for (struct passwd *p; f && (p = fgetpwent(f));) {
        if (p->pw_uid == geteuid())
            snprintf(name, room, "%s", p->pw_name);
    }
    if (f)
        fclose(f);
}

bool pm_device_problem(const struct pm_device *d, char *out, size_t room)
{
    char user[64], group[64] = "";
    bool is_member = false;
    struct stat st;
    if (d->is_virtual)
        return false;
    if (d->is_console) {
        snprintf(out, room, "%s is a console of this machine, or people log in there: it is not for applications.",
                 d->path);
        return true;
    }
    if (d->is_modem) {
        snprintf(out, room,
                 "%s belongs to a mobile modem, by which this machine reaches its network: it is not for applications, "
                 "unless the daemon runs with --allow-modems.",
                 d->path);
        return true;
    }
    if (faccessat(AT_FDCWD, d->path, R_OK | W_OK, AT_EACCESS) == 0)
        return false;
    user_name(user, sizeof(user));
    if (stat(d->path, &st) < 0)
        snprintf(out, room, "%s is not there: its device went away, or the system made no file for it.", d->path);
    else if ((st.st_mode & 060) != 060 || !group_name(st.st_gid, user, group, sizeof(group), &is_member))
        snprintf(out, room, "Permission denied: only root may open %s. A udev rule can give it to a group.", d->path);
    else if (is_member)
        snprintf(out, room,
                 "Permission denied: %s belongs to group %s. You are in it, but not since you logged in: log out and "
                 "in again.",
                 d->path, group);
    else
        snprintf(out, room,
                 "Permission denied: %s belongs to group %s. Join it with: sudo usermod -aG %s %s - then log out and "
                 "in again.",
                 d->path, group, group, user);
    return true;
}
