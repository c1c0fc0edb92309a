/* notify.c - see notify.h. One notification for all questions, about the oldest, and one call at a time: how it should
 * be is always made anew from the questions that are open, so nothing queues up. */
#include "daemon/notify.h"

#include "base/log.h"
#include "daemon/onlooker.h"

#include <errno.h>
#include <string.h>

enum {
    PAUSE_MS = 1000,
    TRIES = 10, /* one a pause, to find a bus that was lost: one that is started anew is there by then */
    PATIENCE_S = 10,
    ESCAPED = 5, /* bytes that one byte may become */
    BODY = ESCAPED * (PM_ORIGIN_MAX + PM_CONSENT_REASON) + 256
};

#define NAME  "org.freedesktop.Notifications"
#define PATH  "/org/freedesktop/Notifications"
#define TITLE "A page asks for devices"

static const struct pm_who person = {.kind = PM_WHO_PERSON};

void pm_notify_escape(const char *text, char *out, size_t room)
{
    size_t at = 0;
    for (; *text; text++) {
        const char *as = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : NULL;
        size_t n = as ? strlen(as) : 1;
        if (at + n >= room)
            break;
        memcpy(out + at, as ? as : text, n);
        at += n;
    }
    out[at] = 0;
}

/* The text was cleaned and cut when the page asked. */
static void write_body(const struct pm_consent_request *r, unsigned more, char out[BODY])
{
    char origin[ESCAPED * PM_ORIGIN_MAX], reason[ESCAPED * PM_CONSENT_REASON], capabilities[PM_GRANT_CAPABILITIES];
    pm_notify_escape(r->origin, origin, sizeof(origin));
    pm_notify_escape(r->reason, reason, sizeof(reason));
    pm_grant_capability_list(r->capabilities, capabilities);
    int n = snprintf(out, BODY, "%s asks (%s).", origin, capabilities);
    if (r->reason[0])
        n += snprintf(out + n, BODY - (size_t)n, "\nIt says: \"%s\"", reason);
    n += snprintf(out + n, BODY - (size_t)n,
                  "\nTo answer: peripheral-manager console, or: peripheral-manager approve %s", r->id);
    if (more > 0)
        snprintf(out + n, BODY - (size_t)n, "\nMore pages that wait: %u", more);
}

/* ---- calls ---- */

static void rest(struct pm_notify *n)
{
    n->calling = false;
    n->resting = true;
    pm_timer_set(&n->pause, pm_mono_add_ms(pm_loop_now(), PAUSE_MS));
}

/* What was shown went with it. The questions that are open are shown on the bus that comes next: looked for a few
 * times, then only when pages ask again. */
static void on_lost(void *owner)
{
    struct pm_notify *n = owner;
    n->bus = pm_session_bus_close(n->bus);
    n->shown = 0;
    n->id[0] = 0;
    n->stale = n->tries < TRIES;
    n->tries += n->stale;
    rest(n);
}

static int on_shown(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    struct pm_notify *n = owner;
    (void)error;
    if (n->bus->call.sd_bus_message_is_method_error(m, NULL) > 0 ||
        n->bus->call.sd_bus_message_read(m, "u", &n->shown) < 0)
        n->shown = 0; /* nothing on this desktop shows any */
    else
        n->tries = 0;
    rest(n);
    return 0;
}

static int on_taken_down(sd_bus_message *m, void *owner, sd_bus_error *error)
{
    (void)m, (void)error; /* the person may have closed it before */
    rest(owner);
    return 0;
}

static int call(struct pm_notify *n, sd_bus_message *m, sd_bus_message_handler_t on_reply)
{
    int r = pm_session_bus_call(n->bus, m, PATIENCE_S, on_reply, n);
    n->calling = r == 0;
    return r;
}

