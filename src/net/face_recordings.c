/* face_recordings.c - see faces.h; GET /recordings/<id>?format=…: a recording as a file to keep. */
#include "net/faces.h"
#include "record/download.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "/recordings/"

struct request {
    struct pm_api_request api; /* first */
    struct pm_who who;
    struct pm_api *owner;
    struct pm_conn *conn; /* NULL once the client hung up */
    bool running;         /* the API has it */
    char id[PM_RECORDING_ID];
    enum pm_export_format format;
    struct pm_download *download;
};

static void end(struct request *r)
{
    pm_download_free(r->download);
    free(r);
}

/* ---- the bytes ---- */

static void on_bytes(void *owner, const uint8_t *p, size_t n)
{
    struct request *r = owner;
    if (pm_conn_stream_piece(r->conn, p, n))
        pm_download_next(r->download);
}

static void on_end(void *owner, int error)
{
    struct request *r = owner;
    pm_conn_stream_end(r->conn, error == 0);
    end(r);
}

static const struct pm_download_ops download_ops = {on_bytes, on_end};

static void on_drained(void *owner, struct pm_conn *c)
{
    struct request *r = owner;
    (void)c;
    if (r->download)
        pm_download_next(r->download);
}

static void on_gone(void *owner, struct pm_conn *c)
{
    struct request *r = owner;
    (void)c;
    if (r->running)
        r->conn = NULL; /* it is answered later, and ends then */
    else
        end(r);
}

static const struct pm_exchange_ops exchange_ops = {.on_gone = on_gone, .on_drained = on_drained, .soon = true};

static void begin(struct request *r)
{
    static const struct pm_http_refusal busy = {503, "busy", "Too many recordings are downloaded at once."};
    char fields[128];
    int error =
        pm_download_new(pm_api_recorder(r->owner), r->id, strlen(r->id), r->format, &download_ops, r, &r->download);
    if (error < 0) {
        pm_conn_refuse(r->conn, &busy);
        end(r);
        return;
    }
    snprintf(fields, sizeof(fields), "Content-Disposition: attachment; filename=\"%s.%s\"\r\n", r->id,
             pm_export_endings[r->format]);
    if (pm_conn_stream(
            r->conn,
            &(struct pm_response){
                .status = 200, .content_type = pm_export_media_types[r->format], .fields = fields, .cors = true},
            &exchange_ops, r))
        pm_download_next(r->download);
    else
        end(r);
}

/* ---- the request: whether there is such a recording, and whether this caller may have it, says the API ---- */

static void on_answer(struct pm_api_request *api, const json_t *answer, const char *legacy_event, const json_t *legacy,
                      enum pm_error error)
{
    struct request *r = (struct request *)api;
    (void)legacy_event, (void)legacy;
    r->running = false;
    if (!r->conn) {
        end(r);
    } else if (error == PM_OK) {
        begin(r);
    } else {
        pm_face_http_answer(r->conn, answer, error);
        end(r);
    }
}

static bool read_format(struct pm_http_text query, enum pm_export_format *ret)
{
    char word[16];
    size_t n;
    int found = pm_http_query(query, "format", word, sizeof(word), &n);
    *ret = PM_EXPORT_NATIVE;
    for (int i = 0; found == 1 && pm_export_words[i]; i++) {
        if (strlen(pm_export_words[i]) == n && memcmp(pm_export_words[i], word, n) == 0) {
            *ret = (enum pm_export_format)i;
            return true;
        }
    }
    return found == 0;
}

static void on_request(void *owner, struct pm_conn *c, const struct pm_http_head *head)
{
    static const struct pm_http_refusal not_found = {404, "no-such-recording",
                                                     "There is no recording at this address. See list-recordings."},
                                        format = {400, "bad-request",
                                                  "The format must be one of native, text, csv and pcapng."},
                                        no_memory = {503, "busy", "There is no memory left for this request."};
    size_t skip = sizeof(PREFIX) - 1;
    if (head->method != PM_HTTP_GET && head->method != PM_HTTP_HEAD) {
        pm_conn_refuse_method(c, "GET, HEAD");
        return;
    }
    if (head->path.n <= skip || head->path.n - skip >= PM_RECORDING_ID) {
        pm_conn_refuse(c, &not_found);
        return;
    }
    struct request *r = calloc(1, sizeof(*r));
    if (!r) {
        pm_conn_refuse(c, &no_memory);
        return;
    }
    memcpy(r->id, head->path.p + skip, head->path.n - skip);
    if (!read_format(head->query, &r->format)) {
        free(r);
        pm_conn_refuse(c, &format);
        return;
    }
    r->api.on_answer = on_answer;
    r->who = c->server->who;
    r->api.who = &r->who;
    r->owner = owner;
    r->conn = c;
    r->running = true;
    json_t *data = json_pack("{s:s}", "id", r->id);
    pm_conn_hold(c, &exchange_ops, r);
    pm_api_run(r->owner, &r->api, "get-recording", data, NULL, 0);
    json_decref(data);
}

void pm_face_recordings(struct pm_server *server, struct pm_api *api)
{
    pm_server_route(server, "/recordings", on_request, api);
}
