/* requests_consent.c - what pages ask of the person, and what the person allows: questions, answers, grants. */
#include "api/api_private.h"
#include "api/table.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- as JSON ---- */

static json_t *describe_capabilities(unsigned capabilities)
{
    json_t *array = json_array();
    for (unsigned bit = 1; bit & PM_MAY_ALL; bit <<= 1) {
        if (capabilities & bit)
            json_array_append_new(array, json_string(pm_grant_capability_name(bit)));
    }
    return array;
}

static json_t *describe_candidates(struct pm_api *a, const struct pm_consent_request *r)
{
    const struct pm_link *list = pm_devices_list(a->devices);
    json_t *array = json_array();
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        const struct pm_device *d = pm_container(link, struct pm_device, link);
        if (pm_consent_fits(r, d->vid, d->pid) && !pm_device_is_reserved(d))
            json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:s}", "id", d->id, "description", d->description,
                                                   "address", d->path, "serialnumber", d->serial_number));
    }
    return array;
}

static json_t *describe_filters(const struct pm_consent_request *r)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < r->n_filters; i++) {
        json_t *o = json_object();
        if (r->filters[i].vid >= 0)
            json_object_set_new(o, "vid", json_integer(r->filters[i].vid));
        if (r->filters[i].pid >= 0)
            json_object_set_new(o, "pid", json_integer(r->filters[i].pid));
        json_array_append_new(array, o);
    }
    return array;
}

static json_t *describe_request(struct pm_api *a, const struct pm_consent_request *r)
{
    int64_t since = (pm_loop_now().us - r->since.us) / 1000000;
    json_t *o = json_pack("{s:s, s:s, s:I, s:I, s:b, s:o, s:o, s:o}", "id", r->id, "origin", r->origin, "since",
                          (json_int_t)since, "expires-in", (json_int_t)(PM_CONSENT_WAIT_S - since), "one-device",
                          r->chooser, "capabilities", describe_capabilities(r->capabilities), "filters",
                          describe_filters(r), "devices", describe_candidates(a, r));
    if (r->reason[0])
        json_object_set_new(o, "reason", json_string(r->reason));
    return o;
}

static const struct pm_device *find_id(struct pm_api *a, const char *id)
{
    const struct pm_device *d = pm_devices_find(a->devices, id);
    return d && strcmp(d->id, id) == 0 ? d : NULL;
}

static json_t *describe_grant(struct pm_api *a, const struct pm_grant *g)
{
    char created[PM_TIME_TEXT], used[PM_TIME_TEXT], expires[PM_TIME_TEXT];
    const struct pm_device *d = find_id(a, g->device);
    json_t *device = strcmp(g->device, "*") == 0
                         ? json_string("*")
                         : json_pack("{s:s, s:s}", "id", g->device, "description", d ? d->description : "");
    pm_time_write(g->created, created);
    pm_time_write(g->last_used, used);
    pm_time_write(g->expires, expires);
    json_t *o = json_pack("{s:s, s:s, s:o, s:o, s:s, s:b, s:b, s:s, s:s, s:s}", "id", g->id, "origin", g->origin,
                          "device", device, "capabilities", describe_capabilities(g->capabilities), "duration",
                          pm_grant_duration_name(g->duration), "until-unplug", g->until_unplug, "shared", g->shared,
                          "created", created, "last-used", used, "by", pm_grant_by_name(g->by));
    if (g->expires > 0)
        json_object_set_new(o, "expires", json_string(expires));
    return o;
}

/* Those of one origin, or all. */
static json_t *describe_grants(struct pm_api *a, const char *origin)
{
    const struct pm_link *list = &pm_door_grants(a->door)->list;
    json_t *array = json_array();
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        const struct pm_grant *g = pm_container(link, struct pm_grant, link);
        if (!origin || strcmp(g->origin, origin) == 0)
            json_array_append_new(array, describe_grant(a, g));
    }
    return array;
}

/* ---- news for the person ---- */

