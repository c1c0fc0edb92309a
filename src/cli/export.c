/* export.c - the subcommand that writes a recording in another format to the standard output or a file; it needs no
 * daemon. */
#include "cli/record.h"
#include "cli/recording_files.h"
#include "proto/recording_export.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct pm_option pm_export_rows[] = {
    {.name = "format",
     .type = PM_OPTION_WORD,
     .offset = offsetof(struct pm_export_values, format),
     .words = pm_export_words,
     .initial = "text",
     .argument = "WORD",
     .purpose = "text, csv for tables, pcapng for Wireshark, or native: all parts as one file"},
    {.name = "output",
     .letter = 'o',
     .type = PM_OPTION_PATH,
     .offset = offsetof(struct pm_export_values, output),
     .argument = "FILE",
     .purpose = "write to this file, in place of what is in it; else to the standard output"},
    {.name = "state-dir",
     .type = PM_OPTION_PATH,
     .offset = offsetof(struct pm_export_values, state_dir),
     .argument = "DIR",
     .purpose = "where the daemon keeps its recordings, if it was started with --state-dir"},
    {0},
};

static enum pm_exit write_record(struct pm_export *e, const struct pm_record *r, FILE *to)
{
    struct pm_bytes out = pm_bytes_empty(2 * PM_EXPORT_RECORD_MAX);
    enum pm_exit code = PM_EXIT_OK;
    if (pm_export_record(e, r, &out) < 0)
        code = PM_EXIT_OS;
    else if (fwrite(out.p, 1, out.n, to) != out.n)
        code = PM_EXIT_IO;
    pm_bytes_fini(&out);
    return code;
}

/* What is read must not be emptied to make room for what is made of it. */
static bool is_source(const char *path, char **words, unsigned n)
{
    struct stat output, source;
    if (stat(path, &output) < 0)
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (stat(words[i], &source) == 0 && source.st_dev == output.st_dev && source.st_ino == output.st_ino)
            return true;
    }
    return false;
}

/* The first record is there before the output is touched: a recording that is not there costs no file. */
static enum pm_exit write_all(struct pm_export *e, struct pm_recording_files *files, const char *path)
{
    struct pm_record record;
    bool done = false;
    enum pm_exit code = pm_recording_files_next(files, &record, &done);
    if (code != PM_EXIT_OK)
        return code;
    FILE *to = path ? fopen(path, "we") : stdout;
    bool good = to != NULL;
    while (good && code == PM_EXIT_OK && !done) {
        code = write_record(e, &record, to);
        if (code == PM_EXIT_OK)
            code = pm_recording_files_next(files, &record, &done);
    }
    good = good && fflush(to) == 0 && !ferror(to);
    int error = errno;
    if (path && to)
        good = fclose(to) == 0 && good;
    if (good)
        return code;
    fprintf(stderr, "%s cannot be written: %s.\n", path ? path : "The standard output", strerror(error));
    return PM_EXIT_IO;
}

enum pm_exit pm_export_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_export_values *v = values;
    struct pm_export export = {.format = (enum pm_export_format)v->format};
    bool for_people = export.format == PM_EXPORT_TEXT || export.format == PM_EXPORT_CSV;
    if (v->common.json)
        return pm_command_usage(self, "There is no export as JSON: --format csv is for programs");
    if (!for_people && !v->output && isatty(STDOUT_FILENO))
        return pm_command_usage(self, "This format is not for a terminal: name a file with --output FILE");
    if (v->output && is_source(v->output, words, n))
        return pm_command_usage(self, "The output would replace the recording that is read: name another file");
    struct pm_recording_files files = pm_recording_files_of(v->state_dir, words, n);
    enum pm_exit code = write_all(&export, &files, v->output);
    pm_recording_files_fini(&files);
    return code;
}
