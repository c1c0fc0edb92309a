/* errors.c - see errors.h. */
#include "api/errors.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

static const struct {
    const char *code; /* on the wire: only ever add, never rename */
    unsigned status;
    const char *means;
} errors[] = {
    [PM_OK] = {"ok", 200, "done"},
    [PM_BAD_REQUEST] = {"bad-request", 400,
                        "an argument is missing or wrong: `field` names it, `expected` says what it must be"},
    [PM_UNKNOWN_REQUEST] = {"unknown-request", 404, "there is no request of this name"},
    [PM_RESERVED_NAME] = {"reserved-name", 400, "the name is an event of Socket.IO or of this interface"},
    [PM_NAME_TAKEN] = {"name-taken", 409, "another connection has this name"},
    [PM_NO_SUCH_CONNECTION] = {"no-such-connection", 404, "no connection has this name"},
    [PM_NO_SUCH_DEVICE] = {"no-such-device", 404, "no device has this address, or it may not be used here"},
    [PM_NO_SUCH_RECORDING] = {"no-such-recording", 404, "no recording has this id, or the connection is not recorded"},
    [PM_NO_SUCH_REQUEST] = {"no-such-request", 404, "there is no question with this id (any more)"},
    [PM_DEVICE_BUSY] = {"device-busy", 409, "a program or another connection has the device open"},
    [PM_ACCESS_DENIED] = {"access-denied", 403, "the operating system said no; the message says how to mend it"},
    [PM_IDENTITY_CONFLICT] = {"identity-conflict", 409, "two devices say that they are this one: use its path"},
    [PM_CLAIMED] = {"claimed", 409, "another client has claimed the connection and alone may write"},
    [PM_DEVICE_GONE] = {"device-gone", 409, "the device was unplugged; `bytes` went out before"},
    [PM_DISCARDED] = {"discarded", 409, "`discard` threw the bytes away; `bytes` went out before"},
    [PM_QUEUE_FULL] = {"queue-full", 503, "the device takes bytes more slowly than they are sent"},
    [PM_TOO_LARGE] = {"too-large", 413, "more than is taken in one piece"},
    [PM_TOO_MANY_OPEN] = {"too-many-open", 503, "no more connections can be opened"},
    [PM_UNSUPPORTED] = {"unsupported", 501, "this device or this version cannot do it"},
    [PM_TIMEOUT] = {"timeout", 504, "the device did not answer in time"},
    [PM_BAD_CHECKSUM] = {"bad-checksum", 502,
                         "the device's answer was damaged; `received` has its bytes in hexadecimal"},
    [PM_TRUNCATED] = {"truncated", 502, "the device's answer was not complete in time; `received` has what came"},
    [PM_UNEXPECTED_ANSWER] = {"unexpected-answer", 502,
                              "the device answered what nobody asked for; `received` has its bytes in hexadecimal"},
    [PM_DEVICE_ERROR] = {"device-error", 502, "the device says that it cannot; `response` has its answer"},
    [PM_IO_ERROR] = {"io-error", 500, "the device's driver reported a fault"},
    [PM_DISK_FULL] = {"disk-full", 507, "there is no room for a recording on the disk"},
    [PM_INTERNAL] = {"internal", 500, "a fault of ours, or no memory"},
    [PM_HOST_NOT_ALLOWED] = {"host-not-allowed", 403, "the name in the address is not served here"},
    [PM_ORIGIN_NULL] = {"origin-null", 403, "the page has no origin of its own, as files have none"},
    [PM_ORIGIN_BAD] = {"origin-bad", 403, "the origin is not well formed"},
    [PM_CONSENT_REQUIRED] = {"consent-required", 403, "the person at the machine has not allowed this"},
    [PM_CONSENT_REFUSED] = {"consent-denied", 403, "the person at the machine said no"},
    [PM_CONSENT_TIMED_OUT] = {"consent-timeout", 403, "the person at the machine did not answer"},
    [PM_TOKEN_REQUIRED] = {"token-required", 401, "this way in takes a token"},
    [PM_SESSION_REQUIRED] = {"session-required", 401, "only the person at the machine may ask this"},
    [PM_SCOPE] = {"scope", 403, "the token or grant does not cover this"},
    [PM_PROTECTED] = {"protected", 403, "no grant covers this"},
    [PM_BUSY] = {"busy", 503, "too much at once; try again"},
    [PM_TOO_MANY_CONNECTIONS] = {"too-many-connections", 503, "no more clients are taken"},
};
static_assert(sizeof(errors) / sizeof(errors[0]) == PM_ERRORS, "every error has a code");

const char *pm_error_code(enum pm_error e)
{
    return errors[e].code;
}

const char *pm_error_meaning(enum pm_error e)
{
    return errors[e].means;
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
        {-ECANCELED, PM_DISCARDED},
        {-EACCES, PM_ACCESS_DENIED},
        {-EPERM, PM_ACCESS_DENIED},
        {-EINVAL, PM_BAD_REQUEST},
        {-ENOBUFS, PM_QUEUE_FULL},
        {-EMFILE, PM_TOO_MANY_OPEN},
        {-ENOTUNIQ, PM_IDENTITY_CONFLICT},
        {-EMSGSIZE, PM_TOO_LARGE},
        {-EOPNOTSUPP, PM_UNSUPPORTED},
        {-ETIMEDOUT, PM_TIMEOUT},
        {-EIO, PM_IO_ERROR},
    };
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].error == error)
            return meanings[i].means;
    }
    return PM_INTERNAL;
}
