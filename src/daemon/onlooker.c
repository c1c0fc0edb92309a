/* onlooker.c - see onlooker.h. */
#include "daemon/onlooker.h"

#include <errno.h>

void pm_onlooker_text(struct pm_api_client *client, const char *event, const char *json, size_t n)
{
    (void)client, (void)event, (void)json, (void)n;
}

int pm_onlooker_rx(struct pm_api_client *client, const struct pm_connection *from, uint64_t offset, const uint8_t *p,
                   size_t n)
{
    (void)client, (void)from, (void)offset, (void)p, (void)n;
    return -EINVAL;
}

void pm_onlooker_gap(struct pm_api_client *client, const struct pm_connection *from, const struct pm_api_gap *gap,
                     const json_t *data)
{
    (void)client, (void)from, (void)gap, (void)data;
}

void pm_onlooker_end(struct pm_api_client *client, const struct pm_connection *from, uint64_t cursor)
{
    (void)client, (void)from, (void)cursor;
}

bool pm_onlooker_has_room(struct pm_api_client *client)
{
    (void)client;
    return true;
}

void pm_onlooker_pause(struct pm_api_client *client, bool paused)
{
    (void)client, (void)paused;
}
