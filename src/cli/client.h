/* client.h - a blocking client of the running daemon: Socket.IO over a WebSocket over its control socket, the same that
 * a page speaks. Requests and events share the one connection. */
#ifndef PM_CLI_CLIENT_H
#define PM_CLI_CLIENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PM_CLIENT_PENDING = 64,        /* requests that may wait for their answers at once */
    PM_CLIENT_TIMEOUT_MS = 60000,  /* the daemon says something every 25 s: longer silence means that it hangs */
    PM_CLIENT_HANDSHAKE_MS = 10000 /* from connecting to being let in */
};

/* What comes without having been asked for; called from within pm_client_turn() and pm_client_ask(). */
struct pm_client_ops {
    /* `data` is the event's first argument, borrowed, or NULL. */
    void (*on_event)(void *owner, const char *event, const json_t *data);
    /* Bytes of the connection of this name, borrowed. */
    void (*on_bytes)(void *owner, const char *name, const uint8_t *p, size_t n);
};

/* Told once for each request, with {"ok": …}, borrowed. */
typedef void pm_client_on_answer(void *owner, const json_t *answer);

struct pm_client;

/* Connect to the control socket at this path and wait until the daemon lets us in. The caller owns *ret. 0; -ENOENT or
 * -ECONNREFUSED (no daemon), -EACCES (another user's), -ETIMEDOUT (it hangs), -EPROTO (what answers is no daemon of
 * ours), -EBUSY (it takes no more clients), or another negative errno. `ops` may be NULL. */
int pm_client_open(const char *path, const struct pm_client_ops *ops, void *owner, struct pm_client **ret);

/* Say good-bye and give everything back. NULL is fine. Returns NULL. */
struct pm_client *pm_client_close(struct pm_client *c);

/* Send a request; `data` is stolen, on errors too, and may be NULL. `on_answer` comes in a later turn. 0, -EAGAIN
 * (PM_CLIENT_PENDING wait already), or what ended the connection. */
int pm_client_request(struct pm_client *c, const char *event, json_t *data, pm_client_on_answer *on_answer,
                      void *owner);

/* Send a request and wait for its answer, which the caller owns. Events are told meanwhile. 0 or a negative errno:
 * -ECONNRESET (the daemon went away), -ETIMEDOUT (it hangs), -EPROTO. */
int pm_client_ask(struct pm_client *c, const char *event, json_t *data, json_t **ret);

/* The socket, to be waited for with others; and take what it has. 0 or what ended the connection. */
int pm_client_fd(const struct pm_client *c);
int pm_client_turn(struct pm_client *c);

#endif
