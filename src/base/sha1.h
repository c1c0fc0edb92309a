/* sha1.h - SHA-1 (RFC 3174) of one short message, as the WebSocket handshake wants it; not for security. */
#ifndef PM_BASE_SHA1_H
#define PM_BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { PM_SHA1_SIZE = 20 };

/* Hash n bytes at p into ret. Never fails and keeps nothing. */
void pm_sha1(const void *p, size_t n, uint8_t ret[PM_SHA1_SIZE]);

#endif
