/* describe.c - devices and connections as web applications see them. */
#include "api/api_private.h"
#include "api/profiled.h"
#include "api/table.h"

#include "base/base64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *pm_describe_bytes(const uint8_t *p, size_t n)
{
    size_t text_n = pm_base64_length(n);
    char *text = malloc(text_n + 1);
    if (!text)
        return NULL;
    pm_base64_encode(p, n, text);
    json_t *o = json_pack("{s:s%}", "base64", text, text_n);
    free(text);
    return o;
}

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

/* The original's fields stand first; two of its names are misspelt, and applications use them. */
static json_t *describe_original(const struct pm_device *d)
{
    const char *name = strrchr(d->path, '/');
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "device", d->path, "name",
                  name ? name + 1 : d->path, "description", d->description, "hwid", d->hwid, "serialnumber",
                  d->serial_number, "serialnumuber", d->serial_number, "location", d->location, "manufacturer",
                  d->manufacturer, "maufacturer", d->manufacturer, "product", d->product, "interface", d->interface);
    json_object_set_new(o, "vid", d->vid >= 0 ? json_integer(d->vid) : json_null());
    json_object_set_new(o, "pid", d->pid >= 0 ? json_integer(d->pid) : json_null());
    return o;
}

/* A page is told of itself, and not what else uses its device. */
static json_t *describe_user(const struct pm_who *who, const struct pm_connection *c, const struct pm_device *d,
                             bool visible)
{
    if (c && who->kind == PM_WHO_PAGE && strcmp(c->options.owner, who->origin) == 0)
        return json_string(who->origin);
    bool ours = c && (visible || who->kind != PM_WHO_PAGE);
    if (!ours && who->kind == PM_WHO_PAGE && (c || d->holder[0]))
        return json_string("another application");
    return ours ? json_string("peripheral-manager") : text_or_null(d->holder);
}

/* Profiles that say that they are for such a device. */
static json_t *describe_profiles(const struct pm_api *a, const struct pm_device *d)
{
    json_t *ids = json_array();
    const struct pm_profile *p;
    bool own;
    for (size_t i = 0; (p = pm_profiled_get(a, i, &own)); i++) {
        if (pm_profile_recognises(p, d->vid, d->pid, d->product))
            json_array_append_new(ids, json_string(p->id));
    }
    return ids;
}

json_t *pm_describe_device(struct pm_api *a, const struct pm_who *who, const struct pm_device *d)
{
    const struct pm_connection *c = pm_hub_find_path(a->hub, d->path);
    bool visible = c && pm_sees_connection(a, who, c);
    char problem[512];
    json_t *o = describe_original(d);
    json_object_set_new(o, "id", json_string(d->id));
    json_object_set_new(o, "kind", json_string(d->is_virtual ? "virtual" : "serial"));
    json_object_set_new(o, "address", json_string(d->path));
    json_object_set_new(o, "by-id", text_or_null(pm_device_link(d, "/dev/serial/by-id/")));
    json_object_set_new(o, "by-path", text_or_null(pm_device_link(d, "/dev/serial/by-path/")));
    json_object_set_new(o, "connection", visible ? json_string(c->name) : json_null());
    json_object_set_new(o, "in-use-by", describe_user(who, c, d, visible));
    json_object_set_new(o, "profiles", describe_profiles(a, d));
    json_object_set_new(o, "identity-conflict", json_boolean(d->conflict));
    json_object_set_new(o, "console", json_boolean(d->is_console));
    json_object_set_new(o, "unusable",
                        pm_device_problem(d, problem, sizeof(problem)) ? json_string(problem) : json_null());
    return o;
}

json_t *pm_describe_devices(struct pm_api *a, const struct pm_who *who)
{
    const struct pm_link *list = pm_devices_list(a->devices);
    json_t *array = json_array();
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        const struct pm_device *d = pm_container(link, struct pm_device, link);
        if (pm_sees_device(a, who, d))
            json_array_append_new(array, pm_describe_device(a, who, d));
    }
    return array;
}

json_t *pm_describe_options(const struct pm_connection_options *o)
{
    const struct pm_port_settings *s = &o->line;
    json_t *framing = o->delivery.ruled ? pm_framing_json(&o->delivery.rule) : json_null();
    return json_pack("{s:I, s:i, s:s, s:f, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:I, s:s, s:s, s:o}", "baud-rate",
                     (json_int_t)s->baud_rate, "data-bits", s->data_bits, "parity", pm_parity_words[s->parity],
                     "stop-bits", s->stop_bits2 / 2.0, "flow-control", pm_flow_words[s->flow], "dtr",
                     pm_at_open_words[s->dtr], "rts", pm_at_open_words[s->rts], "latency", pm_latency_words[s->latency],
                     "exclusive", s->exclusive, "reconnect", o->reconnect, "record", o->record, "history",
                     (json_int_t)o->history, "profile", o->profile, "deliver", pm_deliver_words[o->delivery.kind],
                     "framing", framing);
}

json_t *pm_describe_counts(const struct pm_line_errors *e)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "framing", (json_int_t)e->framing, "parity", (json_int_t)e->parity,
                     "break", (json_int_t)e->breaks, "overrun", (json_int_t)e->overrun, "buffer-overrun",
                     (json_int_t)e->buffer_overrun);
}

json_t *pm_describe_connection(const struct pm_connection *c)
{
    bool lost = c->state == PM_CONNECTION_IS_LOST;
    json_t *o = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:o, s:b, s:o}", "name", c->name, "address",
        c->address, "device", c->device_id, "state", lost ? "lost" : "open", "epoch", (json_int_t)c->epoch, "offset",
        (json_int_t)c->journal.end, "since", (json_int_t)c->since, "rx", (json_int_t)c->counts.rx, "tx",
        (json_int_t)c->counts.tx, "queued", (json_int_t)c->write_queued, "losses", (int)c->counts.losses, "errors",
        pm_describe_counts(&c->errors), "claimed", c->holder != NULL, "options", pm_describe_options(&c->options));
    if (o && lost)
        json_object_set_new(o, "reason", json_string(pm_hub_lost_reason(c->error)));
    else if (o)
        json_object_set_new(o, "path", json_string(c->path));
    return o;
}

json_t *pm_describe_gap(const struct pm_connection *c, uint64_t from, uint64_t to, enum pm_gap reason, uint64_t bytes)
{
    json_t *gap = json_pack("{s:s, s:I, s:I, s:s, s:I}", "name", c->name, "from", (json_int_t)from, "to",
                            (json_int_t)to, "reason", pm_gap_name(reason), "epoch", (json_int_t)c->epoch);
    if (gap && bytes > 0)
        json_object_set_new(gap, "bytes", json_integer((json_int_t)bytes));
    return gap;
}

json_t *pm_describe_connections(struct pm_api *a, const struct pm_who *who)
{
    const struct pm_link *list = pm_hub_connections(a->hub);
    json_t *array = json_array();
    for (struct pm_link *link = list->next; link != list; link = link->next) {
        const struct pm_connection *c = pm_container(link, struct pm_connection, link);
        if (pm_sees_connection(a, who, c))
            json_array_append_new(array, pm_describe_connection(c));
    }
    return array;
}
