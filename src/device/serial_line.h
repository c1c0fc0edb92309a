/* serial_line.h - what only the platform knows about a serial line. All calls return quickly unless said otherwise, and
 * negative errnos on error. */
#ifndef PM_DEVICE_SERIAL_LINE_H
#define PM_DEVICE_SERIAL_LINE_H

#include "device/line.h"
#include "device/settings.h"

#include <stddef.h>

/* Make an open terminal raw and set its line, without losing a byte in either direction. Afterwards *settings is what
 * the driver made of it: the nearest baud rate it has, 8 data bits where it has no others, and so on. Also sets whether
 * the driver hands bytes over at once, and has close() not wait, where the driver knows such things. */
int pm_serial_line_set(int fd, struct pm_port_settings *settings);

/* For a line that was just opened, before anything else is done with it. Linux makes it a terminal for people at the
 * first opening after the device was plugged in: bytes that come before this call are edited, taken for commands and
 * sent back. What is left of them is thrown away; *ret_damaged says that there was something. */
int pm_serial_line_begin(int fd, struct pm_port_settings *settings, bool *ret_damaged);

/* DTR and RTS of a line that was just opened, as the settings want them, both in one go. */
int pm_serial_line_open_signals(int fd, const struct pm_port_settings *settings);

/* See the operations of the same names in port.h. */
int pm_serial_line_get_signals(int fd);
int pm_serial_line_set_signals(int fd, unsigned mask, unsigned values);
size_t pm_serial_line_pending(int fd);
int pm_serial_line_discard(int fd, unsigned what, size_t *rx, size_t *tx);

/* What the driver has counted since it was loaded: errors, and changes of the incoming signals. */
struct pm_line_counts {
    struct pm_line_errors errors;
    unsigned changes; /* of CTS, DSR, DCD and RI together */
};

/* 0 or -ENOTTY where the driver does not count. */
int pm_serial_line_counts(int fd, struct pm_line_counts *ret);

/* A thread that sleeps in the kernel until an incoming signal changes, and so costs nothing meanwhile. */
struct pm_line_watch;

/* Start one, asleep until pm_line_watch_go(). *ret_fd is a descriptor to wait on: readable after each change. It is
 * read and closed by this module. 0, or -ENOTTY for lines without signals, -ENOMEM, -EAGAIN. */
int pm_line_watch_new(int fd, struct pm_line_watch **ret, int *ret_fd);

/* Wait for the next change. False if it waits already, or never will again: the driver cannot, or the line is gone. */
bool pm_line_watch_go(struct pm_line_watch *w);

/* Take note of a change that was told. */
void pm_line_watch_seen(struct pm_line_watch *w);

/* Wake the thread and wait for its end, at most some milliseconds: for worker threads. The terminal may be closed after
 * it. NULL is fine. */
void pm_line_watch_free(struct pm_line_watch *w);

#endif
