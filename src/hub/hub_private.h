/* hub_private.h - what the files of the hub share: hub.c (names and devices), connection.c (one connection's life),
 * rest.c (how often it is read), writer.c (its write queue). */
#ifndef PM_HUB_HUB_PRIVATE_H
#define PM_HUB_HUB_PRIVATE_H

#include "hub/hub.h"

struct pm_hub {
    struct pm_loop *loop;
    struct pm_devices *devices;
    const struct pm_hub_ops *ops;
    void *owner;
    struct pm_link connections;
    unsigned n_connections;
    struct pm_hub_limits limits;
    uint64_t next_epoch;
    uint32_t next_number;
    struct pm_link resting; /* struct pm_connection: all with a port, and the timer is set while there are any */
    struct pm_timer rest;
    struct pm_mono rest_until;
    unsigned rest_ms; /* for those that do not ask for it */
    unsigned pieces;  /* since the load was looked at */
    struct pm_load load;
};

/* Bytes passed, in either direction. */
static inline void pm_connection_beat(struct pm_connection *c)
{
    if (c->options.line.latency == PM_LATENCY_LOWEST)
        pm_loop_beat(c->hub->loop, &c->rhythm);
}

/* hub.c */
void pm_hub_tell(struct pm_connection *c, enum pm_hub_news news, const char *text);

/* The one device that is plugged in with this identity; NULL if there is none, or more than one. */
const struct pm_device *pm_hub_identify(const struct pm_hub *h, const char *id);

/* connection.c: one that is lost, and in no list yet; NULL without memory. */
struct pm_connection *pm_connection_new(struct pm_hub *h, const char *name, const char *address,
                                        const struct pm_connection_options *options);

/* Let the memory go; the port is closed and nobody has it any more. */
void pm_connection_free(struct pm_connection *c);

/* Open its device at this address now. 0 or a negative errno, with the connection lost as before. */
int pm_connection_open(struct pm_connection *c, const char *address);

/* The device is there again: open it now, and if that fails some more times. */
void pm_connection_return(struct pm_connection *c, const struct pm_device *d);

/* The device is gone. It may free the connection. */
void pm_connection_lose(struct pm_connection *c, int error);

/* End the port and all that waits for it. */
void pm_connection_shut(struct pm_connection *c);

/* rest.c: n bytes came: read it later again, if that saves work. */
void pm_connection_rest(struct pm_connection *c, size_t n);
void pm_rest_over(struct pm_timer *t);

/* What comes next may be an answer: its rest is over. */
void pm_connection_wake(struct pm_connection *c);

/* How long streams rest after another look at the load, in milliseconds; before it was `ms`. */
unsigned pm_rest_adapt(unsigned ms, const struct pm_load *load);

/* writer.c: give the driver what it takes; answer all that waits with an error. */
void pm_writer_pump(struct pm_connection *c);
void pm_writer_fail(struct pm_connection *c, int error);

#endif
