/* audit.h - what happened at the door, one JSON object a line, for whoever asks later: who asked, what was allowed,
 * taken back, refused. Never bytes of a device, never a secret. */
#ifndef PM_ACCESS_AUDIT_H
#define PM_ACCESS_AUDIT_H

#include "base/paths.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    PM_AUDIT_FILE_MAX = 10 * 1024 * 1024, /* then it becomes audit.jsonl.1, and so on */
    PM_AUDIT_FILES = 5,
    PM_AUDIT_LINE = 1500,
    PM_AUDIT_A_SECOND = 100,         /* lines; more are counted */
    PM_AUDIT_REFUSALS_A_SECOND = 50, /* of which may be about refusals */
    PM_AUDIT_LIMITS = 16,            /* whose meetings are told apart */
    PM_AUDIT_LIMIT_S = 60,           /* between two lines about one of them */
};

/* A limit that a client met, and how often since the last line about it. */
struct pm_audit_limit {
    const char *what; /* NULL: free */
    int64_t second;   /* of the monotonic clock */
    unsigned more;
};

struct pm_audit {
    int fd; /* -1: nothing is kept */
    char path[PM_PATH_MAX];
    off_t size;
    uint64_t sequence, lost;
    int64_t second; /* of the monotonic clock, */
    unsigned lines; /* and how many it had */
    struct pm_audit_limit limits[PM_AUDIT_LIMITS];
};

struct pm_audit_bytes {
    uint64_t received, sent;
};

/* What is noted; NULL leaves out. Text may come from outside. */
struct pm_audit_entry {
    const char *kind; /* "grant_added": a constant */
    const char *origin, *device, *id, *result;
    int64_t uid;                        /* -1: none */
    const struct pm_audit_bytes *bytes; /* of a device */
};

/* Append to folder/audit.jsonl (mode 0600). NULL keeps nothing. An error is no reason not to work: it is logged. */
void pm_audit_open(struct pm_audit *a, const char *folder);
void pm_audit_close(struct pm_audit *a);

/* Note it. What a full disk does not take is counted, and told with the next line that it takes. */
void pm_audit(struct pm_audit *a, const struct pm_audit_entry *e);

/* A client of this user (-1: nobody knows whose) met a limit, which `what`, a constant, names. Once a minute for each;
 * how often it was met between is told with the next line. */
void pm_audit_limit(struct pm_audit *a, const char *what, int64_t uid);

/* The newest bytes of the file, at most `room`; the first line may be cut. How many. */
size_t pm_audit_tail(const struct pm_audit *a, char *out, size_t room);

#endif
