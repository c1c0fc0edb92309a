/* virtual_kinds.c - what the virtual devices understand and say. */
#include "device/virtual_private.h"

#include "base/decimal.h"
#include "proto/command_frame.h"
#include "proto/stuffing.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- echo ---- */

static size_t echo_take(struct virtual *v, const char *p, size_t n)
{
    size_t room = v->says.max - v->says.n, part = n < room ? n : room;
    pm_virtual_say(v, p, part);
    return part;
}

static const struct pm_virtual_does echo = {.take = echo_take};

/* ---- pump ---- */

static void pump_begin(struct virtual *v)
{
    v->flow = 1;
    v->since = pm_loop_now();
}

/* What has been pumped up to now. */
static double pumped(struct virtual *v)
{
    struct pm_mono now = pm_loop_now();
    if (v->running)
        v->pumped += v->flow / 60 * (double)(now.us - v->since.us) / 1e6;
    v->since = now;
    return v->pumped;
}

/* Millilitres a minute. False: it cannot be. */
static bool pump_set_rate(struct virtual *v, double flow)
{
    bool good = flow > 0 && flow <= 100;
    pumped(v); /* at the old rate */
    v->flow = good ? flow : v->flow;
    return good;
}

/* A pump that is stopped while it runs only pauses; the second stop ends it. */
static void pump_run(struct virtual *v, bool runs)
{
    pumped(v);
    v->pausing = !runs && v->running;
    v->running = runs;
}

static char pump_state(const struct virtual *v)
{
    return v->running ? 'I' : v->pausing ? 'P' : 'S';
}

/* Every answer begins with the pump's address and state. */
static void pump_answer(struct virtual *v, const char *text)
{
    char answer[64];
    snprintf(answer, sizeof(answer), "00%c%s", pump_state(v), text);
    pm_virtual_say_line(v, answer);
}

static void pump_line(struct virtual *v, const char *line)
{
    char text[48], *end;
    if (strcmp(line, "RUN") == 0 || strcmp(line, "STP") == 0) {
        pump_run(v, line[0] == 'R');
        pump_answer(v, "");
    } else if (strcmp(line, "RAT") == 0) {
        snprintf(text, sizeof(text), "%.3fMM", v->flow);
        pump_answer(v, text);
    } else if (strncmp(line, "RAT ", 4) == 0) {
        double flow = strtod(line + 4, &end);
        pump_answer(v, end != line + 4 && *end == 0 && pump_set_rate(v, flow) ? "" : "?OOR");
    } else if (strcmp(line, "DIS") == 0) {
        snprintf(text, sizeof(text), "I%.3fW0.000ML", pumped(v));
        pump_answer(v, text);
    } else {
        pump_answer(v, "?");
    }
}

/* The same by standard command frames: 1 run, 2 stop, 3 set the rate in microlitres a minute, 4 get it, 5 get what was
 * pumped in microlitres. */
static int pump_command(struct virtual *v, struct pm_command_frame *f)
{
    static const uint8_t takes[] = {[1] = 0, [2] = 0, [3] = 1, [4] = 0, [5] = 0};
    uint8_t given = f->n_args;
    f->n_args = 1;
    if (f->id == 0 || f->id >= sizeof(takes))
        return PM_COMMAND_UNKNOWN;
    if (given != takes[f->id])
        return PM_COMMAND_COUNT;
    if (f->id == 3)
        return pump_set_rate(v, f->args[0] / 1000.0) ? PM_COMMAND_DONE : PM_COMMAND_RANGE;
    if (f->id <= 2) {
        pump_run(v, f->id == 1);
    } else {
        f->n_args = 2;
        f->args[1] = (int32_t)((f->id == 4 ? v->flow : pumped(v)) * 1000 + 0.5);
    }
    return PM_COMMAND_DONE;
}

/* What came up to a 0 byte; damaged ones get no answer, as with a real device. */
static void pump_frame(struct virtual *v)
{
    struct pm_command_frame f;
    uint8_t out[PM_COMMAND_WIRE_MAX];
    ssize_t n = pm_cobs_decode(v->hears.p, v->hears.n, v->hears.p);
    v->hears.n = 0;
    if (n < 0 || pm_command_decode(v->hears.p, (size_t)n, &f) < 0)
        return;
    f.args[0] = pump_command(v, &f);
    pm_virtual_say(v, out, pm_command_encode(&f, out));
}

