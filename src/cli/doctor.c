/* doctor.c - the subcommand that looks for what is wrong: settings, the daemon, its port, the devices, the system. */
#include "cli/doctor.h"

#include "cli/session.h"
#include "daemon/landlock.h"
#include "daemon/port_holder.h"
#include "daemon/reach.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const struct pm_option pm_doctor_rows[] = {
    {.name = "origin",
     .type = PM_OPTION_TEXT,
     .offset = offsetof(struct pm_doctor_values, origin),
     .argument = "URL",
     .purpose = "tell what pages of this address would get, too"},
    {0},
};

void pm_doctor_note(struct pm_doctor *d, enum pm_health health, const char *check, const char *format, ...)
{
    va_list args;
    if (d->n == PM_FINDINGS_MAX)
        return;
    struct pm_finding *f = &d->findings[d->n++];
    f->health = health;
    f->check = check;
    va_start(args, format);
    vsnprintf(f->text, sizeof(f->text), format, args);
    va_end(args);
}

/* ---- ourselves ---- */

static void check_sandbox(struct pm_doctor *d, const struct pm_settings *settings)
{
    unsigned version = pm_landlock_version();
    const char *exposing = pm_reach_exposes_home(settings);
    if (settings->no_sandbox)
        pm_doctor_note(d, PM_HINT, "sandbox",
                       "\"no-sandbox\" is set: the daemon keeps all rights of its user. Take it out of the settings "
                       "unless something does not work without it.");
    else if (version > 0 && exposing)
        pm_doctor_note(
            d, PM_HINT, "sandbox",
            "The daemon can read all files beside %s, and so all of your home (Landlock): put that file into "
            "a folder of its own.",
            exposing);
    else if (version > 0)
        pm_doctor_note(d, PM_HEALTHY, "sandbox",
                       "The daemon reaches no files but its own and devices (Landlock, version %u).", version);
    else
        pm_doctor_note(d, PM_HINT, "sandbox",
                       "This kernel has no Landlock, or it is turned off: the daemon could read all files of its "
                       "user. Linux 5.13 and later have it.");
}

/* Returns the port that a daemon would listen on. */
static unsigned check_settings(struct pm_doctor *d)
{
    char program[] = "peripheral-manager", *no_options[] = {program, NULL}, error[PM_OPTION_ERROR];
    struct pm_settings settings;
    if (pm_settings_load(1, no_options, &settings, error) < 0)
        pm_doctor_note(d, PM_SICK, "settings", "%s. A daemon does not start with this file.", error);
    else
        pm_doctor_note(d, PM_HEALTHY, "settings", "The settings are in order.");
    unsigned port = (unsigned)settings.port;
    check_sandbox(d, &settings);
    pm_doctor_tls(d, &settings);
    pm_settings_fini(&settings);
    return port;
}

/* 0 or a negative errno. */
static int try_port(int family, unsigned port)
{
    struct sockaddr_in v4 = {AF_INET, htons((uint16_t)port), {htonl(INADDR_LOOPBACK)}, {0}};
    struct sockaddr_in6 v6 = {AF_INET6, htons((uint16_t)port), 0, IN6ADDR_LOOPBACK_INIT, 0};
    int on = 1, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    int r =
        family == AF_INET ? bind(fd, (struct sockaddr *)&v4, sizeof(v4)) : bind(fd, (struct sockaddr *)&v6, sizeof(v6));
    r = r < 0 ? -errno : 0;
    close(fd);
    return r;
}

static void check_port(struct pm_doctor *d, unsigned port)
{
    char name[64];
    pid_t pid;
    if (port == 0 || (try_port(AF_INET, port) != -EADDRINUSE && try_port(AF_INET6, port) != -EADDRINUSE))
        pm_doctor_note(d, PM_HEALTHY, "port", "Port %u is free.", port);
    else if (pm_port_holder(port, name, sizeof(name), &pid))
        pm_doctor_note(d, PM_SICK, "port", "Port %u is taken by \"%s\", process %d. Stop it, or choose another port.",
                       port, name, pid);
    else
        pm_doctor_note(d, PM_SICK, "port", "Port %u is taken by another user's program. Choose another port.", port);
}

