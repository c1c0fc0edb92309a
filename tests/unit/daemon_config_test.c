/* daemon_config_test.c - the configuration file: what it sets, and what it is refused for, with line and column. */
#include "daemon/limits.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int read_text(struct pm_settings *s, const char *text, size_t n, char error[PM_OPTION_ERROR])
{
    pm_options_defaults(pm_setting_rows, s);
    error[0] = 0;
    return pm_config_read(pm_setting_rows, s, "pm.conf", text, n, error);
}

static void test_file_sets_what_it_names(void **state)
{
    static const char text[] = "\xef\xbb\xbf# what this machine serves\n"
                               "[network]\n"
                               "port = 3001\r\n"
                               "\n"
                               "[devices]\n"
                               "  demo = yes\n"
                               "\tallow-pty=on ; for the simulator\n"
                               "[access] # who may come\n"
                               "allow-origin = https://one.example\n"
                               "  allow-origin = https://two.example\n"
                               "[state]\n"
                               "state-dir = /var/lib/here";
    struct pm_settings s;
    char error[PM_OPTION_ERROR];
    (void)state;
    int r = read_text(&s, text, sizeof(text) - 1, error);
    assert_string_equal(error, "");
    assert_int_equal(r, 0);
    assert_int_equal(s.port, 3001);
    assert_true(s.demo && s.allow_pty && !s.ephemeral);
    assert_int_equal(s.allow_origin.n, 2);
    assert_string_equal(s.allow_origin.items[1], "https://two.example");
    assert_string_equal(s.state_dir, "/var/lib/here");
    pm_settings_fini(&s);
}

static void test_mistakes_are_told_with_line_and_column(void **state) /* I23 */
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"[network]\nprot = 1\n", "pm.conf:2:1: there is no setting \"prot\" in the section [network]"},
        {"[network]\n  port = 99999\n", "pm.conf:2:10: \"port\" must be a whole number from 0 to 65535"},
        {"port = 1\n", "pm.conf:1:1: \"port\" belongs into the section [network]"},
        {"[net]\nport = 1\n", "pm.conf:2:1: \"port\" belongs into the section [network]"},
        {"[devices]\ndemo = perhaps\n", "pm.conf:2:8: \"demo\" must be yes or no"},
        {"[devices]\ndemo\n", "pm.conf:2:1: a setting looks like"},
        {"[devices\ndemo = yes\n", "pm.conf:1:1: a section looks like"},
        {"\n[devices] demo = yes\n", "pm.conf:2:1: a section looks like"},
        {"[network]\nport = 1\nport = 2\n", "pm.conf:3:1: \"port\" is set twice"},
        {"[network]\nport = 1\n   2\n", "pm.conf:3:1: a setting looks like"},
        {"include = pm.conf\n", "pm.conf:1:1: there is no setting \"include\""},
        {"[state]\nstate-dir = ../here\n", "pm.conf:2:13: \"state-dir\" must be a path"},
        {"config = /x\n", "pm.conf:1:1: there is no setting \"config\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pm_settings s;
        char error[PM_OPTION_ERROR];
        assert_int_equal(read_text(&s, rows[i].text, strlen(rows[i].text), error), -EBADMSG);
        if (strncmp(error, rows[i].message, strlen(rows[i].message)) != 0)
            fail_msg("\"%s\" is not \"%s\"", error, rows[i].message);
        pm_settings_fini(&s);
    }
}

static void test_bytes_that_are_no_text_are_refused(void **state)
{
    static const char zero[] = "[network]\nport = 1\0 2\n";
    struct pm_settings s;
    char error[PM_OPTION_ERROR], line[400];
    (void)state;
    assert_int_equal(read_text(&s, zero, sizeof(zero) - 1, error), -EBADMSG);
    assert_non_null(strstr(error, "pm.conf:2:1: this is not a text file"));
    pm_settings_fini(&s);
    memset(line, 'x', sizeof(line));
    assert_int_equal(read_text(&s, line, sizeof(line), error), -EBADMSG);
    assert_non_null(strstr(error, "pm.conf:1:1: this line is too long"));
    pm_settings_fini(&s);
}

