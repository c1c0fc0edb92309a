/* doctor_origin.c - see doctor.h; what pages of one address would get, and how to let them in. */
#include "cli/doctor.h"

#include "access/origin.h"
#include "cli/session.h"

#include <string.h>

/* A person may give the whole address of a page: what counts of it is scheme, host and port. */
static int read_origin(const char *address, struct pm_origin *ret)
{
    const char *host = strstr(address, "://");
    size_t n = host ? (size_t)(host - address) + 3 + strcspn(host + 3, "/?#") : strlen(address);
    return pm_origin_parse(address, n, ret);
}

static void note_grant(struct pm_doctor *d, const json_t *grant)
{
    char origin[PM_ORIGIN_MAX], device[160] = "all devices", duration[32], id[32];
    const json_t *one = json_object_get(grant, "device");
    if (json_is_object(one))
        pm_session_text(one, "id", device, sizeof(device));
    pm_doctor_note(d, PM_HEALTHY, "origin", "%s may use %s (%s). End it with: peripheral-manager revoke --id %s",
                   pm_session_text(grant, "origin", origin, sizeof(origin)), device,
                   pm_session_text(grant, "duration", duration, sizeof(duration)),
                   pm_session_text(grant, "id", id, sizeof(id)));
}

static unsigned note_grants(struct pm_doctor *d, const json_t *grants, const struct pm_origin *origin)
{
    const json_t *grant;
    unsigned found = 0;
    size_t i;
    json_array_foreach(grants, i, grant)
    {
        const char *text = json_string_value(json_object_get(grant, "origin"));
        if (!text || strcmp(text, origin->text) != 0)
            continue;
        note_grant(d, grant);
        found++;
    }
    return found;
}

static void note_unknown(struct pm_doctor *d, const struct pm_origin *origin)
{
    pm_doctor_note(d, PM_HINT, "origin",
                   "%s is not known yet. When it connects, it waits for two minutes while you are asked: answer in the "
                   "console, or with peripheral-manager requests and approve. Or let it in from the start: "
                   "peripheral-manager --allow-origin %s",
                   origin->text, origin->text);
    if (origin->is_loopback)
        pm_doctor_note(d, PM_HINT, "origin",
                       "It is a page of this machine: a daemon that was started in a terminal lets it in by itself.");
}

void pm_doctor_origin(struct pm_doctor *d, const struct pm_common *common, const char *address)
{
    struct pm_origin origin;
    struct pm_common quiet = *common;
    json_t *answer;
    if (read_origin(address, &origin) < 0) {
        pm_doctor_note(d, PM_SICK, "origin",
                       "\"%.100s\" is no origin. One looks like https://lab.example or http://localhost:8000, as the "
                       "browser's address bar shows it. A page that is opened as a file has none: serve its folder, "
                       "for example with python3 -m http.server",
                       address);
        return;
    }
    quiet.json = false;
    if (pm_session_ask_once(&quiet, "grant-list", NULL, &answer) != PM_EXIT_OK) {
        pm_doctor_note(d, PM_HINT, "origin", "What %s would get is known only while a daemon runs.", origin.text);
        return;
    }
    if (note_grants(d, json_object_get(answer, "grants"), &origin) == 0)
        note_unknown(d, &origin);
    json_decref(answer);
}
