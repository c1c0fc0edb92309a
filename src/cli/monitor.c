/* monitor.c - the subcommand that is a terminal on a device, beside the pages that use it: it shows what the device
 * sends, sends what is typed, and stays through a replug and a restart of the daemon. */
#include "cli/monitor.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "daemon/notice.h"
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum {
    UNANSWERED_MAX = 8, /* pieces of input on their way */
    RETRY_MS = 250,     /* between two looks for a daemon that went away */
    WAIT_MAX_MS = 24 * 3600 * 1000,
};

static const char *const enter_words[] = {"cr", "lf", "crlf", NULL};
static const char *const enters[] = {"\r", "\n", "\r\n"};

#define AT(field) offsetof(struct pm_monitor_values, field)

const struct pm_option pm_monitor_rows[] = {
    {.name = "name",
     .type = PM_OPTION_TEXT,
     .offset = AT(name),
     .argument = "NAME",
     .purpose = "what to call the connection if the device has to be opened"},
    {.name = "keep",
     .type = PM_OPTION_FLAG,
     .offset = AT(keep),
     .purpose = "leave the connection open at the end, if it was opened by this command"},
    {.name = "from-start",
     .type = PM_OPTION_FLAG,
     .offset = AT(from_start),
     .purpose = "show first what was received before, as far as it was kept"},
    {.name = "hex", .type = PM_OPTION_FLAG, .offset = AT(hex), .purpose = "show bytes as hexadecimal digits"},
    {.name = "timestamps",
     .type = PM_OPTION_FLAG,
     .offset = AT(timestamps),
     .purpose = "show the time at the start of each line"},
    {.name = "echo", .type = PM_OPTION_FLAG, .offset = AT(echo), .purpose = "show what is typed, too"},
    {.name = "enter",
     .type = PM_OPTION_WORD,
     .offset = AT(enter),
     .words = enter_words,
     .initial = "cr",
     .argument = "WORD",
     .purpose = "what the Enter key sends: cr, lf or crlf"},
    {.name = "wait",
     .type = PM_OPTION_DURATION,
     .offset = AT(wait),
     .max = WAIT_MAX_MS,
     .initial = "1s",
     .argument = "TIME",
     .purpose = "how long the device must be silent, after the end of an input that is a pipe or a file, before this "
                "ends: 500ms, 10s, 5m"},
    {0},
};

/* ---- what the daemon tells ---- */

static void say(struct pm_monitor *m, const char *event, const char *text)
{
    pm_screen_notice(&m->screen, event, NULL, text);
}

static bool concerns(const struct pm_monitor *m, const json_t *data)
{
    const char *name = json_string_value(json_object_get(data, "name"));
    const char *old = json_string_value(json_object_get(data, "old"));
    return (name && strcmp(name, m->name) == 0) || (old && strcmp(old, m->name) == 0);
}

static void on_event(void *owner, const char *event, const json_t *data)
{
    struct pm_monitor *m = owner;
    char text[PM_NOTICE_MAX];
    if (!m->attached || !concerns(m, data) || strcmp(event, "connection-opened") == 0)
        return;
    if (!pm_notice(event, data, text, sizeof(text)) && !m->screen.json)
        return;
    pm_screen_notice(&m->screen, event, data, text);
    const json_t *epoch = json_object_get(data, "epoch"), *to = json_object_get(data, "to");
    if (json_is_integer(epoch))
        m->screen.epoch = (uint64_t)json_integer_value(epoch);
    if (json_is_integer(to))
        m->screen.offset = (uint64_t)json_integer_value(to);
    if (strcmp(event, "connection-renamed") == 0)
        snprintf(m->name, sizeof(m->name), "%s", json_string_value(json_object_get(data, "new")));
    if (strcmp(event, "connection-closed") == 0) {
        m->opened = false;
        pm_monitor_end(m, PM_EXIT_REFUSED);
    }
}

static void on_bytes(void *owner, const char *name, const uint8_t *p, size_t n)
{
    struct pm_monitor *m = owner;
    if (!m->attached || strcmp(name, m->name) != 0)
        return;
    pm_screen_bytes(&m->screen, p, n);
    m->last = pm_loop_now();
    if (m->screen.failed)
        pm_monitor_end(m, PM_EXIT_IO);
}

static const struct pm_client_ops client_ops = {on_event, on_bytes};

/* ---- what is typed ---- */

static void on_sent(void *owner, const json_t *answer)
{
    struct pm_monitor *m = owner;
    char text[PM_NOTICE_MAX];
    m->unanswered--;
    m->last = pm_loop_now();
    m->refused = m->refused || !json_is_true(json_object_get(answer, "ok"));
    if (!json_is_true(json_object_get(answer, "ok")))
        pm_screen_notice(&m->screen, "request-failed", json_object_get(answer, "error"),
                         pm_session_text(json_object_get(answer, "error"), "message", text, sizeof(text)));
}

static int send_typed(struct pm_monitor *m, const uint8_t *p, size_t n)
{
    char text[4096];
    size_t length = pm_base64_encode(p, n, text);
    json_t *data = json_pack("{s:s, s:{s:s%}}", "name", m->name, "payload", "base64", text, length);
    m->unanswered++;
    return pm_client_request(m->client, "send-raw", data, on_sent, m);
}

