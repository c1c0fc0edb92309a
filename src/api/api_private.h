/* api_private.h - what the files of the API share: api.c (clients, events, requests), subscribe.c (who reads which
 * bytes), describe.c (things as JSON), arguments.c and table.c. */
#ifndef PM_API_PRIVATE_H
#define PM_API_PRIVATE_H

#include "api/table.h"
#include "record/recorder.h"

/* Since the start. */
struct pm_api_counts {
    uint64_t requests;
    uint64_t delivered; /* bytes handed to clients */
    uint64_t gaps[PM_GAPS], gap_bytes;
};

struct pm_api {
    struct pm_loop *loop;
    struct pm_door *door;
    struct pm_devices *devices;
    struct pm_hub *hub;
    struct pm_profiles *profiles; /* NULL: none are known */
    struct pm_link plays;         /* struct pm_play: devices that clients play */
    struct pm_recorder *recorder; /* NULL: nothing is recorded */
    struct pm_link clients;
    struct pm_link choosers;          /* pages that wait for the person to choose a device */
    uint64_t events;                  /* told so far: each has a number */
    struct pm_timer stall;            /* set while a device waits for its readers */
    bool looks;                       /* it is set */
    struct pm_timer crowd;            /* set while onlookers wait and none is served */
    struct pm_turn serve;             /* asked for while some are */
    unsigned n_timers;                /* that are closing; the memory goes with the last one */
    struct pm_link onlookers, served; /* readers that wait while others ask, and those whose turn it is */
    struct pm_saved *saved;           /* NULL: nothing is kept over a restart */
    struct pm_api_counts counts;
    uint64_t n_clients;             /* that came so far */
    struct pm_inspector *inspector; /* NULL: nobody looks on */
    struct pm_bytes text;           /* where an event is written; used again for the next */
};

enum { PM_API_TEXT_MAX = 8 * 1024 * 1024 }; /* more than the frames of one event can become */

struct pm_deliver; /* deliver.h */

/* A client's place in a connection's journal. */
struct pm_subscription {
    struct pm_link of_client, of_connection;
    struct pm_link waits; /* among the onlookers of a crowd, see pm_readers_feed() */
    struct pm_api_client *client;
    struct pm_connection *connection;
    uint64_t cursor;
    uint64_t mark; /* number of the next mark that it is told of */
    bool owes_gap; /* it is to be told of a gap from `owed_from` to its cursor, before all else */
    uint64_t owed_from;
    enum pm_gap owed;
    unsigned held;              /* answers that must come before its bytes */
    bool behind;                /* it has bytes to take, */
    struct pm_mono since;       /* and took none since */
    struct pm_deliver *deliver; /* what it gets instead of bytes; or NULL */
    bool chooses;               /* it said itself what it gets */
};

/* api.c: tell all clients that may see the connection, or the recording; `data` is stolen. */
void pm_api_broadcast(struct pm_api *a, const struct pm_connection *about, const char *event, json_t *data);
void pm_api_broadcast_recording(struct pm_api *a, const struct pm_recording_item *about, const char *event,
                                json_t *data);

/* api.c: hand a client an event; `number` as on_event() takes it. */
void pm_api_tell(struct pm_api_client *c, const char *event, const json_t *data, uint64_t number);

/* api.c: the same for what a reader of bytes is told to be missing. */
void pm_api_tell_gap(const struct pm_subscription *s, const struct pm_api_gap *gap, const json_t *data);

/* api.c: the same, for this client alone and written already. */
void pm_api_tell_text(struct pm_api_client *c, const char *event, const char *json, size_t n);

/* api.c: is a page of this origin connected? And: a client of this one left. */
bool pm_api_has_origin(const struct pm_api *a, const char *origin);
void pm_api_origin_left(struct pm_api *a, const struct pm_who *who);

/* run.c: end a request that was a message and was sent whole. */
void pm_api_sent(struct pm_api_request *r, size_t bytes);

/* subscribe.c */

/* Start to read at the newest byte, or leave a reader as it is. NULL without memory. */
struct pm_subscription *pm_subscribe(struct pm_api_client *client, struct pm_connection *c);
void pm_unsubscribe(struct pm_subscription *s);
struct pm_subscription *pm_subscription_find(const struct pm_api_client *client, const struct pm_connection *c);

/* The same by the connection's number. */
struct pm_subscription *pm_subscription_of(const struct pm_api_client *client, uint32_t connection);

/* Go to an offset of an epoch (0: the present one). What of it is lost is told before the next bytes. */
void pm_subscription_seek(struct pm_subscription *s, uint64_t epoch, uint64_t offset);

/* Go back to an offset that the reader passed, or before a gap that it was told of, as if neither had been. */
void pm_subscription_rewind(struct pm_subscription *s, uint64_t offset);
void pm_subscription_rewind_gap(struct pm_subscription *s, const struct pm_api_gap *gap);

/* Hand over what a reader has room for; then see whether the device must wait. Of a crowd those who ask come first, and
 * who only looks on gets small pieces up to some milliseconds later. */
