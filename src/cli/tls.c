/* tls.c - see tls.h; the subcommand for https: makes the certificates, shows them, and asks before a browser is told.
 */
#include "cli/tls.h"

#include "base/file.h"
#include "cli/session.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct pm_option pm_tls_rows[] = {
    {.name = "one-shot",
     .type = PM_OPTION_FLAG,
     .offset = offsetof(struct pm_tls_values, one_shot),
     .purpose = "with init: forget the authority's key at once; the certificate cannot be renewed then, and ends after "
                "397 days"},
    {.name = "again",
     .type = PM_OPTION_FLAG,
     .offset = offsetof(struct pm_tls_values, again),
     .purpose = "with init: replace the authority that there is"},
    {.name = "yes",
     .letter = 'y',
     .type = PM_OPTION_FLAG,
     .offset = offsetof(struct pm_tls_values, yes),
     .purpose = "with trust and untrust: do not ask"},
    {.name = "state-dir",
     .type = PM_OPTION_PATH,
     .offset = offsetof(struct pm_tls_values, state_dir),
     .argument = "DIR",
     .purpose = "where the daemon keeps its state, if it was started with --state-dir"},
    {0},
};

struct job {
    const struct pm_command *command;
    const struct pm_tls_values *values;
    const struct pm_openssl *library;
    struct pm_authority_files files;
    char **hosts;
    unsigned n_hosts;
};

static enum pm_exit complain(const char *error)
{
    fprintf(stderr, "%s\n", error);
    return PM_EXIT_CONFIG;
}

static enum pm_exit no_authority(const struct job *j)
{
    fprintf(stderr, "There is no certificate authority in %s. Make one with: peripheral-manager tls init\n",
            j->files.folder);
    return PM_EXIT_REFUSED;
}

static const char *day(int64_t seconds, char out[16])
{
    time_t t = (time_t)seconds;
    struct tm parts;
    if (!localtime_r(&t, &parts) || strftime(out, 16, "%Y-%m-%d", &parts) == 0)
        snprintf(out, 16, "?");
    return out;
}

/* ---- init ---- */

static enum pm_exit check_init(const struct job *j)
{
    char error[PM_TLS_ERROR];
    for (unsigned i = 0; i < j->n_hosts; i++) {
        if (!pm_authority_is_host(j->hosts[i])) {
            snprintf(error, sizeof(error),
                     "\"%.100s\" is neither a name nor an address. Write it in lower case, without scheme and port: "
                     "bench.lab.example",
                     j->hosts[i]);
            return pm_command_usage(j->command, error);
        }
    }
    if (j->values->again || access(j->files.ca, F_OK) < 0)
        return PM_EXIT_OK;
    fprintf(stderr,
            "There is a certificate authority in %s already. To replace it: peripheral-manager tls untrust, then "
            "peripheral-manager tls init --again\n",
            j->files.folder);
    return PM_EXIT_REFUSED;
}

static enum pm_exit init(struct job *j)
{
    char error[PM_TLS_ERROR];
    enum pm_exit code = check_init(j);
    if (code != PM_EXIT_OK)
        return code;
    if (pm_authority_make(j->library, &j->files, (const char *const *)j->hosts, j->n_hosts, j->values->one_shot,
                          error) < 0)
        return complain(error);
    printf("Made a certificate authority for this machine alone, and a certificate for localhost, 127.0.0.1, ::1");
    for (unsigned i = 0; i < j->n_hosts; i++)
        printf(", %s", j->hosts[i]);
    printf(", in %s\n\n", j->files.folder);
    puts("Next:\n"
         "  peripheral-manager tls trust    tells the browsers of this user to trust it\n"
         "  peripheral-manager --tls        serves https://localhost:3443/ (or \"tls = yes\" below [network] in "
         "peripheral-manager.conf)");
    return PM_EXIT_OK;
}

/* ---- status ---- */

static void print_certificate(const char *what, const struct pm_certificate *c)
{
    char until[16];
    printf("%-12s %s\n%-12s until %s, SHA-256 %s\n", what, c->subject, "", day(c->ends, until), c->fingerprint);
}

static json_t *describe(const struct pm_certificate *c)
{
    return json_pack("{s:s, s:s, s:I}", "subject", c->subject, "sha256", c->fingerprint, "ends", (json_int_t)c->ends);
}

static void print_status(const struct job *j, const struct pm_certificate *ca, const struct pm_certificate *leaf,
                         const struct pm_stores *stores)
{
    bool can_renew = access(j->files.ca_key, F_OK) == 0;
    if (j->values->common.json) {
        json_t *list = json_array();
        for (unsigned i = 0; i < stores->n; i++)
            json_array_append_new(
                list, json_pack("{s:s, s:b}", "folder", stores->folders[i], "trusts", (int)stores->trusts[i]));
        json_t *all = json_pack("{s:s, s:o, s:o, s:b, s:o}", "folder", j->files.folder, "authority", describe(ca),
                                "certificate", describe(leaf), "renewable", (int)can_renew, "stores", list);
        pm_session_print_json(all);
        json_decref(all);
        return;
    }
    print_certificate("authority", ca);
    print_certificate("certificate", leaf);
    printf("%-12s %s\n", "renewal",
           can_renew ? "by the daemon, 30 days before its end" : "not possible: the authority's key is gone");
    for (unsigned i = 0; i < stores->n; i++)
        printf("%-12s %s\n", stores->trusts[i] ? "trusted in" : "unknown to", stores->folders[i]);
}

