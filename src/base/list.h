/* list.h - intrusive doubly linked lists: the link is inside the object, so nothing is allocated and removal needs no
 * search. */
#ifndef PM_BASE_LIST_H
#define PM_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Put one inside the object; a list's head is a link too, in a ring with its members. */
struct pm_link {
    struct pm_link *prev, *next;
};

static inline void pm_list_init(struct pm_link *head)
{
    head->prev = head->next = head;
}

static inline bool pm_list_empty(const struct pm_link *head)
{
    return head->next == head;
}

static inline void pm_list_append(struct pm_link *head, struct pm_link *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

/* Take a link out of whatever list it is in; removing twice, or one that was initialised and never put in, is fine. */
static inline void pm_list_remove(struct pm_link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    pm_list_init(l);
}

/* Move all members of `from` to the empty or uninitialised list `to`. */
static inline void pm_list_take(struct pm_link *to, struct pm_link *from)
{
    pm_list_init(to);
    if (pm_list_empty(from))
        return;
    *to = *from;
    to->next->prev = to->prev->next = to;
    pm_list_init(from);
}

/* The object that holds `member` at this address. */
#define pm_container(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* Walk; the body may remove the member it stands on, and no other. */
#define pm_list_for_each(link, head)                                                                                   \
    for (struct pm_link *link = (head)->next, *link##_next = link->next; link != (head);                               \
         link = link##_next, link##_next = link->next)

#endif
