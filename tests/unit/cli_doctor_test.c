/* cli_doctor_test.c - the doctor looks at a system that the test makes up in a folder. */
#include "cli/doctor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char root[] = "/tmp/pm-doctor-XXXXXX";

/* A file below the root, with the folders to it. */
static void put(const char *path, const char *text)
{
    char full[400];
    snprintf(full, sizeof(full), "%s%s", root, path);
    for (char *p = full + sizeof(root); *p; p++) {
        if (*p == '/') {
            *p = 0;
            mkdir(full, 0700);
            *p = '/';
        }
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* What it finds about one thing: the worst, and its text. */
static enum pm_health look(const char *check, char text[PM_FINDING_TEXT])
{
    struct pm_doctor d = {.root = root};
    enum pm_health worst = PM_HEALTHY;
    text[0] = 0;
    pm_doctor_system(&d);
    for (unsigned i = 0; i < d.n; i++) {
        if (strcmp(d.findings[i].check, check) == 0 && d.findings[i].health >= worst) {
            worst = d.findings[i].health;
            snprintf(text, PM_FINDING_TEXT, "%s", d.findings[i].text);
        }
    }
    return worst;
}

static void assert_found(const char *check, enum pm_health health, const char *words)
{
    char text[PM_FINDING_TEXT];
    assert_int_equal(look(check, text), health);
    if (!strstr(text, words))
        fail_msg("\"%s\" is not in: %s", words, text);
}

static void test_machine_without_troubles(void **state)
{
    (void)state;
    put("/etc/hosts", "127.0.0.1 localhost\n");
    put("/run/udev/control", "");
    put("/proc/100/comm", "bash\n");
    assert_found("udev", PM_HEALTHY, "udev runs");
    assert_found("modem-manager", PM_HEALTHY, "does not run");
    assert_found("brltty", PM_HEALTHY, "No rule");
    assert_found("localhost", PM_HEALTHY, "");
    assert_found("browser", PM_HEALTHY, "");
}

static void test_hosts_without_localhost(void **state)
{
    (void)state;
    put("/etc/hosts", "# 127.0.0.1 localhost\n");
    assert_found("localhost", PM_HINT, "/etc/hosts");
    put("/etc/hosts", "127.0.0.1 localhost\n");
}

static void test_brltty_takes_adapters(void **state)
{
    (void)state;
    put("/usr/lib/udev/rules.d/85-brltty.rules", "# ENV{PRODUCT}==\"1a86/7523/*\"\n");
    assert_found("brltty", PM_HEALTHY, "No rule"); /* Debian 12 has it commented out */
    put("/usr/lib/udev/rules.d/85-brltty.rules", "ENV{PRODUCT}==\"1a86/7523/*\", ENV{BRLTTY_BRAILLE_DRIVER}=\"bm\"\n");
    assert_found("brltty", PM_SICK, "apt remove brltty");
}

static void test_modem_manager_until_the_rule_is_there(void **state)
{
    (void)state;
    put("/proc/200/comm", "ModemManager\n");
    assert_found("modem-manager", PM_SICK, "disable --now ModemManager");
    put("/usr/lib/udev/rules.d/70-peripheral-manager.rules",
        "ENV{ID_MM_PORT_IGNORE}=\"1\"\nSUBSYSTEM==\"tty\", TAG+=\"uaccess\"\n");
    assert_found("modem-manager", PM_HEALTHY, "keeps it away");
    assert_found("rights", PM_HEALTHY, "whoever sits at the machine");
}

static void test_browser_in_a_snap(void **state)
{
    (void)state;
    put("/snap/bin/firefox", "");
    assert_found("browser", PM_HINT, "firefox is a snap");
}

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine_without_troubles), cmocka_unit_test(test_hosts_without_localhost),
        cmocka_unit_test(test_brltty_takes_adapters),    cmocka_unit_test(test_modem_manager_until_the_rule_is_there),
        cmocka_unit_test(test_browser_in_a_snap),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
