/* deflate.h - permessage-deflate (RFC 7692) without context takeover: what one receiver gets is what all get. */
#ifndef PM_PROTO_DEFLATE_H
#define PM_PROTO_DEFLATE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The tables of zlib, made when first used and reset for each message: some 300 kB for all connections together. */
struct pm_deflate;

/* The caller owns *ret. 0 or -ENOMEM. */
int pm_deflate_new(struct pm_deflate **ret);
struct pm_deflate *pm_deflate_free(struct pm_deflate *d);

/* Does a Sec-WebSocket-Extensions value hold an offer that we can take (section 5.1, 7.1)? Offers with parameters that
 * are unknown, repeated or out of range are passed over; so are those that limit the window of the server. The
 * answer to an offer that was taken is always PM_DEFLATE_ANSWER. */
bool pm_deflate_is_offered(const char *value, size_t n);

#define PM_DEFLATE_ANSWER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

/* Append the compressed message to out, without the four bytes that 7.2.1 takes off. 0, -ENOBUFS or -ENOMEM. */
int pm_deflate_message(struct pm_deflate *d, const uint8_t *p, size_t n, struct pm_bytes *out);

/* Append the message that was compressed; out's maximum bounds it, however small the input is. 0, -ENOBUFS (larger),
 * -EPROTO (not compressed data) or -ENOMEM. */
int pm_inflate_message(struct pm_deflate *d, const uint8_t *p, size_t n, struct pm_bytes *out);

#endif
