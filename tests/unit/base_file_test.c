/* base_file_test.c - our directories from the environment; files that are read whole and replaced whole. */
#include "base/file.h"
#include "base/paths.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- directories ---- */

static char *desktop(const char *name)
{
    static char home[] = "/home/ada", runtime[] = "/run/user/7";
    return strcmp(name, "HOME") == 0 ? home : strcmp(name, "XDG_RUNTIME_DIR") == 0 ? runtime : NULL;
}

static char *bare(const char *name)
{
    static char home[] = "/home/ada", relative[] = "not/absolute";
    return strcmp(name, "HOME") == 0 ? home : strcmp(name, "XDG_CONFIG_HOME") == 0 ? relative : NULL;
}

static char *service(const char *name)
{
    static char state[] = "/var/lib/pm:/var/lib/other", runtime[] = "/run/pm", config[] = "/etc/pm";
    return strcmp(name, "STATE_DIRECTORY") == 0           ? state
           : strcmp(name, "RUNTIME_DIRECTORY") == 0       ? runtime
           : strcmp(name, "CONFIGURATION_DIRECTORY") == 0 ? config
                                                          : NULL;
}

static char *nothing(const char *name)
{
    (void)name;
    return NULL;
}

static char *long_home(const char *name)
{
    static char home[PM_PATH_MAX];
    memset(home, 'x', sizeof(home) - 1);
    home[0] = '/';
    return strcmp(name, "HOME") == 0 ? home : NULL;
}

static void directories_follow_the_environment(void **state)
{
    struct pm_paths p;
    (void)state;
    assert_int_equal(pm_paths_find(desktop, &p), 0);
    assert_string_equal(p.config, "/home/ada/.config/peripheral-manager");
    assert_string_equal(p.state, "/home/ada/.local/state/peripheral-manager");
    assert_string_equal(p.runtime, "/run/user/7/peripheral-manager");
    assert_int_equal(pm_paths_find(bare, &p), 0);
    assert_string_equal(p.config, "/home/ada/.config/peripheral-manager");
    assert_string_equal(p.runtime, "/home/ada/.local/state/peripheral-manager/run");
    assert_int_equal(pm_paths_find(service, &p), 0);
    assert_string_equal(p.config, "/etc/pm");
    assert_string_equal(p.state, "/var/lib/pm");
    assert_string_equal(p.runtime, "/run/pm");
    assert_int_equal(pm_paths_find(nothing, &p), -ENOENT);
    assert_int_equal(pm_paths_find(long_home, &p), -ENAMETOOLONG);
}

/* ---- files ---- */

static int make_folder(void **state)
{
    static char folder[64];
    snprintf(folder, sizeof(folder), "%s", "/tmp/pm-file-XXXXXX");
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", (char *)*state);
    return system(command); /* the name is ours */
}

static void folders_are_made_and_must_be_ours(void **state)
{
    char path[PM_PATH_MAX], file[PM_PATH_MAX];
    struct stat s;
    pm_path_join(*state, "a/b/c", path);
    assert_int_equal(pm_path_make(path), 0);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0700);
    assert_int_equal(pm_path_make(path), 0);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(pm_path_make(path), -EPERM); /* I03: anybody could put files there */
    pm_path_join(*state, "plain", file);
    assert_int_equal(pm_file_replace(file, "x", 1), 0);
    assert_int_equal(pm_path_make(file), -ENOTDIR);
}

static void assert_holds(const char *path, const char *expect)
{
    struct pm_bytes b;
    assert_int_equal(pm_file_read(path, 1000, &b), 0);
    assert_int_equal(b.n, strlen(expect));
    assert_memory_equal(b.p, expect, b.n);
    pm_bytes_fini(&b);
}

static void a_file_is_replaced_whole(void **state)
{
    char path[PM_PATH_MAX], fresh[PM_PATH_MAX];
    struct pm_bytes b;
    struct stat s;
    pm_path_join(*state, "state.json", path);
    pm_path_join(*state, "state.json.new", fresh);
    assert_int_equal(pm_file_read(path, 1000, &b), -ENOENT);
    assert_int_equal(pm_file_replace(path, "one", 3), 0);
    assert_holds(path, "one");
    FILE *leftover = fopen(fresh, "w"); /* of a run that was killed */
    assert_non_null(leftover);
    fclose(leftover);
    assert_int_equal(pm_file_replace(path, "second", 6), 0);
    assert_holds(path, "second");
    assert_int_equal(stat(fresh, &s), -1);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_int_equal(pm_file_read(path, 5, &b), -EFBIG);
    assert_int_equal(pm_file_read(path, 6, &b), 0);
    pm_bytes_fini(&b);
    leftover = fopen(fresh, "w");
    assert_non_null(leftover);
    fclose(leftover);
    pm_file_tidy(path);
    pm_file_tidy(path);
    assert_int_equal(stat(fresh, &s), -1);
    assert_holds(path, "second");
}

static void what_cannot_be_used_is_kept_under_a_number(void **state)
{
    char path[PM_PATH_MAX], aside[PM_PATH_MAX], expect[PM_PATH_MAX];
    struct pm_bytes b;
    pm_path_join(*state, "state.json", path);
    assert_int_equal(pm_file_set_aside(path, aside), -ENOENT);
    for (unsigned number = 1; number <= PM_ASIDE_MAX + 2; number++) {
        assert_int_equal(pm_file_replace(path, "damaged", 7), 0);
        assert_int_equal(pm_file_set_aside(path, aside), 0);
        snprintf(expect, sizeof(expect), "%.900s.bad-%u", path, number < PM_ASIDE_MAX ? number : PM_ASIDE_MAX);
        assert_string_equal(aside, expect);
        assert_int_equal(pm_file_read(path, 1000, &b), -ENOENT);
        assert_holds(aside, "damaged");
    }
}

static void what_is_no_plain_file_is_not_read(void **state)
{
    char path[PM_PATH_MAX], link[PM_PATH_MAX];
    struct pm_bytes b;
    pm_path_join(*state, "pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pm_file_read(path, 1000, &b), -EINVAL);
    assert_int_equal(pm_file_read(*state, 1000, &b), -EINVAL);
    pm_path_join(*state, "link", link);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_int_equal(pm_file_read(link, 100000, &b), -ELOOP);
    assert_int_equal(pm_file_replace("/nonexistent/folder/file", "x", 1), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_follow_the_environment),
        cmocka_unit_test_setup_teardown(folders_are_made_and_must_be_ours, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_is_replaced_whole, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_used_is_kept_under_a_number, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_no_plain_file_is_not_read, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
