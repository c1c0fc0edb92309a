/* pump.ino - an Arduino that takes commands from Peripheral Manager. Put peripheral_frame.h beside this file.
 *
 *     socket.emit("send-command", {name: "pump", "command-id": 3, args: [5000]}, console.log)
 *
 * Commands: 1 run, 2 stop, 3 set the rate (microlitres a minute), 4 get it, 5 get what was pumped (microlitres). */
#include "peripheral_frame.h"

static struct pf_link computer;
static bool running;
static int32_t rate = 1000;       /* microlitres a minute */
static uint32_t pumped_nl, since; /* nanolitres up to `since`, milliseconds */

static void count_up()
{
    uint32_t now = millis();
    if (running)
        pumped_nl += (uint32_t)((uint64_t)(now - since) * rate / 60);
    since = now;
}

static void run_pump(bool run)
{
    count_up();
    running = run;
    digitalWrite(LED_BUILTIN, run ? HIGH : LOW);
}

static bool set_rate(int32_t wanted)
{
    if (wanted <= 0 || wanted > 100000)
        return false;
    count_up();
    rate = wanted;
    return true;
}

static void answer()
{
    static const uint8_t takes[] = {0, 0, 0, 1, 0, 0};
    uint16_t id = pf_id(&computer);
    int32_t value = rate;
    if (id == 0 || id >= sizeof(takes)) {
        pf_answer(&computer, PF_UNKNOWN, 0, 0);
    } else if (pf_count(&computer) != takes[id]) {
        pf_answer(&computer, PF_COUNT, 0, 0);
    } else if (id == 3) {
        pf_answer(&computer, set_rate(pf_arg(&computer, 0)) ? PF_DONE : PF_OUT_OF_RANGE, 0, 0);
    } else if (id >= 4) {
        count_up();
        value = id == 4 ? rate : (int32_t)(pumped_nl / 1000);
        pf_answer(&computer, PF_DONE, &value, 1);
    } else {
        run_pump(id == 1);
        pf_answer(&computer, PF_DONE, 0, 0);
    }
}

void setup()
{
    pinMode(LED_BUILTIN, OUTPUT);
    Serial.begin(115200);
}

void loop()
{
    while (Serial.available()) {
        if (!pf_take(&computer, Serial.read()))
            continue;
        answer();
        Serial.write(computer.out, computer.out_n);
    }
}
