/* saved.c - named connections outlive the daemon: connections.json in the state directory. */
#include "api/api_private.h"
#include "api/table.h"

#include "base/log.h"
#include "loop/saver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MAX = 1024 * 1024,
    VERSION = 1,
    PATIENCE_MS = 2000 /* that an answer waits for the disk */
};

static const char format[] = "peripheral-manager connections";

struct pm_saved {
    struct pm_api *api;
    struct pm_turn changed;
    struct pm_saver saver;
    struct pm_link held; /* struct held: answers that wait for the disk, in order */
    struct pm_timer patience;
    bool newer;  /* the file is a newer version's: it is left alone */
    bool failed; /* the last attempt to write it did */
};

/* An answer, and the contents of the file that it waits for. */
struct held {
    struct pm_link link;
    struct pm_api_request *request;
    json_t *result, *legacy;
    uint32_t connection; /* whose bytes come behind the answer */
    uint64_t put;
    struct pm_mono until;
};

/* ---- answers ---- */

/* The reader whose bytes must not come before this answer, or NULL. */
static struct pm_subscription *reader_of(const struct held *h)
{
    return h->request->client ? pm_subscription_of(h->request->client, h->connection) : NULL;
}

static void release(struct held *h)
{
    struct pm_subscription *reader = reader_of(h);
    pm_list_remove(&h->link);
    if (reader && reader->held > 0)
        reader->held--;
    struct pm_api_client *client = reader ? reader->client : NULL;
    pm_api_answer(h->request, h->result, h->legacy);
    free(h);
    if (client)
        pm_api_drained(client);
}

/* Those that have waited long enough, or for contents that were tried. */
static void release_due(struct pm_saved *s, bool tried)
{
    struct pm_mono now = pm_loop_now();
    while (!pm_list_empty(&s->held)) {
        struct held *h = pm_container(s->held.next, struct held, link);
        if (!(tried && pm_saver_tried(&s->saver, h->put)) && !pm_mono_reached(now, h->until)) {
            pm_timer_set(&s->patience, h->until);
            return;
        }
        release(h);
    }
    pm_timer_stop(&s->patience);
}

static void on_patience(struct pm_timer *t)
{
    release_due(t->owner, false);
}

void pm_api_answer_kept(struct pm_api *a, struct pm_api_request *r, const struct pm_connection *c, json_t *result,
                        json_t *legacy)
{
    struct pm_saved *s = a->saved;
    bool asked = s && !pm_list_empty(&s->changed.link);
    struct held *h = asked || (s && (s->saver.busy || s->saver.waits)) ? malloc(sizeof(*h)) : NULL;
    if (!h) {
        pm_api_answer(r, result, legacy);
        return;
    }
    *h = (struct held){.request = r,
                       .result = result,
                       .legacy = legacy,
                       .connection = c ? c->number : 0,
                       .put = s->saver.put + asked,
                       .until = pm_mono_add_ms(pm_loop_now(), PATIENCE_MS)};
    pm_list_init(&h->link);
    if (pm_list_empty(&s->held))
        pm_timer_set(&s->patience, h->until);
    pm_list_append(&s->held, &h->link);
    if (r->client && pm_list_empty(&r->link))
        pm_list_append(&r->client->requests, &r->link);
    struct pm_subscription *reader = reader_of(h);
    if (reader)
        reader->held++;
}

/* ---- writing ---- */

/* A connection is kept as the request that would make it, with the device that it was. */
static json_t *describe(const struct pm_connection *c)
{
    json_t *o = pm_describe_options(&c->options);
    json_object_set_new(o, "name", json_string(c->name));
    json_object_set_new(o, "address", json_string(c->address));
    json_object_set_new(o, "device", json_string(c->device_id));
    json_object_set_new(o, "ambiguous", json_boolean(c->ambiguous));
    json_object_set_new(o, "owner", json_string(c->options.owner));
    return o;
}

