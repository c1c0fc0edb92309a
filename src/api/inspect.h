/* inspect.h - what every client says and gets, for a person who looks on: short, in batches, and for nothing while
 * nobody does. */
#ifndef PM_API_INSPECT_H
#define PM_API_INSPECT_H

#include "api/api_private.h"

/* What is told of. */
enum pm_inspected {
    PM_INSPECT_COMES,
    PM_INSPECT_AWAY,
    PM_INSPECT_BACK,
    PM_INSPECT_LEAVES,
    PM_INSPECT_ASKS,
    PM_INSPECT_ANSWERED,
    PM_INSPECT_GETS,
};

/* A request begins: its data as a tree and the first bytes beside it (or NULL), or as text; and it was answered. */
void pm_inspect_request(struct pm_api *a, struct pm_api_request *r, const char *event, const json_t *data,
                        const struct pm_api_blob *first);
void pm_inspect_hot_request(struct pm_api *a, struct pm_api_request *r, const char *json, size_t n,
                            const struct pm_payload *payload);
void pm_inspect_answer(struct pm_api_request *r, const json_t *answer);
void pm_inspect_sent(struct pm_api_request *r, size_t bytes);

/* A client gets an event or bytes, comes, goes, is lost or back. Only while somebody looks: api->inspector. */
void pm_inspect_event(struct pm_api_client *c, const char *event, const json_t *data);
void pm_inspect_bytes(struct pm_api_client *c, const char *name, const uint8_t *p, size_t n);
void pm_inspect_presence(struct pm_api_client *c, enum pm_inspected what);

/* A client that looked on leaves, or everything ends. */
void pm_inspect_drop(struct pm_api_client *c);
void pm_inspect_end(struct pm_api *a);

#endif
