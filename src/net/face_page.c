/* face_page.c - see faces.h; the page at "/" and its parts, from the table that the build embedded. */
#include "net/assets.h"
#include "net/faces.h"

#include <string.h>

#define SECURITY(opener)                                                                                               \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src "   \
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"                                          \
    "X-Frame-Options: DENY\r\nCross-Origin-Opener-Policy: " opener "\r\n"                                              \
    "Permissions-Policy: usb=(), serial=(), hid=(), camera=(), microphone=(), geolocation=()\r\n"

static const char security[] = SECURITY("same-origin");
static const char connector_security[] = SECURITY("unsafe-none"); /* it speaks with the page that opened it */
static const char connector[] = "/connect.html";

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {
        {".js", "text/javascript; charset=utf-8"}, {".css", "text/css; charset=utf-8"}, {".svg", "image/svg+xml"}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    }
    return "text/html; charset=utf-8";
}

static const struct pm_asset *find(struct pm_http_text path)
{
    bool is_console = path.n == 9 && memcmp(path.p, "/console/", 9) == 0;
    if (path.n == 1 || is_console)
        path = (struct pm_http_text){"/index.html", 11};
    if (path.n == 8 && memcmp(path.p, "/connect", 8) == 0)
        path = (struct pm_http_text){connector, sizeof(connector) - 1};
    for (const struct pm_asset *a = pm_assets; a->path; a++) {
        if (strlen(a->path) == path.n && memcmp(a->path, path.p, path.n) == 0)
            return a;
    }
    return NULL;
}

static void on_request(void *owner, struct pm_conn *c, const struct pm_http_head *head)
{
    static const struct pm_http_refusal not_found = {404, "not-found", "There is nothing at this address."};
    (void)owner;
    const struct pm_asset *a = find(head->path);
    if (!a)
        pm_conn_refuse(c, &not_found);
    else if (head->method != PM_HTTP_GET && head->method != PM_HTTP_HEAD)
        pm_conn_refuse_method(c, "GET, HEAD");
    else
        pm_conn_respond(c, &(struct pm_response){.status = 200,
                                                 .content_type = type_of(a->path),
                                                 .fields = strcmp(a->path, connector) ? security : connector_security,
                                                 .body = a->bytes,
                                                 .n = a->n});
}

void pm_face_page(struct pm_server *server)
{
    pm_server_route(server, "/", on_request, NULL);
}
