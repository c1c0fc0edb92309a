/* monitor_attach.c - see monitor.h; how a terminal finds the connection that was meant, or opens the device, and gets
 * its bytes from where it was. */
#include "cli/monitor.h"

#include <string.h>

static bool member_is(const json_t *object, const char *member, const char *text)
{
    const char *value = json_string_value(json_object_get(object, member));
    return value && strcmp(value, text) == 0;
}

static const json_t *find(const json_t *array, const char *const *members, const char *text)
{
    const json_t *element;
    size_t i;
    json_array_foreach(array, i, element)
    {
        for (const char *const *member = members; *member; member++) {
            if (member_is(element, *member, text))
                return element;
        }
    }
    return NULL;
}

static void copy_text(char *out, size_t room, const json_t *object, const char *member)
{
    const char *value = json_string_value(json_object_get(object, member));
    snprintf(out, room, "%s", value ? value : "");
}

static void take(struct pm_monitor *m, const json_t *connection)
{
    copy_text(m->name, sizeof(m->name), connection, "name");
    copy_text(m->address, sizeof(m->address), connection, "address");
    json_decref(m->options);
    m->options = json_deep_copy(json_object_get(connection, "options"));
}

/* ---- the first time ---- */

/* Take the connection of this name if it is there. */
static enum pm_exit look_up(struct pm_monitor *m, const char *name, bool *ret_found)
{
    static const char *const by_name[] = {"name", NULL};
    json_t *answer;
    enum pm_exit code = pm_session_ask(m->client, &m->values->common, "list-connections", NULL, &answer);
    if (code != PM_EXIT_OK)
        return code;
    const json_t *connection = find(json_object_get(answer, "connections"), by_name, name);
    *ret_found = connection != NULL;
    if (connection)
        take(m, connection);
    json_decref(answer);
    return PM_EXIT_OK;
}

/* The name of the connection that has the device open already, or "". */
static enum pm_exit look_up_device(struct pm_monitor *m, char *ret, size_t room)
{
    static const char *const by_address[] = {"address", "id", "by-id", "by-path", NULL};
    json_t *answer;
    enum pm_exit code = pm_session_ask(m->client, &m->values->common, "list-devices", NULL, &answer);
    if (code != PM_EXIT_OK)
        return code;
    copy_text(ret, room, find(json_object_get(answer, "devices"), by_address, m->target), "connection");
    json_decref(answer);
    return PM_EXIT_OK;
}

/* "ttyUSB0" of "/dev/ttyUSB0", "echo" of "virtual:echo". */
static const char *name_for(const char *address)
{
    const char *name = address;
    for (const char *p = address; *p; p++) {
        if ((*p == '/' || *p == ':') && p[1])
            name = p + 1;
    }
    return name;
}

static enum pm_exit activate(struct pm_monitor *m)
{
    const char *name = m->values->name ? m->values->name : name_for(m->target);
    json_t *data = json_pack("{s:s, s:s}", "name", name, "address", m->target), *answer;
    if (!data) {
        fputs("Names and addresses must be UTF-8 text.\n", stderr);
        return PM_EXIT_USAGE;
    }
    if (pm_request_collect(m->self, &m->values->common, NULL, data) < 0) {
        json_decref(data);
        return PM_EXIT_USAGE;
    }
    enum pm_exit code = pm_session_ask(m->client, &m->values->common, "activate-connection", data, &answer);
    if (code != PM_EXIT_OK)
        return code;
    take(m, json_object_get(answer, "connection"));
    m->opened = true;
    json_decref(answer);
    return PM_EXIT_OK;
}

enum pm_exit pm_monitor_attach(struct pm_monitor *m)
{
    char name[128];
    bool found;
    enum pm_exit code = look_up(m, m->target, &found);
    if (code != PM_EXIT_OK || found)
        return code;
    code = look_up_device(m, name, sizeof(name));
    if (code == PM_EXIT_OK && name[0])
        code = look_up(m, name, &found);
    return code != PM_EXIT_OK || found ? code : activate(m);
}

/* ---- its bytes ---- */

static void on_subscribed(void *owner, const json_t *answer)
{
    struct pm_monitor *m = owner;
    const json_t *place = json_object_get(json_object_get(answer, "subscriptions"), m->name);
    if (!json_is_integer(json_object_get(place, "offset"))) {
        pm_screen_notice(&m->screen, "connection-closed", NULL, "The connection was closed meanwhile");
        m->opened = false;
        pm_monitor_end(m, PM_EXIT_REFUSED);
        return;
    }
    m->screen.epoch = (uint64_t)json_integer_value(json_object_get(place, "epoch"));
    m->screen.offset = (uint64_t)json_integer_value(json_object_get(place, "offset"));
    m->was_attached = true;
}

int pm_monitor_subscribe(struct pm_monitor *m)
{
    json_t *data = json_pack("{s:[s], s:s}", "names", m->name, "deliver", "bytes");
    if (m->was_attached) {
        json_object_set_new(data, "since", json_integer((json_int_t)m->screen.offset));
        json_object_set_new(data, "epoch", json_integer((json_int_t)m->screen.epoch));
    } else if (m->values->from_start) {
        json_object_set_new(data, "since", json_integer(0));
    }
    /* the answer says from where on, and bytes and gaps come behind it */
    m->attached = true;
    return pm_client_request(m->client, "subscribe", data, on_subscribed, m);
}

bool pm_monitor_attach_again(struct pm_monitor *m)
{
    json_t *data = json_pack("{s:s, s:s}", "name", m->name, "address", m->address), *answer;
    json_object_update_missing(data, m->options);
    if (pm_client_ask(m->client, "activate-connection", data, &answer) < 0)
        return false;
    bool ok = json_is_true(json_object_get(answer, "ok"));
    json_decref(answer);
    return ok && pm_monitor_subscribe(m) == 0;
}

void pm_monitor_close_connection(struct pm_monitor *m)
{
    json_t *answer;
    m->attached = false;
    if (pm_client_ask(m->client, "deactivate-connection", json_pack("{s:s}", "name", m->name), &answer) == 0)
        json_decref(answer);
}
