/* base_bytes_test.c - bounded buffers, shared blocks, lists, identifiers. */
#include "base/bytes.h"
#include "base/ident.h"
#include "base/list.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void buffer_holds_its_maximum_and_no_more(void **state)
{
    (void)state;
    struct pm_bytes b = pm_bytes_empty(10);
    assert_int_equal(pm_bytes_append(&b, "012345678", 9), 0);
    assert_int_equal(pm_bytes_append(&b, "ab", 2), -ENOBUFS);
    assert_int_equal(b.n, 9);
    assert_int_equal(pm_bytes_append(&b, "9", 1), 0);
    assert_int_equal(pm_bytes_append(&b, "x", 1), -ENOBUFS);
    assert_memory_equal(b.p, "0123456789", 10);
    assert_true(b.room <= 10);
    pm_bytes_consume(&b, 4);
    pm_bytes_shrink(&b, 2);
    assert_int_equal(b.n, 6);
    assert_int_equal(b.room, 6);
    assert_memory_equal(b.p, "456789", 6);
    pm_bytes_fini(&b);
    assert_int_equal(b.max, 10);
    assert_int_equal(pm_bytes_append(&b, "again", 5), 0);
    pm_bytes_fini(&b);
}

static void block_lives_as_long_as_its_last_reference(void **state)
{
    (void)state;
    struct pm_block *b = pm_block_new(3);
    assert_non_null(b);
    memcpy(b->bytes, "abc", 3);
    struct pm_block *other = pm_block_ref(b);
    b = pm_block_unref(b);
    assert_null(b);
    assert_memory_equal(other->bytes, "abc", 3);
    pm_block_unref(other);
    assert_null(pm_block_new((size_t)UINT32_MAX + 1));
}

struct item {
    struct pm_link link;
    int value;
};

static void list_walk_survives_removal_of_the_present_member(void **state)
{
    (void)state;
    struct pm_link head;
    struct item items[4] = {{.value = 1}, {.value = 2}, {.value = 3}, {.value = 4}};
    int sum = 0;
    pm_list_init(&head);
    for (int i = 0; i < 4; i++)
        pm_list_append(&head, &items[i].link);
    pm_list_for_each (link, &head) {
        struct item *item = pm_container(link, struct item, link);
        sum = sum * 10 + item->value;
        if (item->value % 2)
            pm_list_remove(link);
    }
    assert_int_equal(sum, 1234);
    assert_ptr_equal(head.next, &items[1].link);
    assert_ptr_equal(head.prev, &items[3].link);
    pm_list_remove(&items[0].link); /* removing twice is fine */

    struct pm_link taken;
    pm_list_take(&taken, &head);
    assert_true(pm_list_empty(&head));
    assert_ptr_equal(taken.next, &items[1].link);
    assert_ptr_equal(items[3].link.next, &taken);
}

static void table_finds_what_was_added_and_nothing_else(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    struct pm_ident_table t = {0};
    struct pm_ident_node *nodes = calloc(COUNT, sizeof(*nodes));
    assert_non_null(nodes);
    assert_null(pm_ident_table_find(&t, "12345678901234567890", 20));
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(pm_ident_make(&nodes[i].id), 0);
        assert_null(pm_ident_table_find(&t, nodes[i].id.text, PM_IDENT_LENGTH)); /* never the same twice */
        assert_int_equal(pm_ident_table_add(&t, &nodes[i]), 0);
    }
    for (int i = 0; i < COUNT; i += 2)
        pm_ident_table_remove(&t, &nodes[i]);
    pm_ident_table_remove(&t, &nodes[0]);
    assert_int_equal(t.n, COUNT / 2);
    for (int i = 0; i < COUNT; i++) {
        struct pm_ident_node *found = pm_ident_table_find(&t, nodes[i].id.text, PM_IDENT_LENGTH);
        assert_ptr_equal(found, i % 2 ? &nodes[i] : NULL);
        assert_null(pm_ident_table_find(&t, nodes[i].id.text, PM_IDENT_LENGTH - 1));
        assert_int_equal(strspn(nodes[i].id.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") >=
                             PM_IDENT_LENGTH,
                         1);
    }
    pm_ident_table_fini(&t);
    free(nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_holds_its_maximum_and_no_more),
        cmocka_unit_test(block_lives_as_long_as_its_last_reference),
        cmocka_unit_test(list_walk_survives_removal_of_the_present_member),
        cmocka_unit_test(table_finds_what_was_added_and_nothing_else),
    };
    return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}
