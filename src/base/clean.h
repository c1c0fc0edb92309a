/* clean.h - text from outside made harmless: the one place where it is decoded, stripped and cut. */
#ifndef PM_BASE_CLEAN_H
#define PM_BASE_CLEAN_H

#include <stddef.h>

/* Copy the n bytes at p to out as one line of at most `max` characters: what is not UTF-8 becomes U+FFFD; control
 * characters (C0, C1), bidirectional overrides and marks, invisible characters and line separators become a space or
 * go. out has room for `room` bytes with its end; a character that does not fit whole is left out. Returns the bytes
 * written. */
size_t pm_text_clean(char *out, size_t room, const char *p, size_t n, size_t max);

#endif
