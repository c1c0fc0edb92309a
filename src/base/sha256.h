/* sha256.h - SHA-256 (FIPS 180-4) of one short message, as secrets are kept. */
#ifndef PM_BASE_SHA256_H
#define PM_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { PM_SHA256_SIZE = 32 };

/* Hash n bytes at p into ret. Never fails and keeps nothing. */
void pm_sha256(const void *p, size_t n, uint8_t ret[PM_SHA256_SIZE]);

#endif