static void tell_person(struct pm_api *a, const char *event, json_t *data)
{
    a->events++;
    pm_list_for_each (link, &a->clients) {
        struct pm_api_client *c = pm_container(link, struct pm_api_client, link);
        if (c->who->kind == PM_WHO_PERSON)
            pm_api_tell(c, event, data, a->events);
    }
    json_decref(data);
}

void pm_consent_asked(struct pm_api *a, const struct pm_consent_request *r)
{
    tell_person(a, "consent-requested", describe_request(a, r));
}

void pm_consent_answered(struct pm_api *a, const struct pm_consent_request *r, enum pm_consent_end end)
{
    tell_person(a, "consent-ended", json_pack("{s:s, s:s}", "id", r->id, "reason", pm_consent_end_name(end)));
}

void pm_consent_grants_changed(struct pm_api *a)
{
    tell_person(a, "grants-changed", json_object());
}

void pm_consent_devices_changed(struct pm_api *a)
{
    const struct pm_link *list = pm_door_requests(a->door);
    for (struct pm_link *link = list->next; link != list; link = link->next)
        tell_person(a, "consent-changed", describe_request(a, pm_container(link, struct pm_consent_request, link)));
}

/* ---- the person's requests ---- */

static void consent_list(struct pm_call *call)
{
    const struct pm_link *list = pm_door_requests(call->api->door);
    json_t *array = json_array();
    for (struct pm_link *link = list->next; link != list; link = link->next)
        json_array_append_new(array, describe_request(call->api, pm_container(link, struct pm_consent_request, link)));
    pm_api_answer(call->request, json_pack("{s:o}", "requests", array), NULL);
}

static struct pm_consent_request *find_request(struct pm_call *call)
{
    const char *id = pm_call_text(call, "id");
    struct pm_consent_request *r = pm_door_request(call->api->door, id);
    if (!r)
        pm_api_fail_see(call->request, PM_NO_SUCH_REQUEST, "consent-list", NULL,
                        "There is no question \"%s\" (any more): the page went away, or it was answered.", id);
    return r;
}

/* An approval is confirmed when it is safe on the disk. */
struct approval {
    struct pm_door_saving saving;
    struct pm_api *api;
    struct pm_api_request *request;
    char id[PM_CONSENT_ID];
    json_t *grants;
};

static void on_saved(struct pm_door_saving *s, int error)
{
    struct approval *p = pm_container(s, struct approval, saving);
    struct pm_consent_request *r = error == -ECANCELED ? NULL : pm_door_request(p->api->door, p->id);
    if (r) {
        const char *device =
            json_string_value(json_object_get(json_object_get(json_array_get(p->grants, 0), "device"), "id"));
        snprintf(r->chosen, sizeof(r->chosen), "%s", device ? device : "");
        pm_door_answer(p->api->door, r, PM_CONSENT_APPROVED);
    }
    pm_api_answer(p->request, json_pack("{s:o, s:b}", "grants", p->grants, "saved", error == 0), NULL);
    free(p);
}

static unsigned read_capabilities(const struct pm_call *call, unsigned fallback)
{
    const json_t *array = json_object_get(call->data, "capabilities");
    unsigned bits = 0;
    for (size_t i = 0; i < json_array_size(array); i++)
        bits |= pm_grant_capability_of(json_string_value(json_array_get(array, i)));
    return bits ? bits : fallback;
}

static const char *const duration_words[] = {"once", "session", "day", "always", NULL};
static_assert(sizeof(duration_words) / sizeof(duration_words[0]) == PM_GRANT_DURATIONS + 1, "in the order of the enum");
static const char *const capability_words[] = {"serial", "control", "firmware", NULL};

static enum pm_grant_by answered_where(const struct pm_who *who)
{
    return who->session ? PM_BY_CONSOLE : who->terminal ? PM_BY_TERMINAL : PM_BY_CLI;
}

