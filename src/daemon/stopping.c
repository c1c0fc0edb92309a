/* stopping.c - see stopping.h. */
#include "daemon/stopping.h"

#include "base/log.h"

enum { LOOK_MS = 10 };

static size_t unsent_to_devices(const struct pm_stopping *s, bool tell)
{
    const struct pm_link *list = pm_hub_connections(pm_api_hub(s->api));
    size_t sum = 0;
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        const struct pm_connection *c = pm_container(link, struct pm_connection, link);
        size_t bytes = pm_connection_unsent(c);
        sum += bytes;
        if (tell && bytes > 0)
            pm_log(PM_LOG_WARNING, "%zu bytes to \"%s\" were not sent: the device did not take them.", bytes, c->name);
    }
    return sum;
}

static void look(struct pm_timer *t)
{
    struct pm_stopping *s = t->owner;
    struct pm_mono now = pm_loop_now();
    bool late = pm_mono_reached(now, s->until);
    size_t to_devices = unsent_to_devices(s, late), to_clients = pm_server_unsent(s->server);
    if (late && to_clients > 0)
        pm_log(PM_LOG_WARNING, "%zu bytes to pages and programs were not sent: they did not take them.", to_clients);
    if (late || to_devices + to_clients == 0)
        s->on_stopped(s->owner);
    else
        pm_timer_set(t, pm_mono_add_ms(now, LOOK_MS));
}

void pm_stopping_begin(struct pm_stopping *s, struct pm_loop *loop, struct pm_api *api, struct pm_server *server,
                       void (*on_stopped)(void *owner), void *owner)
{
    *s = (struct pm_stopping){.api = api,
                              .server = server,
                              .on_stopped = on_stopped,
                              .owner = owner,
                              .running = true,
                              .until = pm_mono_add_ms(pm_loop_now(), PM_STOPPING_MS)};
    pm_server_stop_accepting(server);
    pm_timer_init(&s->timer, loop, look, s);
    look(&s->timer);
}

void pm_stopping_end(struct pm_stopping *s)
{
    if (s->running)
        pm_timer_close(&s->timer, NULL);
    s->running = false;
}
