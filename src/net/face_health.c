/* face_health.c - see faces.h; GET /health for pages that look for the daemon, and GET /metrics for monitoring. */
#include "net/faces.h"

#include <stdlib.h>

static bool is_get(struct pm_conn *c, const struct pm_http_head *head)
{
    bool get = head->method == PM_HTTP_GET || head->method == PM_HTTP_HEAD;
    if (!get)
        pm_conn_refuse_method(c, "GET, HEAD");
    return get;
}

/* The same for everybody, since everybody may ask. */
static void on_health(void *owner, struct pm_conn *c, const struct pm_http_head *head)
{
    static const char answer[] = "{\"peripheral_manager\":1}";
    (void)owner;
    if (is_get(c, head))
        pm_conn_respond(c, &(struct pm_response){.status = 200,
                                                 .content_type = "application/json",
                                                 .body = answer,
                                                 .n = sizeof(answer) - 1,
                                                 .cors = true});
}

enum { N_COUNTS = 3 };

static void read_counts(const struct pm_server *s, struct pm_metric ret[N_COUNTS])
{
    ret[0] = (struct pm_metric){"tls_handshakes_failed", "Clients with whom no TLS session came about.",
                                s->counts.handshakes_failed};
    ret[1] = (struct pm_metric){"plain_requests_for_tls", "Clients that spoke http to the port of https.",
                                s->counts.plain_for_tls};
    ret[2] = (struct pm_metric){"tls_handshakes_for_plain", "Clients that spoke https to the port of http.",
                                s->counts.tls_for_plain};
}

static void on_metrics(void *owner, struct pm_conn *c, const struct pm_http_head *head)
{
    static const struct pm_http_refusal no_memory = {503, "busy", "There is no memory left for this request."};
    size_t n = 0;
    if (!is_get(c, head))
        return;
    struct pm_metric counts[N_COUNTS];
    read_counts(c->server, counts);
    char *text = pm_api_metrics(owner, counts, N_COUNTS, &n);
    if (text)
        pm_conn_respond(
            c, &(struct pm_response){.status = 200,
                                     .content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
                                     .body = text,
                                     .n = n});
    else
        pm_conn_refuse(c, &no_memory);
    free(text);
}

void pm_face_health(struct pm_server *server, struct pm_api *api)
{
    pm_server_route(server, "/health", on_health, NULL);
    pm_server_route(server, "/metrics", on_metrics, api);
}
