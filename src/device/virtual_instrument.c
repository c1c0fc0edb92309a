/* virtual_instrument.c - a multimeter that speaks SCPI as real ones do: keywords in short and long form, several
 * commands in a line, an error queue (SCPI-99, 21.8) and the status that IEEE 488.2 wants. */
#include "device/virtual_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    COMPLETE = 1, /* bits of the event status register: IEEE 488.2, 11.5.1 */
    COMMAND_ERROR = 32,
    POWER_ON = 128,
    ERROR_QUEUED = 4, /* of the status byte: SCPI-99, 20.2 */
    UNDEFINED_HEADER = -113,
    QUEUE_OVERFLOW = -350,
    ANSWER_MAX = 64,
};

/* What a command does with its instrument; an answer goes to `out`, if it is a question. */
typedef void answer_fn(struct virtual *v, char out[ANSWER_MAX]);

/* ---- errors and status ---- */

static void fail(struct virtual *v, int error)
{
    v->status |= COMMAND_ERROR;
    if (v->n_errors < PM_VIRTUAL_ERRORS)
        v->errors[v->n_errors++] = error;
    else
        v->errors[PM_VIRTUAL_ERRORS - 1] = QUEUE_OVERFLOW;
}

static void next_error(struct virtual *v, char out[ANSWER_MAX])
{
    int error = v->n_errors > 0 ? v->errors[0] : 0;
    if (v->n_errors > 0)
        memmove(v->errors, v->errors + 1, --v->n_errors * sizeof(v->errors[0]));
    snprintf(out, ANSWER_MAX, "%d,\"%s\"", error,
             error == 0                  ? "No error"
             : error == UNDEFINED_HEADER ? "Undefined header"
                                         : "Queue overflow");
}

static void clear(struct virtual *v, char out[ANSWER_MAX])
{
    (void)out;
    v->n_errors = v->status = 0;
}

static void event_status(struct virtual *v, char out[ANSWER_MAX])
{
    snprintf(out, ANSWER_MAX, "%u", v->status);
    v->status = 0;
}

static void status_byte(struct virtual *v, char out[ANSWER_MAX])
{
    snprintf(out, ANSWER_MAX, "%d", v->n_errors > 0 ? ERROR_QUEUED : 0);
}

static void complete(struct virtual *v, char out[ANSWER_MAX])
{
    (void)out;
    v->status |= COMPLETE;
}

static void nothing(struct virtual *v, char out[ANSWER_MAX])
{
    (void)v, (void)out; /* there is nothing to reset, and nothing to wait for */
}

/* ---- answers ---- */

static void identify(struct virtual *v, char out[ANSWER_MAX])
{
    (void)v;
    snprintf(out, ANSWER_MAX, "Peripheral Manager,Virtual instrument,0001,1.0");
}

static void is_complete(struct virtual *v, char out[ANSWER_MAX])
{
    (void)v;
    snprintf(out, ANSWER_MAX, "1");
}

static void self_test(struct virtual *v, char out[ANSWER_MAX])
{
    (void)v;
    snprintf(out, ANSWER_MAX, "0");
}

static void version(struct virtual *v, char out[ANSWER_MAX])
{
    (void)v;
    snprintf(out, ANSWER_MAX, "1999.0");
}

/* A value with a noise of up to `spread` parts in a million, always the same one after an opening. */
static void measure(struct virtual *v, char out[ANSWER_MAX], double value, double spread)
{
    v->noise = v->noise * 1664525 + 1013904223;
    double part = (double)(v->noise >> 8) / (1 << 23) - 1; /* -1 to 1 */
    snprintf(out, ANSWER_MAX, "%+.5E", value * (1 + spread * 1e-6 * part));
}

static void voltage(struct virtual *v, char out[ANSWER_MAX])
{
    measure(v, out, 4.9987, 40);
}

static void ac_voltage(struct virtual *v, char out[ANSWER_MAX])
{
    measure(v, out, 0.0012, 20000);
}

static void current(struct virtual *v, char out[ANSWER_MAX])
{
    measure(v, out, 0.125, 200);
}

static void ac_current(struct virtual *v, char out[ANSWER_MAX])
{
    measure(v, out, 0.00003, 50000);
}

static void resistance(struct virtual *v, char out[ANSWER_MAX])
{
    measure(v, out, 39.9896, 150);
}

static void frequency(struct virtual *v, char out[ANSWER_MAX])
{
    measure(v, out, 50, 300);
}

/* ---- commands ---- */

/* Keywords in upper case are the short form; what stands in brackets may be left out. */
static const struct {
    const char *header;
    answer_fn *answer;
} commands[] = {
    {"*IDN?", identify},
    {"*RST", nothing},
    {"*CLS", clear},
    {"*ESR?", event_status},
    {"*STB?", status_byte},
    {"*OPC", complete},
    {"*OPC?", is_complete},
    {"*TST?", self_test},
    {"*WAI", nothing},
    {"SYSTem:ERRor[:NEXT]?", next_error},
    {"SYSTem:VERSion?", version},
    {"MEASure[:VOLTage][:DC]?", voltage},
    {"MEASure:VOLTage:AC?", ac_voltage},
    {"MEASure:CURRent[:DC]?", current},
    {"MEASure:CURRent:AC?", ac_current},
    {"MEASure:RESistance?", resistance},
    {"MEASure:FREQuency?", frequency},
};

static size_t word_length(const char *p)
{
    return strcspn(p, ":[]?");
}

/* Whether the n bytes at p are this keyword, in its short or its long form. */
static bool is_word(const char *p, size_t n, const char *keyword, size_t length)
{
    size_t brief = 0;
    while (brief < length && !islower((unsigned char)keyword[brief]))
        brief++;
    return (n == brief || n == length) && strncasecmp(p, keyword, n) == 0;
}

static bool is_header(const char *p, const char *header)
{
    p += *p == ':';
    while (*header && *header != '?') {
        bool optional = *header == '[';
        header += optional;
        header += *header == ':';
        const char *word = p + (*p == ':');
        size_t n = word_length(word), length = word_length(header);
        if (is_word(word, n, header, length))
            p = word + n;
        else if (!optional)
            return false;
        header += length;
        header += *header == ']';
    }
    return strcmp(p, header) == 0;
}

/* One command; its answer is added to those before it in the line. */
static void run(struct virtual *v, const char *command, char *answers, size_t room)
{
    char answer[ANSWER_MAX] = "";
    size_t n = strlen(answers);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (!is_header(command, commands[i].header))
            continue;
        commands[i].answer(v, answer);
        if (answer[0])
            snprintf(answers + n, room - n, "%s%s", n > 0 ? ";" : "", answer);
        return;
    }
    fail(v, UNDEFINED_HEADER);
}

static void instrument_begin(struct virtual *v)
{
    v->status = POWER_ON;
}

static void instrument_line(struct virtual *v, const char *line)
{
    char rest[PM_VIRTUAL_HEARS_MAX + 1], answers[8 * ANSWER_MAX] = "";
    snprintf(rest, sizeof(rest), "%s", line);
    char *next = rest;
    for (char *command; (command = strsep(&next, ";"));) {
        command += strspn(command, " \t");
        command[strcspn(command, " \t")] = 0; /* parameters: a range that it has anyway */
        if (*command)
            run(v, command, answers, sizeof(answers));
    }
    if (answers[0])
        pm_virtual_say_line(v, answers);
}

const struct pm_virtual_does pm_virtual_instrument = {
    .begin = instrument_begin, .take = pm_virtual_take_lines, .line = instrument_line};
