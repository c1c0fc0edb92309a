/* events.c - the subcommand that shows what happens: devices and connections as they come and go. */
#include "cli/screen.h"
#include "cli/session.h"
#include "daemon/notice.h"

#include <poll.h>
#include <string.h>

static void on_event(void *owner, const char *event, const json_t *data)
{
    const struct pm_common *common = owner;
    if (common->json) {
        json_t *line = json_pack("{s:s, s:O?}", "event", event, "data", data);
        json_dumpf(line, stdout, JSON_COMPACT);
        json_decref(line);
        putchar('\n');
    } else {
        char text[PM_NOTICE_MAX];
        pm_notice(event, data, text, sizeof(text));
        pm_screen_time(stdout, false);
        puts(text);
    }
    fflush(stdout);
}

enum pm_exit pm_events_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    static const struct pm_client_ops ops = {.on_event = on_event};
    struct pm_common *common = values;
    struct pm_client *client;
    json_t *answer;
    (void)self, (void)words, (void)n;
    enum pm_exit code = pm_session_open(common, &ops, common, &client);
    if (code != PM_EXIT_OK)
        return code;
    code = pm_session_ask(client, common, "unsubscribe", json_pack("{s:s}", "names", "*"), &answer);
    if (code == PM_EXIT_OK) {
        int r = 0;
        json_decref(answer);
        while (r == 0) {
            struct pollfd fd = {pm_client_fd(client), POLLIN, 0};
            poll(&fd, 1, -1);
            r = pm_client_turn(client);
        }
        code = pm_session_lost(r);
    }
    pm_client_close(client);
    return code;
}
