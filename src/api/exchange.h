/* exchange.h - questions to a device and their answers, one at a time: a queue for each connection, so that several
 * clients can share an instrument that answers whoever asked last. */
#ifndef PM_API_EXCHANGE_H
#define PM_API_EXCHANGE_H

#include "api/api.h"
#include "profile/profile.h"

enum {
    PM_EXCHANGES_MAX = 64,       /* that wait on one connection */
    PM_ANSWER_MAX = 64 * 1024,   /* bytes of one answer */
    PM_EXCHANGE_SETTLE_MS = 100, /* while a late answer may come, there is so long a silence before the next question */
    PM_EXCHANGE_SETTLE_MAX = 20, /* but no more than so many times are waited for it */
    PM_EXCHANGE_MS_MAX = 600000, /* the longest time limit, */
    PM_EXCHANGE_MS_DEFAULT = 1000, /* and the one that holds */
    PM_EXCHANGE_RETRIES_MAX = 10,
    PM_HEX_SHOWN = 256, /* bytes of a wrong answer that are told in hexadecimal */
};

struct pm_exchange;

/* What a kind of question does. None of these calls begins or ends an exchange of the same connection. */
struct pm_exchange_ops {
    /* It is about to be sent, also again: forget what came so far. NULL: nothing to forget. */
    void (*begin)(struct pm_exchange *x);

    /* Bytes that came since it was sent. 1: the answer is complete; 0: not yet; or a negative errno. */
    int (*take)(struct pm_exchange *x, const uint8_t *p, size_t n);

    /* It is over; it is in no list any more and to be freed. 0, -ETIMEDOUT, -ENODEV, -EINTR (an urgent one ended it),
     * what `take` said, or what pm_hub_write() gives. */
    void (*end)(struct pm_exchange *x, int error);
};

/* One question. The kind embeds it and fills what is above the line. */
struct pm_exchange {
    const struct pm_exchange_ops *ops;
    struct pm_api_request *request;
    struct pm_connection *connection;
    uint8_t *bytes; /* to send; owned, freed by the queue */
    size_t n;
    bool answers;        /* an answer is awaited; else it is over when it is sent */
    bool urgent;         /* it does not wait for the others, only for those that are urgent too, */
    bool cancels;        /* and ends all of them */
    bool sequenced;      /* an answer says which question it is for: a late one is told from the right one */
    uint32_t timeout_ms; /* from when the driver has taken the last byte */
    unsigned retries;    /* how often it is sent again if the time is over */
    uint32_t silence_ms; /* not 0: the answer may end with so long a silence */
    uint32_t gap_ms;     /* at least so long after the question before */
    size_t piece;        /* not 0: it goes out in pieces of so many bytes, */
    uint32_t piece_ms;   /* with this between them */
    bool renews;         /* the time limit begins anew with whatever comes */
    /* ---- */
    bool is_silent;        /* there is such a silence: `take` is called once more, without bytes */
    bool stray;            /* set by the kind: answers to what is over may still come */
    bool sent, sent_again; /* the driver has taken all of it, at least once */
    bool of_client;
    struct pm_link link;
};

/* Queue it. Takes it over: `end` is called for certain, perhaps before this returns. */
void pm_exchange_start(struct pm_api *a, struct pm_exchange *x);

/* What came instead of an answer: told if nothing better comes, since it may be noise before the answer. */
struct pm_wrong {
    enum pm_error error; /* PM_OK: nothing */
    struct pm_bytes came;
};

static inline struct pm_wrong pm_wrong_none(void)
{
    return (struct pm_wrong){PM_OK, pm_bytes_empty(PM_HEX_SHOWN)};
}

void pm_wrong_note(struct pm_wrong *w, enum pm_error error, const uint8_t *p, size_t n);

/* Answer the request of a failed exchange: with what came, if it failed for time; `held` is of a frame that is not
 * complete. */
void pm_wrong_fail(struct pm_wrong *w, const struct pm_exchange *x, int error, const uint8_t *held, size_t n);
void pm_wrong_fini(struct pm_wrong *w);

/* Whose command it is, and how long it may take; timeout 0: no answer is awaited. */
struct pm_exchange_options {
    struct pm_api_request *request;
    struct pm_connection *connection;
    uint32_t timeout_ms;
    unsigned retries;
};

/* exchange_frame.c: send a standard frame, whose sequence is set here. Answers the request. */
void pm_exchange_send_frame(struct pm_api *a, const struct pm_exchange_options *o, struct pm_profile *profile,
                            const struct pm_profile_command *kind, const struct pm_command_frame *frame);

/* exchange_profile.c: the same for a command of a profile, with arguments that were checked. */
void pm_exchange_send_command(struct pm_api *a, const struct pm_exchange_options *o, struct pm_profile *profile,
                              const struct pm_profile_command *kind, const json_t *args);

/* Answer the request of one that failed with an errno of its end: what holds for all kinds. */
void pm_exchange_fail(const struct pm_exchange *x, int error);

/* For api.c: bytes came; the device is gone; the connection is closed. */
void pm_exchanges_rx(struct pm_connection *c);
void pm_exchanges_fail(struct pm_connection *c);
void pm_exchanges_close(struct pm_connection *c);

/* A number from 0 to 255 that differs from that of the last questions on this connection. */
uint8_t pm_exchange_sequence(struct pm_api *a, struct pm_connection *c);

/* Bytes as hexadecimal text, no more than PM_HEX_SHOWN of them; a new reference. */
json_t *pm_hex_json(const uint8_t *p, size_t n);

#endif
