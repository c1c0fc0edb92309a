/* daemon_teller_test.c - what is told in the terminal, and how often. */
#include "daemon/teller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What it writes for this event, told so often at once. */
static void tell(struct pm_teller *t, const char *event, const json_t *data, unsigned times, char *out, size_t room)
{
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    assert_non_null(file);
    assert_true(before >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    for (unsigned i = 0; i < times; i++)
        t->client.ops->on_event(&t->client, event, data, 0);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    rewind(file);
    out[fread(out, 1, room - 1, file)] = 0;
    fclose(file);
}

static unsigned count_lines(const char *text)
{
    unsigned n = 0;
    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

static void a_question_that_the_terminal_asks_is_not_told_too(void **state)
{
    char out[8192];
    struct pm_loop loop;
    struct pm_api *api;
    struct pm_devices_options options = {0};
    struct pm_teller t = {0};
    struct pm_prompt prompt = {.fd = -1, .id = "q_1"};
    json_t *asked = json_pack("{s:s, s:s}", "id", "q_1", "origin", "https://app.example");
    json_t *waits = json_pack("{s:s, s:s}", "id", "q_2", "origin", "https://app.example");
    (void)state;
    assert_int_equal(pm_loop_init(&loop), 0);
    assert_int_equal(pm_api_new(&loop, &options, NULL, &api), 0);
    pm_teller_begin(&t, api, &prompt);
    tell(&t, "consent-requested", asked, 1, out, sizeof(out));
    assert_string_equal(out, "");
    tell(&t, "consent-requested", waits, 1, out, sizeof(out));
    assert_non_null(strstr(out, "with \"peripheral-manager approve q_2\", turn it away with "
                                "\"peripheral-manager deny q_2\""));
    pm_teller_end(&t);
    pm_api_free(api);
    pm_loop_fini(&loop);
    json_decref(asked);
    json_decref(waits);
}

static void errors_of_a_line_are_told_once_a_second(void **state)
{
    char out[8192];
    struct pm_loop loop;
    struct pm_api *api;
    struct pm_devices_options options = {0};
    struct pm_teller t = {0};
    struct pm_prompt nobody_is_asked = {.fd = -1};
    json_t *errors = json_pack("{s:s, s:i}", "name", "pump", "framing", 3);
    (void)state;
    assert_int_equal(pm_loop_init(&loop), 0);
    assert_int_equal(pm_api_new(&loop, &options, NULL, &api), 0);
    pm_teller_begin(&t, api, &nobody_is_asked);
    tell(&t, "line-error", errors, 20, out, sizeof(out));
    assert_non_null(strstr(out, "\"pump\" has had errors on the line: 3 framing"));
    assert_int_equal(count_lines(out), 1);
    tell(&t, "connection-released", errors, 3, out, sizeof(out)); /* all else as often as it happens */
    assert_int_equal(count_lines(out), 3);
    t.errors_told_at.us -= 1000000;
    tell(&t, "line-error", errors, 20, out, sizeof(out));
    assert_int_equal(count_lines(out), 1);
    pm_teller_end(&t);
    pm_api_free(api);
    pm_loop_fini(&loop);
    json_decref(errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(errors_of_a_line_are_told_once_a_second),
                                       cmocka_unit_test(a_question_that_the_terminal_asks_is_not_told_too)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
