/* devices.h - what is plugged in: serial ports as they come and go, and the virtual ones. */
#ifndef PM_DEVICE_DEVICES_H
#define PM_DEVICE_DEVICES_H

#include "device/port.h"

#include <sys/types.h>

enum {
    PM_DEVICE_TEXT = 128,
    PM_DEVICE_LINKS = 512,
    PM_HOLDER_TEXT = 32,
    PM_VIRTUALS_ADDED = 16,
    PM_DEVICES_MAX = 256, /* listed at once; what comes beyond is noted in the log */
};

/* A description; all texts are cleaned (base/clean.h). */
struct pm_device {
    struct pm_link link;
    char id[PM_DEVICE_TEXT];   /* the same over replug and reboot; see `conflict` */
    char path[PM_DEVICE_TEXT]; /* "/dev/ttyUSB0", or "virtual:echo"; may be another after a replug */
    char description[PM_DEVICE_TEXT], manufacturer[PM_DEVICE_TEXT], product[PM_DEVICE_TEXT];
    char serial_number[PM_DEVICE_TEXT], location[PM_DEVICE_TEXT], interface[PM_DEVICE_TEXT];
    char hwid[3 * PM_DEVICE_TEXT];
    char links[PM_DEVICE_LINKS]; /* other paths of it, each ended by NUL, the last one by two */
    char holder[PM_HOLDER_TEXT]; /* the program that has it open, as of the last pm_devices_look(); may be empty */
    int vid, pid;                /* -1: none */
    dev_t node;                  /* the number of the character device at `path` */
    unsigned long long plugged;  /* differs from one plugging to the next; 0: not known */
    bool is_virtual;
    bool is_console, is_modem; /* the system's console, or where people log in; the machine's mobile modem: not for
                                  applications */
    bool conflict;             /* another listed device claims to be this very one */
    unsigned scan;             /* for devices.c: the last scan that saw it */
};

/* Is it never given to an application, whatever a person says? */
static inline bool pm_device_is_reserved(const struct pm_device *d)
{
    return d->is_console || d->is_modem;
}

/* Told from the loop. The description is borrowed; after `detached` it is gone. */
struct pm_devices_ops {
    void (*on_attached)(void *owner, const struct pm_device *d);
    void (*on_detached)(void *owner, const struct pm_device *d);
};

struct pm_holder; /* holders.h */
struct pm_logins; /* logins.h */

struct pm_devices_options {
    bool demo;         /* show the virtual devices */
    bool allow_pty;    /* open pseudo terminals by their path; they are never listed */
    bool allow_modems; /* mobile modems are devices as others are */
    unsigned news;     /* of one port in a second, then it waits for the next second; 0: 20 */
    /* Who looks for the holders of devices, called in a worker thread; NULL: pm_holders_find(). The owner must outlive
     * the loop. */
    void (*find_holders)(void *owner, struct pm_holder *holders, size_t n);
    void *find_owner;
    const struct pm_logins *logins; /* where people log in nothing is opened; it must outlive the devices */
};

struct pm_devices;

/* Enumerate and watch. The caller owns *ret. 0 or a negative errno; a machine without udev has no serial ports and
 * that is no error. */
int pm_devices_new(struct pm_loop *loop, const struct pm_devices_options *options, const struct pm_devices_ops *ops,
                   void *owner, struct pm_devices **ret);
struct pm_devices *pm_devices_free(struct pm_devices *all);

/* All that are there now: a list of struct pm_device. */
const struct pm_link *pm_devices_list(const struct pm_devices *all);

/* The one with this path, id, or link that udev made for it (/dev/serial/by-id/…); NULL if there is none. Looks at
 * nothing but the list. */
const struct pm_device *pm_devices_find(const struct pm_devices *all, const char *address);

/* The option that would show, or open, devices whose addresses begin as this one does, "--demo" or "--allow-pty"; NULL
 * if there is none, or it is set. */
const char *pm_devices_hidden_by(const struct pm_devices *all, const char *address);

/* The id of what this address names now: a listed device's, or for a pseudo terminal (if those are allowed) one that
 * no later terminal of the same path has. False, and an empty text: nothing is there. */
bool pm_devices_identify(const struct pm_devices *all, const char *address, char ret[PM_DEVICE_TEXT]);

/* The first of its links that starts so ("/dev/serial/by-id/"), or NULL. */
const char *pm_device_link(const struct pm_device *d, const char *start);

/* Why we could not open it, and what to do about it, for a person; false if nothing speaks against it. */
bool pm_device_problem(const struct pm_device *d, char *out, size_t room);

/* Open what an address names: a listed device, or a pseudo terminal if those are allowed. Nothing else in the file
 * system is touched. 0 and *ret, or -ENODEV (no such device), -EPERM (it is reserved), and what opening gives. */
int pm_devices_open(struct pm_devices *all, const char *address, const struct pm_port_settings *settings,
                    const struct pm_port_events *events, void *owner, struct pm_port **ret);

/* Find out which programs of this user hold the listed devices, in a worker thread; then `holder` is up to date and
 * `done` is called, from the loop, once. With `recent` a look that is less than a second old is as good as a new one;
 * who has just met a holder wants one that began later. Whoever waits must not go away; pm_devices_stop_looking() calls
 * all who wait at once, and must come before the end. */
struct pm_devices_waiting {
    struct pm_link link;
    void (*done)(struct pm_devices_waiting *w);
};
void pm_devices_look(struct pm_devices *all, struct pm_devices_waiting *w, bool recent);
void pm_devices_stop_looking(struct pm_devices *all);

/* Plug in one that was made while the program runs, until it is removed; it must stay where it is. 0, -EEXIST (the name
 * is taken) or -EMFILE (PM_VIRTUALS_ADDED are there). */
struct pm_virtual_added; /* virtual.h */
int pm_devices_add_virtual(struct pm_devices *all, struct pm_virtual_added *v);
void pm_devices_remove_virtual(struct pm_devices *all, struct pm_virtual_added *v);

/* Plug a virtual device in or out, as if somebody had done it by hand. 0 (also if it is so already), or -ENODEV: there
 * is no such virtual device, or none at all without `demo`. */
int pm_devices_plug_virtual(struct pm_devices *all, const char *address, bool in);

#endif
