/* onlooker.h - a client of the API that hears what happens and takes no bytes. */
#ifndef PM_DAEMON_ONLOOKER_H
#define PM_DAEMON_ONLOOKER_H

#include "api/api.h"

/* Its operations: it never subscribes, so none but on_event matters. */
#define PM_ONLOOKER_OPS(on_event)                                                                                      \
    {                                                                                                                  \
        (on_event), pm_onlooker_text, pm_onlooker_rx, pm_onlooker_gap, pm_onlooker_end, pm_onlooker_has_room,          \
            pm_onlooker_pause                                                                                          \
    }

void pm_onlooker_text(struct pm_api_client *client, const char *event, const char *json, size_t n);
int pm_onlooker_rx(struct pm_api_client *client, const struct pm_connection *from, uint64_t offset, const uint8_t *p,
                   size_t n);
void pm_onlooker_gap(struct pm_api_client *client, const struct pm_connection *from, const struct pm_api_gap *gap,
                     const json_t *data);
void pm_onlooker_end(struct pm_api_client *client, const struct pm_connection *from, uint64_t cursor);
bool pm_onlooker_has_room(struct pm_api_client *client);
void pm_onlooker_pause(struct pm_api_client *client, bool paused);

#endif
