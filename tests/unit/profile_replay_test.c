/* profile_replay_test.c - the exchanges of public manuals (profiles/exchanges) with the profiles that we ship: the
 * bytes of every command, the values of every answer, whole and cut at every byte.
 *
 *     command NAME ARGS      what a caller asks for
 *     > BYTES                is sent
 *     < BYTES                what the device sends
 *     = VALUES               the answer's, or "! VALUES" if the device refuses
 *     event NAME VALUES      of a frame that answers nothing
 *     bad NAME ARGS FIELD    is refused for this argument, and nothing is sent */
#include "profile/profile.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEQUENCE = 7 };

struct replay {
    const char *file;
    unsigned line;
    struct pm_profile *profile;
    const struct pm_profile_command *command; /* under way; NULL: none */
    json_t *args;                             /* of it */
    struct pm_bytes said;                     /* by the device, not looked at yet */
    unsigned commands;
};

static void wrong(const struct replay *r, const char *what, const json_t *got)
{
    char *text = got ? json_dumps(got, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    fail_msg("%s:%u: %s %s", r->file, r->line, what, text ? text : "");
}

static char *next_word(char **p)
{
    char *word = *p + strspn(*p, " ");
    size_t n = strcspn(word, " ");
    *p = word + n + (word[n] ? 1 : 0);
    word[n] = 0;
    return word;
}

static json_t *read_json(const struct replay *r, const char *text)
{
    json_t *v = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!v)
        wrong(r, "this is no JSON", NULL);
    return v;
}

static struct pm_bytes read_bytes(const struct replay *r, const char *text)
{
    struct pm_bytes b = pm_bytes_empty(4096);
    const char *end = text + strlen(text);
    while (text < end) {
        int value = pm_escape_read(&text, end);
        if (value < 0)
            wrong(r, "no such escape", NULL);
        uint8_t byte = (uint8_t)value;
        assert_int_equal(pm_bytes_append(&b, &byte, 1), 0);
    }
    return b;
}

/* ---- commands ---- */

static struct pm_bytes encode(const struct replay *r, const json_t *args)
{
    struct pm_bytes out = pm_bytes_empty(PM_PROFILE_SEND_MAX);
    struct pm_command_frame f = {.sequence = SEQUENCE};
    if (!r->profile->standard) {
        assert_int_equal(pm_profile_encode(r->profile, r->command, args, &out), 0);
        return out;
    }
    assert_int_equal(pm_profile_frame(r->command, args, &f), 0);
    assert_int_equal(pm_bytes_reserve(&out, PM_COMMAND_WIRE_MAX), 0);
    out.n = pm_command_encode(&f, out.p);
    return out;
}

static void on_command(struct replay *r, char *rest, struct pm_bytes *sent)
{
    const char *name = next_word(&rest);
    struct pm_argument_problem problem;
    r->command = pm_profile_command(r->profile, name);
    if (!r->command)
        wrong(r, "no such command", NULL);
    json_t *given = *rest ? read_json(r, rest) : NULL, *args = pm_profile_arguments(r->command, given, &problem);
    if (!args)
        wrong(r, problem.expected, NULL);
    *sent = encode(r, args);
    r->commands++;
    json_decref(r->args);
    r->args = args;
    json_decref(given);
}

static void on_sent(struct replay *r, const char *rest, struct pm_bytes *sent)
{
    struct pm_bytes expected = read_bytes(r, rest);
    if (sent->n != expected.n || memcmp(sent->p, expected.p, sent->n) != 0) {
        json_t *bytes = json_array();
        for (size_t i = 0; i < sent->n; i++)
            json_array_append_new(bytes, json_integer(sent->p[i]));
        wrong(r, "was sent", bytes);
    }
    pm_bytes_fini(sent);
    pm_bytes_fini(&expected);
    r->command = r->command->answers ? r->command : NULL;
}

static void on_bad(const struct replay *r, char *rest)
{
    struct pm_argument_problem problem;
    const struct pm_profile_command *c = pm_profile_command(r->profile, next_word(&rest));
    char *field = strrchr(rest, ' ');
    assert_non_null(c);
    *field = 0;
    json_t *given = read_json(r, rest), *args = pm_profile_arguments(c, given, &problem);
    if (args || strcmp(problem.field, field + 1) != 0)
        wrong(r, args ? "was taken" : problem.field, args);
    json_decref(given);
}

/* ---- answers ---- */