static int on_input(struct pm_monitor *m)
{
    uint8_t typed[2048];
    ssize_t n = pm_terminal_read(&m->terminal, enters[m->values->enter], typed, sizeof(typed));
    if (n == -EAGAIN)
        return 0;
    if (n == -ECANCELED)
        pm_monitor_end(m, PM_EXIT_OK);
    else if (n <= 0)
        m->input_ended = true;
    else
        m->had_input = true;
    m->last = pm_loop_now();
    if (n <= 0 || !m->client)
        return 0; /* keys that nobody can take are gone, as with any terminal */
    if (m->values->echo)
        pm_screen_echo(&m->screen, typed, (size_t)n);
    return send_typed(m, typed, (size_t)n);
}

/* ---- running ---- */

void pm_monitor_end(struct pm_monitor *m, enum pm_exit code)
{
    m->done = true;
    m->code = code;
}

/* Without a daemon only a terminal is read, for its escape key. */
static bool wants_input(const struct pm_monitor *m)
{
    if (m->input_ended)
        return false;
    return m->client ? m->unanswered < UNANSWERED_MAX : m->terminal.is_terminal;
}

/* Whoever pipes something in wants the answer, and an end. What was empty from the start, as /dev/null is, was never an
 * input: then there is somebody who only listens. Returns a timeout for poll(). */
static int time_left(const struct pm_monitor *m)
{
    if (!m->client)
        return RETRY_MS;
    if (m->terminal.is_terminal || !m->input_ended || !m->had_input || m->unanswered > 0)
        return -1;
    return (int)pm_mono_ms_until(pm_loop_now(), pm_mono_add_ms(m->last, m->values->wait));
}

static void lose_daemon(struct pm_monitor *m)
{
    m->client = pm_client_close(m->client);
    m->unanswered = 0;
    m->attached = false;
    say(m, "daemon-gone",
        m->terminal.is_terminal ? "The peripheral-manager went away; waiting for it. Ctrl+] ends this"
                                : "The peripheral-manager went away; waiting for it");
}

static void look_for_daemon(struct pm_monitor *m)
{
    if (pm_client_open(m->path, &client_ops, m, &m->client) < 0)
        return;
    if (pm_monitor_attach_again(m))
        say(m, "daemon-back", "The peripheral-manager is back");
    else
        m->client = pm_client_close(m->client);
}

static void turn(struct pm_monitor *m)
{
    struct pollfd fds[] = {{m->terminal.signals, POLLIN, 0},
                           {wants_input(m) ? STDIN_FILENO : -1, POLLIN, 0},
                           {m->client ? pm_client_fd(m->client) : -1, POLLIN, 0}};
    int r = 0;
    if (poll(fds, 3, time_left(m)) == 0 && time_left(m) == 0)
        pm_monitor_end(m, m->refused ? PM_EXIT_REFUSED : PM_EXIT_OK);
    if (fds[0].revents)
        pm_monitor_end(m, PM_EXIT_OK);
    if (!m->done && fds[1].revents)
        r = on_input(m);
    if (!m->done && !m->client)
        look_for_daemon(m);
    else if (!m->done && r == 0 && fds[2].revents)
        r = pm_client_turn(m->client);
    if (!m->done && r < 0)
        lose_daemon(m);
}

static void welcome(struct pm_monitor *m)
{
    char text[PM_NOTICE_MAX];
    if (m->screen.json)
        return;
    snprintf(text, sizeof(text), "\"%.80s\" is %.130s%s", m->name, m->address,
             m->terminal.is_terminal ? ". Ctrl+] ends this" : "");
    say(m, "", text);
}

static enum pm_exit run(struct pm_monitor *m)
{
    int r = pm_terminal_begin(&m->terminal);
    if (r < 0) {
        fprintf(stderr, "The terminal cannot be used: %s.\n", strerror(-r));
        return PM_EXIT_OS;
    }
    m->screen.stop = m->terminal.signals;
    welcome(m);
    if (pm_monitor_subscribe(m) < 0)
        lose_daemon(m);
    while (!m->done)
        turn(m);
    if (m->client && m->opened && !m->values->keep)
        pm_monitor_close_connection(m);
    pm_terminal_end(&m->terminal);
    return m->code;
}

enum pm_exit pm_monitor_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    struct pm_monitor_values *v = values;
    struct pm_monitor m = {.self = self,
                           .values = v,
                           .target = words[0],
                           .screen = {.json = v->common.json, .hex = v->hex, .timestamps = v->timestamps}};
    (void)n;
    enum pm_exit code = pm_session_path(&v->common, m.path);
    if (code == PM_EXIT_OK)
        code = pm_session_open(&v->common, &client_ops, &m, &m.client);
    if (code == PM_EXIT_OK)
        code = pm_monitor_attach(&m);
    if (code == PM_EXIT_OK)
        code = run(&m);
    m.client = pm_client_close(m.client);
    json_decref(m.options);
    return code;
}
