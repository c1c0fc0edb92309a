/* size.c - every function of peripheral_frame.h once, as a firmware has it: what avr-size is to measure. */
#include "peripheral_frame.h"

uint8_t take(struct pf_link *l, uint8_t byte);
int32_t read_command(const struct pf_link *l, uint8_t i);
void answer(struct pf_link *l, int32_t status, const int32_t *values, uint8_t n);
void say(struct pf_link *l, uint8_t sequence, uint16_t id, const int32_t *values, uint8_t n);

uint8_t take(struct pf_link *l, uint8_t byte)
{
    return pf_take(l, byte);
}

int32_t read_command(const struct pf_link *l, uint8_t i)
{
    return i < pf_count(l) ? pf_arg(l, i) + pf_id(l) : pf_sequence(l);
}

void answer(struct pf_link *l, int32_t status, const int32_t *values, uint8_t n)
{
    pf_answer(l, status, values, n);
}

void say(struct pf_link *l, uint8_t sequence, uint16_t id, const int32_t *values, uint8_t n)
{
    pf_say(l, sequence, id, values, n);
}
