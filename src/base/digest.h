/* digest.h - what SHA-1 and SHA-256 have in common: a message in blocks of 64 bytes, padded by its length. */
#ifndef PM_BASE_DIGEST_H
#define PM_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* Mix the 16 words of a block into the hash value. */
typedef void (*pm_digest_block_fn)(uint32_t *h, const uint32_t words[16]);

/* Feed n bytes at p and their padding (FIPS 180-4 section 5.1.1) to `block`, then write the first `size` bytes of h,
 * big end first, to ret. Never fails and keeps nothing. */
void pm_digest(const void *p, size_t n, pm_digest_block_fn block, uint32_t *h, uint8_t *ret, size_t size);

#endif