static void on_turn_end(struct pm_turn *t)
{
    struct pm_saved *s = pm_container(t, struct pm_saved, changed);
    const struct pm_link *list = pm_hub_connections(s->api->hub);
    json_t *array = json_array();
    for (struct pm_link *link = list->next; link != list; link = link->next)
        json_array_append_new(array, describe(pm_container(link, struct pm_connection, link)));
    json_t *root = json_pack("{s:s, s:i, s:o}", "format", format, "version", VERSION, "connections", array);
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (!text) {
        pm_log(PM_LOG_ERROR, "There is no memory to keep the connections for the next start.");
        return; /* who waits for it has patience */
    }
    size_t n = strlen(text);
    struct pm_bytes bytes = {(uint8_t *)text, n, n, n};
    pm_saver_put(&s->saver, &bytes);
}

void pm_saved_changed(struct pm_saved *s)
{
    if (s && !s->newer)
        pm_turn_ask(&s->changed, s->api->loop);
}

static void on_saved(void *owner, int error)
{
    struct pm_saved *s = owner;
    if (error < 0 && !s->failed)
        pm_log(PM_LOG_WARNING,
               "The connections cannot be kept for the next start: %s: %s. It is tried again every %d seconds.",
               s->saver.path, strerror(-error), PM_SAVER_RETRY_MS / 1000);
    else if (error == 0 && s->failed)
        pm_log(PM_LOG_INFO, "The connections are kept for the next start again.");
    s->failed = error < 0;
    release_due(s, true);
}

/* ---- reading ---- */

/* What is wrong with a record, told as for a request. */
struct check {
    struct pm_api_request request;
    char problem[256];
};

static void on_answer(struct pm_api_request *r, const json_t *answer, const char *legacy_event, const json_t *legacy,
                      enum pm_error error)
{
    struct check *check = pm_container(r, struct check, request);
    const char *message = json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
    (void)legacy_event, (void)legacy, (void)error;
    snprintf(check->problem, sizeof(check->problem), "%s", message ? message : "it is damaged");
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

/* May whoever opened it still use it? What ended with the last run must not lock others out now. "": the person did. */
static bool owner_is_known(const struct pm_api *a, const json_t *record)
{
    const char *text = text_of(record, "owner");
    struct pm_origin origin;
    bool shared;
    return !text[0] || !a->door ||
           (pm_origin_parse(text, strlen(text), &origin) == 0 && pm_door_knows(a->door, &origin) &&
            pm_door_covers(a->door, origin.text, text_of(record, "device"), &shared) != 0);
}

static int restore(struct pm_api *a, const json_t *record, struct check *check)
{
    struct pm_call call = {
        .api = a, .request = &check->request, .kind = pm_request_find("activate-connection"), .data = record};
    struct pm_connection *c;
    check->request.kind = call.kind;
    if (!pm_call_check(&call))
        return -EINVAL;
    if (!owner_is_known(a, record)) {
        pm_log(PM_LOG_INFO, "\"%s\" is not opened again: the page that had opened it may not use its device any more.",
               pm_call_text(&call, "name"));
        return 0;
    }
    struct pm_remembered was = {pm_call_text(&call, "name"), pm_call_text(&call, "address"), text_of(record, "device"),
                                json_is_true(json_object_get(record, "ambiguous")), pm_call_options(&call)};
    snprintf(was.options.owner, sizeof(was.options.owner), "%s", text_of(record, "owner"));
    int r = pm_hub_restore(a->hub, &was, &c);
    if (r < 0)
        snprintf(check->problem, sizeof(check->problem), "\"%s\" cannot be opened again: %s", was.name, strerror(-r));
    else if (c->state == PM_CONNECTION_IS_LOST && !c->options.reconnect)
        pm_hub_deactivate(c, "device-gone");
    return r;
}

static void announce(const struct pm_api *a)
{
    const struct pm_link *list = pm_hub_connections(a->hub);
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        const struct pm_connection *c = pm_container(link, struct pm_connection, link);
        if (c->state == PM_CONNECTION_IS_OPEN)
            pm_log(PM_LOG_INFO, "\"%s\" is open again, at %s.", c->name, c->path);
        else
            pm_log(PM_LOG_INFO, "\"%s\" waits for its device, %s (%s).", c->name, c->device_id,
                   pm_hub_lost_reason(c->error));
    }
}

/* All that can be restored is; what cannot is told, the first of it in `problem`. */
static int restore_all(struct pm_api *a, const json_t *records, char *problem, size_t room)
{
    int result = 0;
    for (size_t i = 0; i < json_array_size(records); i++) {
        struct check check = {.request = {.on_answer = on_answer, .unheard = true}};
        pm_list_init(&check.request.link);
        int r = restore(a, json_array_get(records, i), &check);
        if (r < 0 && result == 0)
            snprintf(problem, room, "%s", check.problem);
        result = r < 0 ? r : result;
    }
    return result;
}

