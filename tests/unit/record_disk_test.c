/* record_disk_test.c - the files of a recording when each system call fails once, in each way, or does its work in
 * single bytes (I11): every record is there in the end, once and in order. */
#include "proto/recording_reader.h"
#include "record/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PARTS = 3, RECORDS = 5 /* of a part, with its start */, TRIES = 10 };

/* ---- system calls that fail: the linker puts these in place of the real ones ---- */

static struct {
    unsigned calls; /* so far */
    unsigned fails; /* the number of the call that fails; 0: none */
    int error;
    bool single; /* writes take one byte */
} plan;

static bool is_due(void)
{
    if (++plan.calls != plan.fails)
        return false;
    errno = plan.error;
    return true;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, mode_t mode);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    return is_due() ? -1 : __real_write(fd, p, plan.single && n > 1 ? 1 : n);
}

int __wrap_open(const char *path, int flags, mode_t mode)
{
    return is_due() ? -1 : __real_open(path, flags, mode);
}

int __wrap_fdatasync(int fd)
{
    return is_due() ? -1 : __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
    return is_due() ? -1 : __real_fsync(fd);
}

/* ---- a recording of PARTS parts, written in two batches ---- */

static void add(struct pm_bytes *batch, unsigned number)
{
    char body[32];
    snprintf(body, sizeof(body), "record %u", number);
    struct pm_record r = {.type = number % RECORDS == 0 ? PM_RECORD_START : PM_RECORD_DATA,
                          .offset = number,
                          .body = (const uint8_t *)body,
                          .n = strlen(body)};
    assert_int_equal(pm_record_append(batch, &r), 0);
}

/* Write records [from, to), again and again until the disk takes them. */
static void write_batch(struct pm_disk *d, unsigned from, unsigned to)
{
    d->batch.n = d->done = d->run = 0;
    for (unsigned i = from; i < to; i++)
        add(&d->batch, i);
    d->ends = to == PARTS * RECORDS;
    unsigned tries = 0;
    do {
        pm_disk_write(d);
        assert_true(++tries <= TRIES);
    } while (d->error < 0);
    assert_int_equal(d->done, d->batch.n);
}

static void read_part(const char *folder, const char *id, unsigned part)
{
    char name[PM_DISK_NAME], path[PM_PATH_MAX];
    uint8_t bytes[4096];
    struct pm_recording_reader reader = pm_recording_reader_empty();
    struct pm_record r;
    pm_disk_name(id, part, name);
    assert_int_equal(pm_path_join(folder, name, path), 0);
    int fd = __real_open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = read(fd, bytes, sizeof(bytes));
    close(fd);
    unlink(path);
    assert_int_equal(pm_recording_feed(&reader, bytes, (size_t)n), 0);
    for (unsigned i = 0; i < RECORDS; i++) {
        assert_int_equal(pm_recording_next(&reader, true, &r), 1);
        assert_int_equal(r.offset, (part - 1) * RECORDS + i);
    }
    assert_int_equal(pm_recording_next(&reader, true, &r), 0);
    pm_recording_reader_fini(&reader);
}

/* The whole scenario. Returns how many system calls it made. */
static unsigned run(const char *folder, unsigned fails, int error, bool single)
{
    struct pm_disk d = {.folder = folder, .id = "test", .fd = -1, .batch = pm_bytes_empty(1 << 16)};
    memset(&plan, 0, sizeof(plan));
    plan.fails = fails;
    plan.error = error;
    plan.single = single;
    write_batch(&d, 0, 7);
    write_batch(&d, 7, PARTS * RECORDS);
    unsigned calls = plan.calls;
    memset(&plan, 0, sizeof(plan));
    assert_int_equal(d.parts, PARTS);
    assert_int_equal(d.fd, -1);
    uint64_t size = 0;
    for (unsigned part = 1; part <= PARTS; part++) {
        struct stat s;
        char name[PM_DISK_NAME], path[PM_PATH_MAX];
        pm_disk_name(d.id, part, name);
        assert_int_equal(pm_path_join(folder, name, path), 0);
        assert_int_equal(stat(path, &s), 0);
        size += (uint64_t)s.st_size;
        read_part(folder, d.id, part);
    }
    assert_int_equal(d.size, size);
    pm_bytes_fini(&d.batch);
    return calls;
}

static void every_record_is_written_whatever_fails_once(void **state)
{
    static const int errors[] = {EINTR, EAGAIN, EIO, ENOMEM, ENOSPC, EMFILE};
    const char *folder = *state;
    for (unsigned e = 0; e < sizeof(errors) / sizeof(errors[0]); e++) {
        unsigned calls = run(folder, 0, 0, false);
        assert_true(calls > 10);
        for (unsigned fails = 1; fails <= calls; fails++)
            run(folder, fails, errors[e], false);
    }
}

static void writes_of_single_bytes_are_enough(void **state)
{
    const char *folder = *state;
    unsigned calls = run(folder, 0, 0, true);
    for (unsigned fails = 1; fails <= calls; fails += 13)
        run(folder, fails, ENOSPC, true);
}

static void names_are_ours_or_none(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned part;
        size_t id_n;
    } rows[] = {
        {"20260101-000000-Ab_-4567.0001.pmrec", 1, 24},
        {"x.9999.pmrec", 9999, 1},
        {"x.0000.pmrec", 0, 0},
        {".0001.pmrec", 0, 0},
        {"x.1.pmrec", 0, 0},
        {"x.00001.pmrec", 0, 0},
        {"x.0001.pmrecs", 0, 0},
        {"x.0001", 0, 0},
        {"x", 0, 0},
        {"", 0, 0},
        {"../x.0001.pmrec", 0, 0},
        {"a/b.0001.pmrec", 0, 0},
        {"a b.0001.pmrec", 0, 0},
        {"x.+001.pmrec", 0, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t id_n = 0;
        if (pm_disk_parse_name(rows[i].name, &id_n) != rows[i].part || (rows[i].part > 0 && id_n != rows[i].id_n))
            fail_msg("%s", rows[i].name);
    }
}

static int make_folder(void **state)
{
    static char folder[] = "/tmp/pm-disk-XXXXXX";
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
    return rmdir(*state); /* fails if anything was left in it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_written_whatever_fails_once),
        cmocka_unit_test(writes_of_single_bytes_are_enough),
        cmocka_unit_test(names_are_ours_or_none),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