void pm_subscription_feed(struct pm_subscription *s);
void pm_readers_feed(struct pm_api *a, struct pm_connection *c);
void pm_readers_on_crowd(struct pm_timer *t);
void pm_readers_on_serve(struct pm_turn *t);

/* A client asks for something: what waits for it comes before the answer. */
void pm_reader_asks(struct pm_api_client *client);

/* What is there is handed over to onlookers too, before other news of the hub are told about the connection. */
void pm_readers_catch_up(struct pm_api *a, struct pm_connection *c);

/* The device is back, which everybody is told: who has all bytes from before needs no gap in the stream as well. */
void pm_readers_reopened(struct pm_connection *c);
void pm_readers_balance(struct pm_api *a, struct pm_connection *c);
void pm_readers_on_stall(struct pm_timer *t);

/* saved.c: take back what an earlier run kept in this folder, and keep what comes. 0, -ENAMETOOLONG, -ENOMEM. */
int pm_saved_new(struct pm_api *a, const char *folder, struct pm_saved **ret);

/* Connections have changed; or nothing is kept any more, from now on. NULL is fine. */
void pm_saved_changed(struct pm_saved *s);
void pm_saved_close(struct pm_saved *s);

/* Answer as pm_api_answer() does, but not before what the request changed is safe on the disk; a disk that cannot take
 * it, or takes longer than two seconds, does not hold the answer up. The client gets the bytes of the connection, which
 * may be NULL, behind it. */
void pm_api_answer_kept(struct pm_api *a, struct pm_api_request *r, const struct pm_connection *c, json_t *result,
                        json_t *legacy);

/* sight.c: who may see and do what. */

/* May it do this with the device of this id? */
bool pm_may(const struct pm_api *a, const struct pm_who *who, enum pm_capability needs, const char *device_id);
bool pm_sees_device(const struct pm_api *a, const struct pm_who *who, const struct pm_device *d);

/* There is nothing at this address: the same words whether that is so, or the page may not know better. */
void pm_sight_fail_missing(struct pm_api *a, struct pm_api_request *r, const char *address);

/* The device, and what another application has open alone is not seen. */
bool pm_sees_connection(const struct pm_api *a, const struct pm_who *who, const struct pm_connection *c);

/* Likewise: a recording is its connection's page's. */
bool pm_sees_recording(const struct pm_api *a, const struct pm_who *who, const struct pm_recording_item *i);

/* The one check before a handler runs. False after the request has been failed. */
bool pm_call_is_permitted(struct pm_call *call);

/* The connection under this name, as far as the caller may see it, or NULL. */
struct pm_connection *pm_sight_find(const struct pm_api *a, const struct pm_who *who, const char *name);

extern const struct pm_who pm_who_left;       /* one that is gone: it sees nothing */
extern const struct pm_door_ops pm_sight_ops; /* what happens to clients when grants change */

/* requests_consent.c: what the person is told; and a client that waits for a choice leaves. */
void pm_consent_asked(struct pm_api *a, const struct pm_consent_request *r);
void pm_consent_answered(struct pm_api *a, const struct pm_consent_request *r, enum pm_consent_end end);
void pm_consent_grants_changed(struct pm_api *a);
void pm_consent_devices_changed(struct pm_api *a);
void pm_choosers_drop(struct pm_api_client *client);

/* requests_claim.c: give up what a client has claimed, and tell all. */
void pm_claims_drop(struct pm_api_client *client);

/* End the claim on a connection. */
void pm_claims_release(struct pm_api *a, struct pm_connection *c);

/* describe.c: things as JSON; a new reference, or NULL without memory. */
json_t *pm_describe_bytes(const uint8_t *p, size_t n); /* as every face can carry them: {"base64": ...} */
json_t *pm_describe_device(struct pm_api *a, const struct pm_who *who, const struct pm_device *d);
json_t *pm_describe_devices(struct pm_api *a, const struct pm_who *who);
json_t *pm_describe_options(const struct pm_connection_options *o); /* as activate-connection takes them */
json_t *pm_describe_counts(const struct pm_line_errors *e);         /* by what went wrong */
json_t *pm_describe_connection(const struct pm_connection *c);
json_t *pm_describe_connections(struct pm_api *a, const struct pm_who *who);
json_t *pm_describe_gap(const struct pm_connection *c, uint64_t from, uint64_t to, enum pm_gap reason, uint64_t bytes);

/* requests_play.c: take out what a client plays. */
void pm_plays_drop(struct pm_api_client *client);

/* requests_record.c: a recording as JSON; and whether anything can be recorded, else the request has been failed. */
json_t *pm_describe_recording(const struct pm_recording *r);
bool pm_call_can_record(struct pm_call *call);

/* requests_line.c: what signals-changed and line-error carry. */
json_t *pm_describe_signals(const struct pm_connection *c);
json_t *pm_describe_errors(const struct pm_connection *c);

#endif
