/* table.c - see table.h; the parts of the table, and what goes with them. */
#include "api/table.h"

#include "proto/socketio.h"

#include <assert.h>
#include <string.h>

const struct pm_request_area pm_request_areas[] = {
    {"Devices and connections", pm_requests_connection},
    {"The line", pm_requests_line},
    {"Bytes to a device", pm_requests_write},
    {"Commands and answers", pm_requests_command},
    {"Questions in raw bytes", pm_requests_ask},
    {"Bytes from a device", pm_requests_history},
    {"Recordings", pm_requests_record},
    {"Playing a device", pm_requests_play},
    {"Writing alone", pm_requests_claim},
    {"What the person allows", pm_requests_consent},
    {"What happened at the door", pm_requests_audit},
    {"What clients say and get", pm_requests_inspect},
    {"The console page", pm_requests_session},
    {"Tokens", pm_requests_token},
    {"This interface", pm_requests_reference},
    {0},
};

const struct pm_request_kind *pm_request_find(const char *event)
{
    for (const struct pm_request_area *area = pm_request_areas; area->title; area++) {
        for (const struct pm_request_kind *kind = area->kinds; kind->event; kind++) {
            if (strcmp(kind->event, event) == 0)
                return kind;
        }
    }
    return NULL;
}

const char *pm_capability_name(enum pm_capability c)
{
    static const char *const names[] = {
        [PM_NEEDS_NONE] = "none",     [PM_NEEDS_LIST] = "list",   [PM_NEEDS_OPEN] = "open",
        [PM_NEEDS_READ] = "read",     [PM_NEEDS_WRITE] = "write", [PM_NEEDS_CONTROL] = "control",
        [PM_NEEDS_RECORD] = "record", [PM_NEEDS_ADMIN] = "admin",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == PM_CAPABILITIES, "every capability has a word");
    return names[c];
}

const char *const pm_parity_words[] = {"none", "even", "odd", "mark", "space", NULL};
const char *const pm_stop_words[] = {"1", "1.5", "2", NULL};
const char *const pm_flow_words[] = {"none", "rts-cts", "xon-xoff", NULL};
const char *const pm_at_open_words[] = {"keep", "on", "off", NULL};
const char *const pm_latency_words[] = {"low", "throughput", "lowest", NULL};

const struct pm_event_kind pm_event_kinds[] = {
    {"device-attached", "a device, as list-devices shows it", "a device was plugged in"},
    {"device-detached", "a device, as list-devices shows it", "a device was unplugged"},
    {"connection-opened", "a connection, as list-connections shows it", "somebody opened a connection"},
    {"connection-closed", "name, reason", "a connection is closed; its name is free"},
    {"connection-lost", "name, reason, message",
     "the device of a connection was unplugged, or is back and cannot be opened: then `message` is for a person; the "
     "name "
     "stays"},
    {"connection-restored", "a connection, as list-connections shows it", "its device is back, with the same settings"},
    {"connection-renamed", "old, new", "a connection has another name"},
    {"connection-changed", "a connection, as list-connections shows it", "somebody changed its settings"},
    {"connection-claimed", "name", "a client has claimed a connection and alone may write"},
    {"connection-released", "name", "everybody may write again"},
    {"signals-changed", "name, signals, changed", "signals of a connection changed, by the device or by somebody"},
    {"line-error", "name, framing, parity, break, overrun, buffer-overrun, offset, epoch",
     "the line had errors: how many of each since the opening, and how far the bytes had come"},
    {"device-event", "name, event, values",
     "a device with a profile told something that the profile knows, asked or not: `event` is its name there"},
    {"rx-gap", "name, from, to, reason, epoch, bytes",
     "bytes did not reach this client: those from the offset `from` up to before `to`. It comes before the next bytes; "
     "without it none are missing since it came, or came back with `recovered`: see reconnect.md"},
    {"recording-started", "a recording, as list-recordings shows it", "a connection is being recorded"},
    {"recording-stopped", "a recording, as list-recordings shows it", "a recording has ended and is on the disk"},
    {"recording-stalled",
     "a recording, as list-recordings shows it, and the reason: disk-full, io-error, too-slow or "
     "no-memory",
     "the disk does not take a recording's bytes; when the memory for them is full, the recording gets a gap"},
    {"recording-resumed", "a recording, as list-recordings shows it",
     "it takes them again; `lost` says how many bytes are missing in the recording, in gaps that it names"},
    {"consent-requested", "a question, as consent-list shows it",
     "a page asks; for the person only, as the next three"},
    {"consent-changed", "a question", "its devices are others now"},
    {"consent-ended", "id, reason", "it was answered, or is over: approved, denied, timeout, left"},
    {"grants-changed", "nothing", "see grant-list"},
    {"client-events",
     "entries: for each time (ms since 1970), client (its number; 0: over HTTP), kind (page, console, program, "
     "person), "
     "origin of a page, does (comes, away, back, leaves, asks, answered, gets), event, data (JSON, shortened), bytes "
     "(how many), "
     "head (the first of them); missed",
     "what clients said and got in the last tenth of a second, for who asked by inspect-clients; `missed` is how many "
     "entries more there were"},
    {"session-ended", "nothing", "the console session that this client came in by is over"},
    {"request-failed", "event, name, error", "a request without acknowledgement failed"},
    {0},
};

bool pm_request_takes_get(const struct pm_request_kind *kind)
{
    for (const struct pm_arg *arg = kind->args; arg && arg->name; arg++) {
        if (arg->required)
            return false;
    }
    return kind->reads;
}

bool pm_event_is_reserved(const char *name)
{
    if (pm_sio_is_reserved_for_server(name, strlen(name)))
        return true;
    for (const struct pm_event_kind *e = pm_event_kinds; e->name; e++) {
        if (strcmp(e->name, name) == 0)
            return true;
    }
    for (const struct pm_request_area *area = pm_request_areas; area->title; area++) {
        for (const struct pm_request_kind *kind = area->kinds; kind->event; kind++) {
            if (strcmp(kind->event, name) == 0 || (kind->reply && strcmp(kind->reply, name) == 0))
                return true;
        }
    }
    return false;
}
