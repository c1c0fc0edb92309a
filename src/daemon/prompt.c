/* prompt.c - see prompt.h. */
#include "daemon/prompt.h"

#include "base/log.h"
#include "daemon/onlooker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

static const struct pm_who person = {.kind = PM_WHO_PERSON, .terminal = true};

/* ---- what is asked ---- */

static const struct pm_device *fitting_after(const struct pm_prompt *p, const struct pm_consent_request *r,
                                             const struct pm_device *d)
{
    const struct pm_link *list = pm_devices_list(pm_api_devices(p->api));
    for (const struct pm_link *link = d ? d->link.next : list->next; link != list; link = link->next) {
        const struct pm_device *next = pm_container(link, struct pm_device, link);
        if (!pm_device_is_reserved(next) && pm_consent_fits(r, next->vid, next->pid))
            return next;
    }
    return NULL;
}

/* A yes must mean something: of several devices one word chooses none, and the command that does was told. */
static bool can_be_asked(const struct pm_prompt *p, const struct pm_consent_request *r)
{
    const struct pm_device *first = fitting_after(p, r, NULL);
    return !r->chooser || (first && !fitting_after(p, r, first));
}

static const struct pm_consent_request *next_question(const struct pm_prompt *p)
{
    const struct pm_link *list = pm_door_requests(pm_api_door(p->api));
    for (const struct pm_link *link = list->next; link != list; link = link->next) {
        const struct pm_consent_request *r = pm_container(link, struct pm_consent_request, link);
        if (can_be_asked(p, r))
            return r;
    }
    return NULL;
}

static void describe_devices(const struct pm_prompt *p, const struct pm_consent_request *r, char *out, size_t room)
{
    enum { NAMED = 3 };
    unsigned count = 0;
    size_t n = 0;
    if (!r->chooser && r->n_filters == 0) {
        snprintf(out, room, "every serial device here, also later ones");
        return;
    }
    for (const struct pm_device *d = fitting_after(p, r, NULL); d; d = fitting_after(p, r, d)) {
        if (count++ < NAMED)
            n += (size_t)snprintf(out + n, room - n, "%s%s (%s)", n ? ", " : "", d->description, d->path);
    }
    if (count > NAMED)
        snprintf(out + n, room - n, " and %u more", count - NAMED);
    else if (count == 0)
        snprintf(out, room, "a device that is not plugged in");
}

static void ask(const struct pm_prompt *p, const struct pm_consent_request *r)
{
    char reason[PM_CONSENT_REASON + 16] = "", devices[3 * (2 * PM_DEVICE_TEXT + 8) + 32],
                                    capabilities[PM_GRANT_CAPABILITIES];
    describe_devices(p, r, devices, sizeof(devices));
    pm_grant_capability_list(r->capabilities, capabilities);
    if (r->reason[0])
        snprintf(reason, sizeof(reason), " It says: \"%s\".", r->reason);
    pm_log(
        PM_LOG_NOTICE,
        "May %s use %s (%s)?%s [y]es, once / [a]lways / [N]o, then Enter. Or for chosen devices: \"peripheral-manager "
        "approve %s DEVICE\".",
        r->origin, devices, capabilities, reason, r->id);
}

bool pm_prompt_asks(const struct pm_prompt *p, const char *id)
{
    return id && p->id[0] && strcmp(p->id, id) == 0;
}

/* ---- asking ---- */

/* The oldest question that is open and can be answered so. Input is waited for only meanwhile, and only if it is ours:
 * a program in the background that reads is stopped. */
static void show_next(struct pm_prompt *p)
{
    const struct pm_consent_request *r = next_question(p);
    bool ours = tcgetpgrp(p->fd) == getpgrp();
    if (p->id[0])
        return;
    pm_watch_set(&p->watch, ours && r ? PM_LOOP_READ : 0);
    if (!ours || !r)
        return;
    memcpy(p->id, r->id, sizeof(p->id));
    tcflush(p->fd, TCIFLUSH); /* what was typed before this question is no answer to it */
    p->n = 0;
    ask(p, r);
}

