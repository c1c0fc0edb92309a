/* requests_record.c - recordings: beginning and ending them, and which there are. */
#include "api/api_private.h"
#include "api/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- as JSON ---- */

static json_t *describe_item(const struct pm_recording_item *i)
{
    static const char *const states[] = {
        [PM_RECORDING_ENDED] = "ended", [PM_RECORDING_RUNS] = "recording", [PM_RECORDING_STALLS] = "stalled"};
    const char *format = pm_export_words[i->format];
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:i, s:I, s:I}", "id", i->id, "name", i->name, "device", i->device,
                  "state", states[i->state], "format", format, "started", (double)i->started_us / 1e6, "parts",
                  (int)i->parts, "size", (json_int_t)i->size, "lost", (json_int_t)i->lost);
    if (o)
        json_object_set_new(o, "address", json_sprintf("/recordings/%s?format=%s", i->id, format));
    return o;
}

json_t *pm_describe_recording(const struct pm_recording *r)
{
    struct pm_recording_item item;
    pm_recording_describe(r, &item);
    return describe_item(&item);
}

/* ---- requests ---- */

bool pm_call_can_record(struct pm_call *call)
{
    if (!call->api->recorder)
        pm_api_fail(call->request, PM_UNSUPPORTED,
                    "Nothing is recorded here, since this daemon keeps nothing. Start it without --ephemeral.");
    return call->api->recorder != NULL;
}

static void keep(struct pm_call *call)
{
    if (call->request->client)
        pm_list_append(&call->request->client->requests, &call->request->link);
}

static void fail_disk(struct pm_api_request *r, int error)
{
    if (error == -ENOSPC || error == -EDQUOT)
        pm_api_fail(r, PM_DISK_FULL, "There is no room for it on the disk. Delete old recordings, or make room.");
    else
        pm_api_fail(r, error == -EMFILE || error == -ENFILE ? PM_TOO_MANY_OPEN : PM_IO_ERROR,
                    "The recording cannot be written: %s.", strerror(-error));
}

static void on_started(void *owner, const struct pm_recording *r, int error)
{
    struct pm_api_request *request = owner;
    if (error < 0)
        fail_disk(request, error);
    else
        pm_api_answer(request, json_pack("{s:o}", "recording", pm_describe_recording(r)), NULL);
}

static void record_start(struct pm_call *call)
{
    struct pm_recording *r;
    if (!pm_call_can_record(call))
        return;
    keep(call);
    enum pm_export_format format = (enum pm_export_format)pm_call_word(call, "format", pm_export_words, 0);
    int error = pm_recorder_start(call->api->recorder, call->connection, format, on_started, call->request, &r);
    if (error == -EALREADY)
        on_started(call->request, r, 0);
    else if (error < 0)
        fail_disk(call->request, error);
}

/* A recording that is being ended, and whoever asked for that. */
struct stopping {
    struct pm_api *api;
    struct pm_api_request *request;
};

/* That it is not to begin again with the next start is on the disk before it is said. */
static void on_stopped(void *owner, const struct pm_recording *r, int error)
{
    struct stopping *s = owner;
    if (error < 0)
        fail_disk(s->request, error);
    else
        pm_api_answer_kept(s->api, s->request, NULL, json_pack("{s:o}", "recording", pm_describe_recording(r)), NULL);
    free(s);
}

static void record_stop(struct pm_call *call)
{
    if (!pm_call_can_record(call))
        return;
    struct pm_recording *r = pm_recorder_find(call->api->recorder, call->connection);
    call->connection->options.record = false;
    pm_saved_changed(call->api->saved);
    if (!r) {
        pm_api_fail(call->request, PM_NO_SUCH_RECORDING, "\"%s\" is not being recorded.", call->connection->name);
        return;
    }
    struct stopping *s = malloc(sizeof(*s));
    if (!s) {
        pm_api_fail(call->request, PM_INTERNAL, "There is no memory to end the recording.");
        return;
    }
    *s = (struct stopping){call->api, call->request};
    keep(call);
    pm_recording_stop(r, on_stopped, s);
}

struct listing {
    struct pm_recorder_waiting waiting;
    struct pm_api *api;
    struct pm_api_request *request;
    char id[PM_RECORDING_ID];
};

static void fail_folder(struct pm_api_request *r, int error)
{
    pm_api_fail(r, PM_IO_ERROR, "The folder of recordings cannot be read: %s.", strerror(-error));
}

