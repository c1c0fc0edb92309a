/* who.h - who asks: what the door knows of a client, and what every check goes by. */
#ifndef PM_ACCESS_WHO_H
#define PM_ACCESS_WHO_H

#include "access/origin.h"

#include <stdint.h>
#include <string.h>

enum pm_who_kind {
    PM_WHO_NOBODY,   /* has left, or nobody knows whose program it is: nothing */
    PM_WHO_PAGE,     /* a page of another origin: what it was granted */
    PM_WHO_OWN_PAGE, /* the page that we serve: the devices, but no say over other pages */
    PM_WHO_PROGRAM,  /* a program of this user: it could open the devices without us */
    PM_WHO_PERSON,   /* the control socket, or a console session: everything */
};

struct pm_who {
    enum pm_who_kind kind;
    bool terminal;              /* the person, asked in the daemon's own terminal */
    int64_t uid;                /* of the user whose program it is; -1: nobody knows; less: of another machine */
    uint32_t session;           /* of the console, 0: none */
    uint32_t token;             /* the number of the one it showed, 0: none */
    unsigned scopes;            /* PM_SCOPE_* of that token: no more than it gives, whoever it is */
    char origin[PM_ORIGIN_MAX]; /* of a page, as pm_origin_parse() writes it; else "" */
};

/* Of another machine, which one by the number that the gate gave it. */
static inline int64_t pm_who_machine(uint32_t number)
{
    return -2 - (int64_t)number;
}

static inline bool pm_who_is_remote(const struct pm_who *w)
{
    return w->uid < -1;
}

static inline bool pm_who_is_same(const struct pm_who *a, const struct pm_who *b)
{
    return a->kind == b->kind && a->session == b->session && a->token == b->token && strcmp(a->origin, b->origin) == 0;
}

#endif