/* What the frames of [p, p+n), fed in pieces, are: the command's verdict, or the event that came. */
static enum pm_verdict hear(const struct replay *r, size_t piece, json_t *into, const char **event)
{
    struct pm_framing rule = r->profile->frame;
    struct pm_framer f;
    struct pm_frame frame;
    enum pm_verdict verdict = PM_VERDICT_OTHER;
    if (r->profile->standard)
        rule = (struct pm_framing){.kind = PM_FRAMING_COBS, .max = PM_COMMAND_PLAIN_MAX};
    pm_framer_init(&f, &rule);
    for (size_t at = 0; at <= r->said.n; at += piece) {
        const uint8_t *p = r->said.p + at, *content;
        size_t n = r->said.n - at < piece ? r->said.n - at : piece, content_n;
        for (;;) {
            int got = at < r->said.n ? pm_framer_next(&f, (struct pm_mono){1000}, &p, &n, &frame) : 0;
            if (got == 0 && at + piece >= r->said.n)
                got = pm_framer_expire(&f, (struct pm_mono){1000 + rule.idle_us}, &frame);
            if (got != 1)
                break;
            assert_int_equal(frame.fault, PM_FRAME_GOOD);
            struct pm_command_frame standard;
            if (r->profile->standard && pm_command_decode(frame.p, frame.n, &standard) == 0) {
                pm_profile_results(r->command, &standard, into);
                verdict = standard.args[0] == 0 ? PM_VERDICT_DONE : PM_VERDICT_REFUSED;
                continue;
            }
            enum pm_verdict v = r->command ? pm_profile_judge(r->profile, r->command, r->args, frame.p, frame.n, into)
                                           : PM_VERDICT_OTHER;
            verdict = v == PM_VERDICT_OTHER ? verdict : v;
            if (v == PM_VERDICT_OTHER && pm_profile_unwrap(r->profile, frame.p, frame.n, &content, &content_n) == 0) {
                const struct pm_profile_event *e =
                    pm_profile_event(r->profile, content, content_n, r->command ? NULL : into);
                *event = e ? e->name : *event;
            }
        }
    }
    pm_framer_fini(&f);
    return verdict;
}

static void expect(struct replay *r, enum pm_verdict verdict, const char *event, const char *values)
{
    json_t *expected = read_json(r, values);
    assert_true(r->said.n > 0);
    const size_t pieces[] = {1, 2, r->said.n};
    for (size_t i = 0; i < 3; i++) {
        const char *told = NULL;
        json_t *got = json_object();
        enum pm_verdict v = hear(r, pieces[i], got, &told);
        if (v != verdict || (event && (!told || strcmp(told, event) != 0)) || !json_equal(got, expected))
            wrong(r, told ? told : "the answer is", got);
        json_decref(got);
    }
    json_decref(expected);
    pm_bytes_fini(&r->said);
    r->said = pm_bytes_empty(4096);
    r->command = NULL;
}

static void replay_line(struct replay *r, char *line, struct pm_bytes *sent)
{
    char *rest = line, *what = next_word(&rest);
    if (strcmp(what, "command") == 0) {
        on_command(r, rest, sent);
    } else if (strcmp(what, ">") == 0) {
        on_sent(r, rest, sent);
    } else if (strcmp(what, "<") == 0) {
        struct pm_bytes more = read_bytes(r, rest);
        assert_int_equal(pm_bytes_append(&r->said, more.p, more.n), 0);
        pm_bytes_fini(&more);
    } else if (strcmp(what, "=") == 0) {
        expect(r, PM_VERDICT_DONE, NULL, rest);
    } else if (strcmp(what, "!") == 0) {
        expect(r, PM_VERDICT_REFUSED, NULL, rest);
    } else if (strcmp(what, "event") == 0) {
        const char *name = next_word(&rest);
        expect(r, PM_VERDICT_OTHER, name, rest);
    } else if (strcmp(what, "bad") == 0) {
        on_bad(r, rest);
    } else if (*what && *what != '#') {
        wrong(r, "what is this?", NULL);
    }
}

/* ---- files ---- */

static struct pm_profile *load(const char *path)
{
    struct pm_profile *p;
    char text[65536], error[PM_PROFILE_ERROR] = "";
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    if (pm_profile_load(text, n, &p, error) != 0)
        fail_msg("%s: %s", path, error);
    return p;
}

static void replay(const char *id)
{
    char path[512], line[4096];
    struct replay r = {.file = id, .said = pm_bytes_empty(4096)};
    struct pm_bytes sent = pm_bytes_empty(0);
    snprintf(path, sizeof(path), "profiles/%s.json", id);
    r.profile = load(path);
    assert_string_equal(r.profile->id, id);
    snprintf(path, sizeof(path), "profiles/exchanges/%s.txt", id);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s: a profile that we ship has exchanges", path);
    while (fgets(line, sizeof(line), f)) {
        r.line++;
        line[strcspn(line, "\n")] = 0;
        replay_line(&r, line, &sent);
    }
    fclose(f);
    assert_true(r.commands > 0);
    json_decref(r.args);
    pm_bytes_fini(&r.said);
    pm_bytes_fini(&sent);
    pm_profile_unref(r.profile);
}

static void every_profile_speaks_as_its_manual_says(void **state)
{
    (void)state;
    DIR *folder = opendir("profiles");
    unsigned profiles = 0;
    assert_non_null(folder);
    for (struct dirent *e; (e = readdir(folder));) {
        char id[256];
        snprintf(id, sizeof(id), "%s", e->d_name);
        char *end = strstr(id, ".json");
        if (!end || strcmp(id, "profile.schema.json") == 0)
            continue;
        *end = 0;
        replay(id);
        profiles++;
    }
    closedir(folder);
    assert_int_equal(profiles, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_profile_speaks_as_its_manual_says)};
    return cmocka_run_group_tests_name("profile/replay", tests, NULL, NULL);
}