static void test_every_length_of_a_line_is_taken_whole_or_refused(void **state)
{
    (void)state;
    for (size_t n = 1; n < 300; n++) {
        struct pm_settings s;
        char error[PM_OPTION_ERROR], text[400];
        int length = snprintf(text, sizeof(text), "[access]\nallow-origin=%0*d\n", (int)n, 0);
        if (read_text(&s, text, (size_t)length, error) == 0)
            assert_int_equal(strlen(s.allow_origin.items[0]), n);
        else
            assert_true(n > 170 && strstr(error, "too long"));
        pm_settings_fini(&s);
    }
}

static void test_options_stand_above_the_file(void **state)
{
    char path[] = "/tmp/pm-config-XXXXXX", error[PM_OPTION_ERROR] = "";
    FILE *file = fdopen(mkstemp(path), "w");
    const char *argv[] = {"program",        "--config",           path, "--port", "1", "--no-demo",
                          "--allow-origin", "https://two.example"};
    struct pm_settings s;
    (void)state;
    fputs("[network]\nport = 2\n[devices]\ndemo = yes\nallow-pty = yes\n[access]\nallow-origin = https://one.example\n",
          file);
    fclose(file);
    assert_int_equal(pm_settings_load(sizeof(argv) / sizeof(argv[0]), (char **)argv, &s, error), 0);
    assert_int_equal(s.port, 1);
    assert_false(s.demo);
    assert_true(s.allow_pty);
    assert_int_equal(s.allow_origin.n, 2); /* lists add up */
    pm_settings_fini(&s);
    assert_int_equal(truncate(path, 100 << 20), 0); /* I23: 100 MB */
    assert_int_equal(pm_settings_load(sizeof(argv) / sizeof(argv[0]), (char **)argv, &s, error), -EBADMSG);
    assert_non_null(strstr(error, "256 KiB"));
    pm_settings_fini(&s);
    unlink(path);
    assert_int_equal(pm_settings_load(sizeof(argv) / sizeof(argv[0]), (char **)argv, &s, error), -EBADMSG);
    pm_settings_fini(&s);
}

