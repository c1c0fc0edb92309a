/* metrics.c - what can be counted, as OpenMetrics text (version 1.0.0): for whoever watches a machine from afar. */
#include "api/api_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PREFIX "peripheral_manager_"

struct family {
    const char *name, *type, *help;
    uint64_t (*value)(const struct pm_connection *c);
};

static void begin(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# TYPE " PREFIX "%s %s\n# HELP " PREFIX "%s %s\n", name, type, name, help);
}

static void one(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
    begin(out, name, type, help);
    fprintf(out, PREFIX "%s%s %" PRIu64 "\n", name, type[0] == 'c' ? "_total" : "", value);
}

/* A label's value, with its quotes. */
static void put_label(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

/* ---- connections ---- */

static uint64_t value_received(const struct pm_connection *c)
{
    return c->counts.rx;
}

static uint64_t value_sent(const struct pm_connection *c)
{
    return c->counts.tx;
}

static uint64_t value_losses(const struct pm_connection *c)
{
    return c->counts.losses;
}

static uint64_t value_queued(const struct pm_connection *c)
{
    return c->write_queued;
}

static uint64_t value_readers(const struct pm_connection *c)
{
    return c->n_readers;
}

static uint64_t value_open(const struct pm_connection *c)
{
    return c->state == PM_CONNECTION_IS_OPEN;
}

static uint64_t value_paused(const struct pm_connection *c)
{
    return c->paused;
}

static const struct family families[] = {
    {"connection_received_bytes", "counter", "Bytes that the device has sent.", value_received},
    {"connection_sent_bytes", "counter", "Bytes that the driver has taken.", value_sent},
    {"connection_losses", "counter", "How often the device went away.", value_losses},
    {"connection_queued_bytes", "gauge", "What waits for the device.", value_queued},
    {"connection_readers", "gauge", "Clients that get its bytes.", value_readers},
    {"connection_open", "gauge", "1: the device is there; 0: it is waited for.", value_open},
    {"connection_paused", "gauge", "1: the device is asked to wait for its readers.", value_paused},
};

static void put_families(FILE *out, const struct pm_link *connections)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        const struct family *f = &families[i];
        begin(out, f->name, f->type, f->help);
        for (const struct pm_link *link = connections->next; link != connections; link = link->next) {
            const struct pm_connection *c = pm_container(link, struct pm_connection, link);
            fprintf(out, PREFIX "%s%s{connection=", f->name, f->type[0] == 'c' ? "_total" : "");
            put_label(out, c->name);
            fprintf(out, "} %" PRIu64 "\n", f->value(c));
        }
    }
}

static void put_errors(FILE *out, const struct pm_link *connections)
{
    begin(out, "connection_line_errors", "counter", "Errors on the line, as the driver counts them.");
    for (const struct pm_link *link = connections->next; link != connections; link = link->next) {
        const struct pm_connection *c = pm_container(link, struct pm_connection, link);
        const struct pm_line_errors *e = &c->errors;
        const struct {
            const char *kind;
            unsigned n;
        } counts[] = {{"framing", e->framing},
                      {"parity", e->parity},
                      {"break", e->breaks},
                      {"overrun", e->overrun},
                      {"buffer-overrun", e->buffer_overrun}};
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            fputs(PREFIX "connection_line_errors_total{connection=", out);
            put_label(out, c->name);
            fprintf(out, ",kind=\"%s\"} %u\n", counts[i].kind, counts[i].n);
        }
    }
}

/* ---- all ---- */

static uint64_t count(const struct pm_link *list)
{
    uint64_t n = 0;
    for (const struct pm_link *link = list->next; link != list; link = link->next)
        n++;
    return n;
}

static void put_clients(FILE *out, const struct pm_api *a)
{
    uint64_t away = 0, all = 0;
    for (const struct pm_link *link = a->clients.next; link != &a->clients; link = link->next) {
        const struct pm_api_client *c = pm_container(link, struct pm_api_client, link);
        all += !c->watches;
        away += c->away;
    }
    begin(out, "clients", "gauge", "Clients that are connected, and such that may come back and miss nothing.");
    fprintf(out, PREFIX "clients{state=\"connected\"} %" PRIu64 "\n", all - away);
    fprintf(out, PREFIX "clients{state=\"away\"} %" PRIu64 "\n", away);
}

static void put_gaps(FILE *out, const struct pm_api_counts *counts)
{
    begin(out, "gaps", "counter", "How often a client was told that bytes did not reach it, and why.");
    for (unsigned i = 0; i < PM_GAPS; i++)
        fprintf(out, PREFIX "gaps_total{reason=\"%s\"} %" PRIu64 "\n", pm_gap_name(i), counts->gaps[i]);
    one(out, "gap_bytes", "counter", "Bytes in those gaps, as far as they were counted.", counts->gap_bytes);
}

char *pm_api_metrics(struct pm_api *a, const struct pm_metric *more, size_t n_more, size_t *ret_n)
{
    const struct pm_link *connections = pm_hub_connections(a->hub);
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_n);
    if (!out)
        return NULL;
    begin(out, "build", "info", "The program that answers.");
    fputs(PREFIX "build_info{version=\"" PM_VERSION "\"} 1\n", out);
    put_clients(out, a);
    one(out, "devices", "gauge", "Devices that are plugged in.", count(pm_devices_list(a->devices)));
    one(out, "delivered_bytes", "counter", "Bytes of devices that were handed to clients.", a->counts.delivered);
    one(out, "requests", "counter", "Requests of clients, right or wrong.", a->counts.requests);
    for (size_t i = 0; i < n_more; i++)
        one(out, more[i].name, "counter", more[i].help, more[i].value);
    put_gaps(out, &a->counts);
    put_families(out, connections);
    put_errors(out, connections);
    fputs("# EOF\n", out);
    bool whole = ferror(out) == 0;
    if (fclose(out) != 0 || !whole) {
        free(text);
        return NULL;
    }
    return text;
}
