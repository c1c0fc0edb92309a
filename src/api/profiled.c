/* profiled.c - see profiled.h. */
#include "api/profiled.h"

#include "api/api_private.h"
#include "api/exchange.h"
#include "api/identify.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Looks for events in what a device sends. */
struct pm_listener {
    struct pm_api *api;
    struct pm_connection *connection;
    struct pm_profile *profile;
    struct pm_framer framer;
    struct pm_timer silence;
    uint64_t cursor;
};

struct pm_profile *pm_profiled_find(const struct pm_api *a, const char *id)
{
    return a->profiles && id[0] ? pm_profiles_find(a->profiles, id) : NULL;
}

struct pm_profile *pm_profiled_get(const struct pm_api *a, size_t i, bool *own)
{
    return a->profiles ? pm_profiles_get(a->profiles, i, own) : NULL;
}

const struct pm_profile_fault *pm_profiled_fault(const struct pm_api *a, size_t i)
{
    return a->profiles ? pm_profiles_fault(a->profiles, i) : NULL;
}

/* ---- events ---- */

static void tell(struct pm_listener *l, const struct pm_frame *f)
{
    struct pm_connection *c = l->connection;
    const uint8_t *content;
    size_t n;
    if (f->fault != PM_FRAME_GOOD || pm_profile_unwrap(l->profile, f->p, f->n, &content, &n) < 0)
        return;
    json_t *values = json_object();
    const struct pm_profile_event *e = pm_profile_event(l->profile, content, n, values);
    if (e)
        pm_api_broadcast(l->api, c, "device-event",
                         json_pack("{s:s, s:s, s:O}", "name", c->name, "event", e->name, "values", values));
    json_decref(values);
}

static void on_silence(struct pm_timer *t)
{
    struct pm_listener *l = t->owner;
    struct pm_frame frame;
    struct pm_mono due;
    if (pm_framer_expire(&l->framer, pm_loop_now(), &frame) == 1)
        tell(l, &frame);
    else if (pm_framer_deadline(&l->framer, &due))
        pm_timer_set(t, due);
}

static void look_for_events(struct pm_listener *l)
{
    const struct pm_journal *j = &l->connection->journal;
    uint64_t start = pm_journal_start(j);
    struct pm_mono now = pm_loop_now(), due;
    struct pm_frame frame;
    const uint8_t *p;
    l->cursor = l->cursor < start ? start : l->cursor;
    for (size_t n; (n = pm_journal_peek(j, l->cursor, &p)) > 0;) {
        l->cursor += n;
        while (pm_framer_next(&l->framer, now, &p, &n, &frame) == 1)
            tell(l, &frame);
    }
    if (pm_framer_deadline(&l->framer, &due))
        pm_timer_set(&l->silence, due);
}

static void on_closed(void *owner)
{
    free(owner);
}

static void stop_listening(struct pm_connection *c)
{
    struct pm_listener *l = c->listener;
    c->listener = NULL;
    if (!l)
        return;
    pm_framer_fini(&l->framer);
    pm_profile_unref(l->profile);
    pm_timer_close(&l->silence, on_closed);
}

static void begin_listening(struct pm_api *a, struct pm_connection *c, struct pm_profile *p)
{
    stop_listening(c);
    struct pm_listener *l = p->n_events > 0 ? calloc(1, sizeof(*l)) : NULL;
    if (!l)
        return;
    *l = (struct pm_listener){.api = a, .connection = c, .profile = pm_profile_ref(p), .cursor = c->journal.end};
    pm_framer_init(&l->framer, &p->frame);
    pm_timer_init(&l->silence, a->loop, on_silence, l);
    c->listener = l;
}

void pm_profiled_rx(struct pm_api *a, struct pm_connection *c)
{
    struct pm_listener *l = c->listener;
    struct pm_profile *p = l ? pm_profiled_find(a, c->options.profile) : NULL;
    if (!l)
        return;
    look_for_events(l);
    if (p && p != l->profile) /* its file was changed */
        begin_listening(a, c, p);
}

/* ---- what is sent at the start and at the end ---- */

/* The end of a connection: it comes in the turn of the last answer, or when the time is over. */
struct stopping {
    struct pm_link link; /* in the connection's list */
    struct pm_loop *loop;
    struct pm_timer timer;
    struct pm_turn answered;
    unsigned steps; /* that are under way */
    void (*done)(void *owner);
    void *owner;
};

/* A command of ours: nobody asked, so a failure is told in the log. */
struct step {
    struct pm_api_request request; /* first */
    char what[PM_NAME_MAX + PM_VALUE_NAME_MAX + 8];
    struct stopping *stopping; /* NULL: it is of the start */
};

