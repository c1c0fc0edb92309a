/* export.c - the subcommand that writes a recording in another format to the standard output; it needs no daemon. */
#include "cli/record.h"
#include "cli/recording_files.h"
#include "proto/recording_export.h"

#include <unistd.h>

const struct pm_option pm_export_rows[] = {
    {.name = "format",
     .type = PM_OPTION_WORD,
     .offset = offsetof(struct pm_export_values, format),
     .words = pm_export_words,
     .initial = "text",
     .argument = "WORD",
     .purpose = "text, csv for tables, pcapng for Wireshark, or native: all parts as one file"},
    {.name = "state-dir",
     .type = PM_OPTION_PATH,
     .offset = offsetof(struct pm_export_values, state_dir),
     .argument = "DIR",
     .purpose = "where the daemon keeps its recordings, if it was started with --state-dir"},
    {0},
};

static enum pm_exit write_record(struct pm_export *e, const struct pm_record *r)
{
    struct pm_bytes out = pm_bytes_empty(2 * PM_EXPORT_RECORD_MAX);
    enum pm_exit code = PM_EXIT_OK;
    if (pm_export_record(e, r, &out) < 0)
        code = PM_EXIT_OS;
    else if (fwrite(out.p, 1, out.n, stdout) != out.n)
        code = PM_EXIT_IO;
    pm_bytes_fini(&out);
    return code;
}

enum pm_exit pm_export_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_export_values *v = values;
    struct pm_export export = {.format = (enum pm_export_format)v->format};
    struct pm_record record;
    bool done = false;
    bool for_people = export.format == PM_EXPORT_TEXT || export.format == PM_EXPORT_CSV;
    if (!for_people && isatty(STDOUT_FILENO))
        return pm_command_usage(self, "This format is not for a terminal: put \"> FILE\" behind the command");
    struct pm_recording_files files = pm_recording_files_of(v->state_dir, words, n);
    enum pm_exit code = pm_recording_files_next(&files, &record, &done);
    while (code == PM_EXIT_OK && !done) {
        code = write_record(&export, &record);
        if (code == PM_EXIT_OK)
            code = pm_recording_files_next(&files, &record, &done);
    }
    pm_recording_files_fini(&files);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("The export cannot be written");
        return PM_EXIT_IO;
    }
    return code;
}
