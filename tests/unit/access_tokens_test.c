/* access_tokens_test.c - tokens: made, shown right and wrong, paused, ended, and kept as hashes. */
#include "access/grants.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { NOW = 1700000000, LATER = NOW + PM_GRANT_DAY, UID = 1001 };

static const struct pm_mono start = {1000000};

static struct pm_mono at(int64_t seconds)
{
    return pm_mono_add_ms(start, seconds * 1000);
}

static int check(struct pm_tokens *t, int64_t uid, const char *text, struct pm_mono when)
{
    struct pm_token *found;
    return pm_tokens_check(t, uid, text, strlen(text), NOW, when, &found);
}

static void make(struct pm_tokens *t, const char *name, char out[PM_TOKEN_LENGTH + 1])
{
    assert_int_equal(pm_tokens_create(t, name, PM_SCOPE_READ | PM_SCOPE_WRITE, NOW, LATER, out), 0);
    assert_int_equal(strlen(out), PM_TOKEN_LENGTH);
    assert_memory_equal(out, "pmt_", 4);
}

/* B36 */
static void only_the_exact_text_is_right(void **state)
{
    struct pm_tokens t = {0};
    struct pm_token *found;
    char lab[PM_TOKEN_LENGTH + 1], shop[PM_TOKEN_LENGTH + 1], wrong[PM_TOKEN_LENGTH + 2];
    (void)state;
    make(&t, "lab", lab);
    make(&t, "shop", shop);
    assert_string_not_equal(lab, shop);
    assert_int_equal(pm_tokens_check(&t, UID, shop, PM_TOKEN_LENGTH, NOW, start, &found), 0);
    assert_string_equal(found->name, "shop");
    assert_int_equal(found->scopes, PM_SCOPE_READ | PM_SCOPE_WRITE);
    for (int64_t i = 0; i < PM_TOKEN_LENGTH; i++) { /* each of another user: nobody is paused */
        memcpy(wrong, lab, sizeof(lab));
        wrong[i] ^= 1;
        assert_int_equal(check(&t, i, wrong, start), -EACCES);
    }
    snprintf(wrong, sizeof(wrong), "%sA", lab);
    assert_int_equal(check(&t, UID, wrong, start), -EACCES);
    wrong[PM_TOKEN_LENGTH - 1] = 0;
    assert_int_equal(check(&t, UID, wrong, start), -EACCES);
    assert_int_equal(check(&t, UID, "", start), -EACCES);
    assert_int_equal(pm_tokens_check(&t, UID, lab, PM_TOKEN_LENGTH, LATER, start, &found), -EACCES);
    assert_int_equal(check(&t, UID, lab, start), 0);
}

/* A place that is free has a hash of zeros, which is that of no text, and is none to be found by. */
static void an_empty_set_lets_nobody_in(void **state)
{
    struct pm_tokens t = {0};
    (void)state;
    assert_int_equal(check(&t, UID, "", start), -EACCES);
    assert_int_equal(check(&t, UID, "pmt_", start), -EACCES);
}

/* B37 */
static void five_wrong_ones_close_it_for_a_while(void **state)
{
    struct pm_tokens t = {0};
    char lab[PM_TOKEN_LENGTH + 1];
    (void)state;
    make(&t, "lab", lab);
    for (int i = 0; i < PM_TOKEN_WRONG; i++)
        assert_int_equal(check(&t, UID, "pmt_wrong", at(i)), -EACCES);
    assert_int_equal(check(&t, UID, lab, at(4)), -EBUSY);
    assert_int_equal(check(&t, UID, lab, at(4 + PM_TOKEN_PAUSE_S - 1)), -EBUSY);
    assert_int_equal(check(&t, UID + 1, lab, at(5)), 0); /* others do not suffer */
    assert_int_equal(check(&t, -1, lab, at(5)), 0);
    assert_int_equal(check(&t, UID, lab, at(4 + PM_TOKEN_PAUSE_S)), 0);
}

static void pauses_double_and_are_forgotten(void **state)
{
    struct pm_tokens t = {0};
    int64_t when = 0;
    static const int pauses[] = {30, 60, 120, 240, 480, 600, 600};
    (void)state;
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        for (int k = 0; k < PM_TOKEN_WRONG; k++)
            assert_int_equal(check(&t, UID, "x", at(when)), -EACCES);
        assert_int_equal(check(&t, UID, "x", at(when + pauses[i] - 1)), -EBUSY);
        when += pauses[i];
    }
    when += PM_TOKEN_PAUSE_MAX_S;
    for (int k = 0; k < PM_TOKEN_WRONG; k++)
        assert_int_equal(check(&t, UID, "x", at(when)), -EACCES);
    assert_int_equal(check(&t, UID, "x", at(when + PM_TOKEN_PAUSE_S)), -EACCES);
}

/* One mistake every 16 seconds is no search. */
static void slow_mistakes_close_nothing(void **state)
{
    struct pm_tokens t = {0};
    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(check(&t, UID, "x", at(i * 16)), -EACCES);
}

