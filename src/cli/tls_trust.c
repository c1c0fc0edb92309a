/* tls_trust.c - see tls.h; the certificate stores of Chromium and Firefox, by way of NSS's own program certutil. Only
 * this user's, never the system's. */
#include "cli/tls.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { OUTPUT_MAX = 16 * 1024, CA_MAX = 64 * 1024 };

static const char nickname[] = "Peripheral Manager local authority";

/* Below HOME. The first two are Chromium's, the old and the new place. */
static const char *const patterns[] = {
    ".pki/nssdb",
    ".local/share/pki/nssdb",
    ".mozilla/firefox/*/cert9.db",
    ".config/mozilla/firefox/*/cert9.db",
    "snap/firefox/common/.mozilla/firefox/*/cert9.db",
    "snap/chromium/*/.pki/nssdb/cert9.db",
    ".var/app/*/.mozilla/firefox/*/cert9.db",
    ".var/app/*/.pki/nssdb/cert9.db",
    ".var/app/*/config/mozilla/firefox/*/cert9.db",
};
enum { N_PATTERNS = sizeof(patterns) / sizeof(patterns[0]), FIRST_FILE = 2 };

static void add_store(struct pm_stores *s, const char *folder, bool missing)
{
    if (s->n == PM_STORES_MAX || strlen(folder) >= PM_PATH_MAX)
        return;
    snprintf(s->folders[s->n], PM_PATH_MAX, "%s", folder);
    s->missing[s->n++] = missing;
}

static void add_matches(struct pm_stores *s, const char *pattern, bool files)
{
    glob_t found;
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            add_store(s, files ? dirname(found.gl_pathv[i]) : found.gl_pathv[i], false);
    }
    globfree(&found);
}

bool pm_stores_find(struct pm_stores *ret)
{
    char pattern[PM_PATH_MAX];
    const char *home = getenv("HOME");
    ret->n = 0;
    if (!home || home[0] != '/') {
        fputs("HOME is not set: there is no user whose browsers could be looked for.\n", stderr);
        return false;
    }
    for (unsigned i = 0; i < N_PATTERNS; i++) {
        if (pm_path_join(home, patterns[i], pattern) == 0)
            add_matches(ret, pattern, i >= FIRST_FILE);
        if (i + 1 == FIRST_FILE && ret->n == 0 && pm_path_join(home, patterns[0], pattern) == 0)
            add_store(ret, pattern, true);
    }
    return true;
}

/* ---- certutil ---- */

/* Run it; its output goes to `out` if that is not NULL, else nowhere. Its exit status, or a negative errno. */
static int run(const char *const argv[], char *out, size_t room)
{
    int pipes[2] = {-1, -1}, status = 0;
    pid_t child;
    posix_spawn_file_actions_t actions;
    if (out && pipe2(pipes, O_CLOEXEC) < 0)
        return -errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (out)
        posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
    else
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int r = posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (out) {
        close(pipes[1]);
        ssize_t n = 1;
        for (size_t at = 0; r == 0 && n > 0; at += (size_t)n) {
            n = at + 1 < room ? read(pipes[0], out + at, room - 1 - at) : 0;
            n = n < 0 ? 0 : n;
            out[at + (size_t)n] = 0;
        }
        close(pipes[0]);
    }
    if (r != 0 || waitpid(child, &status, 0) != child)
        return r != 0 ? -r : -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

static void database(const char *folder, char ret[PM_PATH_MAX + 8])
{
    snprintf(ret, PM_PATH_MAX + 8, "sql:%s", folder);
}

static bool have_certutil(void)
{
    int r = run((const char *const[]){"certutil", "-H", NULL}, NULL, 0);
    if (r >= 0)
        return true;
    fputs("The browsers' stores are changed with certutil, which is not here. Install it with: sudo apt install "
          "libnss3-tools\n",
          stderr);
    return false;
}

/* What a certificate in PEM form says, without line ends. */
static void squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '\r' && *from != '\n')
            *to++ = *from;
    }
    *to = 0;
}

static bool holds(const char *folder, const char *wanted)
{
    char db[PM_PATH_MAX + 8], found[OUTPUT_MAX] = "";
    database(folder, db);
    if (run((const char *const[]){"certutil", "-L", "-d", db, "-n", nickname, "-a", NULL}, found, sizeof(found)) != 0)
        return false;
    squeeze(found);
    return !wanted || strstr(found, wanted) != NULL;
}

bool pm_stores_look(struct pm_stores *s, const char *ca)
{
    struct pm_bytes pem;
    if (!have_certutil())
        return false;
    if (pm_file_read(ca, CA_MAX, &pem) < 0)
        return true;
    PM_AUTO_FREE char *wanted = strndup((const char *)pem.p, pem.n);
    pm_bytes_fini(&pem);
    if (wanted)
        squeeze(wanted);
    for (unsigned i = 0; i < s->n; i++)
        s->trusts[i] = wanted && !s->missing[i] && holds(s->folders[i], wanted);
    return true;
}

/* Old ones of ours too, which may be several. */
static bool take_out(const char *folder)
{
    enum { TRIES = 10 };
    char db[PM_PATH_MAX + 8];
    database(folder, db);
    for (int i = 0; i < TRIES && holds(folder, NULL); i++)
        run((const char *const[]){"certutil", "-D", "-d", db, "-n", nickname, NULL}, NULL, 0);
    return !holds(folder, NULL);
}

static bool put_in(const char *folder, bool missing, const char *ca)
{
    char db[PM_PATH_MAX + 8];
    database(folder, db);
    if (missing && (pm_path_make(folder) < 0 ||
                    run((const char *const[]){"certutil", "-N", "-d", db, "--empty-password", NULL}, NULL, 0) != 0))
        return false;
    return take_out(folder) &&
           run((const char *const[]){"certutil", "-A", "-d", db, "-n", nickname, "-t", "C,,", "-i", ca, NULL}, NULL,
               0) == 0;
}

static enum pm_exit tell(const char *folder, bool good, const char *done, const char *failed)
{
    if (good)
        printf("%s %s\n", done, folder);
    else
        fprintf(stderr, "%s %s: certutil could not change it. Close the browser and try again.\n", failed, folder);
    return good ? PM_EXIT_OK : PM_EXIT_IO;
}

enum pm_exit pm_stores_trust(const struct pm_stores *s, const char *ca)
{
    enum pm_exit code = PM_EXIT_OK;
    if (!have_certutil())
        return PM_EXIT_OS;
    for (unsigned i = 0; i < s->n; i++) {
        enum pm_exit r =
            tell(s->folders[i], put_in(s->folders[i], s->missing[i], ca), "Trusted now in", "Not trusted in");
        code = code == PM_EXIT_OK ? r : code;
    }
    if (code == PM_EXIT_OK)
        puts("Browsers that are open notice it when they are started anew.");
    return code;
}

enum pm_exit pm_stores_untrust(const struct pm_stores *s)
{
    enum pm_exit code = PM_EXIT_OK;
    unsigned found = 0;
    if (!have_certutil())
        return PM_EXIT_OS;
    for (unsigned i = 0; i < s->n; i++) {
        if (s->missing[i] || !holds(s->folders[i], NULL))
            continue;
        found++;
        enum pm_exit r = tell(s->folders[i], take_out(s->folders[i]), "Taken out of", "Still in");
        code = code == PM_EXIT_OK ? r : code;
    }
    if (found == 0)
        puts("No browser of this user trusts an authority of Peripheral Manager.");
    return code;
}
