/* base64.h - base64 (RFC 4648): the standard alphabet with padding, and base64url without for identifiers. */
#ifndef PM_BASE_BASE64_H
#define PM_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Characters that n bytes become, padding included. */
static inline size_t pm_base64_length(size_t n)
{
    return (n + 2) / 3 * 4;
}

/* Encode n bytes into out, which must hold pm_base64_length(n) characters; no terminator is written.
 * Returns that length. */
size_t pm_base64_encode(const void *p, size_t n, char *out);

/* The same with the URL-safe alphabet and without padding (RFC 4648 section 5). Returns the characters written. */
size_t pm_base64url_encode(const void *p, size_t n, char *out);

/* Decode n characters into out, which must hold n / 4 * 3 + 2 bytes and may be the input itself.
 * Standard alphabet; padding may be missing (some clients leave it out) but must be right where it is present.
 * Returns the bytes written, or -EPROTO for anything else, unused bits that are not zero included. */
ssize_t pm_base64_decode(const char *p, size_t n, uint8_t *out);

#endif
