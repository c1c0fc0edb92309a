/* profile.h - what a device speaks, as a file says it (docs/write-a-profile.md): commands to bytes, answers to values.
 */
#ifndef PM_PROFILE_PROFILE_H
#define PM_PROFILE_PROFILE_H

#include "profile/template.h"
#include "proto/checksum.h"
#include "proto/command_frame.h"
#include "proto/framer.h"

enum {
    PM_PROFILE_FILE_MAX = 256 * 1024, /* bytes of a file */
    PM_PROFILE_DEPTH_MAX = 16,
    PM_PROFILE_COMMANDS_MAX = 256,
    PM_PROFILE_ARGUMENTS_MAX = 32,
    PM_PROFILE_PATTERNS_MAX = 16, /* of one answer */
    PM_PROFILE_EVENTS_MAX = 64,
    PM_PROFILE_STEPS_MAX = 16,   /* of a sequence */
    PM_PROFILE_ECHO_MAX = 8,     /* arguments that answers repeat */
    PM_PROFILE_DEVICES_MAX = 64, /* that it is recognised by */
    PM_PROFILE_LIST_MAX = 2048,  /* elements of a list argument */
    PM_PROFILE_LINES_MAX = 1000, /* of an answer that no pattern fits */
    PM_PROFILE_SEND_MAX = 16384, /* bytes of a command */
    PM_PROFILE_ERROR = 512,      /* bytes of a message */
};

/* Texts are borrowed from the file, which the profile keeps. */

enum pm_argument_type { PM_ARGUMENT_INTEGER, PM_ARGUMENT_NUMBER, PM_ARGUMENT_TEXT, PM_ARGUMENT_BOOLEAN };

struct pm_argument {
    const char *name, *unit, *purpose;
    enum pm_argument_type type;
    bool list; /* an array of these: of min_count to max_count elements */
    size_t min_count, max_count;
    double min, max;        /* of a number, or of a text's bytes */
    const json_t *words;    /* object: what may be given, and what is sent for it; or NULL */
    const json_t *fallback; /* or NULL: it must be given */
    const char *forbid;     /* bytes that a text must not have, beside control characters; or NULL */
    bool lines;             /* a text may have several lines */
    const json_t *escape;   /* object: what stands for a character of a text; or NULL */
};

/* Patterns of which one must fit. */
struct pm_alternatives {
    size_t n;
    struct pm_pattern *patterns[PM_PROFILE_PATTERNS_MAX];
};

struct pm_profile_command {
    int64_t id; /* or -1 */
    const char *name, *purpose;
    size_t n_arguments;
    struct pm_argument *arguments;
    struct pm_template *send;
    bool raw;      /* `send` is all of it: nothing is put around it */
    bool realtime; /* it goes out at once, also while another command waits for its answer; */
    bool cancels;  /* and that one, and all that wait, are over with it */
    bool answers;
    struct pm_alternatives answer, until, errors, aborts;
    const json_t *values; /* object: by name, what the answer's words and factors mean; or NULL */
    const json_t *agrees; /* object: by name of a value, the argument that it must agree with; or NULL */
    uint32_t timeout_ms;
    unsigned retries;
    uint32_t silence_ms;   /* not 0: silence ends the answer */
    const json_t *results; /* of a standard frame: the names of its result's numbers; or NULL */
    const char *program;   /* the text argument whose lines are sent one by one, as `window` allows; or NULL */
};

struct pm_profile_event {
    const char *name, *purpose;
    struct pm_alternatives match;
    const json_t *values;
};

struct pm_profile_checksum {
    struct pm_checksum sum;
    bool hex, big_endian;
    size_t from;             /* the first byte that it covers */
    struct pm_marker before; /* what stands between the bytes and the checksum */
    bool optional;           /* frames without `before` are taken as they are */
};

struct pm_profile_wrap {
    struct pm_marker before, after;
    bool length; /* a field behind `before`, */
    enum pm_value_type length_type;
    int32_t length_add;            /* of what follows it up to `after`, and this */
    enum pm_framing_kind stuffing; /* PM_FRAMING_COBS, PM_FRAMING_SLIP, or anything else for none */
};

/* A USB device that a profile is for. */
struct pm_profile_device {
    int vendor, product;     /* -1: any product */
    struct pm_pattern *text; /* of the product's name; or NULL */
};

enum { PM_PROFILE_EXPECT_MAX = 8 };

/* How to find out by asking whether a device is one: a command, and values that its answer must have. */
struct pm_profile_identify {
    const struct pm_profile_command *command; /* or NULL: it cannot be asked */
    const json_t *args;
    uint32_t timeout_ms;
    size_t n;
    struct {
        const char *name;
        struct pm_pattern *pattern;
    } expect[PM_PROFILE_EXPECT_MAX];
};

/* Commands to all devices of a bus, which none of them answers. */
struct pm_profile_broadcast {
    const char *argument; /* or NULL: there are none */
    int64_t value;        /* of that argument */
    uint32_t pause_ms;    /* behind such a command */
};

