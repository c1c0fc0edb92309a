/* access_sender_test.c - who sends a request, and what each class may have. B08 to B12 and B17 are rows of the hostile
 * input matrix. */
#include "access/sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct pm_hosts own = {.ports = {3000, 0}};

static struct pm_sender_text text(const char *p)
{
    return (struct pm_sender_text){p, p ? strlen(p) : 0};
}

static const struct {
    const char *what;
    size_t n_origin;
    const char *origin, *site, *mode, *dest;
    bool is_post;
    enum pm_sender sender;
} rows[] = {
    {"our own page, fetch POST", 1, "http://localhost:3000", "same-origin", "cors", "empty", true, PM_SENDER_CONSOLE},
    {"our own page, upgrade", 1, "http://127.0.0.1:3000", NULL, NULL, NULL, false, PM_SENDER_CONSOLE},
    {"our own page, fetch GET", 0, NULL, "same-origin", "cors", "empty", false, PM_SENDER_CONSOLE},
    {"our own page, script", 0, NULL, "same-origin", "no-cors", "script", false, PM_SENDER_CONSOLE},
    {"a program's fetch, as Node sends it", 0, NULL, NULL, "cors", NULL, false, PM_SENDER_NATIVE},
    {"another page, fetch", 1, "https://app.example", "cross-site", "cors", "empty", false, PM_SENDER_WEB},
    {"another page, upgrade", 1, "https://app.example", NULL, NULL, NULL, false, PM_SENDER_WEB},
    {"another port here", 1, "http://localhost:5173", "same-site", "cors", "empty", false, PM_SENDER_WEB},
    {"B10 form of another page", 1, "https://evil.example", "cross-site", "navigate", "document", true, PM_SENDER_WEB},
    {"B41 extension", 1, "chrome-extension://abcdefghijklmnop", "none", "cors", "empty", false, PM_SENDER_WEB},
    {"B08 sandboxed frame", 1, "null", "cross-site", "cors", "empty", false, PM_SENDER_NULL},
    {"B08 redirected form", 1, "null", "cross-site", "navigate", "document", true, PM_SENDER_NULL},
    {"B09 two origins", 2, "http://localhost:3000", NULL, NULL, NULL, false, PM_SENDER_NULL},
    {"B09 empty origin", 1, "", NULL, NULL, NULL, false, PM_SENDER_NULL},
    {"B09 malformed origin", 1, "https://app.example/", NULL, NULL, NULL, false, PM_SENDER_NULL},
    {"address typed", 0, NULL, "none", "navigate", "document", false, PM_SENDER_NAV},
    {"link followed", 0, NULL, "cross-site", "navigate", "document", false, PM_SENDER_NAV},
    {"B14 frame", 0, NULL, "cross-site", "navigate", "iframe", false, PM_SENDER_EMBED},
    {"B14 object", 0, NULL, "cross-site", "navigate", "object", false, PM_SENDER_EMBED},
    {"B14 embed", 0, NULL, "same-site", "navigate", "embed", false, PM_SENDER_EMBED},
    {"B11 image", 0, NULL, "cross-site", "no-cors", "image", false, PM_SENDER_EMBED},
    {"B11 script", 0, NULL, "same-site", "no-cors", "script", false, PM_SENDER_EMBED},
    {"prefetch", 0, NULL, "cross-site", "no-cors", "empty", false, PM_SENDER_EMBED},
    {"POST without origin", 0, NULL, "cross-site", "navigate", "document", true, PM_SENDER_EMBED},
    {"site alone", 0, NULL, "cross-site", NULL, NULL, false, PM_SENDER_EMBED},
    {"a word that we do not know", 0, NULL, "galactic", "cors", "empty", false, PM_SENDER_EMBED},
    {"B12 program or old browser", 0, NULL, NULL, NULL, NULL, false, PM_SENDER_NATIVE},
    {"program that posts", 0, NULL, NULL, NULL, NULL, true, PM_SENDER_NATIVE},
};

static void each_request_has_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pm_origin o;
        struct pm_sender_facts f = {text(rows[i].origin), text(rows[i].site), text(rows[i].mode),
                                    text(rows[i].dest),   rows[i].n_origin,   !rows[i].is_post};
        if (pm_sender_class(&own, &f, &o) != rows[i].sender)
            fail_msg("%s", rows[i].what);
        if (rows[i].sender == PM_SENDER_WEB)
            assert_string_equal(o.text, rows[i].origin);
    }
}

static void the_longest_path_names_the_route(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum pm_route_kind kind;
    } paths[] = {
        {"/", PM_ROUTE_PAGE},
        {"/console/", PM_ROUTE_PAGE},
        {"/console.js", PM_ROUTE_PAGE},
        {"/console/apix", PM_ROUTE_PAGE},
        {"/console/api", PM_ROUTE_CONSOLE},
        {"/console/api/session", PM_ROUTE_CONSOLE},
        {"/api/v1/list-devices", PM_ROUTE_API},
        {"/api/v1x", PM_ROUTE_PAGE},
        {"/recordings/x", PM_ROUTE_RECORDINGS},
        {"/socket.io/", PM_ROUTE_SOCKETS},
        {"/client/peripheral.js", PM_ROUTE_CLIENT},
        {"/clients", PM_ROUTE_PAGE},
        {"/health", PM_ROUTE_HEALTH},
        {"/metrics", PM_ROUTE_METRICS},
        {"/HEALTH", PM_ROUTE_PAGE},
    };
    for (size_t i = 0; i < COUNT(paths); i++) {
        if (pm_route_kind(paths[i].path, strlen(paths[i].path)) != paths[i].kind)
            fail_msg("%s", paths[i].path);
    }
}

/* The table of the security model, row by row. */
static void routes_admit_whom_the_model_says(void **state)
{
    (void)state;
    static const bool admits[PM_ROUTES][PM_SENDERS] = {
        /*                  CONSOLE WEB    NULL   NAV    NATIVE EMBED */
        [PM_ROUTE_PAGE] = {true, false, false, true, true, false},
        [PM_ROUTE_CLIENT] = {true, true, true, true, true, true},
        [PM_ROUTE_HEALTH] = {true, true, false, false, true, false},
        [PM_ROUTE_SOCKETS] = {true, true, false, false, true, false},
        [PM_ROUTE_API] = {true, true, false, false, true, false},
        [PM_ROUTE_RECORDINGS] = {true, true, false, true, true, false},
        [PM_ROUTE_CONSOLE] = {true, false, false, false, false, false},
        [PM_ROUTE_METRICS] = {true, false, false, false, true, false},
    };
    for (int route = 0; route < PM_ROUTES; route++) {
        for (int sender = 0; sender < PM_SENDERS; sender++) {
            if (pm_route_admits((enum pm_route_kind)route, (enum pm_sender)sender) != admits[route][sender])
                fail_msg("route %d, sender %d", route, sender);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_has_its_class),
        cmocka_unit_test(the_longest_path_names_the_route),
        cmocka_unit_test(routes_admit_whom_the_model_says),
    };
    return cmocka_run_group_tests_name("access/sender", tests, NULL, NULL);
}
