/* settings.h - everything about the daemon that a person can set: one table for options, configuration file and help.
 */
#ifndef PM_DAEMON_SETTINGS_H
#define PM_DAEMON_SETTINGS_H

#include "base/options.h"

enum pm_local_pages { PM_LOCAL_AUTO, PM_LOCAL_ALLOW, PM_LOCAL_ASK };
enum pm_compat { PM_COMPAT_NONE, PM_COMPAT_ORIGINAL };

/* What keeps one client from taking what is everybody's. Times in milliseconds, sizes in bytes. */
struct pm_limits {
    int64_t per_origin, per_user, strangers, silent;
    int64_t head, fields, target, message;
    int64_t head_time, body_time, handshake_time, connect_time;
    int64_t fragments, control_frames, packets, attachments;
    int64_t depth, members, event_name, namespaces;
    int64_t event_rate, event_burst, flood_time;
    int64_t client_queue;
    int64_t open_devices, write_queue, history, device_news, log_rate;
};

/* One field for each row of pm_setting_rows. */
struct pm_settings {
    int64_t port;
    bool tls;
    int64_t tls_port;
    struct pm_option_list listen, allow_host;
    bool require_token;
    char *tls_cert, *tls_key; /* NULL: those that "tls init" made */
    struct pm_option_list allow_origin;
    struct pm_option_list allow_user;
    int local_pages; /* enum pm_local_pages */
    int compat;      /* enum pm_compat */
    bool notifications;
    bool demo, allow_pty, allow_modems;
    int64_t max_clients;
    struct pm_limits limits;
    int64_t recovery_window; /* seconds */
    char *state_dir;         /* NULL: where the XDG directories say */
    bool ephemeral;          /* keep nothing */
    char *runtime_dir;
    int64_t recording_part; /* bytes */
    bool allow_root;
    bool no_sandbox; /* do not give up rights after the start */
    bool verbose;
    char *config; /* NULL: peripheral-manager.conf in the configuration directory, if it exists */
    bool help, help_limits, version;
};

extern const struct pm_option pm_setting_rows[];

/* Defaults, then the configuration file, then the options. The caller ends it with pm_settings_fini(), after an error
 * too. 0; -EINVAL with a message about an option; or -EBADMSG with a message about the file, with its line and column.
 */
int pm_settings_load(int argc, char **argv, struct pm_settings *ret, char error[PM_OPTION_ERROR]);

/* Read the configuration file again: settings that may change while the daemon runs take effect, others are noted in
 * the log. A file with a mistake changes nothing (I18), nor does one of which `is_good` says so; it tells why. Then
 * false. The arguments are those of pm_settings_load(). */
bool pm_settings_reload(struct pm_settings *s, int argc, char **argv, bool (*is_good)(const struct pm_settings *fresh));
void pm_settings_fini(struct pm_settings *s);

/* For pm_settings_load(), and its tests: set values from the text of a configuration file called `name` in messages. 0
 * or -EBADMSG with a message. */
int pm_config_read(const struct pm_option *table, void *values, const char *name, const char *text, size_t n,
                   char error[PM_OPTION_ERROR]);

#endif