/* Two places know the usual limits, the rows for people and the defaults for tests of the parts: they are the same. */
static void test_limits_that_nobody_set_are_those_of_the_parts(void **state)
{
    struct pm_settings s;
    struct pm_engine_options engine = pm_engine_defaults();
    struct pm_server_options server = pm_server_defaults(engine.max_payload);
    struct pm_sockets_options sockets = pm_sockets_defaults();
    (void)state;
    pm_options_defaults(pm_setting_rows, &s);
    s.recovery_window = 0;
    pm_limits_engine(&s, &engine);
    pm_limits_server(&s, &server);
    pm_limits_sockets(&s, &sockets);
    struct pm_hub_limits hub = {0}, usual_hub = pm_hub_defaults();
    pm_limits_hub(&s, &hub);
    assert_int_equal(hub.connections, usual_hub.connections);
    assert_int_equal(hub.write_queue, usual_hub.write_queue);
    assert_int_equal(hub.history, usual_hub.history);
    struct pm_engine_options usual_engine = pm_engine_defaults();
    struct pm_server_options usual_server = pm_server_defaults(usual_engine.max_payload);
    struct pm_sockets_options usual_sockets = pm_sockets_defaults();
    assert_int_equal(engine.sessions, usual_engine.sessions);
    assert_int_equal(engine.strangers, usual_engine.strangers);
    assert_int_equal(engine.connect_timeout_ms, usual_engine.connect_timeout_ms);
    assert_int_equal(engine.max_payload, usual_engine.max_payload);
    assert_int_equal(engine.packets_in, usual_engine.packets_in);
    assert_int_equal(engine.queue_high, usual_engine.queue_high);
    assert_int_equal(engine.queue_max, usual_engine.queue_max);
    assert_int_equal(server.connections, usual_server.connections);
    assert_int_equal(server.per_origin, usual_server.per_origin);
    assert_int_equal(server.per_user, usual_server.per_user);
    assert_int_equal(server.silent_connections, usual_server.silent_connections);
    assert_int_equal(server.http.head, usual_server.http.head);
    assert_int_equal(server.http.fields, usual_server.http.fields);
    assert_int_equal(server.http.target, usual_server.http.target);
    assert_int_equal(server.http.body, usual_server.http.body);
    assert_int_equal(server.ws.message, usual_server.ws.message);
    assert_int_equal(server.ws.fragments, usual_server.ws.fragments);
    assert_int_equal(server.head_ms, usual_server.head_ms);
    assert_int_equal(server.body_ms, usual_server.body_ms);
    assert_int_equal(server.handshake_ms, usual_server.handshake_ms);
    assert_int_equal(server.control_frames, usual_server.control_frames);
    assert_int_equal(server.queue_high, usual_server.queue_high);
    assert_int_equal(server.queue_max, usual_server.queue_max);
    assert_int_equal(sockets.packet.attachments, usual_sockets.packet.attachments);
    assert_int_equal(sockets.packet.json.depth, usual_sockets.packet.json.depth);
    assert_int_equal(sockets.packet.json.members, usual_sockets.packet.json.members);
    assert_int_equal(server.json.depth, usual_server.json.depth);
    assert_int_equal(server.json.members, usual_server.json.members);
    assert_int_equal(sockets.packet.event_name, usual_sockets.packet.event_name);
    assert_int_equal(sockets.namespaces, usual_sockets.namespaces);
    assert_int_equal(sockets.events_per_second, usual_sockets.events_per_second);
    assert_int_equal(sockets.event_burst, usual_sockets.event_burst);
    assert_int_equal(sockets.flood_ms, usual_sockets.flood_ms);
    assert_int_equal(sockets.recovery_ms, usual_sockets.recovery_ms);
    pm_settings_fini(&s);
}

static void test_limits_can_be_set(void **state)
{
    static const char text[] = "[limits]\nper-origin = 3\nmessage-size = 64K\nhead-time = 2s\nevent-rate = 50\n"
                               "client-queue = 2M\n";
    struct pm_settings s;
    char error[PM_OPTION_ERROR];
    struct pm_engine_options engine = pm_engine_defaults();
    struct pm_server_options server = pm_server_defaults(engine.max_payload);
    struct pm_sockets_options sockets = pm_sockets_defaults();
    (void)state;
    assert_int_equal(read_text(&s, text, sizeof(text) - 1, error), 0);
    pm_limits_engine(&s, &engine);
    pm_limits_server(&s, &server);
    pm_limits_sockets(&s, &sockets);
    assert_int_equal(server.per_origin, 3);
    assert_int_equal(server.http.body, 64 * 1024);
    assert_int_equal(server.ws.message, 64 * 1024);
    assert_int_equal(engine.max_payload, 64 * 1024);
    assert_int_equal(server.head_ms, 2000);
    assert_int_equal(sockets.events_per_second, 50);
    assert_int_equal(server.queue_max, 32 << 20);
    assert_int_equal(engine.queue_high, 2 << 20);
    pm_settings_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_sets_what_it_names),
        cmocka_unit_test(test_mistakes_are_told_with_line_and_column),
        cmocka_unit_test(test_bytes_that_are_no_text_are_refused),
        cmocka_unit_test(test_every_length_of_a_line_is_taken_whole_or_refused),
        cmocka_unit_test(test_options_stand_above_the_file),
        cmocka_unit_test(test_limits_that_nobody_set_are_those_of_the_parts),
        cmocka_unit_test(test_limits_can_be_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
