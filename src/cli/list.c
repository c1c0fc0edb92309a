/* list.c - the subcommands that show what is there: devices, which need no daemon, and connections. */
#include "api/api.h"
#include "cli/session.h"
#include "device/logins.h"

#include <errno.h>
#include <string.h>

/* ---- devices ---- */

static void device_address(const json_t *d, char *out, size_t room)
{
    pm_session_text(d, "address", out, room);
}

static void device_description(const json_t *d, char *out, size_t room)
{
    pm_session_text(d, "description", out, room);
}

static void device_user(const json_t *d, char *out, size_t room)
{
    if (!pm_session_text(d, "connection", out, room)[0])
        pm_session_text(d, "in-use-by", out, room);
}

static void device_id(const json_t *d, char *out, size_t room)
{
    pm_session_text(d, "id", out, room);
}

static void print_devices(const json_t *devices)
{
    static const struct pm_column columns[] = {{"ADDRESS", device_address},
                                               {"USED BY", device_user},
                                               {"DESCRIPTION", device_description},
                                               {"ID", device_id},
                                               {0}};
    const json_t *d;
    size_t i;
    if (json_array_size(devices) == 0) {
        puts("No devices. Plug one in, or start the daemon with --demo.");
        return;
    }
    pm_session_print_table(columns, "DESCRIPTION", devices);
    json_array_foreach(devices, i, d)
    {
        char address[PM_CELL], problem[600];
        if (pm_session_text(d, "unusable", problem, sizeof(problem))[0])
            printf("%s: %s\n", pm_session_text(d, "address", address, sizeof(address)), problem);
    }
}

/* A request that is asked of ourselves. */
struct own_request {
    struct pm_api_request api; /* first */
    struct pm_loop *loop;
    json_t *answer;
};

static void on_answer(struct pm_api_request *api, const json_t *answer, const char *legacy_event, const json_t *legacy,
                      enum pm_error error)
{
    struct own_request *r = (struct own_request *)api;
    (void)legacy_event, (void)legacy, (void)error;
    r->answer = json_deep_copy(answer);
    pm_loop_stop(r->loop);
}

/* Without a daemon: look for ourselves, with the same code. NULL if that fails. */
static json_t *list_alone(void)
{
    struct pm_loop loop;
    struct pm_logins logins;
    struct pm_devices_options options = {.logins = &logins};
    struct pm_api *api;
    static const struct pm_who us = {.kind = PM_WHO_PERSON};
    struct own_request request = {.api = {.on_answer = on_answer, .who = &us}, .loop = &loop};
    if (pm_loop_init(&loop) < 0)
        return NULL;
    (void)pm_logins_open(&logins, PM_LOGINS_PATH);
    if (pm_api_new(&loop, &options, NULL, &api) == 0) {
        pm_api_run(api, &request.api, "list-devices", NULL, NULL, 0);
        pm_loop_run(&loop);
        pm_api_free(api);
    }
    pm_logins_close(&logins);
    pm_loop_fini(&loop);
    return request.answer;
}

enum pm_exit pm_list_devices(const struct pm_common *common, json_t **ret)
{
    char path[PM_PATH_MAX];
    struct pm_client *client;
    enum pm_exit code = pm_session_path(common, path);
    if (code != PM_EXIT_OK)
        return code;
    int r = pm_client_open(path, NULL, NULL, &client);
    if (r == -ENOENT || r == -ECONNREFUSED) {
        *ret = list_alone();
        if (!*ret && !common->quiet)
            fputs("The devices cannot be looked for: this machine has no memory or descriptors left.\n", stderr);
        return *ret ? PM_EXIT_OK : PM_EXIT_OS;
    }
    if (r < 0)
        return pm_session_lost(r);
    code = pm_session_ask(client, common, "list-devices", NULL, ret);
    pm_client_close(client);
    return code;
}

enum pm_exit pm_list_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_common *common = values;
    json_t *answer = NULL;
    (void)self, (void)words, (void)n;
    enum pm_exit code = pm_list_devices(common, &answer);
    if (code != PM_EXIT_OK)
        return code;
    const json_t *devices = json_object_get(answer, "devices");
    if (common->json)
        pm_session_print_json(devices);
    else
        print_devices(devices);
    json_decref(answer);
    return PM_EXIT_OK;
}

/* ---- connections ---- */

static void connection_name(const json_t *c, char *out, size_t room)
{
    pm_session_text(c, "name", out, room);
}

static void connection_address(const json_t *c, char *out, size_t room)
{
    pm_session_text(c, "address", out, room);
}

static void connection_state(const json_t *c, char *out, size_t room)
{
    bool claimed = json_is_true(json_object_get(c, "claimed"));
    pm_session_text(c, "state", out, room);
    strncat(out, claimed ? ", claimed" : "", room - strlen(out) - 1);
}

static void connection_line(const json_t *c, char *out, size_t room)
{
    const json_t *o = json_object_get(c, "options");
    const char *parity = json_string_value(json_object_get(o, "parity"));
    snprintf(out, room, "%lld %lld%c%g", (long long)json_integer_value(json_object_get(o, "baud-rate")),
             (long long)json_integer_value(json_object_get(o, "data-bits")), parity ? parity[0] & ~0x20 : '?',
             json_number_value(json_object_get(o, "stop-bits")));
}

static void connection_rx(const json_t *c, char *out, size_t room)
{
    snprintf(out, room, "%lld", (long long)json_integer_value(json_object_get(c, "rx")));
}

static void connection_tx(const json_t *c, char *out, size_t room)
{
    snprintf(out, room, "%lld", (long long)json_integer_value(json_object_get(c, "tx")));
}

static void print_connections(const json_t *answer)
{
    static const struct pm_column columns[] = {{"NAME", connection_name},
                                               {"ADDRESS", connection_address},
                                               {"STATE", connection_state},
                                               {"LINE", connection_line},
                                               {"RECEIVED", connection_rx},
                                               {"SENT", connection_tx},
                                               {0}};
    pm_session_print_list(columns, NULL, json_object_get(answer, "connections"),
                          "No connections. Open one with: peripheral-manager activate NAME ADDRESS");
}

enum pm_exit pm_connections_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    (void)self, (void)words, (void)n;
    return pm_session_show(values, "list-connections", NULL, "connections", print_connections);
}
