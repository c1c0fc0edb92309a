/* limits.c - see limits.h. The casts are safe: the rows of the table bound each value. */
#include "daemon/limits.h"

enum { QUEUE_TIMES = 16 }; /* what a client's queue may hold at most, beside where reading from it ends */

static struct pm_json_limits json_limits(const struct pm_limits *l)
{
    return (struct pm_json_limits){.depth = (unsigned)l->depth, .members = (unsigned)l->members};
}

void pm_limits_server(const struct pm_settings *s, struct pm_server_options *o)
{
    const struct pm_limits *l = &s->limits;
    o->connections = (unsigned)s->max_clients;
    o->per_origin = (unsigned)l->per_origin;
    o->per_user = (unsigned)l->per_user;
    o->silent_connections = (unsigned)l->silent;
    o->http = (struct pm_http_limits){.head = (size_t)l->head,
                                      .fields = (unsigned)l->fields,
                                      .target = (size_t)l->target,
                                      .body = (size_t)l->message};
    o->ws = (struct pm_ws_limits){.message = (size_t)l->message, .fragments = (unsigned)l->fragments};
    o->json = json_limits(l);
    o->head_ms = (uint32_t)l->head_time;
    o->body_ms = (uint32_t)l->body_time;
    o->handshake_ms = (uint32_t)l->handshake_time;
    o->control_frames = (unsigned)l->control_frames;
    o->queue_high = (size_t)l->client_queue;
    o->queue_max = QUEUE_TIMES * (size_t)l->client_queue;
}

void pm_limits_engine(const struct pm_settings *s, struct pm_engine_options *o)
{
    const struct pm_limits *l = &s->limits;
    o->sessions = (unsigned)s->max_clients;
    o->strangers = (unsigned)l->strangers;
    o->connect_timeout_ms = (uint32_t)l->connect_time;
    o->max_payload = (uint64_t)l->message;
    o->packets_in = (unsigned)l->packets;
    o->queue_high = (size_t)l->client_queue;
    o->queue_max = QUEUE_TIMES * (size_t)l->client_queue;
}

void pm_limits_hub(const struct pm_settings *s, struct pm_hub_limits *o)
{
    *o = (struct pm_hub_limits){.connections = (unsigned)s->limits.open_devices,
                                .write_queue = (size_t)s->limits.write_queue,
                                .history = (uint32_t)s->limits.history};
}

void pm_limits_sockets(const struct pm_settings *s, struct pm_sockets_options *o)
{
    const struct pm_limits *l = &s->limits;
    o->packet.attachments = (unsigned)l->attachments;
    o->packet.json = json_limits(l);
    o->packet.event_name = (size_t)l->event_name;
    o->namespaces = (unsigned)l->namespaces;
    o->events_per_second = (uint32_t)l->event_rate;
    o->event_burst = (uint32_t)l->event_burst;
    o->flood_ms = (uint32_t)l->flood_time;
    o->recovery_ms = (uint32_t)s->recovery_window * 1000;
}
