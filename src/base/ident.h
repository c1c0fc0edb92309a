/* ident.h - identifiers that cannot be guessed, and a table that finds objects by them. */
#ifndef PM_BASE_IDENT_H
#define PM_BASE_IDENT_H

#include <stddef.h>
#include <stdint.h>

enum { PM_IDENT_LENGTH = 20 }; /* characters of base64url: 15 bytes, 120 bits from the kernel's random source */

struct pm_ident {
    char text[PM_IDENT_LENGTH];
};

/* Make a new one. 0, or a negative errno if the kernel gives no random bytes. */
int pm_ident_make(struct pm_ident *ret);

/* Put one inside the object that is to be found; the table borrows it. */
struct pm_ident_node {
    struct pm_ident id;
    struct pm_ident_node *next;
};

/* A hash table that doubles as it fills. Zero-initialise; identifiers are random already, so their own bits are the
 * hash. */
struct pm_ident_table {
    struct pm_ident_node **buckets;
    size_t n_buckets, n;
};

void pm_ident_table_fini(struct pm_ident_table *t);

/* Add a node whose id is set and not in the table yet. 0 or -ENOMEM. */
int pm_ident_table_add(struct pm_ident_table *t, struct pm_ident_node *node);

/* The node whose id is exactly the n bytes at p, or NULL. */
struct pm_ident_node *pm_ident_table_find(const struct pm_ident_table *t, const char *p, size_t n);

/* Take a node out; one that is not in the table is left alone. */
void pm_ident_table_remove(struct pm_ident_table *t, struct pm_ident_node *node);

#endif
