/* origins.c - see origins.h. */
#include "net/origins.h"

#include <stdlib.h>
#include <string.h>

struct pm_origin_use {
    struct pm_link link;
    unsigned connections;
    size_t n;
    char text[];
};

static struct pm_origin_use *find(const struct pm_link *all, const char *text, size_t n)
{
    pm_list_for_each (link, all) {
        struct pm_origin_use *u = pm_container(link, struct pm_origin_use, link);
        if (u->n == n && memcmp(u->text, text, n) == 0)
            return u;
    }
    return NULL;
}

static struct pm_origin_use *add(struct pm_link *all, const char *text, size_t n)
{
    struct pm_origin_use *u = malloc(sizeof(*u) + n);
    if (!u)
        return NULL;
    u->connections = 0;
    u->n = n;
    memcpy(u->text, text, n);
    pm_list_append(all, &u->link);
    return u;
}

void pm_origin_leave(struct pm_origin_use **use)
{
    struct pm_origin_use *u = *use;
    *use = NULL;
    if (u && --u->connections == 0) {
        pm_list_remove(&u->link);
        free(u);
    }
}

bool pm_origin_enter(struct pm_link *all, struct pm_origin_use **use, const char *text, size_t n, unsigned limit)
{
    struct pm_origin_use *had = *use;
    if (n == 0 || (had && had->n == n && memcmp(had->text, text, n) == 0))
        return true;
    struct pm_origin_use *u = find(all, text, n);
    if (!u)
        u = add(all, text, n);
    if (!u || u->connections >= limit)
        return false;
    u->connections++;
    pm_origin_leave(use);
    *use = u;
    return true;
}
