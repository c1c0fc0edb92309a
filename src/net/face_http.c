/* face_http.c - see faces.h; the requests over plain HTTP: one JSON object each way. */
#include "net/faces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct request {
    struct pm_api_request api; /* first */
    struct pm_who who;
    struct pm_api *owner;
    struct pm_conn *conn; /* NULL once the client hung up */
    bool running;         /* the API has it */
    char event[64];
};

/* The same requests at two addresses; at the second it is the console's session that counts, as the gate found. */
static const char *const prefixes[] = {"/api/v1", "/console/api"};

static size_t prefix_length(struct pm_http_text path)
{
    size_t first = strlen(prefixes[0]);
    return path.n >= first && memcmp(path.p, prefixes[0], first) == 0 ? first + 1 : strlen(prefixes[1]) + 1;
}

void pm_face_http_answer(struct pm_conn *c, const json_t *answer, enum pm_error error)
{
    char *text = json_dumps(answer, JSON_COMPACT);
    pm_conn_respond(c, &(struct pm_response){.status = text ? pm_error_status(error) : 500,
                                             .content_type = "application/json",
                                             .body = text,
                                             .n = text ? strlen(text) : 0,
                                             .cors = true});
    free(text);
}

static void on_answer(struct pm_api_request *api, const json_t *answer, const char *legacy_event, const json_t *legacy,
                      enum pm_error error)
{
    struct request *r = (struct request *)api;
    (void)legacy_event, (void)legacy;
    if (r->conn)
        pm_face_http_answer(r->conn, answer, error);
    free(r);
}

static void on_gone(void *owner, struct pm_conn *c)
{
    struct request *r = owner;
    (void)c;
    if (r->running)
        r->conn = NULL; /* it runs, and frees itself when it is answered */
    else
        free(r);
}

static void on_body(void *owner, struct pm_conn *c, uint8_t *p, size_t n);

static const struct pm_exchange_ops exchange_ops = {.on_body = on_body, .on_gone = on_gone, .soon = true};

static void on_body(void *owner, struct pm_conn *c, uint8_t *p, size_t n)
{
    struct request *r = owner;
    struct pm_json whole;
    json_error_t why = {.text = "it is too deep or has too many members, see --json-depth and --json-members"};
    bool fits = n == 0 || pm_json_admit((char *)p, n, &c->server->options.json, &whole) != -E2BIG;
    json_t *data = n > 0 && fits ? json_loadb((char *)p, n, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why) : NULL;
    pm_conn_hold(c, &exchange_ops, r);
    r->running = true;
    if (n > 0 && !json_is_object(data)) {
        pm_list_init(&r->api.link);
        pm_api_fail(&r->api, PM_BAD_REQUEST, "The body must be one JSON object%s%s.", data ? "" : ": ",
                    data ? "" : why.text);
    } else {
        pm_api_run(r->owner, &r->api, r->event, data, NULL, 0);
    }
    json_decref(data);
}

static void on_request(void *owner, struct pm_conn *c, const struct pm_http_head *head)
{
    static const struct pm_http_refusal no_memory = {503, "busy", "There is no memory left for this request."},
                                        not_json = {415, "encoding", "The body must be application/json."};
    size_t skip = prefix_length(head->path);
    if (head->method == PM_HTTP_OPTIONS) {
        static const char preflight[] =
            "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"
            "Access-Control-Allow-Headers: content-type, authorization, x-requested-with\r\n"
            "Access-Control-Max-Age: 600\r\n";
        pm_conn_respond(c, &(struct pm_response){.status = 204, .fields = preflight, .cors = true});
        return;
    }
    struct request *r = calloc(1, sizeof(*r));
    if (!r) {
        pm_conn_refuse(c, &no_memory);
        return;
    }
    if (head->path.n > skip && head->path.n - skip < sizeof(r->event))
        memcpy(r->event, head->path.p + skip, head->path.n - skip);
    r->api.on_answer = on_answer;
    r->who = c->server->who;
    r->api.who = &r->who;
    r->owner = owner;
    r->conn = c;
    bool json = head->content_type.n >= 16 && strncasecmp(head->content_type.p, "application/json", 16) == 0;
    if (head->method == PM_HTTP_POST && json) {
        pm_conn_await_body(c, &exchange_ops, r);
    } else if (head->method == PM_HTTP_POST) {
        free(r);
        pm_conn_refuse(c, &not_json); /* a form can send other types without asking */
    } else if (head->method == PM_HTTP_GET && pm_api_reads(r->event)) {
        on_body(r, c, NULL, 0);
    } else {
        free(r);
        pm_conn_refuse_method(c, "POST, OPTIONS");
    }
}

void pm_face_http(struct pm_server *server, struct pm_api *api)
{
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        pm_server_route(server, prefixes[i], on_request, api);
}
