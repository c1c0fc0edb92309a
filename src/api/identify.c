/* identify.c - see identify.h. */
#include "api/identify.h"

#include "api/api_private.h"
#include "api/deliver.h"
#include "api/exchange.h"
#include "api/profiled.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pm_identify {
    struct pm_api_request request; /* first: of the exchange under way */
    struct pm_api *api;
    struct pm_connection *connection; /* closing it ends this */
    struct pm_port_settings base;     /* of the line, before */
    size_t n, at;
    struct pm_profile *candidates[PM_IDENTIFY_MAX];
    struct pm_profile *found; /* borrowed from them */
    unsigned n_found;
    bool is_over;
    struct pm_turn next; /* nothing follows from within an answer, which may be that of a connection that closes */
    struct pm_link waiting;
};

/* ---- candidates ---- */

static void add(struct pm_identify *d, struct pm_profile *p)
{
    if (d->n < PM_IDENTIFY_MAX)
        d->candidates[d->n++] = pm_profile_ref(p);
}

/* Those that say that they are for such a device; if none does, those that can ask any. */
static void find_candidates(struct pm_identify *d)
{
    const struct pm_device *device = pm_devices_find(d->api->devices, d->connection->device_id);
    struct pm_profile *p;
    bool own;
    for (size_t i = 0; device && (p = pm_profiled_get(d->api, i, &own)); i++) {
        if (pm_profile_recognises(p, device->vid, device->pid, device->product))
            add(d, p);
    }
    if (d->n == 1 && !d->candidates[0]->identify.command) {
        d->found = d->candidates[0];
        d->n_found = 1;
        d->at = d->n;
    }
    bool is_known = d->n > 0;
    for (size_t i = 0; !is_known && (p = pm_profiled_get(d->api, i, &own)); i++) {
        if (p->identify.command && p->n_devices == 0)
            add(d, p);
    }
}

/* ---- the end ---- */

static void tell(struct pm_identify *d, struct pm_connection *c)
{
    pm_list_for_each (link, &d->waiting) {
        struct pm_identify_waiting *w = pm_container(link, struct pm_identify_waiting, link);
        pm_list_remove(link);
        w->done(w, c);
    }
    for (size_t i = 0; i < d->n; i++)
        pm_profile_unref(d->candidates[i]);
    pm_turn_cancel(&d->next);
    free(d);
}

static void end(struct pm_identify *d)
{
    struct pm_connection *c = d->connection;
    c->identify = NULL;
    if (d->n_found == 1) {
        snprintf(c->options.profile, sizeof(c->options.profile), "%s", d->found->id);
        pm_log(PM_LOG_INFO, "\"%s\" is recognised: %s.", c->name, d->found->name);
        pm_deliver_changed(c);
        pm_profiled_begin(d->api, c, true);
    } else {
        pm_log(PM_LOG_INFO, "\"%s\": %s recognises the device.", c->name,
               d->n_found ? "more than one profile" : "no profile");
    }
    if (c->port)
        pm_hub_configured(c);
    tell(d, c);
}

/* A driver that does not take the settings: the line is as it is. */
static void on_settled(void *owner, int error)
{
    struct pm_identify *d = owner;
    (void)error;
    d->is_over = true;
    pm_turn_ask(&d->next, d->api->loop);
}

/* The line as the profile says, or as it was. */
static int set_line(struct pm_identify *d, const struct pm_profile *p, void (*then)(void *owner, int error))
{
    struct pm_port_settings settings = d->base;
    if (p && p->line)
        pm_call_settings(&(struct pm_call){.data = p->line}, &settings);
    return pm_port_configure(d->connection->port, &settings, then, d);
}

/* ---- one after another ---- */

/* Do the values say what the profile expects of them? */
static bool is_expected(const struct pm_profile *p, const json_t *values)
{
    for (size_t i = 0; i < p->identify.n; i++) {
        const json_t *v = json_object_get(values, p->identify.expect[i].name);
        struct pm_capture captures[PM_PATTERN_VALUES_MAX];
        if (!json_is_string(v) ||
            !pm_pattern_match(p->identify.expect[i].pattern, (const uint8_t *)json_string_value(v),
                              json_string_length(v), captures))
            return false;
    }
    return true;
}

static void on_answer(struct pm_api_request *r, const json_t *answer, const char *legacy_event, const json_t *legacy,
                      enum pm_error error)
{
    struct pm_identify *d = (struct pm_identify *)r;
    struct pm_profile *p = d->candidates[d->at++];
    (void)legacy_event, (void)legacy;
    if (error == PM_OK && is_expected(p, json_object_get(answer, "response"))) {
        d->found = p;
        d->n_found++;
    }
    pm_turn_ask(&d->next, d->api->loop);
}

static void ask(void *owner, int error)
{
    struct pm_identify *d = owner;
    struct pm_profile *p = d->candidates[d->at];
    struct pm_argument_problem problem;
    json_t *args = error == 0 ? pm_profile_arguments(p->identify.command, p->identify.args, &problem) : NULL;
    if (!args) {
        d->at++;
        pm_turn_ask(&d->next, d->api->loop);
        return;
    }
    d->request = (struct pm_api_request){.on_answer = on_answer};
    pm_list_init(&d->request.link);
    struct pm_exchange_options options = {&d->request, d->connection, p->identify.timeout_ms, 0};
    pm_exchange_send_command(d->api, &options, p, p->identify.command, args);
    json_decref(args);
}

static void on_next(struct pm_turn *t)
{
    struct pm_identify *d = pm_container(t, struct pm_identify, next);
    while (d->at < d->n && !d->candidates[d->at]->identify.command)
        d->at++;
    if (!d->connection->port) {
        d->n_found = 0;
        end(d);
    } else if (d->is_over) {
        end(d);
    } else if (d->at < d->n) {
        if (set_line(d, d->candidates[d->at], ask) < 0)
            ask(d, -1);
    } else if (set_line(d, d->n_found == 1 ? d->found : NULL, on_settled) < 0) {
        end(d);
    }
}

/* ---- for others ---- */

void pm_identify_begin(struct pm_api *a, struct pm_connection *c)
{
    struct pm_identify *d;
    if (c->identify || !c->port || strcmp(c->options.profile, PM_PROFILE_AUTO) != 0 || !(d = calloc(1, sizeof(*d))))
        return;
    d->api = a;
    d->connection = c;
    d->base = c->options.line;
    pm_list_init(&d->waiting);
    pm_turn_init(&d->next, on_next);
    c->identify = d;
    find_candidates(d);
    pm_turn_ask(&d->next, a->loop);
}

void pm_identify_wait(struct pm_connection *c, struct pm_identify_waiting *w)
{
    if (c->identify)
        pm_list_append(&c->identify->waiting, &w->link);
    else
        w->done(w, c);
}

void pm_identify_close(struct pm_connection *c)
{
    struct pm_identify *d = c->identify;
    c->identify = NULL;
    if (d)
        tell(d, NULL);
}
