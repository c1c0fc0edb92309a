/* record.c - the subcommands that begin, end and list recordings. */
#include "cli/record.h"

#include "cli/session.h"

#include "base/cleanup.h"

#include <string.h>
#include <time.h>

const struct pm_option pm_record_rows[] = {
    {.name = "stop",
     .type = PM_OPTION_FLAG,
     .offset = offsetof(struct pm_record_values, stop),
     .purpose = "end the recording, and wait until it is safe on the disk"},
    {0},
};

enum pm_exit pm_record_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_record_values *v = values;
    json_t *data = json_object(), *answer;
    char id[PM_CELL], name[256];
    (void)n;
    if (pm_request_collect(self, &v->common, words, data) < 0) {
        json_decref(data);
        return PM_EXIT_USAGE;
    }
    enum pm_exit code = pm_session_ask_once(&v->common, v->stop ? "record-stop" : self->request, data, &answer);
    if (code != PM_EXIT_OK)
        return code;
    const json_t *recording = json_object_get(answer, "recording");
    pm_session_text(recording, "id", id, sizeof(id));
    pm_session_text(recording, "name", name, sizeof(name));
    if (v->common.json)
        pm_session_print_json(recording);
    else if (v->stop)
        printf("The recording %s of %s has ended. See it with: peripheral-manager export %s\n", id, name, id);
    else
        printf("%s is being recorded as %s. End it with: peripheral-manager record %s --stop\n", name, id, name);
    json_decref(answer);
    return PM_EXIT_OK;
}

/* ---- the list ---- */

static void item_id(const json_t *r, char *out, size_t room)
{
    pm_session_text(r, "id", out, room);
}

static void item_name(const json_t *r, char *out, size_t room)
{
    pm_session_text(r, "name", out, room);
}

static void item_state(const json_t *r, char *out, size_t room)
{
    pm_session_text(r, "state", out, room);
}

static void item_started(const json_t *r, char *out, size_t room)
{
    struct tm t;
    time_t seconds = (time_t)json_number_value(json_object_get(r, "started"));
    if (!localtime_r(&seconds, &t) || strftime(out, room, "%Y-%m-%d %H:%M:%S", &t) == 0)
        out[0] = 0;
}

static void put_integer(const json_t *r, const char *member, char *out, size_t room)
{
    snprintf(out, room, "%lld", (long long)json_integer_value(json_object_get(r, member)));
}

static void item_size(const json_t *r, char *out, size_t room)
{
    put_integer(r, "size", out, room);
}

static void item_lost(const json_t *r, char *out, size_t room)
{
    put_integer(r, "lost", out, room);
}

static void print_recordings(const json_t *answer)
{
    static const struct pm_column columns[] = {{"ID", item_id},
                                               {"NAME", item_name},
                                               {"STATE", item_state},
                                               {"BEGUN", item_started},
                                               {"BYTES", item_size},
                                               {"LOST", item_lost},
                                               {0}};
    pm_session_print_list(columns, NULL, json_object_get(answer, "recordings"),
                          "No recordings. Begin one with: peripheral-manager record NAME");
}

enum pm_exit pm_recordings_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    (void)self, (void)words, (void)n;
    return pm_session_show(values, "list-recordings", NULL, "recordings", print_recordings);
}
