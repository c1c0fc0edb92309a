/* failing.c - see failing.h; the linker sends every malloc() of the code under test through here (ld --wrap). */
#include "failing.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t count, size_t n);
char *__wrap_strndup(const char *text, size_t n);

static atomic_ulong count, first, last;

void pm_fail_allocation(unsigned long n)
{
    first = last = n;
    count = 0;
}

void pm_fail_allocations_from(unsigned long n)
{
    first = n;
    last = ULONG_MAX;
    count = 0;
}

static bool fails(void)
{
    unsigned long now = ++count;
    return now >= first && now <= last;
}

unsigned long pm_allocations(void)
{
    return count;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
    return size > 0 && n > SIZE_MAX / size ? NULL : __wrap_realloc(p, n * size);
}

char *__wrap_strndup(const char *text, size_t n)
{
    size_t length = strnlen(text, n);
    char *copy = __wrap_malloc(length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = 0;
    }
    return copy;
}