struct pm_profile {
    unsigned refs;
    json_t *file;
    const char *id, *name, *purpose;
    const json_t *line; /* options, as activate-connection takes them; or NULL */
    size_t n_devices;   /* that it is recognised by */
    struct pm_profile_device *devices;
    struct pm_profile_identify identify;
    bool standard; /* its commands are standard command frames */
    struct pm_framing frame;
    size_t trim_front, trim_back; /* bytes of a frame around what the checksum and the patterns see */
    struct pm_profile_checksum checksum;
    struct pm_profile_wrap wrap;
    uint32_t gap_ms;    /* between an answer and the next command, */
    size_t piece;       /* and commands go out in pieces of so many bytes, */
    uint32_t piece_ms;  /* with this between them */
    const json_t *echo; /* array of names: arguments that every answer repeats as values; or NULL */
    struct pm_profile_broadcast broadcast;
    size_t window; /* of a program: bytes of lines that the device has not answered */
    size_t n_commands, n_events;
    struct pm_profile_command *commands;
    struct pm_profile_event *events;
    struct pm_alternatives errors;
    const json_t *start, *stop; /* arrays of {command, args}; or NULL */
};

/* Read the n bytes of a file. 0 and *ret with one reference; -EINVAL: `error` says "line 3, column 7: …"; -EFBIG;
 * -ENOMEM. */
int pm_profile_load(const char *text, size_t n, struct pm_profile **ret, char error[PM_PROFILE_ERROR]);
struct pm_profile *pm_profile_ref(struct pm_profile *p);
struct pm_profile *pm_profile_unref(struct pm_profile *p);

/* Is a USB device with these ids, of which -1 is none, and this name of its product one that the profile says it is
 * for? */
bool pm_profile_recognises(const struct pm_profile *p, int vendor, int product, const char *text);

/* NULL if there is none. */
const struct pm_profile_command *pm_profile_command(const struct pm_profile *p, const char *name);
const struct pm_profile_command *pm_profile_command_of_id(const struct pm_profile *p, int64_t id);

/* ---- commands ---- */

/* What is wrong with an argument: its name ("args.rate"), and what it must be ("a number from 0 to 100 ml/min"). */
struct pm_argument_problem {
    char field[80], expected[256];
};

/* What an argument must be, for a person. */
void pm_argument_expects(const struct pm_argument *a, char *out, size_t room);

/* The arguments of a call, by name or in order, as the template takes them: checked, words translated, text escaped,
 * fallbacks filled in. `args` is an object, an array, or NULL. A new reference; or NULL with *problem set. */
json_t *pm_profile_arguments(const struct pm_profile_command *c, const json_t *args,
                             struct pm_argument_problem *problem);

/* Append the bytes of a command with these arguments, as they go over the line. 0, -ENOBUFS (more than
 * PM_PROFILE_SEND_MAX), -ENOMEM. */
int pm_profile_encode(const struct pm_profile *p, const struct pm_profile_command *c, const json_t *args,
                      struct pm_bytes *out);

/* Append any content with what goes around it. Errors as above. */
int pm_profile_wrap(const struct pm_profile *p, const uint8_t *content, size_t n, struct pm_bytes *out);

/* The same for a profile of standard frames: the arguments in their order, a list is several. -E2BIG: too many. */
int pm_profile_frame(const struct pm_profile_command *c, const json_t *args, struct pm_command_frame *ret);

/* ---- answers ---- */

/* The result of a standard frame by the names that the command has for it, and what has none as "args". */
void pm_profile_results(const struct pm_profile_command *c, const struct pm_command_frame *f, json_t *into);

/* The content of a frame, without what was put around it. 0; -EBADMSG: the checksum is wrong; -EMSGSIZE: too short. */
int pm_profile_unwrap(const struct pm_profile *p, const uint8_t *frame, size_t n, const uint8_t **ret, size_t *ret_n);

/* What a frame is to a command that waits for its answer. */
enum pm_verdict {
    PM_VERDICT_OTHER,    /* nothing of this command */
    PM_VERDICT_PART,     /* a part of the answer: more follows */
    PM_VERDICT_DONE,     /* the answer, or the end of it */
    PM_VERDICT_REFUSED,  /* the device says that it cannot */
    PM_VERDICT_ABORTED,  /* whatever of it is left is not done any more */
    PM_VERDICT_BAD_SUM,  /* its checksum is wrong */
    PM_VERDICT_TOO_SHORT /* for a checksum, or for what is around every frame */
};

/* Judge one frame of the device for a command that was sent with these arguments; named values go into `into`, an
 * object, and lines of a part that no pattern fits into its "lines". */
enum pm_verdict pm_profile_judge(const struct pm_profile *p, const struct pm_profile_command *c, const json_t *args,
                                 const uint8_t *frame, size_t n, json_t *into);

/* Is this a command to all devices? Then none answers. */
bool pm_profile_is_broadcast(const struct pm_profile *p, const json_t *args);

/* The event that the content of a frame is, with its values; or NULL. */
const struct pm_profile_event *pm_profile_event(const struct pm_profile *p, const uint8_t *content, size_t n,
                                                json_t *into);

/* Does one of the patterns fit? Then its values are added to `into`, an object; it may be NULL. */
bool pm_alternatives_match(const struct pm_alternatives *a, const json_t *values, const uint8_t *p, size_t n,
                           json_t *into);

/* A profile as `describe` and `list-profiles` tell it: a new reference. */
json_t *pm_profile_json(const struct pm_profile *p);

#endif
