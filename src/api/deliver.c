/* deliver.c - see deliver.h. What is complete in one turn goes out together, in one event with an array. */
#include "api/deliver.h"

#include "api/pauses.h"
#include "api/profiled.h"
#include "base/base64.h"
#include "base/utf8.h"
#include "proto/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pm_deliver {
    enum pm_deliver_kind kind;
    struct pm_framer framer;
    /* For a rule that cuts by silence. The framer's clock stands still but for the pauses that the reader has passed:
     * so frames are the same for one that lags. */
    struct pm_subscription *subscription;
    struct pm_timer silence;
    struct pm_mono clock;
    uint64_t next; /* number of the first pause that is not counted */
};

static void on_silence(struct pm_timer *t);

static bool is_timed(const struct pm_deliver *d)
{
    return d->framer.rule.kind == PM_FRAMING_IDLE;
}

int pm_delivery_rule(const struct pm_delivery *d, const struct pm_profile *p, struct pm_framing *ret)
{
    *ret = (struct pm_framing){.kind = PM_FRAMING_LINES, .max = PM_FRAMING_MAX_DEFAULT};
    if (d->ruled)
        *ret = d->rule;
    else if (p && d->kind != PM_DELIVER_LINES)
        *ret = p->frame;
    else if (d->kind == PM_DELIVER_FRAMES)
        return -EINVAL;
    return 0;
}

uint64_t pm_deliver_place(const struct pm_subscription *s)
{
    return s->deliver ? s->cursor - pm_framer_held(&s->deliver->framer) : s->cursor;
}

int pm_deliver_set(struct pm_subscription *s, const struct pm_delivery *d)
{
    struct pm_framing rule;
    s->cursor = pm_deliver_place(s);
    pm_deliver_drop(s);
    if (d->kind == PM_DELIVER_BYTES)
        return 0;
    if (pm_delivery_rule(d, pm_profiled_find(s->client->api, s->connection->options.profile), &rule) < 0)
        return -EINVAL;
    s->deliver = calloc(1, sizeof(*s->deliver));
    if (!s->deliver)
        return -ENOMEM;
    s->deliver->kind = d->kind;
    s->deliver->subscription = s;
    pm_framer_init(&s->deliver->framer, &rule);
    if (!is_timed(s->deliver))
        return 0;
    if (pm_pauses_want(s->connection) < 0) {
        free(s->deliver);
        s->deliver = NULL;
        return -ENOMEM;
    }
    pm_timer_init(&s->deliver->silence, s->client->api->loop, on_silence, s->deliver);
    return 0;
}

int pm_deliver_default(struct pm_subscription *s)
{
    s->chooses = false;
    return pm_deliver_set(s, &s->connection->options.delivery);
}

void pm_deliver_changed(struct pm_connection *c)
{
    pm_list_for_each (link, &c->readers) {
        struct pm_subscription *s = pm_container(link, struct pm_subscription, of_connection);
        if (s->chooses)
            continue;
        pm_deliver_default(s);
        pm_subscription_feed(s);
    }
}

static void on_timer_closed(void *owner)
{
    free(owner);
}

void pm_deliver_drop(struct pm_subscription *s)
{
    if (!s->deliver)
        return;
    pm_framer_fini(&s->deliver->framer);
    if (is_timed(s->deliver)) {
        pm_pauses_drop(s->connection);
        pm_timer_close(&s->deliver->silence, on_timer_closed);
    } else {
        free(s->deliver);
    }
    s->deliver = NULL;
}

/* ---- one frame as JSON ---- */

static json_t *line_json(const uint8_t *p, size_t n)
{
    return pm_utf8_valid(p, n) ? json_stringn((const char *)p, n) : pm_describe_bytes(p, n);
}

/* What the profile makes of it; without one the object or array that a line is. Anything else is a line. */
static json_t *object_json(const struct pm_subscription *s, const uint8_t *p, size_t n)
{
    const struct pm_profile *profile = pm_profiled_find(s->client->api, s->connection->options.profile);
    const uint8_t *content = p;
    size_t content_n = n;
    if (!profile) {
        json_t *parsed = pm_utf8_valid(p, n) ? json_loadb((const char *)p, n, JSON_ALLOW_NUL, NULL) : NULL;
        return parsed ? parsed : line_json(p, n);
    }
    json_t *values = json_object(), *o = NULL;
    const struct pm_profile_event *e = NULL;
    if (pm_profile_unwrap(profile, p, n, &content, &content_n) == 0)
        e = pm_profile_event(profile, content, content_n, values);
    if (e)
        o = json_pack("{s:s, s:O}", "event", e->name, "values", values);
    json_decref(values);
    return o ? o : line_json(p, n);
}

static json_t *fault_json(const struct pm_frame *f)
{
    static const char *const words[] = {
        [PM_FRAME_TOO_LONG] = "too-long", [PM_FRAME_DAMAGED] = "damaged", [PM_FRAME_INCOMPLETE] = "incomplete"};
    return json_pack("{s:s, s:o}", "fault", words[f->fault], "received", pm_describe_bytes(f->p, f->n));
}

/* ---- frames as text: of lines and bytes, which may be many and short, no tree is made ---- */

enum { TEXT_KEPT = 256 * 1024 }; /* bytes of memory that stay for the next event */

