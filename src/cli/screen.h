/* screen.h - a device's bytes as a person or a program wants to see them: as they are, with times, in hexadecimal, or
 * as JSON. */
#ifndef PM_CLI_SCREEN_H
#define PM_CLI_SCREEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PM_SCREEN_LINE = 1024 }; /* bytes of a notice */

struct pm_screen {
    int stop;    /* a descriptor: once it is readable, nothing more is waited for */
    bool failed; /* nobody takes what is written */
    bool json, hex, timestamps;
    bool in_line;           /* the last byte was no line feed */
    uint64_t offset, epoch; /* of the next byte */
};

/* The time of day, and a space. */
void pm_screen_time(FILE *out, bool milliseconds);

/* Write bytes to standard output, and count them. Waits while it takes nothing. */
void pm_screen_bytes(struct pm_screen *s, const uint8_t *p, size_t n);

/* Write what was typed, uncounted; not as JSON. */
void pm_screen_echo(struct pm_screen *s, const uint8_t *p, size_t n);

/* Say something about the stream at this place: on standard error, or as a JSON line with the event. */
void pm_screen_notice(struct pm_screen *s, const char *event, const json_t *data, const char *text);

#endif
