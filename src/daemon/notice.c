/* notice.c - see notice.h. */
#include "daemon/notice.h"

#include "base/clean.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 160 };

/* A text of the event, cleaned; "" if there is none. */
struct piece {
    char text[PIECE];
};

static struct piece piece(const json_t *data, const char *member)
{
    struct piece p;
    const json_t *v = json_object_get(data, member);
    size_t n = json_is_string(v)
                   ? pm_text_clean(p.text, sizeof(p.text) - 1, json_string_value(v), json_string_length(v), PIECE)
                   : 0;
    p.text[n] = 0;
    return p;
}

static long long number(const json_t *data, const char *member)
{
    return json_integer_value(json_object_get(data, member));
}

/* ---- devices ---- */

static void device(const char *what, const json_t *d, char *out, size_t room)
{
    struct piece problem = piece(d, "unusable");
    snprintf(out, room, "%s: %s, %s%s%s", what, piece(d, "address").text, piece(d, "description").text,
             problem.text[0] ? ". " : "", problem.text);
}

static void attached(const json_t *d, char *out, size_t room)
{
    device("Plugged in", d, out, room);
}

static void detached(const json_t *d, char *out, size_t room)
{
    device("Unplugged", d, out, room);
}

/* ---- connections ---- */

static void opened(const json_t *c, char *out, size_t room)
{
    snprintf(out, room, "\"%s\" is open: %s at %lld baud", piece(c, "name").text, piece(c, "address").text,
             number(json_object_get(c, "options"), "baud-rate"));
}

static void closed(const json_t *c, char *out, size_t room)
{
    struct piece reason = piece(c, "reason");
    bool wanted = strcmp(reason.text, "deactivated") == 0;
    snprintf(out, room, "\"%s\" is closed%s%s", piece(c, "name").text, wanted ? "" : ": ", wanted ? "" : reason.text);
}

static void lost(const json_t *c, char *out, size_t room)
{
    snprintf(out, room, "\"%s\" has lost its device (%s) and opens it again as soon as it is back",
             piece(c, "name").text, piece(c, "reason").text);
}

static void restored(const json_t *c, char *out, size_t room)
{
    snprintf(out, room, "\"%s\" has its device back: %s", piece(c, "name").text, piece(c, "path").text);
}

static void renamed(const json_t *c, char *out, size_t room)
{
    snprintf(out, room, "\"%s\" is called \"%s\" now", piece(c, "old").text, piece(c, "new").text);
}

static void claimed(const json_t *c, char *out, size_t room)
{
    snprintf(out, room, "\"%s\" is claimed: one client alone may write", piece(c, "name").text);
}

static void released(const json_t *c, char *out, size_t room)
{
    snprintf(out, room, "\"%s\" is free: everybody may write", piece(c, "name").text);
}

static void line_errors(const json_t *e, char *out, size_t room)
{
    snprintf(
        out, room,
        "\"%s\" has had errors on the line: %lld framing, %lld parity, %lld break, %lld overrun. Are the baud rate "
        "and parity right?",
        piece(e, "name").text, number(e, "framing"), number(e, "parity"), number(e, "break"),
        number(e, "overrun") + number(e, "buffer-overrun"));
}

static void gap(const json_t *g, char *out, size_t room)
{
    long long bytes = number(g, "bytes") + number(g, "to") - number(g, "from");
    if (bytes > 0)
        snprintf(out, room, "\"%s\": %lld bytes are missing here (%s)", piece(g, "name").text, bytes,
                 piece(g, "reason").text);
    else
        snprintf(out, room, "\"%s\": bytes may be missing here (%s)", piece(g, "name").text, piece(g, "reason").text);
}

/* ---- pages at the door ---- */

static void asked(const json_t *q, char *out, size_t room)
{
    struct piece reason = piece(q, "reason");
    bool one = json_is_true(json_object_get(q, "one-device"));
    snprintf(out, room,
             "The page %s asks for %s%s%s%s. Let it in with \"peripheral-manager approve %s%s, turn it away with "
             "\"peripheral-manager deny %s\"",
             piece(q, "origin").text, one ? "one device" : "devices", reason.text[0] ? ", \"" : "", reason.text,
             reason.text[0] ? "\"" : "", piece(q, "id").text,
             one ? " DEVICE\" (see \"peripheral-manager list\")" : "\"", piece(q, "id").text);
}

static void answered(const json_t *q, char *out, size_t room)
{
    snprintf(out, room, "The question %s is over: %s", piece(q, "id").text, piece(q, "reason").text);
}

static const struct {
    const char *event;
    void (*say)(const json_t *data, char *out, size_t room);
} sentences[] = {
    {"device-attached", attached},
    {"device-detached", detached},
    {"connection-opened", opened},
    {"connection-closed", closed},
    {"connection-lost", lost},
    {"connection-restored", restored},
    {"connection-renamed", renamed},
    {"connection-claimed", claimed},
    {"connection-released", released},
    {"line-error", line_errors},
    {"rx-gap", gap},
    {"consent-requested", asked},
    {"consent-ended", answered},
};

bool pm_notice(const char *event, const json_t *data, char *out, size_t room)
{
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (strcmp(sentences[i].event, event) == 0) {
            sentences[i].say(data, out, room);
            return true;
        }
    }
    char *text = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);
    struct piece name;
    name.text[pm_text_clean(name.text, sizeof(name.text) - 1, event, strlen(event), PIECE)] = 0;
    int n = snprintf(out, room, "%s ", name.text);
    size_t have = n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
    if (text)
        have += pm_text_clean(out + have, room - have - 1, text, strlen(text), room);
    out[have] = 0;
    free(text);
    return false;
}
