/* virtual.c - see virtual.h. What a device says is queued and told from the loop, as a real one's bytes come. */
#include "device/virtual.h"

#include "base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAYS_MAX = 256 * 1024, HEARS_MAX = 256, COUNTER_MS = 100 };

struct virtual
{
    struct pm_port port;
    const struct pm_virtual *kind;
    struct pm_timer timer;
    struct pm_turn talk;
    struct pm_bytes says;  /* not told yet */
    struct pm_bytes hears; /* a line that is not complete */
    bool paused, full;
    unsigned signals, told; /* PM_SIGNAL_*: now, and as the owner knows them */
    unsigned count;         /* counter: the next number */
    double pumped;          /* syringe pump: millilitres */
    double rate;            /* millilitres a minute */
    bool running;
};

const struct pm_virtual pm_virtuals[] = {
    {"echo", "Virtual echo", "sends back every byte it gets"},
    {"instrument", "Virtual instrument", "answers SCPI questions such as *IDN? and MEAS:VOLT?"},
    {"pump", "Virtual syringe pump", "understands RUN, STP, RAT <ml/min>, RAT, DIS"},
    {"counter", "Virtual counter", "sends the next number ten times a second"},
    {NULL, NULL, NULL},
};

static void say(struct virtual *v, const void *p, size_t n)
{
    if (pm_bytes_append(&v->says, p, n) == 0)
        pm_turn_ask(&v->talk, v->port.loop);
}

static void say_line(struct virtual *v, const char *text)
{
    say(v, text, strlen(text));
    say(v, "\r\n", 2);
}

static void tell_signals(struct virtual *v)
{
    unsigned changed = (v->signals ^ v->told) & ~(unsigned)PM_SIGNALS_OUT;
    v->told = v->signals;
    if (changed)
        v->port.events->on_signals(v->port.owner, v->signals, changed);
}

static void on_talk(struct pm_turn *t)
{
    struct virtual *v = pm_container(t, struct virtual, talk);
    tell_signals(v);
    if (v->port.closed || v->paused || v->says.n == 0)
        return;
    struct pm_bytes told = v->says; /* the owner may write while it is told */
    v->says = pm_bytes_empty(told.max);
    bool was_full = v->full;
    v->full = false;
    v->port.events->on_rx(v->port.owner, told.p, told.n);
    pm_bytes_fini(&told);
    if (was_full && !v->port.closed)
        v->port.events->on_writable(v->port.owner);
}

/* ---- what they understand ---- */

static void instrument_line(struct virtual *v, const char *line)
{
    if (strcmp(line, "*IDN?") == 0)
        say_line(v, "Peripheral Manager,Virtual instrument,0001,1.0");
    else if (strcmp(line, "MEAS:VOLT?") == 0)
        say_line(v, "+4.99870E+00");
    else if (strcmp(line, "MEAS:CURR?") == 0)
        say_line(v, "+1.25000E-01");
    else if (strcmp(line, "SYST:ERR?") == 0)
        say_line(v, "0,\"No error\"");
    else if (strchr(line, '?'))
        say_line(v, "-113,\"Undefined header\"");
}

static void pump_line(struct virtual *v, const char *line)
{
    char answer[64];
    char *end;
    if (strcmp(line, "RUN") == 0 || strcmp(line, "STP") == 0) {
        v->running = line[0] == 'R';
        say_line(v, v->running ? "00I" : "00P");
    } else if (strcmp(line, "RAT") == 0) {
        snprintf(answer, sizeof(answer), "00%c%.3fMM", v->running ? 'I' : 'S', v->rate);
        say_line(v, answer);
    } else if (strncmp(line, "RAT ", 4) == 0) {
        double rate = strtod(line + 4, &end);
        bool good = end != line + 4 && *end == 0 && rate > 0 && rate <= 100;
        v->rate = good ? rate : v->rate;
        say_line(v, good ? "00S" : "00S?OOR");
    } else if (strcmp(line, "DIS") == 0) {
        snprintf(answer, sizeof(answer), "00SI%.3fW0.000ML", v->pumped);
        say_line(v, answer);
    } else {
        say_line(v, "00S?");
    }
}

static void hear_line(struct virtual *v)
{
    char line[HEARS_MAX + 1];
    memcpy(line, v->hears.p, v->hears.n);
    line[v->hears.n] = 0;
    v->hears.n = 0;
    if (strcmp(v->kind->name, "pump") == 0)
        pump_line(v, line);
    else
        instrument_line(v, line);
}

static void hear(struct virtual *v, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '\r' && p[i] != '\n')
            pm_bytes_append(&v->hears, &p[i], 1); /* an instrument cuts a line that is too long */
        else if (v->hears.n > 0)
            hear_line(v);
    }
}