static void call_done(struct stopping *s)
{
    void (*done)(void *owner) = s->done;
    s->done = NULL;
    if (done)
        done(s->owner);
}

static void on_overdue(struct pm_timer *t)
{
    call_done(t->owner);
}

static void end_stopping(struct stopping *s)
{
    pm_list_remove(&s->link);
    pm_turn_cancel(&s->answered);
    pm_timer_close(&s->timer, on_closed);
    call_done(s);
}

static void on_all_answered(struct pm_turn *t)
{
    end_stopping(pm_container(t, struct stopping, answered));
}

/* Whoever is told closes the connection, and that cannot be from within an answer: whoever gave it is still at work
 * with the connection. */
static void end_step(struct stopping *s)
{
    if (--s->steps == 0)
        pm_turn_ask(&s->answered, s->loop);
}

static void on_answer(struct pm_api_request *r, const json_t *answer, const char *legacy_event, const json_t *legacy,
                      enum pm_error error)
{
    struct step *step = (struct step *)r;
    const char *message = json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
    (void)legacy_event, (void)legacy;
    if (error != PM_OK)
        pm_log(PM_LOG_WARNING, "%s: %s", step->what, message ? message : "it failed");
    if (step->stopping)
        end_step(step->stopping);
    free(step);
}

static void send_step(struct pm_api *a, struct pm_connection *c, struct pm_profile *p, const json_t *o,
                      struct stopping *stopping)
{
    const struct pm_profile_command *command = pm_profile_command(p, json_string_value(json_object_get(o, "command")));
    struct pm_argument_problem problem;
    struct pm_command_frame f = {0};
    struct step *step = calloc(1, sizeof(*step));
    json_t *args = step ? pm_profile_arguments(command, json_object_get(o, "args"), &problem) : NULL;
    if (!args) {
        free(step);
        return;
    }
    *step = (struct step){.request.on_answer = on_answer, .stopping = stopping};
    if (stopping)
        stopping->steps++;
    pm_list_init(&step->request.link);
    snprintf(step->what, sizeof(step->what), "\"%s\": %s", c->name, command->name);
    struct pm_exchange_options options = {&step->request, c, command->timeout_ms, command->retries};
    if (p->standard && pm_profile_frame(command, args, &f) == 0)
        pm_exchange_send_frame(a, &options, p, command, &f);
    else
        pm_exchange_send_command(a, &options, p, command, args);
    json_decref(args);
}

void pm_profiled_begin(struct pm_api *a, struct pm_connection *c, bool start)
{
    struct pm_profile *p = pm_profiled_find(a, c->options.profile);
    if (!p) {
        stop_listening(c);
        if (start)
            pm_identify_begin(a, c);
        return;
    }
    begin_listening(a, c, p);
    for (size_t i = 0; start && c->port && i < json_array_size(p->start); i++)
        send_step(a, c, p, json_array_get(p->start, i), NULL);
}

/* How long the commands at the end may take together once the device takes them. */
static uint64_t stop_ms(const struct pm_profile *p)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < json_array_size(p->stop); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(p->stop, i), "command"));
        const struct pm_profile_command *command = pm_profile_command(p, name);
        sum += (uint64_t)command->timeout_ms * (command->retries + 1);
    }
    return sum;
}

void pm_profiled_stop(struct pm_api *a, struct pm_connection *c, void (*done)(void *owner), void *owner)
{
    struct pm_profile *p = c->port ? pm_profiled_find(a, c->options.profile) : NULL;
    struct stopping *s = p && json_array_size(p->stop) > 0 ? malloc(sizeof(*s)) : NULL;
    if (!s) {
        done(owner);
        return;
    }
    /* the one step is this function */
    *s = (struct stopping){.loop = a->loop, .steps = 1, .done = done, .owner = owner};
    pm_list_append(&c->stoppings, &s->link);
    pm_turn_init(&s->answered, on_all_answered);
    pm_timer_init(&s->timer, a->loop, on_overdue, s);
    pm_timer_set(&s->timer, pm_mono_add_ms(pm_loop_now(), PM_PROFILED_STOP_MS + stop_ms(p)));
    pm_profile_ref(p);
    for (size_t i = 0; i < json_array_size(p->stop); i++)
        send_step(a, c, p, json_array_get(p->stop, i), s);
    pm_profile_unref(p);
    end_step(s);
}

void pm_profiled_close(struct pm_connection *c)
{
    stop_listening(c);
    while (!pm_list_empty(&c->stoppings))
        end_stopping(pm_container(c->stoppings.next, struct stopping, link));
}
