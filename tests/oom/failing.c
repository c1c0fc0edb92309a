/* failing.c - see failing.h; the linker sends every malloc() of the code under test through here (ld --wrap). */
#include "failing.h"

#include <stddef.h>
#include <string.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strndup(const char *text, size_t n);

static unsigned long count, failing;

void pm_fail_allocation(unsigned long n)
{
    count = 0;
    failing = n;
}

unsigned long pm_allocations(void)
{
    return count;
}

void *__wrap_malloc(size_t n)
{
    return ++count == failing ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return ++count == failing ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return ++count == failing ? NULL : __real_realloc(p, n);
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
