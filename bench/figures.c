/* figures.c - see figures.h. */
#include "figures.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 1 << 20 };

int figures_init(struct figures *f)
{
    f->samples = malloc(SAMPLES * sizeof(*f->samples));
    f->n = 0;
    return f->samples ? 0 : -1;
}

void figures_clear(struct figures *f)
{
    f->n = 0;
}

void figures_sample(struct figures *f, uint64_t ns)
{
    if (f->n < SAMPLES)
        f->samples[f->n++] = ns / 10 < UINT32_MAX ? (uint32_t)(ns / 10) : UINT32_MAX;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void figures_sort(struct figures *f)
{
    qsort(f->samples, f->n, sizeof(f->samples[0]), compare);
}

double figures_at(const struct figures *f, double part)
{
    return f->n ? f->samples[(size_t)((double)(f->n - 1) * part)] / 100.0 : 0;
}

static uint64_t cpu_of_task(int pid, const char *task)
{
    char path[320], line[128] = "";
    snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, task);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    char *got = fgets(line, sizeof(line), f);
    fclose(f);
    return got ? strtoull(line, NULL, 10) : 0;
}

/* The sum of something over the processes that one thread started. */
static double of_children(int pid, const char *task, double (*of)(int pid))
{
    char path[320], line[4096] = "";
    double sum = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%s/children", pid, task);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    if (fgets(line, sizeof(line), f)) {
        char *end;
        for (char *p = line; *p >= '0' && *p <= '9'; p = *end ? end + 1 : end)
            sum += of((int)strtol(p, &end, 10));
    }
    fclose(f);
    return sum;
}

/* The sum of what each thread has and of what the children have. */
static double of_tasks(int pid, uint64_t (*of_task)(int pid, const char *task), double (*of)(int pid))
{
    char path[64];
    double sum = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *e; tasks && (e = readdir(tasks));) {
        if (e->d_name[0] == '.')
            continue;
        sum += of_task ? (double)of_task(pid, e->d_name) : 0;
        sum += of_children(pid, e->d_name, of);
    }
    if (tasks)
        closedir(tasks);
    return sum;
}

static double cpu(int pid)
{
    return of_tasks(pid, cpu_of_task, cpu);
}

uint64_t bench_cpu(int pid)
{
    return (uint64_t)cpu(pid);
}

/* The number behind a word in a file of /proc, in bytes. */
static double kilobytes(int pid, const char *file, const char *word)
{
    char path[64], line[256];
    double sum = 0;
    snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f)) {
        if (strncmp(line, word, strlen(word)) == 0)
            sum = strtod(line + strlen(word), NULL) * 1024;
    }
    if (f)
        fclose(f);
    return sum;
}

double bench_peak(int pid)
{
    return kilobytes(pid, "status", "VmHWM:") + of_tasks(pid, NULL, bench_peak);
}

double bench_private(int pid)
{
    return kilobytes(pid, "smaps_rollup", "Private_Dirty:") + of_tasks(pid, NULL, bench_private);
}

void bench_die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

unsigned bench_number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end || value > UINT32_MAX)
        bench_die("not a number");
    return (unsigned)value;
}

uint64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
