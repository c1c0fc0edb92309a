/* doctor_system.c - see doctor.h; programs and rules of the system that come between: udev, groups, ModemManager,
 * brltty, browsers in a snap. */
#include "cli/doctor.h"

#include <dirent.h>
#include <fnmatch.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 600 };

static const char *const rule_folders[] = {"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d",
                                           "/lib/udev/rules.d", NULL};

static void join(const struct pm_doctor *d, const char *path, char out[PATH_ROOM])
{
    snprintf(out, PATH_ROOM, "%s%s", d->root, path);
}

static bool exists(const struct pm_doctor *d, const char *path)
{
    char full[PATH_ROOM];
    join(d, path, full);
    return access(full, F_OK) == 0;
}

/* Does a line of the file, comments aside, have this word in it? */
static bool file_says(const char *path, const char *word)
{
    char line[1024];
    bool found = false;
    FILE *f = fopen(path, "re");
    while (f && !found && fgets(line, sizeof(line), f))
        found = line[strspn(line, " \t")] != '#' && strstr(line, word) != NULL;
    if (f)
        fclose(f);
    return found;
}

/* The first rules file of this name pattern that says the word; false if there is none. */
static bool find_rule(const struct pm_doctor *d, const char *pattern, const char *word, char out[PATH_ROOM])
{
    bool found = false;
    for (const char *const *folder = rule_folders; *folder && !found; folder++) {
        char full[PATH_ROOM];
        join(d, *folder, full);
        DIR *dir = opendir(full);
        for (struct dirent *e; dir && !found && (e = readdir(dir));) {
            if (fnmatch(pattern, e->d_name, 0) != 0)
                continue;
            snprintf(out, PATH_ROOM, "%.300s/%.255s", full, e->d_name);
            found = file_says(out, word);
        }
        if (dir)
            closedir(dir);
    }
    return found;
}

static bool is_running(const struct pm_doctor *d, const char *program)
{
    char full[PATH_ROOM], comm[PATH_ROOM + 300];
    bool found = false;
    join(d, "/proc", full);
    DIR *dir = opendir(full);
    for (struct dirent *e; dir && !found && (e = readdir(dir));) {
        if (e->d_name[0] < '1' || e->d_name[0] > '9')
            continue;
        snprintf(comm, sizeof(comm), "%s/%s/comm", full, e->d_name);
        found = file_says(comm, program);
    }
    if (dir)
        closedir(dir);
    return found;
}

static void check_udev(struct pm_doctor *d)
{
    if (exists(d, "/run/udev/control"))
        pm_doctor_note(d, PM_HEALTHY, "udev", "udev runs: devices are seen as they come and go.");
    else
        pm_doctor_note(
            d, PM_HINT, "udev",
            "udev does not run here, as in most containers: devices that are plugged in later are not seen.");
}

static bool in_group(const struct pm_doctor *d, const char *name)
{
    char full[PATH_ROOM];
    gid_t groups[256], wanted = (gid_t)-1;
    int n = getgroups(256, groups);
    join(d, "/etc/group", full);
    FILE *f = fopen(full, "re");
    for (struct group *g; f && (g = fgetgrent(f));)
        wanted = strcmp(g->gr_name, name) == 0 ? g->gr_gid : wanted;
    if (f)
        fclose(f);
    for (int i = 0; i < n; i++) {
        if (groups[i] == wanted)
            return true;
    }
    return wanted == getegid();
}

static void check_rights(struct pm_doctor *d)
{
    char rule[PATH_ROOM];
    if (find_rule(d, "*-peripheral-manager.rules", "uaccess", rule))
        pm_doctor_note(d, PM_HEALTHY, "rights", "%s gives serial ports on USB to whoever sits at the machine.", rule);
    else if (geteuid() == 0 || in_group(d, "dialout"))
        pm_doctor_note(d, PM_HEALTHY, "rights", "You may open serial ports.");
    else
        pm_doctor_note(d, PM_HINT, "rights",
                       "You are not in the group dialout, which serial ports belong to. Join it with: sudo usermod -aG "
                       "dialout $USER - then log out and in again. Or install the udev rule of the package.");
}

static void check_modem_manager(struct pm_doctor *d)
{
    char rule[PATH_ROOM];
    if (!is_running(d, "ModemManager"))
        pm_doctor_note(d, PM_HEALTHY, "modem-manager", "ModemManager does not run.");
    else if (find_rule(d, "*-peripheral-manager.rules", "ID_MM_PORT_IGNORE", rule))
        pm_doctor_note(d, PM_HEALTHY, "modem-manager", "ModemManager runs, and %s keeps it away from serial ports.",
                       rule);
    else
        pm_doctor_note(
            d, PM_SICK, "modem-manager",
            "ModemManager runs: it sends AT commands to serial devices when they are plugged in, and holds "
            "them for seconds. Install the udev rule of the package, or if this machine has no mobile modem: "
            "sudo systemctl disable --now ModemManager");
}

static void check_brltty(struct pm_doctor *d)
{
    char rule[PATH_ROOM];
    if (find_rule(d, "*brltty*.rules", "1a86", rule) || find_rule(d, "*brltty*.rules", "10c4", rule))
        pm_doctor_note(d, PM_SICK, "brltty",
                       "brltty takes CH340 and CP210x adapters away as soon as they are plugged in, taking them for "
                       "braille displays (%s). Unless somebody uses one: sudo apt remove brltty",
                       rule);
    else
        pm_doctor_note(d, PM_HEALTHY, "brltty", "No rule of brltty takes serial adapters away.");
}

static void check_browsers(struct pm_doctor *d)
{
    static const char *const browsers[] = {"firefox", "chromium", "brave", "opera", NULL};
    char path[64];
    for (const char *const *name = browsers; *name; name++) {
        snprintf(path, sizeof(path), "/snap/bin/%s", *name);
        if (exists(d, path))
            pm_doctor_note(d, PM_HINT, "browser",
                           "%s is a snap. Pages in it reach the devices as usual; it keeps its certificates to itself, "
                           "so one for https has to be added in its own settings.",
                           *name);
    }
}

static void check_localhost(struct pm_doctor *d)
{
    char full[PATH_ROOM];
    join(d, "/etc/hosts", full);
    if (!file_says(full, "localhost"))
        pm_doctor_note(d, PM_HINT, "localhost",
                       "/etc/hosts does not know localhost: some programs will not find it. Add the line: 127.0.0.1 "
                       "localhost");
}

void pm_doctor_system(struct pm_doctor *d)
{
    check_udev(d);
    check_rights(d);
    check_modem_manager(d);
    check_brltty(d);
    check_browsers(d);
    check_localhost(d);
}