static int grant_one(struct pm_call *call, const struct pm_consent_request *r, const char *device, json_t *grants)
{
    bool everything = pm_door_shares_all(call->api->door) && !r->chooser;
    bool socket_only = strchr(device, '@') && !pm_call_boolean(call, "socket", false);
    struct pm_grant_wish wish = {
        .origin = r->origin,
        .device = everything ? "*" : device,
        .capabilities = read_capabilities(call, r->capabilities),
        .duration = (enum pm_grant_duration)pm_call_word(call, "duration", duration_words, PM_GRANT_ONCE),
        .by = answered_where(call->request->who),
        .until_unplug = socket_only && !everything,
        .shared = everything || pm_call_boolean(call, "shared", false)};
    const struct pm_grant *g;
    int error = pm_door_grant(call->api->door, &wish, &g);
    if (error == 0)
        json_array_append_new(grants, describe_grant(call->api, g));
    return error;
}

/* Those that fit the page's filters now; all, also later ones, if it has none. */
static int grant_fitting(struct pm_call *call, const struct pm_consent_request *r, json_t *grants)
{
    const struct pm_link *list = pm_devices_list(call->api->devices);
    int error = 0;
    if (r->n_filters == 0 && !r->chooser)
        return grant_one(call, r, "*", grants);
    for (struct pm_link *link = list->next; link != list && error == 0; link = link->next) {
        const struct pm_device *d = pm_container(link, struct pm_device, link);
        if (pm_consent_fits(r, d->vid, d->pid) && !pm_device_is_reserved(d))
            error = grant_one(call, r, d->id, grants);
    }
    return error;
}

static int grant_named(struct pm_call *call, const struct pm_consent_request *r, const json_t *devices, json_t *grants)
{
    int error = 0;
    if (json_is_string(devices))
        return grant_one(call, r, json_string_value(devices), grants);
    for (size_t i = 0; i < json_array_size(devices) && error == 0; i++)
        error = grant_one(call, r, json_string_value(json_array_get(devices, i)), grants);
    return error;
}

/* Every device that is named must be there: a grant for a misspelt one would help nobody. */
static const char *find_missing(struct pm_call *call, const json_t *devices)
{
    const char *one = json_string_value(devices);
    if (one)
        return strcmp(one, "*") == 0 || find_id(call->api, one) ? NULL : one;
    for (size_t i = 0; i < json_array_size(devices); i++) {
        const char *id = json_string_value(json_array_get(devices, i));
        if (!find_id(call->api, id))
            return id;
    }
    return NULL;
}

/* A page that asks for one device gets one: it is named, or no other fits. */
static bool is_one(struct pm_call *call, const struct pm_consent_request *r, const json_t *devices)
{
    const struct pm_link *list = pm_devices_list(call->api->devices);
    unsigned fitting = 0;
    if (json_is_string(devices))
        return strcmp(json_string_value(devices), "*") != 0;
    if (json_is_array(devices))
        return json_array_size(devices) == 1;
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        const struct pm_device *d = pm_container(link, struct pm_device, link);
        fitting += pm_consent_fits(r, d->vid, d->pid) && !pm_device_is_reserved(d);
    }
    return fitting == 1;
}

static bool check_devices(struct pm_call *call, const struct pm_consent_request *r, const json_t *devices)
{
    const char *missing = find_missing(call, devices);
    if (missing) {
        pm_api_fail_see(call->request, PM_NO_SUCH_DEVICE, "list-devices", NULL,
                        "There is no device \"%s\" here (any more).", missing);
        return false;
    }
    if (r->chooser && !is_one(call, r, devices)) {
        pm_api_fail_see(call->request, PM_BAD_REQUEST, "list-devices", NULL,
                        "This page asks for one device, and several fit: name the one.");
        return false;
    }
    return true;
}

