/* command_frame.h - the standard command frame, version 1 (docs/command-frame.md): what send-command sends to devices
 * without a profile, and what they answer. */
#ifndef PM_PROTO_COMMAND_FRAME_H
#define PM_PROTO_COMMAND_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    PM_COMMAND_VERSION = 1,
    PM_COMMAND_ARGS_MAX = 255,
    PM_COMMAND_HEAD = 5, /* version, sequence, command-id, count */
    PM_COMMAND_CRC = 2,
    PM_COMMAND_PLAIN_MAX = PM_COMMAND_HEAD + 4 * PM_COMMAND_ARGS_MAX + PM_COMMAND_CRC,
    PM_COMMAND_WIRE_MAX = PM_COMMAND_PLAIN_MAX + PM_COMMAND_PLAIN_MAX / 254 + 1 + 1, /* stuffed, with the 0 behind */
};

/* What the first argument of an answer says; devices have their own from 16 on. On the wire: only ever add. */
enum pm_command_status {
    PM_COMMAND_DONE,
    PM_COMMAND_UNKNOWN, /* no such command-id */
    PM_COMMAND_COUNT,   /* too few arguments, or too many */
    PM_COMMAND_RANGE,   /* an argument is out of its range */
    PM_COMMAND_BUSY,
};

/* A command, or an answer to one: the same sequence and id, and the first argument is a status, 0 for done. */
struct pm_command_frame {
    uint8_t sequence, n_args;
    uint16_t id;
    int32_t args[PM_COMMAND_ARGS_MAX];
};

/* Write the frame as it goes over the wire, with its delimiter. Returns its length. */
size_t pm_command_encode(const struct pm_command_frame *f, uint8_t out[PM_COMMAND_WIRE_MAX]);

/* Read what a COBS framer gave: n bytes, stuffing undone. 0; -EBADMSG: the checksum is wrong; -EMSGSIZE: it is shorter
 * or longer than it says; -EPROTONOSUPPORT: another version. */
int pm_command_decode(const uint8_t *p, size_t n, struct pm_command_frame *ret);

#endif
