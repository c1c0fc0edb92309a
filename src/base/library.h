/* library.h - functions of a library that is loaded when it is needed. */
#ifndef PM_BASE_LIBRARY_H
#define PM_BASE_LIBRARY_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

/* Find a function of a library that dlopen() gave (NULL finds nothing); `ret` is where its pointer goes. POSIX has
 * dlsym() return what is a function as a pointer to data. */
static inline bool pm_library_find(void *library, const char *name, void *ret)
{
    void *found = library ? dlsym(library, name) : NULL;
    *(void **)ret = found;
    return found != NULL;
}

#endif
