/* settings.c - see settings.h. */
#include "daemon/settings.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "hub/hub.h"
#include "net/sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_MAX = 256 * 1024 }; /* bytes of a configuration file */

#define AT(field) offsetof(struct pm_settings, field)

static const char *const local_words[] = {"auto", "allow", "ask", NULL};
static const char *const compat_words[] = {"none", "original", NULL};

#define LIMIT(word, kind, field, least, most, usual, unit, says)                                                       \
    {                                                                                                                  \
        .name = (word), .section = "limits", .type = PM_OPTION_##kind, .offset = AT(limits.field), .min = (least),     \
        .max = (most), .initial = (usual), .argument = (unit), .purpose = (says), .rare = true                         \
    }

enum { CLIENTS_MAX = 20000, HOUR = 3600 * 1000, KIB = 1024, MIB = 1024 * 1024 };

const struct pm_option pm_setting_rows[] = {
    {.name = "port",
     .section = "network",
     .type = PM_OPTION_NUMBER,
     .offset = AT(port),
     .max = 65535,
     .initial = "3000",
     .argument = "N",
     .purpose = "listen on this port of 127.0.0.1 and ::1; 0 takes a free one"},
    {.name = "tls",
     .section = "network",
     .type = PM_OPTION_FLAG,
     .offset = AT(tls),
     .purpose =
         "listen for https and wss too, as Safari needs it; \"peripheral-manager tls init\" makes the certificate"},
    {.name = "tls-port",
     .section = "network",
     .type = PM_OPTION_NUMBER,
     .offset = AT(tls_port),
     .max = 65535,
     .initial = "3443",
     .argument = "N",
     .purpose = "the port for that; 0 takes a free one"},
    {.name = "tls-cert",
     .section = "network",
     .type = PM_OPTION_PATH,
     .offset = AT(tls_cert),
     .argument = "FILE",
     .purpose = "a certificate of your own, in PEM form, with those that lead to its authority; needs --tls-key"},
    {.name = "tls-key",
     .section = "network",
     .type = PM_OPTION_PATH,
     .offset = AT(tls_key),
     .argument = "FILE",
     .purpose = "its key, without a passphrase, readable for nobody else"},
    {.name = "listen",
     .section = "network",
     .type = PM_OPTION_LIST,
     .offset = AT(listen),
     .argument = "ADDRESS",
     .purpose = "let other machines in at this address of ours, by https on the port of --tls-port; needs --tls, "
                "--require-token and --allow-origin; may be given several times"},
    {.name = "allow-host",
     .section = "network",
     .type = PM_OPTION_LIST,
     .offset = AT(allow_host),
     .argument = "NAME",
     .purpose = "answer to this name too, such as bench.lab.example; may be given several times"},
    {.name = "require-token",
     .section = "access",
     .type = PM_OPTION_FLAG,
     .offset = AT(require_token),
     .purpose = "let no program in without a token, not even this user's own; the command line needs none"},
    {.name = "demo",
     .section = "devices",
     .type = PM_OPTION_FLAG,
     .offset = AT(demo),
     .purpose = "show virtual devices: an echo, an instrument, a syringe pump, a counter"},
    {.name = "allow-pty",
     .section = "devices",
     .type = PM_OPTION_FLAG,
     .offset = AT(allow_pty),
     .purpose = "open pseudo terminals by their path, such as /dev/pts/3"},
    {.name = "allow-modems",
     .section = "devices",
     .type = PM_OPTION_FLAG,
     .offset = AT(allow_modems),
     .purpose = "let applications use the serial ports of mobile modems too, which the system has for its network"},
    {.name = "allow-origin",
     .section = "access",
     .type = PM_OPTION_LIST,
     .offset = AT(allow_origin),
     .argument = "URL",
     .purpose = "let pages of this origin use every serial device, for example https://app.example; add "
                "=serial,control,firmware "
                "to say for what; may be given several times",
     .live = true},
    {.name = "max-clients",
     .section = "network",
     .type = PM_OPTION_NUMBER,
     .offset = AT(max_clients),
     .min = 1,
     .max = CLIENTS_MAX,
     .initial = "256",
     .argument = "N",
     .purpose = "let so many clients in at once; a program that is no page may hold all of them"},
    {.name = "allow-user",
     .section = "access",
     .type = PM_OPTION_LIST,
     .offset = AT(allow_user),
     .argument = "NAME",
     .purpose = "let programs and browsers of this user of the machine in too; may be given several times"},
    {.name = "local-pages",
     .section = "access",
     .type = PM_OPTION_WORD,
     .offset = AT(local_pages),
     .words = local_words,
     .initial = "auto",
     .argument = "WORD",
     .purpose = "pages of this machine (http://localhost and so on): \"allow\" gives them every device for this run, "
                "\"ask\" asks once as for any other page, \"auto\" allows them while this runs in a terminal"},
    {.name = "compat",
     .section = "access",
     .type = PM_OPTION_WORD,
     .offset = AT(compat),
     .words = compat_words,
     .initial = "none",
     .argument = "WORD",
     .purpose = "\"original\": a page that is allowed gets every serial device, beside other pages, as from the "
                "original program"},
    {.name = "notifications",
     .section = "access",
     .type = PM_OPTION_FLAG,
     .offset = AT(notifications),
     .initial = "yes",
     .purpose = "show on the desktop that a page asks to be let in, as is usual; --no-notifications: do not"},
    {.name = "recovery-window",
     .section = "network",
     .type = PM_OPTION_NUMBER,
     .offset = AT(recovery_window),
     .max = 3600,
     .initial = "120",
     .argument = "SECONDS",
     .purpose = "a page that loses its connection and is back within this time misses nothing; 0: it starts afresh"},
    {.name = "state-dir",
     .section = "state",
     .type = PM_OPTION_PATH,
     .offset = AT(state_dir),
     .argument = "DIR",
     .purpose = "keep what must outlive a restart here, instead of in ~/.local/state/peripheral-manager"},
    {.name = "ephemeral",
     .section = "state",
     .type = PM_OPTION_FLAG,
     .offset = AT(ephemeral),
     .purpose = "keep nothing: start without memory and leave none"},
    {.name = "runtime-dir",
     .section = "state",
     .type = PM_OPTION_PATH,
     .offset = AT(runtime_dir),
     .argument = "DIR",
     .purpose = "put the control socket here, instead of in $XDG_RUNTIME_DIR/peripheral-manager"},
    {.name = "recording-part",
     .section = "state",
     .type = PM_OPTION_SIZE,
     .offset = AT(recording_part),
     .min = 256 * 1024,
     .max = INT64_C(1) << 40,
     .initial = "64M",
     .argument = "BYTES",
     .purpose = "begin a new file of a recording when one has this size"},
    {.name = "allow-root",
     .section = "access",
     .type = PM_OPTION_FLAG,
     .offset = AT(allow_root),
     .purpose = "run although the user is root"},
    {.name = "no-sandbox",
     .section = "access",
     .type = PM_OPTION_FLAG,
     .offset = AT(no_sandbox),
     .purpose = "keep the rights that the daemon never uses, for systems where giving them up does harm"},
    {.name = "verbose",
     .letter = 'v',
     .section = "log",
     .type = PM_OPTION_FLAG,
     .offset = AT(verbose),
     .purpose = "log more",
     .live = true},
    LIMIT("per-origin", NUMBER, per_origin, 1, CLIENTS_MAX, "32", "N", "connections of the pages of one origin"),
    LIMIT("per-user", NUMBER, per_user, 1, CLIENTS_MAX, "128", "N",
          "connections of another user of this machine, who was let in"),
    LIMIT("unadmitted", NUMBER, strangers, 1, CLIENTS_MAX, "32", "N",
          "clients that have not said yet what they want; from half of it on some are refused by chance"),
    LIMIT("silent", NUMBER, silent, 1, CLIENTS_MAX, "64", "N",
          "connections that have not said anything yet; the oldest makes room for one more"),
    LIMIT("head-size", SIZE, head, 4 * KIB, 64 * KIB, "16K", "BYTES", "the head of a request"),
    LIMIT("head-fields", NUMBER, fields, 16, PM_HTTP_FIELDS_MAX, "100", "N", "fields in a head"),
    LIMIT("target-size", SIZE, target, 256, 16 * KIB, "4K", "BYTES", "the address in a request"),
    LIMIT("message-size", SIZE, message, 64 * KIB, 4000000, "1000000", "BYTES",
          "the body of a request, and one message of a WebSocket"),
    LIMIT("head-time", DURATION, head_time, 100, HOUR, "10s", "TIME", "for the head of a request, from its first byte"),
    LIMIT("body-time", DURATION, body_time, 100, HOUR, "20s", "TIME", "for the body of a request"),
    LIMIT("handshake-time", DURATION, handshake_time, 100, HOUR, "10s", "TIME", "for the handshake of TLS"),
    LIMIT("connect-time", DURATION, connect_time, 100, HOUR, "45s", "TIME",
          "until a client of Socket.IO says what it wants; waiting for the person's answer does not count"),
    LIMIT("fragments", NUMBER, fragments, 1, 65536, "1024", "N", "fragments of one message of a WebSocket"),
    LIMIT("control-frames", NUMBER, control_frames, 1, 10000, "50", "N", "pings and pongs of a WebSocket in a second"),
    LIMIT("packets", NUMBER, packets, 1, 2000000, "500000", "N",
          "packets in one post of a polling client; the usual is what a message has room for"),
    LIMIT("attachments", NUMBER, attachments, 1, PM_EVENT_ATTACHMENTS_MAX, "10", "N",
          "binary attachments of one event"),
    LIMIT("json-depth", NUMBER, depth, 8, PM_JSON_DEPTH_MAX, "32", "N", "arrays and objects inside each other"),
    LIMIT("json-members", NUMBER, members, 64, 1000000, "4096", "N",
          "members, arrays and objects of one JSON text; plain elements of arrays do not count"),
    LIMIT("event-name", SIZE, event_name, 32, PM_SIO_EVENT_NAME_MAX, "128", "BYTES", "the name of an event"),
    LIMIT("namespaces", NUMBER, namespaces, 1, 64, "8", "N", "namespaces of one client"),
    LIMIT("event-rate", NUMBER, event_rate, 10, 1000000, "20000", "N",
          "events of one client in a second, beyond the burst; then it is read from more slowly"),
    LIMIT("event-burst", NUMBER, event_burst, 10, 1000000, "40000", "N",
          "events that may come at once beside the rate"),
    LIMIT("flood-time", DURATION, flood_time, 1000, HOUR, "10s", "TIME",
          "a client that is too fast for so long is closed"),
    LIMIT("client-queue", SIZE, client_queue, 64 * KIB, 16 * MIB, "1M", "BYTES",
          "unread answers of a client; then it is not read from, and it is closed at sixteen times as much"),
    LIMIT("open-devices", NUMBER, open_devices, 1, PM_CONNECTIONS_MAX, "64", "N", "connections to devices"),
    LIMIT("write-queue", SIZE, write_queue, 4 * KIB, PM_WRITE_MAX / 2, "256K", "BYTES",
          "bytes that wait for one device; then who writes to it waits"),
    LIMIT("history", SIZE, history, PM_JOURNAL_MIN, PM_JOURNAL_MAX, "1M", "BYTES",
          "received bytes that are kept of a connection, where nobody asks for another size"),
    LIMIT("device-news", NUMBER, device_news, 1, 10000, "20", "N",
          "times that one port may come and go in a second; then it is told how it came to rest"),
    LIMIT("log-rate", NUMBER, log_rate, 10, 100000, "200", "N",
          "lines of the log in a second, of INFO half as many; more are counted"),
    {.name = "config",
     .type = PM_OPTION_PATH,
     .offset = AT(config),
     .argument = "FILE",
     .purpose = "read this configuration file, instead of ~/.config/peripheral-manager/peripheral-manager.conf"},
    {.name = "help", .letter = 'h', .type = PM_OPTION_FLAG, .offset = AT(help), .purpose = "show this help and end"},
    {.name = "help-limits",
     .type = PM_OPTION_FLAG,
     .offset = AT(help_limits),
     .purpose = "show the limits on what clients may take, which can be set too, and end"},
    {.name = "version",
     .letter = 'V',
     .type = PM_OPTION_FLAG,
     .offset = AT(version),
     .purpose = "show the version and end"},
    {0},
};