/* No action is named, so there is nothing to click. */
static int show(struct pm_notify *n, const struct pm_consent_request *r)
{
    char body[BODY];
    sd_bus_message *m = NULL;
    const struct pm_sd_bus *bus = &n->bus->call;
    write_body(r, n->count - 1, body);
    int error = bus->sd_bus_message_new_method_call(n->bus->bus, &m, NAME, PATH, NAME, "Notify");
    if (error >= 0)
        error = bus->sd_bus_message_append(m, "susssasa{sv}i", "Peripheral Manager", n->shown, "", TITLE, body, 0, 1,
                                           "urgency", "y", 1, PM_CONSENT_WAIT_S * 1000);
    if (error < 0)
        bus->sd_bus_message_unref(m);
    return error < 0 ? error : call(n, m, on_shown);
}

static int take_down(struct pm_notify *n)
{
    sd_bus_message *m = NULL;
    const struct pm_sd_bus *bus = &n->bus->call;
    int error = bus->sd_bus_message_new_method_call(n->bus->bus, &m, NAME, PATH, NAME, "CloseNotification");
    if (error >= 0)
        error = bus->sd_bus_message_append(m, "u", n->shown);
    n->shown = 0;
    if (error < 0)
        bus->sd_bus_message_unref(m);
    return error < 0 ? error : call(n, m, on_taken_down);
}

/* ---- what should be there ---- */

static const struct pm_consent_request *oldest(const struct pm_notify *n, unsigned *ret_count)
{
    const struct pm_link *list = pm_door_requests(pm_api_door(n->api));
    *ret_count = 0;
    for (const struct pm_link *link = list->next; link != list; link = link->next)
        ++*ret_count;
    return *ret_count ? pm_container(list->next, struct pm_consent_request, link) : NULL;
}

static void change(struct pm_notify *n, const struct pm_consent_request *r)
{
    int error = n->bus || !r ? 0 : pm_session_bus_open(n->loop, on_lost, n, &n->bus);
    if (r)
        memcpy(n->id, r->id, sizeof(n->id)); /* also of one that the desktop does not show: it is not tried again */
    else
        n->id[0] = 0;
    if (error == 0 && n->bus)
        error = r ? show(n, r) : n->shown ? take_down(n) : 0;
    if (error == 0)
        return;
    pm_log(PM_LOG_DEBUG, "No notification on a desktop: %s.", strerror(-error));
    on_lost(n);
}

static void update(struct pm_notify *n)
{
    unsigned count;
    const struct pm_consent_request *r = oldest(n, &count);
    n->stale = n->calling || n->resting;
    if (n->stale || (strcmp(r ? r->id : "", n->id) == 0 && count == n->count))
        return;
    n->count = count;
    change(n, r);
}

static void on_pause_over(struct pm_timer *t)
{
    struct pm_notify *n = t->owner;
    n->resting = false;
    if (n->stale)
        update(n);
}

static void on_event(struct pm_api_client *client, const char *event, const json_t *data, uint64_t number)
{
    (void)data, (void)number;
    if (strcmp(event, "consent-requested") == 0 || strcmp(event, "consent-ended") == 0)
        update(pm_container(client, struct pm_notify, client));
}

/* ---- life ---- */

void pm_notify_begin(struct pm_notify *n, struct pm_loop *loop, struct pm_api *api)
{
    static const struct pm_api_client_ops ops = PM_ONLOOKER_OPS(on_event);
    *n = (struct pm_notify){.api = api, .loop = loop, .client = {.ops = &ops, .who = &person}};
    pm_timer_init(&n->pause, loop, on_pause_over, n);
    pm_api_watch(api, &n->client);
}

static void on_timer_closed(void *owner)
{
    (void)owner; /* the memory is the daemon's */
}

/* What is shown goes with us. */
void pm_notify_end(struct pm_notify *n)
{
    if (!n->api)
        return;
    pm_api_leave(&n->client);
    if (n->bus && n->shown)
        take_down(n);
    n->bus = pm_session_bus_close(n->bus);
    pm_timer_close(&n->pause, on_timer_closed);
    n->api = NULL;
}
