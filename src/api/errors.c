/* errors.c - see errors.h. */
#include "api/errors.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

static const struct {
    const char *code; /* on the wire: only ever add, never rename */
    unsigned status;
} errors[] = {
    [PM_OK] = {"ok", 200},
    [PM_BAD_REQUEST] = {"bad-request", 400},
    [PM_UNKNOWN_REQUEST] = {"unknown-request", 404},
    [PM_RESERVED_NAME] = {"reserved-name", 400},
    [PM_NAME_TAKEN] = {"name-taken", 409},
    [PM_NO_SUCH_CONNECTION] = {"no-such-connection", 404},
    [PM_NO_SUCH_DEVICE] = {"no-such-device", 404},
    [PM_DEVICE_BUSY] = {"device-busy", 409},
    [PM_ACCESS_DENIED] = {"access-denied", 403},
    [PM_DEVICE_GONE] = {"device-gone", 409},
    [PM_QUEUE_FULL] = {"queue-full", 503},
    [PM_TOO_MANY_OPEN] = {"too-many-open", 503},
    [PM_UNSUPPORTED] = {"unsupported", 501},
    [PM_IO_ERROR] = {"io-error", 500},
    [PM_INTERNAL] = {"internal", 500},
};
static_assert(sizeof(errors) / sizeof(errors[0]) == PM_ERRORS, "every error has a code");

const char *pm_error_code(enum pm_error e)
{
    return errors[e].code;
}

unsigned pm_error_status(enum pm_error e)
{
    return errors[e].status;
}

enum pm_error pm_error_of(int error)
{
    static const struct {
        int error;
        enum pm_error means;
    } meanings[] = {
        {0, PM_OK},
        {-EEXIST, PM_NAME_TAKEN},
        {-EBUSY, PM_DEVICE_BUSY},
        {-ENODEV, PM_DEVICE_GONE},
        {-EACCES, PM_ACCESS_DENIED},
        {-EPERM, PM_ACCESS_DENIED},
        {-EINVAL, PM_BAD_REQUEST},
        {-ENOBUFS, PM_QUEUE_FULL},
        {-EMFILE, PM_TOO_MANY_OPEN},
        {-EIO, PM_IO_ERROR},
    };
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].error == error)
            return meanings[i].means;
    }
    return PM_INTERNAL;
}