static void consent_approve(struct pm_call *call)
{
    const json_t *devices = json_object_get(call->data, "devices");
    struct pm_consent_request *r = find_request(call);
    if (!r || !check_devices(call, r, devices))
        return;
    struct approval *p = malloc(sizeof(*p));
    json_t *grants = json_array();
    if (!p || !grants) {
        free(p);
        json_decref(grants);
        pm_api_fail(call->request, PM_INTERNAL, "There is no memory for another grant.");
        return;
    }
    *p = (struct approval){.saving.done = on_saved, .api = call->api, .request = call->request, .grants = grants};
    memcpy(p->id, r->id, sizeof(p->id));
    int error =
        devices && !json_is_null(devices) ? grant_named(call, r, devices, grants) : grant_fitting(call, r, grants);
    if (error < 0 || json_array_size(grants) == 0) {
        json_decref(grants);
        free(p);
        pm_api_fail(call->request,
                    error == -ENOSPC ? PM_TOO_MANY_OPEN
                    : error < 0      ? PM_INTERNAL
                                     : PM_NO_SUCH_DEVICE,
                    error == -ENOSPC ? "There are as many grants as can be held. Revoke some first."
                                     : "No device fits what the page asks for: plug it in first.");
        return;
    }
    if (call->request->client)
        pm_list_append(&call->request->client->requests, &call->request->link);
    pm_door_save(call->api->door, &p->saving);
}

static void consent_deny(struct pm_call *call)
{
    struct pm_consent_request *r = find_request(call);
    if (!r)
        return;
    pm_door_answer(call->api->door, r, PM_CONSENT_DENIED);
    pm_api_answer(call->request, NULL, NULL);
}

static void grant_list(struct pm_call *call)
{
    const char *banner = pm_door_banner(call->api->door);
    pm_api_answer(call->request,
                  json_pack("{s:o, s:o}", "grants", describe_grants(call->api, NULL), "banner",
                            banner[0] ? json_pack("[s]", banner) : json_array()),
                  NULL);
}

static void grant_revoke(struct pm_call *call)
{
    struct pm_grant_match match = {
        .id = pm_call_text(call, "id"), .origin = pm_call_text(call, "origin"), .device = pm_call_text(call, "device")};
    if (!match.id && !match.origin && !match.device && !pm_call_boolean(call, "all", false)) {
        pm_api_fail(call->request, PM_BAD_REQUEST, "Name what is to end: \"id\", \"origin\", \"device\" or \"all\".");
        return;
    }
    unsigned count = pm_door_revoke(call->api->door, &match, "revoked");
    pm_api_answer(call->request, json_pack("{s:i}", "revoked", (int)count), NULL);
}

/* ---- the page's requests ---- */

static void list_grants(struct pm_call *call)
{
    const struct pm_who *who = call->request->who;
    json_t *grants = who->kind == PM_WHO_PAGE ? describe_grants(call->api, who->origin) : json_array();
    pm_api_answer(call->request, json_pack("{s:o}", "grants", grants), NULL);
}

static void forget_device(struct pm_call *call)
{
    const struct pm_who *who = call->request->who;
    struct pm_grant_match match = {.origin = who->origin, .device = pm_call_text(call, "device")};
    unsigned count = who->kind == PM_WHO_PAGE ? pm_door_revoke(call->api->door, &match, "revoked") : 0;
    if (count > 0)
        pm_api_answer(call->request, NULL, NULL);
    else
        pm_api_fail_see(call->request, PM_NO_SUCH_DEVICE, "list-grants", NULL,
                        "This page has no grant for that device alone.");
}

/* ---- choosing a device ---- */

/* A page that waits for the person's choice. */
struct chooser {
    struct pm_consent_waiter waiter;
    struct pm_link link; /* in api->choosers */
    struct pm_api *api;
    struct pm_api_request *request;
};

static void on_chosen(struct pm_consent_waiter *w, const struct pm_consent_request *r, enum pm_consent_end end)
{
    struct chooser *c = pm_container(w, struct chooser, waiter);
    const struct pm_device *d = end == PM_CONSENT_APPROVED ? find_id(c->api, r->chosen) : NULL;
    pm_list_remove(&c->link);
    if (d)
        pm_api_answer(c->request, json_pack("{s:o}", "device", pm_describe_device(c->api, c->request->who, d)), NULL);
    else if (end == PM_CONSENT_APPROVED)
        pm_api_fail(c->request, PM_DEVICE_GONE, "The chosen device was unplugged meanwhile.");
    else
        pm_api_fail(c->request, end == PM_CONSENT_TIMEOUT ? PM_CONSENT_TIMED_OUT : PM_CONSENT_REFUSED,
                    end == PM_CONSENT_TIMEOUT ? "The person at the machine did not answer. Ask them, and try again."
                                              : "The person at the machine chose no device.");
    free(c);
}

