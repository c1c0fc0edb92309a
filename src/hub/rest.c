/* rest.c - reading a stream less often, so that its bytes go out in fewer and larger pieces. What a stream costs is the
 * number of its pieces times its readers, not its bytes, here and in each page. So a port may rest for some
 * milliseconds once it was read: when its connection asks for throughput, when it goes on and on to many readers, or
 * when this thread is busy beyond what a daemon in the background should be. Never before an answer: a connection that
 * was written to lately is read at once, and so is one whose pauses or times matter to somebody. All that rest go on at
 * once: a client that reads several gets their bytes in one write. */
#include "hub/hub_private.h"

enum {
    BUSY = 40, /* percent of a core: above it streams rest longer, */
    EASY = 20, /* below it shorter */
    BUSY_MS_MAX = 8,
    FORGET_US = 1000000, /* without streams for so long they begin without rest */
    THROUGHPUT_MS = 5,
    SMALL = 2048, /* bytes: a larger piece gains nothing by waiting; and what a driver's buffer of 4 KiB holds
                     surely, since what overruns it is lost on a line without flow control */
    BITS_A_BYTE = 10,
    FEW_READERS = 5,
    CROWD = 10,       /* so many readers of one stream, */
    CROWD_MS = 5,     /* and it rests for so long; in proportion for more of them: about 2,000 pieces a second go out */
    FLOW_PIECES = 32, /* so many without a pause of so long are a stream; fewer may be a message */
    FLOW_GAP_US = 10000,
    PIECES_A_LOOK = 16,
};

unsigned pm_rest_adapt(unsigned ms, const struct pm_load *load)
{
    if (load->window_us > FORGET_US)
        return 0;
    if (load->percent > BUSY)
        return ms == 0 ? 1 : ms * 2 > BUSY_MS_MAX ? BUSY_MS_MAX : ms * 2;
    return load->percent < EASY ? ms / 2 : ms;
}

/* The kernel is asked seldom: not for streams too slow to be the load. */
static unsigned busy_ms(struct pm_hub *h, struct pm_mono now)
{
    if (++h->pieces >= PIECES_A_LOOK && pm_load_look(&h->load, now)) {
        h->pieces = 0;
        h->rest_ms = pm_rest_adapt(h->rest_ms, &h->load);
    }
    return h->rest_ms;
}

static unsigned crowd_ms(const struct pm_connection *c)
{
    if (c->flow < FLOW_PIECES || c->n_readers <= FEW_READERS)
        return 0;
    unsigned ms = c->n_readers * CROWD_MS / CROWD;
    return ms < BUSY_MS_MAX ? ms : BUSY_MS_MAX;
}

static void note_flow(struct pm_connection *c, struct pm_mono now)
{
    if (now.us - c->came.us > FLOW_GAP_US)
        c->flow = 0;
    else if (c->flow < FLOW_PIECES)
        c->flow++;
    c->came = now;
}

static unsigned wanted_ms(struct pm_connection *c, struct pm_mono now)
{
    const struct pm_port_settings *line = &c->options.line;
    unsigned fits = line->baud_rate ? SMALL * BITS_A_BYTE * 1000u / line->baud_rate : BUSY_MS_MAX, ms = 0;
    if (line->latency == PM_LATENCY_THROUGHPUT) {
        ms = THROUGHPUT_MS;
    } else if (line->latency == PM_LATENCY_LOW && !c->tap && now.us - c->written.us > PM_ANSWER_US) {
        unsigned busy = busy_ms(c->hub, now), crowd = crowd_ms(c);
        ms = busy > crowd ? busy : crowd;
    }
    return ms < fits ? ms : fits;
}

void pm_connection_rest(struct pm_connection *c, size_t n)
{
    struct pm_hub *h = c->hub;
    struct pm_mono now = pm_loop_turn(h->loop);
    note_flow(c, now);
    unsigned ms = wanted_ms(c, now);
    if (ms == 0 || n >= SMALL || c->pauses || !c->port || !pm_list_empty(&c->rest))
        return;
    struct pm_mono until = pm_mono_add_ms(pm_loop_now(), ms); /* that of the turn may be 1 ms ago */
    if (pm_list_empty(&h->resting) || until.us < h->rest_until.us) {
        h->rest_until = until;
        pm_timer_set(&h->rest, until);
    }
    pm_list_append(&h->resting, &c->rest);
    pm_port_pause(c->port, true);
}

void pm_connection_wake(struct pm_connection *c)
{
    if (pm_list_empty(&c->rest))
        return;
    pm_list_remove(&c->rest);
    pm_port_pause(c->port, c->paused);
}

/* A stream that goes on is read here and rests again, without a word to the loop. Reading may lose connections. */
void pm_rest_over(struct pm_timer *t)
{
    struct pm_hub *h = t->owner;
    struct pm_link rested;
    pm_list_take(&rested, &h->resting);
    while (!pm_list_empty(&rested)) {
        struct pm_connection *c = pm_container(rested.next, struct pm_connection, rest);
        pm_list_remove(&c->rest);
        if (!c->paused)
            pm_port_read(c->port);
        if (c->port && pm_list_empty(&c->rest))
            pm_port_pause(c->port, c->paused);
    }
}
