/* face_health.c - see faces.h; GET /health for pages that look for the daemon, and GET /metrics for monitoring. */
#include "net/faces.h"

#include <stdlib.h>

static bool is_get(struct pm_conn *c, const struct pm_http_head *head)
{
    bool get = head->method == PM_HTTP_GET || head->method == PM_HTTP_HEAD;
    if (!get)
        pm_conn_respond(c, &(struct pm_response){.status = 405, .fields = "Allow: GET, HEAD\r\n", .cors = true});
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

static void on_metrics(void *owner, struct pm_conn *c, const struct pm_http_head *head)
{
    static const struct pm_http_refusal no_memory = {503, "busy", "There is no memory left for this request."};
    size_t n = 0;
    if (!is_get(c, head))
        return;
    char *text = pm_api_metrics(owner, &n);
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