static void names_and_room_are_bounded(void **state)
{
    struct pm_tokens t = {0};
    char name[PM_TOKEN_NAME], token[PM_TOKEN_LENGTH + 1];
    (void)state;
    assert_true(pm_token_is_name("lab-2.A_b"));
    assert_false(pm_token_is_name(""));
    assert_false(pm_token_is_name("a b"));
    assert_false(pm_token_is_name("a\n"));
    assert_true(pm_token_is_name("12345678901234567890123456789012"));
    assert_false(pm_token_is_name("123456789012345678901234567890123"));
    for (int i = 0; i < PM_TOKENS_MAX; i++) {
        snprintf(name, sizeof(name), "t%d", i);
        make(&t, name, token);
    }
    assert_int_equal(pm_tokens_create(&t, "more", PM_SCOPE_READ, NOW, LATER, token), -ENOSPC);
    assert_int_equal(pm_tokens_create(&t, "t3", PM_SCOPE_READ, NOW, LATER, token), -EEXIST);
    assert_int_equal(pm_tokens_end(&t, "t3"), 4);
    assert_int_equal(pm_tokens_end(&t, "t3"), 0);
    assert_int_equal(pm_tokens_end(&t, ""), 0);
    assert_int_equal(t.n, PM_TOKENS_MAX - 1);
    make(&t, "t3", token);
    assert_int_equal(pm_tokens_end(&t, "t3"), PM_TOKENS_MAX + 1); /* a new number: no client of the old one is meant */
}

static void the_end_comes_in_time(void **state)
{
    struct pm_tokens t = {0};
    char token[PM_TOKEN_LENGTH + 1];
    (void)state;
    assert_int_equal(pm_tokens_next_end(&t), 0);
    make(&t, "lab", token);
    assert_int_equal(pm_tokens_create(&t, "soon", PM_SCOPE_READ, NOW, NOW + 5, token), 0);
    assert_int_equal(pm_tokens_next_end(&t), NOW + 5);
    assert_null(pm_tokens_over(&t, NOW + 4));
    assert_string_equal(pm_tokens_over(&t, NOW + 5)->name, "soon");
}

/* The file has no secret in it, and who reads it back knows the same tokens. */
static void kept_as_hashes(void **state)
{
    struct pm_grants g, again;
    struct pm_bytes text;
    char token[PM_TOKEN_LENGTH + 1];
    (void)state;
    pm_grants_init(&g);
    pm_grants_init(&again);
    make(&g.tokens, "lab", token);
    assert_int_equal(pm_grants_write(&g, &text), 0);
    assert_null(memmem(text.p, text.n, token + 4, PM_TOKEN_LENGTH - 4));
    assert_int_equal(pm_grants_read(&again, text.p, text.n), 0);
    assert_int_equal(again.tokens.n, 1);
    assert_int_equal(check(&again.tokens, UID, token, start), 0);
    pm_bytes_fini(&text);
}

static void a_damaged_file_holds_no_token(void **state)
{
    static const char form[] =
        "{\"version\":1,\"clock\":\"2026-11-22T10:00:00Z\",\"grants\":[],\"tokens\":[{\"name\":"
        "\"%s\",\"scopes\":%s,\"sha256\":\"%s\",\"created\":\"2026-11-22T10:00:00Z\",\"last_used\":"
        "\"1970-01-01T00:00:00Z\",\"expires\":\"2027-11-22T10:00:00Z\"}%s]}";
    static const char hash[] = "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318";
    static const struct {
        const char *name, *scopes, *hash, *more;
        int result;
    } rows[] = {
        {"lab", "[\"read\",\"record\"]", hash, "", 0},
        {"", "[\"read\"]", hash, "", -EBADMSG},
        {"a b", "[\"read\"]", hash, "", -EBADMSG},
        {"lab", "[]", hash, "", -EBADMSG},
        {"lab", "[\"write\"]", hash, "", -EBADMSG},
        {"lab", "[\"read\",\"read\"]", hash, "", -EBADMSG},
        {"lab", "[\"read\",\"admin\"]", hash, "", -EBADMSG},
        {"lab", "[\"read\",7]", hash, "", -EBADMSG},
        {"lab", "\"read\"", hash, "", -EBADMSG},
        {"lab", "[\"read\"]", "9f43", "", -EBADMSG},
        {"lab", "[\"read\"]", "9F4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318", "", -EBADMSG},
        {"lab", "[\"read\"]", hash, ",{}", -EBADMSG},
    };
    char text[1000];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pm_grants g;
        pm_grants_init(&g);
        int n = snprintf(text, sizeof(text), form, rows[i].name, rows[i].scopes, rows[i].hash, rows[i].more);
        assert_int_equal(pm_grants_read(&g, text, (size_t)n), rows[i].result);
        assert_int_equal(g.tokens.n, rows[i].result == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_exact_text_is_right),
        cmocka_unit_test(an_empty_set_lets_nobody_in),
        cmocka_unit_test(five_wrong_ones_close_it_for_a_while),
        cmocka_unit_test(pauses_double_and_are_forgotten),
        cmocka_unit_test(slow_mistakes_close_nothing),
        cmocka_unit_test(names_and_room_are_bounded),
        cmocka_unit_test(the_end_comes_in_time),
        cmocka_unit_test(kept_as_hashes),
        cmocka_unit_test(a_damaged_file_holds_no_token),
    };
    return cmocka_run_group_tests_name("access/tokens", tests, NULL, NULL);
}