static void check_daemon(struct pm_doctor *d, const struct pm_common *common, unsigned port)
{
    char path[PM_PATH_MAX], version[64], address[128];
    struct pm_client *client;
    json_t *answer;
    if (pm_session_path(common, path) != PM_EXIT_OK)
        return;
    int r = pm_client_open(path, NULL, NULL, &client);
    if (r == -ENOENT || r == -ECONNREFUSED) {
        pm_doctor_note(d, PM_HINT, "daemon", "No daemon runs. Start it with: peripheral-manager");
        check_port(d, port);
        return;
    }
    if (r < 0) {
        pm_doctor_note(d, PM_SICK, "daemon", "The daemon at %s cannot be used: %s.", path, strerror(-r));
        return;
    }
    r = pm_client_ask(client, "describe", NULL, &answer);
    if (r == 0) {
        pm_session_text(answer, "version", version, sizeof(version));
        pm_session_text(answer, "address", address, sizeof(address));
        bool same = strcmp(version, PM_VERSION) == 0;
        pm_doctor_note(d, same ? PM_HEALTHY : PM_HINT, "daemon", "A daemon runs, version %s, at %s/%s", version,
                       address, same ? "" : ". It is not the version of this program: start it anew.");
        json_decref(answer);
    } else {
        pm_doctor_note(d, PM_SICK, "daemon", "The daemon does not answer: %s. Start it anew.", strerror(-r));
    }
    pm_client_close(client);
}

static void check_devices(struct pm_doctor *d, const struct pm_common *common)
{
    json_t *answer;
    const json_t *device;
    size_t i;
    char address[PM_CELL], problem[PM_FINDING_TEXT];
    unsigned usable = 0;
    if (pm_list_devices(common, &answer) != PM_EXIT_OK)
        return;
    json_array_foreach(json_object_get(answer, "devices"), i, device)
    {
        if (!pm_session_text(device, "unusable", problem, sizeof(problem))[0])
            usable++;
        else if (json_is_true(json_object_get(device, "console")))
            continue;
        else
            pm_doctor_note(d, PM_SICK, "device", "%s", problem);
        pm_session_text(device, "address", address, sizeof(address));
        if (json_is_true(json_object_get(device, "identity-conflict")))
            pm_doctor_note(d, PM_HINT, "device",
                           "%s: another device says that it is this one, and only paths tell them apart.", address);
    }
    json_decref(answer);
    if (usable > 0)
        pm_doctor_note(d, PM_HEALTHY, "device", "%u device%s can be used. See: peripheral-manager list", usable,
                       usable == 1 ? "" : "s");
    else
        pm_doctor_note(d, PM_HINT, "device", "No device that can be used is plugged in.");
}

/* ---- the report ---- */

static const char *const words[] = {[PM_HEALTHY] = "ok", [PM_HINT] = "hint", [PM_SICK] = "problem"};

static void print_words(const struct pm_doctor *d, unsigned problems)
{
    for (unsigned i = 0; i < d->n; i++)
        printf("%-8s %-14s %s\n", words[d->findings[i].health], d->findings[i].check, d->findings[i].text);
    if (problems == 0)
        puts("\nNothing is wrong.");
    else
        printf("\n%u problem%s.\n", problems, problems == 1 ? "" : "s");
}

static void print_json(const struct pm_doctor *d)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < d->n; i++) {
        const struct pm_finding *f = &d->findings[i];
        json_array_append_new(
            array, json_pack("{s:s, s:s, s:s}", "check", f->check, "result", words[f->health], "message", f->text));
    }
    pm_session_print_json(array);
    json_decref(array);
}

enum pm_exit pm_doctor_command(const struct pm_command *self, void *values, char **arguments, unsigned n)
{
    struct pm_doctor_values *v = values;
    struct pm_common *common = &v->common;
    struct pm_doctor d = {.root = ""};
    unsigned problems = 0;
    (void)self, (void)arguments, (void)n;
    common->quiet = true;
    check_daemon(&d, common, check_settings(&d));
    check_devices(&d, common);
    pm_doctor_system(&d);
    if (v->origin)
        pm_doctor_origin(&d, common, v->origin);
    for (unsigned i = 0; i < d.n; i++)
        problems += d.findings[i].health == PM_SICK;
    if (common->json)
        print_json(&d);
    else
        print_words(&d, problems);
    return problems == 0 ? PM_EXIT_OK : PM_EXIT_REFUSED;
}
