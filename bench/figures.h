/* figures.h - what the load generators measure with: samples, and what the kernel knows of the server. */
#ifndef PM_BENCH_FIGURES_H
#define PM_BENCH_FIGURES_H

#include <stddef.h>
#include <stdint.h>

/* Durations; beyond the room for them they are left out. */
struct figures {
    uint32_t *samples; /* in 10 ns */
    size_t n;
};

int figures_init(struct figures *f);
void figures_clear(struct figures *f);
void figures_sample(struct figures *f, uint64_t ns);
void figures_sort(struct figures *f);

/* Microseconds at that part of the sorted samples; 0 if there are none. */
double figures_at(const struct figures *f, double part);

/* CPU nanoseconds that a process, its threads and its children have used so far. */
uint64_t bench_cpu(int pid);

/* Bytes, of a process and its children: most that was ever resident of each, and what is private now. */
double bench_peak(int pid);
double bench_private(int pid);

/* End with a message. */
_Noreturn void bench_die(const char *what);

unsigned bench_number(const char *text);

/* Monotonic nanoseconds. */
uint64_t bench_now(void);

#endif
