/* recording_files.h - the records of recordings that a command names by file or id, one after the other. */
#ifndef PM_CLI_RECORDING_FILES_H
#define PM_CLI_RECORDING_FILES_H

#include "base/paths.h"
#include "cli/command.h"
#include "proto/recording_reader.h"

struct pm_recording_files {
    const char *state_dir; /* NULL: where the settings say */
    char **words;          /* files, or ids of recordings in the state directory */
    unsigned n, word, part;
    char path[PM_PATH_MAX]; /* of the open file */
    int fd;
    bool ended; /* nothing more is in it */
    struct pm_recording_reader reader;
};

/* The words must outlive it. End it with pm_recording_files_fini(). */
struct pm_recording_files pm_recording_files_of(const char *state_dir, char **words, unsigned n);
void pm_recording_files_fini(struct pm_recording_files *f);

/* The next record, borrowed until the next call. PM_EXIT_OK with *done when there is none; or an exit code after saying
 * what is wrong. */
enum pm_exit pm_recording_files_next(struct pm_recording_files *f, struct pm_record *ret, bool *done);

#endif