static int write_tree(struct pm_bytes *out, json_t *stolen)
{
    char *text = stolen ? json_dumps(stolen, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    int r = text ? pm_bytes_append(out, text, strlen(text)) : -ENOMEM;
    free(text);
    json_decref(stolen);
    return r;
}

/* As pm_describe_bytes() has them. */
static int write_bytes(struct pm_bytes *out, const uint8_t *p, size_t n)
{
    static const char before[] = "{\"base64\":\"", after[] = "\"}";
    if (pm_bytes_reserve(out, sizeof(before) + pm_base64_length(n) + sizeof(after)) < 0)
        return -ENOMEM;
    char *at = stpcpy((char *)out->p + out->n, before);
    at = stpcpy(at + pm_base64_encode(p, n, at), after);
    out->n = (size_t)(at - (char *)out->p);
    return 0;
}

static int write_line(struct pm_bytes *out, const uint8_t *p, size_t n)
{
    if (!pm_utf8_valid(p, n))
        return write_bytes(out, p, n);
    if (pm_bytes_reserve(out, pm_json_quoted_max(n)) < 0)
        return -ENOMEM;
    out->n += pm_json_quote((const char *)p, n, (char *)out->p + out->n);
    return 0;
}

/* One element more of the array. */
static int write_frame(const struct pm_subscription *s, struct pm_bytes *out, const struct pm_frame *f)
{
    if (pm_bytes_append(out, out->n == 0 ? "[" : ",", 1) < 0)
        return -ENOMEM;
    if (f->fault != PM_FRAME_GOOD)
        return write_tree(out, fault_json(f));
    switch (s->deliver->kind) {
    case PM_DELIVER_LINES:
        return write_line(out, f->p, f->n);
    case PM_DELIVER_JSON:
        return write_tree(out, object_json(s, f->p, f->n));
    default:
        return write_bytes(out, f->p, f->n);
    }
}

/* Send the array, if anything is in it. */
static int tell(struct pm_subscription *s, struct pm_bytes *text)
{
    int r = text->n > 0 ? pm_bytes_append(text, "]", 1) : 0;
    if (text->n > 0 && r == 0)
        pm_api_tell_text(s->client, s->connection->name, (const char *)text->p, text->n);
    if (text->room > TEXT_KEPT)
        pm_bytes_fini(text);
    return r;
}

static void tell_one(struct pm_subscription *s, const struct pm_frame *f)
{
    struct pm_bytes *text = &s->client->api->text;
    text->n = 0;
    if (write_frame(s, text, f) == 0)
        tell(s, text);
}

/* ---- where frames end without their bytes ---- */

/* Count the pauses up to the reader's place; where to stop before `limit` for the next one. */
static uint64_t pass_pauses(struct pm_subscription *s, uint64_t limit)
{
    const struct pm_pauses *all = s->connection->pauses;
    struct pm_deliver *d = s->deliver;
    uint64_t oldest = all->n > PM_PAUSES_KEPT ? all->n - PM_PAUSES_KEPT : 0;
    for (d->next = d->next > oldest ? d->next : oldest; d->next < all->n; d->next++) {
        const struct pm_pause *pause = &all->kept[d->next % PM_PAUSES_KEPT];
        if (pause->at > s->cursor)
            return pause->at < limit ? pause->at : limit;
        d->clock.us += pause->us;
    }
    return limit;
}

void pm_deliver_cut(struct pm_subscription *s)
{
    struct pm_frame frame;
    if (!s->deliver)
        return;
    if (is_timed(s->deliver)) { /* the silence before what comes now may have ended it */
        pass_pauses(s, s->cursor);
        if (pm_framer_expire(&s->deliver->framer, s->deliver->clock, &frame) == 1)
            tell_one(s, &frame);
    }
    if (pm_framer_cut(&s->deliver->framer, &frame) == 1)
        tell_one(s, &frame);
}

void pm_deliver_lost(struct pm_subscription *s)
{
    if (s->deliver && !is_timed(s->deliver))
        pm_deliver_cut(s);
}

uint64_t pm_deliver_limit(struct pm_subscription *s, uint64_t limit)
{
    const struct pm_connection *c = s->connection;
    for (unsigned i = 0; s->deliver && i < c->n_past; i++) {
        uint64_t end = c->past[i].end;
        if (end == s->cursor)
            pm_deliver_cut(s);
        else if (end > s->cursor && end < limit)
            limit = end;
    }
    return s->deliver && is_timed(s->deliver) ? pass_pauses(s, limit) : limit;
}

/* Silence may end what is held. By the framer's clock; that of the loop went on since the newest byte. */
static void arm(struct pm_deliver *d)
{
    const struct pm_pauses *all = d->subscription->connection->pauses;
    struct pm_mono due;
    if (pm_framer_deadline(&d->framer, &due))
        pm_timer_set(&d->silence, (struct pm_mono){all->last.us + due.us - d->clock.us});
}

/* The device may have been silent for long enough: the loop's timers can be early by the length of a turn. */
static void on_silence(struct pm_timer *t)
{
    struct pm_deliver *d = t->owner;
    struct pm_subscription *s = d->subscription;
    const struct pm_pauses *all = s->connection->pauses;
    struct pm_mono now = {d->clock.us + pm_loop_now().us - all->last.us};
    struct pm_frame frame;
    if (s->cursor < s->connection->journal.end)
        return; /* more came, for which the reader has no room */
    if (pm_framer_expire(&d->framer, now, &frame) == 0) {
        arm(d);
        return;
    }
    tell_one(s, &frame);
}

int pm_deliver_feed(struct pm_subscription *s, const uint8_t *p, size_t n)
{
    struct pm_deliver *d = s->deliver;
    struct pm_bytes *text = &s->client->api->text;
    struct pm_frame frame;
    int r = 0;
    text->n = 0;
    while (r >= 0 && (r = pm_framer_next(&d->framer, d->clock, &p, &n, &frame)) == 1) {
        bool empty = frame.n == 0 && s->deliver->kind == PM_DELIVER_JSON; /* an empty line is no object */
        if (!empty && write_frame(s, text, &frame) < 0)
            r = -ENOMEM;
    }
    if (r == 0)
        r = tell(s, text);
    arm(d);
    return r;
}
