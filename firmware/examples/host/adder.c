/* adder.c - a device that is a program: answers commands on a serial line or pseudo terminal. Command 1 adds its
 * arguments, command 2 gives them back.
 *
 *     cc -std=c99 -I../.. adder.c -o adder && ./adder /dev/pts/5 */
#define PF_ARGS_MAX 60
#include "peripheral_frame.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void answer(struct pf_link *link)
{
    int32_t values[PF_ARGS_MAX];
    uint8_t i, n = pf_count(link);
    int32_t sum = 0;
    for (i = 0; i < n; i++) {
        values[i] = pf_arg(link, i);
        sum = (int32_t)((uint32_t)sum + (uint32_t)values[i]);
    }
    if (pf_id(link) == 1)
        pf_answer(link, PF_DONE, &sum, 1);
    else if (pf_id(link) == 2 && n < PF_ARGS_MAX)
        pf_answer(link, PF_DONE, values, n);
    else
        pf_answer(link, pf_id(link) == 2 ? PF_COUNT : PF_UNKNOWN, 0, 0);
}

int main(int argc, char **argv)
{
    static struct pf_link link;
    uint8_t byte;
    int fd = argc == 2 ? open(argv[1], O_RDWR | O_NOCTTY) : -1;
    if (fd < 0) {
        fprintf(stderr, "usage: adder DEVICE\n");
        return 1;
    }
    while (read(fd, &byte, 1) == 1) {
        if (!pf_take(&link, byte))
            continue;
        answer(&link);
        if (write(fd, link.out, link.out_n) != link.out_n)
            return 1;
    }
    return 0;
}
