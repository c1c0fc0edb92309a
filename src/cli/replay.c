/* replay.c - the subcommand that plays a recording as a virtual device of the running daemon. */
#include "cli/record.h"
#include "cli/recording_files.h"
#include "cli/session.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { PAUSE_MAX_S = 24 * 3600 /* between two records: more is a jump from one run of a machine to another */ };

#define AT(field) offsetof(struct pm_replay_values, field)

const struct pm_option pm_replay_rows[] = {
    {.name = "speed",
     .type = PM_OPTION_TEXT,
     .offset = AT(speed),
     .argument = "FACTOR",
     .purpose = "2 is twice as fast, 0.5 half as fast, 0 as fast as it is read (default 1)"},
    {.name = "name",
     .type = PM_OPTION_TEXT,
     .offset = AT(name),
     .argument = "NAME",
     .purpose = "what to call the device instead of replay: lower-case letters, digits and hyphens"},
    {.name = "open",
     .type = PM_OPTION_TEXT,
     .offset = AT(open),
     .argument = "NAME",
     .purpose = "open it at once, as a connection of this name"},
    {.name = "state-dir",
     .type = PM_OPTION_PATH,
     .offset = AT(state_dir),
     .argument = "DIR",
     .purpose = "where the daemon keeps its recordings, if it was started with --state-dir"},
    {0},
};

struct replay {
    const struct pm_replay_values *values;
    struct pm_client *client;
    double speed; /* 0: as fast as it is read */
    char address[PM_CELL];
    int64_t last_us;    /* time of the last record that was played, */
    struct pm_mono due; /* and when it was due */
    bool begun, unplugged;
    uint64_t bytes;
};

static enum pm_exit ask(struct replay *r, const char *event, json_t *data)
{
    json_t *answer;
    if (!data) {
        fputs("Names must be UTF-8 text.\n", stderr);
        return PM_EXIT_USAGE;
    }
    enum pm_exit code = pm_session_ask(r->client, &r->values->common, event, data, &answer);
    if (code == PM_EXIT_OK)
        json_decref(answer);
    return code;
}

/* Until the record is due, the daemon is listened to. */
static enum pm_exit wait_until(struct replay *r, struct pm_mono due)
{
    for (;;) {
        uint64_t ms = pm_mono_ms_until(pm_loop_now(), due);
        struct pollfd fd = {.fd = pm_client_fd(r->client), .events = POLLIN};
        if (ms == 0)
            return PM_EXIT_OK;
        int ready = poll(&fd, 1, ms > 1000 ? 1000 : (int)ms);
        int error = ready > 0 ? pm_client_turn(r->client) : 0;
        if (error < 0)
            return pm_session_lost(error);
    }
}

static enum pm_exit keep_time(struct replay *r, const struct pm_record *record)
{
    int64_t passed = record->mono_us - r->last_us;
    if (!r->begun || passed < 0 || passed > PAUSE_MAX_S * INT64_C(1000000))
        passed = 0;
    if (!r->begun)
        r->due = pm_loop_now();
    r->begun = true;
    r->last_us = record->mono_us;
    if (r->speed > 0)
        r->due.us += (int64_t)((double)passed / r->speed);
    return r->speed > 0 ? wait_until(r, r->due) : PM_EXIT_OK;
}

/* Answered when somebody has it open, and has read the bytes. */
static enum pm_exit feed(struct replay *r, const uint8_t *p, size_t n)
{
    PM_AUTO_FREE char *text = malloc(pm_base64_length(n) + 1);
    if (!text) {
        fputs("There is no memory left.\n", stderr);
        return PM_EXIT_OS;
    }
    size_t length = pm_base64_encode(p, n, text);
    r->bytes += n;
    return ask(r, "feed-device",
               json_pack("{s:s, s:{s:s%}}", "address", r->address, "payload", "base64", text, length));
}

static enum pm_exit plug(struct replay *r, bool in)
{
    if (r->unplugged != in)
        return PM_EXIT_OK; /* it is so already */
    r->unplugged = !in;
    return ask(r, in ? "plug-virtual" : "unplug-virtual", json_pack("{s:s}", "address", r->address));
}

static enum pm_exit play(struct replay *r, const struct pm_record *record)
{
    bool plays = (record->type == PM_RECORD_DATA && record->direction == PM_RECORD_RX) ||
                 record->type == PM_RECORD_OPENED || record->type == PM_RECORD_CLOSED;
    enum pm_exit code = plays ? keep_time(r, record) : PM_EXIT_OK;
    if (code != PM_EXIT_OK || !plays)
        return code;
    if (record->type == PM_RECORD_CLOSED)
        return plug(r, false);
    code = plug(r, true);
    return code == PM_EXIT_OK && record->type == PM_RECORD_DATA ? feed(r, record->body, record->n) : code;
}

static enum pm_exit begin(struct replay *r, const char *what)
{
    const char *name = r->values->name ? r->values->name : "replay";
    char description[PM_CELL + 16];
    snprintf(description, sizeof(description), "replay of %.60s", what);
    snprintf(r->address, sizeof(r->address), "virtual:%s", name);
    enum pm_exit code = ask(r, "play-device", json_pack("{s:s, s:s}", "name", name, "description", description));
    if (code == PM_EXIT_OK && r->values->open)
        code = ask(r, "activate-connection", json_pack("{s:s, s:s}", "name", r->values->open, "address", r->address));
    if (code == PM_EXIT_OK && !r->values->common.json) {
        printf("%s plays %s%s.\n", r->address, what, r->values->open ? "" : " as soon as somebody opens it");
        fflush(stdout);
    }
    return code;
}

/* A recording that is not there is told before there is a device that somebody could open. */
static enum pm_exit play_all(struct replay *r, struct pm_recording_files *files, const char *what)
{
    struct pm_record record;
    bool done = false;
    enum pm_exit code = pm_recording_files_next(files, &record, &done);
    if (code == PM_EXIT_OK)
        code = begin(r, what);
    if (code == PM_EXIT_OK)
        code = feed(r, NULL, 0); /* somebody opens it */
    while (code == PM_EXIT_OK && !done) {
        code = play(r, &record);
        if (code == PM_EXIT_OK)
            code = pm_recording_files_next(files, &record, &done);
    }
    return code;
}

static enum pm_exit run(struct replay *r, char **words, unsigned n)
{
    struct pm_recording_files files = pm_recording_files_of(r->values->state_dir, words, n);
    const char *slash = strrchr(words[0], '/');
    enum pm_exit code = play_all(r, &files, slash ? slash + 1 : words[0]);
    pm_recording_files_fini(&files);
    if (code == PM_EXIT_OK && r->values->open)
        code = ask(r, "deactivate-connection", json_pack("{s:s}", "name", r->values->open));
    if (code == PM_EXIT_OK && !r->values->common.json)
        printf("The end: %llu bytes.\n", (unsigned long long)r->bytes);
    return code;
}

enum pm_exit pm_replay_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    struct replay r = {.values = values, .speed = 1};
    char *end = NULL;
    if (r.values->speed)
        r.speed = strtod(r.values->speed, &end);
    if (r.values->speed && (end == r.values->speed || *end || !(r.speed >= 0 && r.speed <= 1e6)))
        return pm_command_usage(self, "The speed must be a number from 0 to 1000000");
    enum pm_exit code = pm_session_open(&r.values->common, NULL, NULL, &r.client);
    if (code != PM_EXIT_OK)
        return code;
    code = run(&r, words, n);
    pm_client_close(r.client);
    return code;
}