void pm_choosers_drop(struct pm_api_client *client)
{
    pm_list_for_each (link, &client->api->choosers) {
        struct chooser *c = pm_container(link, struct chooser, link);
        if (c->request->client != client)
            continue;
        pm_list_remove(&c->link);
        pm_door_leave(c->api->door, &c->waiter);
        pm_api_fail(c->request, PM_CONSENT_REFUSED, "The page went away.");
        free(c);
    }
}

static unsigned read_filters(const struct pm_call *call, struct pm_consent_filter filters[PM_CONSENT_FILTERS])
{
    const json_t *array = json_object_get(call->data, "filters");
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *vid = json_object_get(json_array_get(array, i), "vid"),
                     *pid = json_object_get(json_array_get(array, i), "pid");
        filters[i] = (struct pm_consent_filter){json_is_integer(vid) ? (int)json_integer_value(vid) : -1,
                                                json_is_integer(pid) ? (int)json_integer_value(pid) : -1};
    }
    return (unsigned)json_array_size(array);
}

static void fail_asking(struct pm_api_request *r, int error)
{
    if (error == -EACCES)
        pm_api_fail(r, PM_CONSENT_REFUSED,
                    "The person at the machine said no a short while ago. They can allow the device in the console, or "
                    "with --allow-origin and this page's address.");
    else if (error == -EBUSY)
        pm_api_fail(r, PM_BUSY, "Too many questions are open. Try again when one is answered.");
    else
        pm_api_fail(r, PM_INTERNAL, "There is no memory for the question.");
}

static void request_device(struct pm_call *call)
{
    struct pm_api_request *request = call->request;
    struct pm_consent_filter filters[PM_CONSENT_FILTERS];
    const char *reason = pm_call_text(call, "reason");
    struct pm_consent_wish wish = {.origin = request->who->origin,
                                   .reason = reason,
                                   .reason_n = reason ? strlen(reason) : 0,
                                   .capabilities = read_capabilities(call, PM_MAY_USE | PM_MAY_CONTROL),
                                   .filters = filters,
                                   .n_filters = read_filters(call, filters),
                                   .chooser = true};
    struct pm_consent_request *r;
    if (request->who->kind != PM_WHO_PAGE || !request->client) {
        pm_api_fail(request, PM_UNSUPPORTED,
                    "Only pages of other origins, over Socket.IO, ask the person: you see every device already.");
        return;
    }
    if (pm_who_is_remote(request->who)) {
        pm_api_fail(request, PM_UNSUPPORTED,
                    "Pages on other machines cannot ask the person here: --allow-origin says what they may use.");
        return;
    }
    struct chooser *c = malloc(sizeof(*c));
    if (!c) {
        fail_asking(request, -ENOMEM);
        return;
    }
    *c = (struct chooser){.waiter.on_end = on_chosen, .api = call->api, .request = request};
    int error = pm_door_ask(call->api->door, &wish, &c->waiter, &r);
    if (error < 0) {
        free(c);
        fail_asking(request, error);
        return;
    }
    pm_list_append(&call->api->choosers, &c->link);
    pm_list_append(&request->client->requests, &request->link);
}

/* ---- the table ---- */

static const struct pm_arg capability = {"capability", PM_ARG_WORD, .words = capability_words};
#define CAPABILITIES(text)                                                                                             \
    {                                                                                                                  \
        "capabilities", PM_ARG_ARRAY, .min = 1, .max = 3, .of = &capability, .fallback = (text),                       \
                                      .purpose = "what the page may do"                                                \
    }

