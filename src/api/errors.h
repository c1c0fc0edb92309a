/* errors.h - the one table of error codes: what a client is told, and the HTTP status that goes with it. */
#ifndef PM_API_ERRORS_H
#define PM_API_ERRORS_H

enum pm_error {
    PM_OK,
    PM_BAD_REQUEST,
    PM_UNKNOWN_REQUEST,
    PM_RESERVED_NAME,
    PM_NAME_TAKEN,
    PM_NO_SUCH_CONNECTION,
    PM_NO_SUCH_DEVICE,
    PM_NO_SUCH_REQUEST,
    PM_NO_SUCH_RECORDING,
    PM_DEVICE_BUSY,
    PM_ACCESS_DENIED,
    PM_IDENTITY_CONFLICT,
    PM_CLAIMED,
    PM_DEVICE_GONE,
    PM_DISCARDED,
    PM_QUEUE_FULL,
    PM_TOO_LARGE,
    PM_TOO_MANY_OPEN,
    PM_UNSUPPORTED,
    PM_TIMEOUT,
    PM_BAD_CHECKSUM,
    PM_TRUNCATED,
    PM_UNEXPECTED_ANSWER,
    PM_DEVICE_ERROR,
    PM_IO_ERROR,
    PM_DISK_FULL,
    PM_INTERNAL,
    PM_HOST_NOT_ALLOWED,
    PM_ORIGIN_NULL,
    PM_ORIGIN_BAD,
    PM_CONSENT_REQUIRED,
    PM_CONSENT_REFUSED,
    PM_CONSENT_TIMED_OUT,
    PM_TOKEN_REQUIRED,
    PM_SESSION_REQUIRED,
    PM_SCOPE,
    PM_PROTECTED,
    PM_BUSY,
    PM_TOO_MANY_CONNECTIONS,
    PM_ERRORS
};

/* The stable name on the wire; never NULL. */
const char *pm_error_code(enum pm_error e);

/* The status of an answer over HTTP. */
unsigned pm_error_status(enum pm_error e);

/* What it means, for the reference. */
const char *pm_error_meaning(enum pm_error e);

/* What a negative errno of the lower layers means to a client. */
enum pm_error pm_error_of(int error);

#endif