static enum pm_exit status(struct job *j)
{
    char error[PM_TLS_ERROR];
    struct pm_certificate ca = {0}, leaf = {0};
    struct pm_stores stores;
    int r = pm_certificate_read(j->library, j->files.ca, &ca, error);
    if (r == 0)
        r = pm_certificate_read(j->library, j->files.leaf, &leaf, error);
    if (r < 0)
        return r == -ENOENT ? no_authority(j) : complain(error);
    if (!pm_stores_find(&stores) || !pm_stores_look(&stores, j->files.ca))
        stores.n = 0;
    print_status(j, &ca, &leaf, &stores);
    return PM_EXIT_OK;
}

/* ---- trust ---- */

/* Yes only for a y that somebody typed. */
static bool agrees(const struct job *j, const char *question)
{
    char line[16];
    if (j->values->yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        fputs("This is asked in a terminal. Say --yes where there is none.\n", stderr);
        return false;
    }
    printf("%s [y/N] ", question);
    fflush(stdout);
    return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static void list_stores(const struct pm_stores *s)
{
    for (unsigned i = 0; i < s->n; i++)
        printf("  %s\n", s->folders[i]);
}

static enum pm_exit trust(struct job *j)
{
    char error[PM_TLS_ERROR];
    struct pm_certificate ca = {0};
    struct pm_stores stores;
    int r = pm_certificate_read(j->library, j->files.ca, &ca, error);
    if (r < 0)
        return r == -ENOENT ? no_authority(j) : complain(error);
    if (!pm_stores_find(&stores))
        return PM_EXIT_CONFIG;
    printf("The browsers of this user are to trust the authority %s\nSHA-256 %s\nIt can sign for this machine's own "
           "names only. These stores are changed:\n",
           ca.subject, ca.fingerprint);
    list_stores(&stores);
    return agrees(j, "Go on?") ? pm_stores_trust(&stores, j->files.ca) : PM_EXIT_REFUSED;
}

static enum pm_exit untrust(struct job *j)
{
    struct pm_stores stores;
    if (!pm_stores_find(&stores))
        return PM_EXIT_CONFIG;
    return agrees(j, "Shall the browsers of this user forget Peripheral Manager's authority?")
               ? pm_stores_untrust(&stores)
               : PM_EXIT_REFUSED;
}

/* ---- dispatch ---- */

static const struct verb {
    const char *word;
    bool hosts, library;
    enum pm_exit (*run)(struct job *j);
} verbs[] = {
    {"init", true, true, init},
    {"trust", false, true, trust},
    {"untrust", false, false, untrust},
    {"status", false, true, status},
};

static const struct verb *find_verb(char **words, unsigned n)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].word, words[0]) == 0 && (n == 1 || verbs[i].hosts))
            return &verbs[i];
    }
    return NULL;
}

/* The option, then what the configuration file says, then the usual place. */
static enum pm_exit find_files(const struct pm_tls_values *v, struct pm_authority_files *ret)
{
    char program[] = "peripheral-manager", *no_options[] = {program, NULL}, error[PM_OPTION_ERROR];
    struct pm_settings settings;
    struct pm_paths paths;
    int r = pm_settings_load(1, no_options, &settings, error);
    if (r < 0)
        fprintf(stderr, "%s.\n", error);
    const char *state = v->state_dir ? v->state_dir : settings.state_dir;
    if (r == 0 && !state) {
        r = pm_paths_find(getenv, &paths);
        state = paths.state;
        if (r < 0)
            fputs("There is no place for the certificates: HOME is not set. Set it, or say --state-dir.\n", stderr);
    }
    if (r == 0 && (r = pm_authority_files(state, ret)) < 0)
        fprintf(stderr, "The path of the state directory %s is too long.\n", state);
    pm_settings_fini(&settings);
    return r < 0 ? PM_EXIT_CONFIG : PM_EXIT_OK;
}

enum pm_exit pm_tls_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    char error[PM_TLS_ERROR];
    struct job j = {.command = self, .values = values, .hosts = words + 1, .n_hosts = n - 1};
    const struct verb *verb = find_verb(words, n);
    if (!verb)
        return pm_command_usage(self, "It is init [HOST]..., trust, untrust, or status");
    enum pm_exit code = find_files(j.values, &j.files);
    if (code != PM_EXIT_OK)
        return code;
    j.library = verb->library ? pm_openssl_load(error) : NULL;
    if (verb->library && !j.library)
        return complain(error);
    code = verb->run(&j);
    pm_openssl_unload(j.library);
    return code;
}