static void on_event(struct pm_api_client *client, const char *event, const json_t *data, uint64_t number)
{
    struct pm_prompt *p = pm_container(client, struct pm_prompt, client);
    const char *id = json_string_value(json_object_get(data, "id"));
    (void)number;
    if (strcmp(event, "consent-ended") == 0 && id && strcmp(id, p->id) == 0)
        p->id[0] = 0;
    else if (strcmp(event, "consent-requested") != 0)
        return;
    show_next(p);
}

/* ---- answering ---- */

static void on_answer(struct pm_api_request *r, const json_t *answer, const char *legacy_event, const json_t *legacy,
                      enum pm_error error)
{
    const char *message = json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
    (void)legacy_event, (void)legacy;
    if (error != PM_OK)
        pm_log(PM_LOG_WARNING, "%s", message ? message : "That did not work.");
    free(r);
}

static void answer(struct pm_prompt *p, char word)
{
    struct pm_api_request *r = calloc(1, sizeof(*r));
    bool yes = word == 'y' || word == 'a';
    json_t *data = json_pack("{s:s}", "id", p->id);
    if (yes)
        json_object_set_new(data, "duration", json_string(word == 'a' ? "always" : "once"));
    if (r && data) {
        *r = (struct pm_api_request){.who = &person, .on_answer = on_answer};
        p->id[0] = 0; /* what comes back may show the next question */
        pm_api_run(p->api, r, yes ? "consent-approve" : "consent-deny", data, NULL, 0);
    } else {
        free(r);
    }
    json_decref(data);
    show_next(p);
}

/* y, a or n, or the English word that it begins; 0: something else, which is no answer. */
static char word_of(const struct pm_prompt *p)
{
    static const char *const words[] = {"yes", "always", "no"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (p->n > 0 && p->n <= strlen(words[i]) && strncasecmp(p->line, words[i], p->n) == 0)
            return words[i][0];
    }
    return p->n == 0 ? 'n' : 0;
}

static void take(struct pm_prompt *p, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] != '\n' && p->n < sizeof(p->line) - 1) {
            p->line[p->n++] = text[i];
        } else if (text[i] == '\n') {
            char word = word_of(p);
            p->n = 0;
            if (p->id[0] && word)
                answer(p, word);
            else if (p->id[0])
                pm_log(PM_LOG_NOTICE, "Please answer y, a or n, then Enter; Enter alone is no.");
        }
    }
}

static void on_ready(struct pm_watch *w, unsigned events)
{
    struct pm_prompt *p = w->owner;
    char text[PM_PROMPT_LINE];
    (void)events;
    ssize_t n = tcgetpgrp(p->fd) == getpgrp() ? read(p->fd, text, sizeof(text)) : 0;
    if (n > 0)
        take(p, text, (size_t)n);
    else if (n == 0 || errno != EAGAIN)
        pm_watch_set(&p->watch, 0); /* the end of the terminal, or it is somebody else's now */
}

/* ---- life ---- */

static const struct pm_api_client_ops ops = PM_ONLOOKER_OPS(on_event);

void pm_prompt_begin(struct pm_prompt *p, struct pm_loop *loop, struct pm_api *api)
{
    *p = (struct pm_prompt){.api = api, .client = {.ops = &ops, .who = &person}, .fd = -1};
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return;
    /* A description of our own: what is set on standard input, the shell would have too. */
    int fd = open("/dev/tty", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return;
    if (pm_watch_init(&p->watch, loop, fd, on_ready, p) < 0) {
        close(fd);
        return;
    }
    p->fd = fd;
    pm_api_watch(api, &p->client);
}

static void on_watch_closed(void *owner)
{
    (void)owner; /* the memory is the daemon's */
}

void pm_prompt_end(struct pm_prompt *p)
{
    if (!p->api || p->fd < 0)
        return;
    pm_api_leave(&p->client);
    pm_watch_close(&p->watch, on_watch_closed);
    close(p->fd);
    p->fd = -1;
}