/* 0, or a negative errno with what is wrong. */
static int read_records(struct pm_saved *s, const json_t *root, char *problem, size_t room)
{
    const json_t *version = json_object_get(root, "version"), *records = json_object_get(root, "connections");
    if (strcmp(text_of(root, "format"), format) != 0 || !json_is_integer(version) || json_integer_value(version) < 1) {
        snprintf(problem, room, "it is not a file of ours");
        return -EINVAL;
    }
    s->newer = json_integer_value(version) > VERSION;
    if (s->newer) {
        pm_log(PM_LOG_WARNING,
               "%s was written by a newer peripheral-manager. It is left as it is: nothing in it is opened, and "
               "connections are not kept. Start the newer program, or move the file away.",
               s->saver.path);
        return 0;
    }
    if (!json_is_array(records)) {
        snprintf(problem, room, "it has no connections in it");
        return -EINVAL;
    }
    return restore_all(s->api, records, problem, room);
}

static int parse(struct pm_saved *s, const struct pm_bytes *bytes, char *problem, size_t room)
{
    json_error_t error;
    json_t *root = json_loadb((const char *)bytes->p, bytes->n, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        snprintf(problem, room, "line %d, column %d: %s", error.line, error.column, error.text);
        return -EINVAL;
    }
    int r = read_records(s, root, problem, room);
    json_decref(root);
    return r;
}

/* Whoever mends it by hand finds it; a file in our way must not keep the daemon from working. */
static void set_aside(struct pm_saved *s, const char *problem)
{
    char aside[PM_PATH_MAX];
    int r = pm_file_set_aside(s->saver.path, aside);
    if (s->api->door)
        pm_audit(pm_door_audit(s->api->door),
                 &(struct pm_audit_entry){.kind = "state_corrupt", .result = "connections.json", .uid = -1});
    if (r == 0)
        pm_log(PM_LOG_WARNING, "%s cannot be used: %s. It is kept as %s.", s->saver.path, problem, aside);
    else
        pm_log(PM_LOG_WARNING, "%s cannot be used: %s. It cannot be moved away either: %s.", s->saver.path, problem,
               strerror(-r));
}

static void load(struct pm_saved *s)
{
    struct pm_bytes bytes = {0};
    char problem[512] = "";
    pm_file_tidy(s->saver.path);
    int r = pm_file_read(s->saver.path, FILE_MAX, &bytes);
    if (r == -ENOENT)
        return;
    if (r < 0)
        snprintf(problem, sizeof(problem), "%s", r == -EFBIG ? "it is larger than 1 MiB" : strerror(-r));
    else
        r = parse(s, &bytes, problem, sizeof(problem));
    pm_bytes_fini(&bytes);
    if (r < 0)
        set_aside(s, problem);
    announce(s->api);
    pm_saved_changed(s);
}

/* ---- life ---- */

int pm_saved_new(struct pm_api *a, const char *folder, struct pm_saved **ret)
{
    char path[PM_PATH_MAX];
    int r = pm_path_join(folder, "connections.json", path);
    if (r < 0)
        return r;
    struct pm_saved *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->api = a;
    pm_turn_init(&s->changed, on_turn_end);
    pm_saver_init(&s->saver, a->loop, path, on_saved, s);
    pm_timer_init(&s->patience, a->loop, on_patience, s);
    pm_list_init(&s->held);
    load(s);
    *ret = s;
    return 0;
}

static void on_closed(void *owner)
{
    free(owner);
}

static void on_timer_closed(void *owner)
{
    struct pm_saved *s = owner;
    pm_saver_close(&s->saver, on_closed);
}

void pm_saved_close(struct pm_saved *s)
{
    if (!s)
        return;
    if (!pm_list_empty(&s->changed.link)) { /* asked for in this turn, which has no end any more */
        pm_turn_cancel(&s->changed);
        on_turn_end(&s->changed);
    }
    while (!pm_list_empty(&s->held))
        release(pm_container(s->held.next, struct held, link));
    pm_timer_close(&s->patience, on_timer_closed);
}
