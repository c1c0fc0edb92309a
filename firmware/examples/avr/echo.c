/* echo.c - an ATmega328P without any library: answers command 1 with the sum of its arguments, and counts commands for
 * command 2.
 *
 *     avr-gcc -mmcu=atmega328p -DF_CPU=16000000UL -Os -std=c99 -I../.. echo.c -o echo.elf */
#include "peripheral_frame.h"

#include <avr/io.h>

#define BAUD 115200UL

static struct pf_link link;
static int32_t commands;

static void answer(void)
{
    int32_t value = 0;
    uint8_t i;
    commands++;
    for (i = 0; i < pf_count(&link); i++)
        value += pf_arg(&link, i);
    if (pf_id(&link) == 1)
        pf_answer(&link, PF_DONE, &value, 1);
    else if (pf_id(&link) == 2)
        pf_answer(&link, PF_DONE, &commands, 1);
    else
        pf_answer(&link, PF_UNKNOWN, 0, 0);
}

int main(void)
{
    uint8_t i;
    UCSR0A = _BV(U2X0);
    UBRR0 = (uint16_t)((F_CPU / 8 + BAUD / 2) / BAUD - 1);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    for (;;) {
        while (!(UCSR0A & _BV(RXC0)))
            ;
        if (!pf_take(&link, UDR0))
            continue;
        answer();
        for (i = 0; i < link.out_n; i++) {
            while (!(UCSR0A & _BV(UDRE0)))
                ;
            UDR0 = link.out[i];
        }
    }
}
