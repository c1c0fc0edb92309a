/* ident.c - see ident.h. */
#include "base/ident.h"

#include "base/base64.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { IDENT_BYTES = PM_IDENT_LENGTH / 4 * 3, FIRST_BUCKETS = 16 };

int pm_ident_make(struct pm_ident *ret)
{
    uint8_t random[IDENT_BYTES];
    ssize_t n = getrandom(random, sizeof(random), 0); /* this few bytes come whole (getrandom(2)) */
    if (n != (ssize_t)sizeof(random))
        return n < 0 ? -errno : -EIO;
    size_t length = pm_base64url_encode(random, sizeof(random), ret->text);
    assert(length == PM_IDENT_LENGTH);
    (void)length;
    return 0;
}

void pm_ident_table_fini(struct pm_ident_table *t)
{
    free(t->buckets);
    *t = (struct pm_ident_table){0};
}

static struct pm_ident_node **bucket_of(const struct pm_ident_table *t, const char *id)
{
    uint64_t hash;
    memcpy(&hash, id, sizeof(hash));
    return &t->buckets[(hash * 0x9e3779b97f4a7c15u >> 32) & (t->n_buckets - 1)];
}

static void insert(struct pm_ident_table *t, struct pm_ident_node *node)
{
    struct pm_ident_node **bucket = bucket_of(t, node->id.text);
    node->next = *bucket;
    *bucket = node;
}

static int grow(struct pm_ident_table *t)
{
    struct pm_ident_table wider = {.n_buckets = t->n_buckets ? t->n_buckets * 2 : FIRST_BUCKETS, .n = t->n};
    wider.buckets = calloc(wider.n_buckets, sizeof(*wider.buckets));
    if (!wider.buckets)
        return -ENOMEM;
    for (size_t i = 0; i < t->n_buckets; i++) {
        for (struct pm_ident_node *node = t->buckets[i], *next; node; node = next) {
            next = node->next;
            insert(&wider, node);
        }
    }
    free(t->buckets);
    *t = wider;
    return 0;
}

int pm_ident_table_add(struct pm_ident_table *t, struct pm_ident_node *node)
{
    if (t->n >= t->n_buckets) {
        int r = grow(t);
        if (r < 0)
            return r;
    }
    insert(t, node);
    t->n++;
    return 0;
}

struct pm_ident_node *pm_ident_table_find(const struct pm_ident_table *t, const char *p, size_t n)
{
    if (n != PM_IDENT_LENGTH || t->n == 0)
        return NULL;
    struct pm_ident_node *node = *bucket_of(t, p);
    while (node && memcmp(node->id.text, p, n) != 0)
        node = node->next;
    return node;
}

void pm_ident_table_remove(struct pm_ident_table *t, struct pm_ident_node *node)
{
    if (t->n == 0)
        return;
    struct pm_ident_node **at = bucket_of(t, node->id.text);
    while (*at && *at != node)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = node->next;
    t->n--;
}
