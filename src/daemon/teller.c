/* teller.c - see teller.h. */
#include "daemon/teller.h"

#include "base/log.h"
#include "daemon/notice.h"
#include "daemon/onlooker.h"

#include <errno.h>
#include <string.h>

enum {
    DEVICES_NAMED = 4, /* in the line at the start; more are counted */
    ERRORS_MS = 1000   /* between two lines about errors: a wrong baud rate makes a hundred a second */
};

/* Whether such an event is to be told now; it has all that were counted before. */
static bool is_due(struct pm_teller *t, const char *event, const json_t *data)
{
    struct pm_mono now = pm_loop_now();
    if (strcmp(event, "consent-requested") == 0)
        return !pm_prompt_asks(t->prompt, json_string_value(json_object_get(data, "id")));
    if (strcmp(event, "line-error") != 0)
        return true;
    if (t->errors_told_at.us > 0 && !pm_mono_reached(now, pm_mono_add_ms(t->errors_told_at, ERRORS_MS)))
        return false;
    t->errors_told_at = now;
    return true;
}

static void on_event(struct pm_api_client *client, const char *event, const json_t *data, uint64_t number)
{
    struct pm_teller *t = pm_container(client, struct pm_teller, client);
    char text[PM_NOTICE_MAX];
    (void)number;
    bool matters = pm_notice(event, data, text, sizeof(text)) && is_due(t, event, data);
    pm_log(matters ? PM_LOG_INFO : PM_LOG_DEBUG, "%s.", text);
}

static const struct pm_api_client_ops ops = PM_ONLOOKER_OPS(on_event);

void pm_teller_begin(struct pm_teller *t, struct pm_api *api, const struct pm_prompt *prompt)
{
    static const struct pm_who person = {.kind = PM_WHO_PERSON};
    t->prompt = prompt;
    t->client.ops = &ops;
    t->client.who = &person;
    pm_api_watch(api, &t->client);
}

void pm_teller_end(struct pm_teller *t)
{
    if (t->client.ops)
        pm_api_leave(&t->client);
    t->client.ops = NULL;
}

/* Those that can be used by name, the others by number; consoles are nobody's business. */
void pm_teller_devices(struct pm_api *api)
{
    const struct pm_link *list = pm_devices_list(pm_api_devices(api));
    char line[DEVICES_NAMED * (PM_DEVICE_TEXT + 2) + 32] = "", problem[512], others[96] = "";
    size_t n = 0;
    unsigned usable = 0, unusable = 0;
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        const struct pm_device *d = pm_container(link, struct pm_device, link);
        if (pm_device_problem(d, problem, sizeof(problem))) {
            unusable += !pm_device_is_reserved(d);
            continue;
        }
        if (usable < DEVICES_NAMED)
            n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s", usable > 0 ? ", " : "", d->path);
        usable++;
    }
    if (usable > DEVICES_NAMED)
        snprintf(line + n, sizeof(line) - n, " and %u more", usable - DEVICES_NAMED);
    if (unusable > 0)
        snprintf(others, sizeof(others), "%u cannot be used, see: peripheral-manager doctor", unusable);
    if (usable > 0)
        pm_log(PM_LOG_INFO, "Devices: %s%s%s.", line, unusable > 0 ? "; " : "", others);
    else if (unusable > 0)
        pm_log(PM_LOG_INFO, "Devices: %s.", others);
    else
        pm_log(PM_LOG_INFO, "No devices: plug one in, or start with --demo to see some that are virtual.");
}