static void on_looked(struct pm_recorder_waiting *w, const struct pm_recording_item *items, size_t n, int error)
{
    struct listing *l = pm_container(w, struct listing, waiting);
    if (error < 0) {
        fail_folder(l->request, error);
    } else {
        json_t *list = json_array();
        for (size_t i = 0; i < n; i++) {
            if (pm_sees_recording(l->api, l->request->who, &items[i]))
                json_array_append_new(list, describe_item(&items[i]));
        }
        pm_api_answer(l->request, json_pack("{s:o}", "recordings", list), NULL);
    }
    free(l);
}

static void look(struct pm_call *call, void (*done)(struct pm_recorder_waiting *w,
                                                    const struct pm_recording_item *items, size_t n, int error))
{
    struct listing *l = calloc(1, sizeof(*l));
    if (!l) {
        pm_api_fail(call->request, PM_INTERNAL, "There is no memory for the list.");
        return;
    }
    l->waiting.done = done;
    l->api = call->api;
    l->request = call->request;
    if (pm_call_has(call, "id"))
        snprintf(l->id, sizeof(l->id), "%s", pm_call_text(call, "id"));
    keep(call);
    pm_recorder_look(call->api->recorder, &l->waiting);
}

static void list_recordings(struct pm_call *call)
{
    if (call->api->recorder)
        look(call, on_looked);
    else
        pm_api_answer(call->request, json_pack("{s:[]}", "recordings"), NULL);
}

/* Of the list, the one that was asked for. */
static void on_looked_for_one(struct pm_recorder_waiting *w, const struct pm_recording_item *items, size_t n, int error)
{
    struct listing *l = pm_container(w, struct listing, waiting);
    size_t i = 0;
    while (i < n && strcmp(items[i].id, l->id) != 0)
        i++;
    if (error < 0)
        fail_folder(l->request, error);
    else if (i == n || !pm_sees_recording(l->api, l->request->who, &items[i]))
        pm_api_fail_see(l->request, PM_NO_SUCH_RECORDING, "list-recordings", NULL, "There is no recording of this id.");
    else
        pm_api_answer(l->request, json_pack("{s:o}", "recording", describe_item(&items[i])), NULL);
    free(l);
}

static void get_recording(struct pm_call *call)
{
    if (pm_call_can_record(call))
        look(call, on_looked_for_one);
}

/* ---- events ---- */

static void on_news(void *owner, enum pm_recorder_news news, const struct pm_recording *r, const char *text)
{
    static const char *const events[] = {[PM_RECORDING_STARTED] = "recording-started",
                                         [PM_RECORDING_STOPPED] = "recording-stopped",
                                         [PM_RECORDING_STALLED] = "recording-stalled",
                                         [PM_RECORDING_RESUMED] = "recording-resumed"};
    json_t *data = pm_describe_recording(r);
    if (data && text)
        json_object_set_new(data, "reason", json_string(text));
    struct pm_recording_item item;
    pm_recording_describe(r, &item);
    pm_api_broadcast_recording(owner, &item, events[news], data);
}

int pm_api_record(struct pm_api *a, const struct pm_recorder_options *options)
{
    static const struct pm_recorder_ops ops = {on_news};
    return pm_recorder_new(a->loop, options, &ops, a, &a->recorder);
}

static const struct pm_arg start_args[] = {
    {"name", PM_ARG_CONNECTION, .required = true},
    {"format", PM_ARG_WORD, .words = pm_export_words, .fallback = "native",
     .purpose = "what `address` of the answer downloads; every other one can be had too"},
    {0},
};
static const struct pm_arg id_args[] = {
    {"id", PM_ARG_TEXT, .required = true, .min = 1, .max = PM_RECORDING_ID - 1, .purpose = "as list-recordings has it"},
    {0},
};
static const struct pm_arg name_args[] = {{"name", PM_ARG_CONNECTION, .required = true}, {0}};

const struct pm_request_kind pm_requests_record[] = {
    {"record-start", start_args, PM_NEEDS_RECORD, false, NULL, false, record_start,
     "Write down everything that goes over a connection, both ways, from now on. One that is recorded already goes on.",
     "recording"},
    {"record-stop", name_args, PM_NEEDS_RECORD, false, NULL, false, record_stop,
     "End the recording of a connection, for the next start of the daemon too. Answered when all that is safe on the "
     "disk.",
     "recording"},
    {"list-recordings", NULL, PM_NEEDS_RECORD, true, NULL, false, list_recordings,
     "The recordings on this machine, the newest first: id, name, device, state, format, started, parts, size, lost, "
     "and the address that downloads it.",
     "recordings"},
    {"get-recording", id_args, PM_NEEDS_RECORD, true, NULL, false, get_recording,
     "One recording. GET /recordings/<id>?format=… downloads it, up to where it is written, also while it grows.",
     "recording"},
    {0},
};
