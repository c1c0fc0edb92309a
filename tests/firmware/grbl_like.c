/* grbl_like.c - an ATmega328P that behaves towards its line as GRBL 1.1 does: 128 bytes of receive buffer that an
 * interrupt fills, one answer to each line, single characters that act at once. It moves nothing, but takes its time,
 * and counts what a sender without manners would have made it lose. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <stdlib.h>
#include <string.h>
#include <util/delay.h>

#define BAUD 115200UL

enum { ROOM = 128, LINE_MAX = 80, MOTION_MS = 3, CAN = 0x18 };

static volatile char ring[ROOM];
static volatile uint8_t filled, most; /* bytes in the ring, now and at most */
static volatile uint16_t lost;
static volatile uint8_t hold, reset, report;
static uint8_t head, tail;
static long x;

ISR(USART_RX_vect)
{
    char c = (char)UDR0;
    if (c == '?') {
        report = 1;
    } else if (c == '!') {
        hold = 1;
    } else if (c == '~') {
        hold = 0;
    } else if (c == CAN) {
        reset = 1;
    } else if (filled == ROOM - 1) { /* as GRBL's: one place stays free */
        lost++;
    } else {
        ring[head] = c;
        head = (uint8_t)((head + 1) % ROOM);
        if (++filled > most)
            most = filled;
    }
}

static void say(const char *text)
{
    for (; *text; text++) {
        while (!(UCSR0A & _BV(UDRE0)))
            ;
        UDR0 = (uint8_t)*text;
    }
}

static void say_number(long n)
{
    char text[12];
    say(ltoa(n, text, 10));
}

static void say_status(void)
{
    say(hold ? "<Hold:0|MPos:" : "<Idle|MPos:");
    say_number(x);
    say(".000,0.000,0.000|Most:");
    say_number(most);
    say("|Lost:");
    say_number((long)lost);
    say(">\r\n");
}

/* What acts at once. 1: it was reset meanwhile. */
static uint8_t look(void)
{
    if (report) {
        report = 0;
        say_status();
    }
    return reset;
}

/* 1: reset. */
static uint8_t move(void)
{
    uint8_t i;
    for (i = 0; i < MOTION_MS || hold; i = i < MOTION_MS ? (uint8_t)(i + 1) : i) {
        _delay_ms(1);
        if (look())
            return 1;
    }
    return 0;
}

static void run(const char *line)
{
    if (strcmp(line, "$$") == 0)
        say("$0=10\r\n$110=500.000\r\nok\r\n");
    else if (line[0] == 0 || line[0] == '$')
        say("ok\r\n");
    else if (line[0] != 'G')
        say("error:20\r\n");
    else if (!move()) {
        const char *to = strchr(line, 'X');
        x = to ? atol(to + 1) : x;
        say("ok\r\n");
    }
}

static void begin(void)
{
    cli();
    head = tail = filled = most = hold = reset = report = 0;
    lost = 0;
    x = 0;
    sei();
    say("\r\nGrbl 1.1h ['$' for help]\r\n");
}

int main(void)
{
    char line[LINE_MAX + 1];
    uint8_t n = 0;
    UCSR0A = _BV(U2X0);
    UBRR0 = (uint16_t)((F_CPU / 8 + BAUD / 2) / BAUD - 1);
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
    begin();
    for (;;) {
        if (look()) {
            begin();
            n = 0;
        }
        if (filled == 0)
            continue;
        char c = ring[tail];
        tail = (uint8_t)((tail + 1) % ROOM);
        cli();
        filled--;
        sei();
        if (c == '\r')
            continue;
        if (c != '\n') {
            if (n < LINE_MAX)
                line[n++] = c;
            continue;
        }
        line[n] = 0;
        n = 0;
        run(line);
    }
}
