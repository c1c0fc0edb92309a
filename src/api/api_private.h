/* api_private.h - what the files of the API share: api.c (clients, events, bytes), requests.c (the table), describe.c.
 */
#ifndef PM_API_PRIVATE_H
#define PM_API_PRIVATE_H

#include "api/api.h"

struct pm_api {
    struct pm_loop *loop;
    struct pm_devices *devices;
    struct pm_hub *hub;
    struct pm_link clients;
};

/* A client's place in a connection's journal. */
struct pm_subscription {
    struct pm_link of_client, of_connection;
    struct pm_api_client *client;
    struct pm_connection *connection;
    uint64_t cursor;
};

/* describe.c: things as JSON; a new reference, or NULL without memory. */
json_t *pm_describe_device(struct pm_api *a, const struct pm_device *d);
json_t *pm_describe_devices(struct pm_api *a);
json_t *pm_describe_connection(const struct pm_connection *c);
json_t *pm_describe_connections(struct pm_api *a);

/* requests_line.c: what signals-changed and line-error carry. */
json_t *pm_describe_signals(const struct pm_connection *c);
json_t *pm_describe_errors(const struct pm_connection *c);

#endif
