/* sessions.c - see sessions.h. */
#include "access/sessions.h"

#include "base/base64.h"
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum { SECOND_MS = 1000 };

static int make_secret(char *out, size_t bytes)
{
    uint8_t random[32];
    if (getrandom(random, bytes, 0) != (ssize_t)bytes)
        return -errno;
    out[pm_base64url_encode(random, bytes, out)] = 0;
    return 0;
}

int pm_sessions_code(struct pm_sessions *s, struct pm_mono now, char ret[PM_CODE_LENGTH + 1])
{
    struct pm_session_code *c = &s->codes[0];
    for (size_t i = 1; i < PM_CODES_MAX; i++)
        c = s->codes[i].until.us < c->until.us ? &s->codes[i] : c;
    int r = make_secret(c->text, 16);
    if (r < 0)
        return r;
    c->until = pm_mono_add_ms(now, PM_CODE_SECONDS * SECOND_MS);
    memcpy(ret, c->text, sizeof(c->text));
    return 0;
}

static int refuse(struct pm_sessions *s, struct pm_mono now)
{
    if (++s->wrong < PM_WRONG_CODES)
        return -EACCES;
    s->wrong = 0;
    s->closed_until = pm_mono_add_ms(now, PM_WRONG_PAUSE_SECONDS * SECOND_MS);
    return -EACCES;
}

static void forget(struct pm_sessions *s, struct pm_console_session *session)
{
    uint32_t number = session->number;
    *session = (struct pm_console_session){0};
    if (number && s->on_end)
        s->on_end(s->owner, number);
}

static struct pm_console_session *take_place(struct pm_sessions *s)
{
    struct pm_console_session *place = &s->sessions[0];
    for (size_t i = 1; i < PM_SESSIONS_MAX; i++)
        place = s->sessions[i].used.us < place->used.us ? &s->sessions[i] : place;
    forget(s, place);
    return place;
}

int pm_sessions_start(struct pm_sessions *s, const char *code, size_t n, struct pm_mono now,
                      const struct pm_console_session **ret)
{
    bool good = false;
    if (!pm_mono_reached(now, s->closed_until))
        return -EBUSY;
    for (size_t i = 0; i < PM_CODES_MAX; i++) {
        struct pm_session_code *c = &s->codes[i];
        bool same = n == PM_CODE_LENGTH && pm_secret_equal(c->text, code, n);
        good = good || (same && !pm_mono_reached(now, c->until));
        if (same)
            *c = (struct pm_session_code){0};
    }
    if (!good)
        return refuse(s, now);
    struct pm_console_session *place = take_place(s);
    int r = make_secret(place->bearer, 32);
    if (r < 0)
        return r;
    place->number = ++s->last;
    place->started = place->used = now;
    s->wrong = 0;
    *ret = place;
    return 0;
}

static struct pm_mono end_of(const struct pm_console_session *session)
{
    return pm_mono_add_ms(session->started, (int64_t)PM_SESSION_SECONDS * SECOND_MS);
}

struct pm_mono pm_sessions_expire(struct pm_sessions *s, struct pm_mono now)
{
    struct pm_mono next = {0};
    for (size_t i = 0; i < PM_SESSIONS_MAX; i++) {
        struct pm_console_session *session = &s->sessions[i];
        if (session->number == 0)
            continue;
        if (pm_mono_reached(now, end_of(session)))
            forget(s, session);
        else if (next.us == 0 || end_of(session).us < next.us)
            next = end_of(session);
    }
    return next;
}

uint32_t pm_sessions_find(struct pm_sessions *s, const char *bearer, size_t n, struct pm_mono now)
{
    uint32_t found = 0;
    pm_sessions_expire(s, now);
    for (size_t i = 0; i < PM_SESSIONS_MAX && n == PM_BEARER_LENGTH; i++) {
        struct pm_console_session *session = &s->sessions[i];
        if (pm_secret_equal(session->bearer, bearer, n) && session->number) {
            found = session->number;
            session->used = now;
        }
    }
    return found;
}

unsigned pm_sessions_end(struct pm_sessions *s, uint32_t number)
{
    unsigned count = 0;
    for (size_t i = 0; i < PM_SESSIONS_MAX; i++) {
        if (s->sessions[i].number == 0 || (number && s->sessions[i].number != number))
            continue;
        forget(s, &s->sessions[i]);
        count++;
    }
    return count;
}
