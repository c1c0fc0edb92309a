/* doctor.h - what can stand between a person and their devices, found before they do. */
#ifndef PM_CLI_DOCTOR_H
#define PM_CLI_DOCTOR_H

#include "cli/command.h"

struct pm_doctor_values {
    struct pm_common common;
    char *origin;
};

/* HINT: it works, but there is something to know; SICK: something does not work, and the text says how to mend it. */
enum pm_health { PM_HEALTHY, PM_HINT, PM_SICK };

enum { PM_FINDINGS_MAX = 64, PM_FINDING_TEXT = 600 };

struct pm_finding {
    enum pm_health health;
    const char *check; /* a constant: "port", "udev" */
    char text[PM_FINDING_TEXT];
};

struct pm_doctor {
    const char *root; /* in front of the paths of the system; "" on this machine, a folder in tests */
    struct pm_finding findings[PM_FINDINGS_MAX];
    unsigned n;
};

/* Note a finding; those beyond the maximum are dropped. */
void pm_doctor_note(struct pm_doctor *d, enum pm_health health, const char *check, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* doctor_system.c: what the system's own files say. */
void pm_doctor_system(struct pm_doctor *d);

/* doctor_tls.c: the certificate, if the settings ask for https. */
void pm_doctor_tls(struct pm_doctor *d, const struct pm_settings *settings);

/* doctor_origin.c: what pages of this address would get. */
void pm_doctor_origin(struct pm_doctor *d, const struct pm_common *common, const char *address);

#endif