/* Where the file is, or "" if no directory leads to one. */
static void find_config(const struct pm_settings *s, char path[PM_PATH_MAX])
{
    struct pm_paths paths;
    path[0] = 0;
    if (s->config)
        snprintf(path, PM_PATH_MAX, "%s", s->config);
    else if (pm_paths_find(getenv, &paths) == 0 && pm_path_join(paths.config, "peripheral-manager.conf", path) < 0)
        path[0] = 0;
}

static int read_config(struct pm_settings *s, char error[PM_OPTION_ERROR])
{
    char path[PM_PATH_MAX];
    struct pm_bytes text;
    find_config(s, path);
    if (!path[0])
        return 0;
    int r = pm_file_read(path, CONFIG_MAX, &text);
    if (r == -ENOENT && !s->config)
        return 0;
    if (r < 0) {
        snprintf(error, PM_OPTION_ERROR, "%.300s: the configuration file cannot be read: %s", path,
                 r == -EFBIG ? "it is larger than 256 KiB" : strerror(-r));
        return -EBADMSG;
    }
    r = pm_config_read(pm_setting_rows, s, path, (const char *)text.p, text.n, error);
    pm_bytes_fini(&text);
    return r;
}

int pm_settings_load(int argc, char **argv, struct pm_settings *ret, char error[PM_OPTION_ERROR])
{
    pm_options_defaults(pm_setting_rows, ret);
    int r = pm_options_parse(pm_setting_rows, ret, argc, argv, error);
    if (r >= 0 && r < argc) {
        snprintf(error, PM_OPTION_ERROR, "\"%.100s\" is neither an option nor a command", argv[r]);
        r = -EINVAL;
    }
    if (r < 0 || ret->help || ret->help_limits || ret->version)
        return r < 0 ? r : 0;
    char *config = ret->config; /* all that was needed so far: the options come again, over what the file says */
    ret->config = NULL;
    pm_options_fini(pm_setting_rows, ret);
    pm_options_defaults(pm_setting_rows, ret);
    ret->config = config;
    r = read_config(ret, error);
    if (r == 0)
        r = pm_options_parse(pm_setting_rows, ret, argc, argv, error);
    return r < 0 ? r : 0;
}

bool pm_settings_reload(struct pm_settings *s, int argc, char **argv, bool (*is_good)(const struct pm_settings *fresh))
{
    struct pm_settings fresh;
    char error[PM_OPTION_ERROR];
    if (pm_settings_load(argc, argv, &fresh, error) < 0) {
        pm_log(PM_LOG_ERROR, "%s. Everything stays as it was.", error);
        pm_settings_fini(&fresh);
        return false;
    }
    if (!is_good(&fresh)) {
        pm_log(PM_LOG_ERROR, "Everything stays as it was.");
        pm_settings_fini(&fresh);
        return false;
    }
    for (const struct pm_option *o = pm_setting_rows; o->name; o++) {
        if (pm_option_equal(o, &fresh, s))
            continue;
        if (o->live)
            pm_option_swap(o, &fresh, s);
        pm_log(PM_LOG_INFO, o->live ? "\"%s\" is changed." : "\"%s\" is changed with the next start.", o->name);
    }
    pm_settings_fini(&fresh);
    return true;
}

void pm_settings_fini(struct pm_settings *s)
{
    pm_options_fini(pm_setting_rows, s);
}