static const struct pm_arg filter_members[] = {
    {"vid", PM_ARG_INTEGER, .min = 0, .max = UINT16_MAX, .purpose = "the vendor's number"},
    {"pid", PM_ARG_INTEGER, .min = 0, .max = UINT16_MAX, .purpose = "the product's number"},
    {0},
};
static const struct pm_arg filter = {"filter", PM_ARG_OBJECT, .of = filter_members};
static const struct pm_arg choose_args[] = {
    {"filters", PM_ARG_ARRAY, .min = 0, .max = PM_CONSENT_FILTERS, .of = &filter, .fallback = "any device",
     .purpose = "which devices the person is shown: those that fit one of them"},
    CAPABILITIES("[\"serial\", \"control\"]"),
    {"reason", PM_ARG_TEXT, .min = 1, .max = 1000, .purpose = "why, for the person, who is shown 120 characters of it"},
    {0},
};
static const struct pm_arg forget_args[] = {
    {"device", PM_ARG_TEXT, .required = true, .min = 1, .max = PM_GRANT_DEVICE - 1, .purpose = "its `id`"}, {0}};
static const struct pm_arg approve_args[] = {
    {"id", PM_ARG_TEXT, .required = true, .min = 1, .max = PM_CONSENT_ID - 1, .purpose = "of the question"},
    {"devices", PM_ARG_DEVICES, .fallback = "those that fit the page's filters; all, also later ones, if it has none"},
    CAPABILITIES("what the page asks for"),
    {"duration", PM_ARG_WORD, .words = duration_words, .fallback = "once",
     .purpose = "until the page's last connection closes, until the daemon ends, for a day, or until revoked"},
    {"socket", PM_ARG_BOOLEAN, .fallback = "false",
     .purpose = "for a device without serial number: whatever is plugged in there counts; else it ends at unplugging"},
    {"shared", PM_ARG_BOOLEAN, .fallback = "false", .purpose = "other applications may use the device too"},
    {0},
};
static const struct pm_arg id_args[] = {
    {"id", PM_ARG_TEXT, .required = true, .min = 1, .max = PM_CONSENT_ID - 1, .purpose = "of the question"}, {0}};
static const struct pm_arg revoke_args[] = {
    {"id", PM_ARG_TEXT, .min = 1, .max = PM_GRANT_ID, .purpose = "the grant with this id"},
    {"origin", PM_ARG_TEXT, .min = 1, .max = PM_ORIGIN_MAX - 1,
     .purpose = "all that the page of this address was allowed"},
    {"device", PM_ARG_TEXT, .min = 1, .max = PM_GRANT_DEVICE - 1,
     .purpose = "all that pages were allowed for the device of this id"},
    {"all", PM_ARG_BOOLEAN, .fallback = "false", .purpose = "all that any page was allowed"},
    {0},
};

const struct pm_request_kind pm_requests_consent[] = {
    {"request-device", choose_args, PM_NEEDS_NONE, false, NULL, false, request_device,
     "Ask the person at the machine to choose one more device for this page. Answered when they did.", "device"},
    {"list-grants", NULL, PM_NEEDS_NONE, true, NULL, false, list_grants, "What the person allowed this page.",
     "grants"},
    {"forget-device", forget_args, PM_NEEDS_NONE, false, NULL, false, forget_device,
     "Give back what the person allowed this page for a device.", NULL},
    {"consent-list", NULL, PM_NEEDS_ADMIN, true, NULL, false, consent_list, "The questions of pages that are open.",
     "requests"},
    {"consent-approve", approve_args, PM_NEEDS_ADMIN, false, NULL, false, consent_approve,
     "Let a page in. Answered when the grants are safe on the disk; `saved` is false if they hold for this run only.",
     "grants, saved"},
    {"consent-deny", id_args, PM_NEEDS_ADMIN, false, NULL, false, consent_deny,
     "Turn a page away. It may ask again after a minute, after three times no after a day.", NULL},
    {"grant-list", NULL, PM_NEEDS_ADMIN, true, NULL, false, grant_list,
     "Everything that pages were allowed, and what must be shown with it.", "grants, banner"},
    {"grant-revoke", revoke_args, PM_NEEDS_ADMIN, false, NULL, false, grant_revoke,
     "End grants, and the streams that go by them: those that fit everything that is named.", "revoked"},
    {0},
};