/* Lines begin with a letter, frames with a small number. */
static size_t pump_take(struct virtual *v, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char first = v->hears.n > 0 ? (char)v->hears.p[0] : p[i];
        if (first >= ' ' || first == '\r' || first == '\n')
            pm_virtual_take_lines(v, p + i, 1);
        else if (p[i] != PM_COBS_DELIMITER)
            pm_bytes_append(&v->hears, &p[i], 1);
        else if (v->hears.n > 0)
            pump_frame(v);
    }
    return n;
}

static const struct pm_virtual_does pump = {.begin = pump_begin, .take = pump_take, .line = pump_line};

/* ---- counter ---- */

enum {
    COUNTER_SLOW_MS = 100,
    COUNTER_FAST_MS = 5,
    COUNTER_RATE_MAX = 20 * 1000 * 1000,
    NUMBER_MAX = PM_DECIMAL_MAX + 2
};

/* "1234\r\n" */
static size_t write_number(char *out, uint64_t number)
{
    size_t n = pm_decimal(out, number);
    out[n++] = '\r';
    out[n++] = '\n';
    return n;
}

/* As many numbers as are due and fit. A reader that makes the device wait slows it down, as flow control would. */
static void count(struct virtual *v, size_t due)
{
    char text[4096];
    while (due > 0 && v->says.n + sizeof(text) <= v->says.max) {
        size_t n = 0;
        while (due > 0 && n + NUMBER_MAX <= sizeof(text)) {
            size_t length = write_number(text + n, v->count++);
            n += length;
            v->credit -= (double)length;
            due = due > length ? due - length : 0;
        }
        pm_virtual_say(v, text, n);
    }
}

static void counter_time(struct virtual *v)
{
    struct pm_mono now = pm_loop_now();
    if (v->rate == 0) {
        if (v->says.n == 0)
            count(v, 1);
        v->credit = 0;
    } else {
        v->credit += (double)v->rate * (double)(now.us - v->since.us) / 1e6;
        v->credit = v->credit < v->says.max ? v->credit : v->says.max;
        if (v->credit >= 1)
            count(v, (size_t)v->credit);
    }
    v->since = now;
    pm_timer_set(&v->timer, pm_mono_add_ms(now, v->rate ? COUNTER_FAST_MS : COUNTER_SLOW_MS));
}

static void counter_begin(struct virtual *v)
{
    v->since = pm_loop_now();
    pm_timer_set(&v->timer, pm_mono_add_ms(v->since, COUNTER_SLOW_MS));
}

static void counter_line(struct virtual *v, const char *line)
{
    bool is_rate = strncmp(line, "RATE ", 5) == 0 && isdigit((unsigned char)line[5]);
    char *end = (char *)line;
    unsigned long long rate = is_rate ? strtoull(line + 5, &end, 10) : 0;
    if (!is_rate || *end || rate > COUNTER_RATE_MAX) {
        pm_virtual_say_line(v, "?");
        return;
    }
    v->rate = rate;
    v->credit = 0;
    v->count = 0;
    counter_begin(v);
}

static const struct pm_virtual_does counter = {
    .begin = counter_begin, .take = pm_virtual_take_lines, .line = counter_line, .time = counter_time};

/* ---- all of them ---- */

const struct pm_virtual pm_virtuals[] = {
    {"echo", "Virtual echo", "sends back every byte it gets", &echo},
    {"instrument", "Virtual instrument", "answers SCPI questions such as *IDN? and MEAS:VOLT?", &pm_virtual_instrument},
    {"pump", "Virtual syringe pump", "understands RUN, STP, RAT <ml/min>, RAT, DIS, and command frames 1 to 5", &pump},
    {"counter", "Virtual counter", "counts ten times a second, or RATE <bytes a second> from 0 on, up to 20000000",
     &counter},
    {NULL, NULL, NULL, NULL},
};