static void on_time(struct pm_timer *t)
{
    struct virtual *v = t->owner;
    char number[16];
    if (strcmp(v->kind->name, "counter") == 0) {
        snprintf(number, sizeof(number), "%u", v->count++);
        say_line(v, number);
    } else if (v->running) {
        v->pumped += v->rate / 60 * COUNTER_MS / 1000;
    }
    pm_timer_set(t, pm_mono_add_ms(pm_loop_now(), COUNTER_MS));
}

/* ---- the port ---- */

static ssize_t virtual_write(struct pm_port *p, const void *bytes, size_t n)
{
    struct virtual *v = (struct virtual *)p;
    if (strcmp(v->kind->name, "echo") != 0) {
        hear(v, bytes, n);
        return (ssize_t)n;
    }
    size_t room = v->says.max - v->says.n, part = n < room ? n : room;
    say(v, bytes, part);
    v->full = part < n;
    return (ssize_t)part;
}

static void virtual_pause(struct pm_port *p, bool paused)
{
    struct virtual *v = (struct virtual *)p;
    v->paused = paused;
    if (!paused && v->says.n > 0)
        pm_turn_ask(&v->talk, v->port.loop);
}

static size_t virtual_pending(struct pm_port *p)
{
    (void)p; /* nothing lies between it and its wire */
    return 0;
}

static int virtual_configure(struct pm_port *p, struct pm_port_settings *settings)
{
    (void)p, (void)settings; /* it follows any line */
    return 0;
}

static int virtual_get_signals(struct pm_port *p)
{
    return (int)((struct virtual *)p)->signals;
}

/* Wired as a loopback plug is: RTS is CTS, and DTR is DSR and DCD. */
static int virtual_set_signals(struct pm_port *p, unsigned mask, unsigned values)
{
    struct virtual *v = (struct virtual *)p;
    unsigned out = (v->signals & PM_SIGNALS_OUT & ~mask) | (values & mask);
    v->signals =
        out | (out & PM_SIGNAL_RTS ? PM_SIGNAL_CTS : 0) | (out & PM_SIGNAL_DTR ? PM_SIGNAL_DSR | PM_SIGNAL_DCD : 0);
    pm_turn_ask(&v->talk, p->loop);
    return 0;
}

static int virtual_discard(struct pm_port *p, unsigned what, size_t *rx, size_t *tx)
{
    struct virtual *v = (struct virtual *)p;
    *tx = what & PM_DISCARD_TX ? v->hears.n : 0;
    *rx = what & PM_DISCARD_RX ? v->says.n : 0;
    pm_bytes_consume(&v->hears, *tx);
    pm_bytes_consume(&v->says, *rx);
    return 0;
}

static void on_closed(void *owner)
{
    free(owner);
}

static void virtual_close(struct pm_port *p)
{
    struct virtual *v = (struct virtual *)p;
    pm_turn_cancel(&v->talk);
    pm_bytes_fini(&v->says);
    pm_bytes_fini(&v->hears);
    pm_timer_close(&v->timer, on_closed);
}

static const struct pm_port_ops virtual_ops = {.write = virtual_write,
                                               .pause = virtual_pause,
                                               .pending = virtual_pending,
                                               .configure = virtual_configure,
                                               .get_signals = virtual_get_signals,
                                               .set_signals = virtual_set_signals,
                                               .discard = virtual_discard,
                                               .close = virtual_close};

static unsigned at_open(enum pm_at_open wish, unsigned signal)
{
    return wish == PM_AT_OPEN_OFF ? 0 : signal; /* Linux raises them when a port is opened */
}

int pm_virtual_open(const char *name, const struct pm_port_settings *settings, struct pm_loop *loop,
                    const struct pm_port_events *events, void *owner, struct pm_port **ret)
{
    const struct pm_virtual *kind = pm_virtuals;
    while (kind->name && strcmp(kind->name, name) != 0)
        kind++;
    if (!kind->name)
        return -ENOENT;
    struct virtual *v = calloc(1, sizeof(*v));
    if (!v)
        return -ENOMEM;
    v->port =
        (struct pm_port){.ops = &virtual_ops, .events = events, .owner = owner, .loop = loop, .settings = *settings};
    v->kind = kind;
    v->rate = 1;
    v->says = pm_bytes_empty(SAYS_MAX);
    v->hears = pm_bytes_empty(HEARS_MAX);
    pm_turn_init(&v->talk, on_talk);
    virtual_set_signals(&v->port, PM_SIGNALS_OUT,
                        at_open(settings->dtr, PM_SIGNAL_DTR) | at_open(settings->rts, PM_SIGNAL_RTS));
    v->told = v->signals;
    pm_timer_init(&v->timer, loop, on_time, v);
    if (strcmp(name, "counter") == 0 || strcmp(name, "pump") == 0)
        pm_timer_set(&v->timer, pm_mono_add_ms(pm_loop_now(), COUNTER_MS));
    *ret = &v->port;
    return 0;
}
