/* devices.c - see devices.h; the list, kept true to what discovery tells. */
#include "device/devices.h"

#include "base/log.h"
#include "device/discovery.h"
#include "device/holders.h"
#include "device/serial.h"
#include "device/virtual.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
    LOOK_MS = 1000,
    FLAPS = 16,          /* ports that come and go too often, watched at once */
    FLAPS_A_SECOND = 20, /* usually; beyond it a port's news waits for the next second */
    FLAP_MS = 1000,
};

/* A port that keeps coming and going: a loose plug. */
struct flap {
    char path[PM_DEVICE_TEXT];
    struct pm_mono since;
    unsigned count;
};

/* A look for holders, in a worker thread; it outlives what asked for it. */
struct look {
    struct pm_work work;
    struct pm_devices *all; /* NULL: gone meanwhile */
    void (*find)(void *owner, struct pm_holder *holders, size_t n);
    void *find_owner;
    size_t n;
    struct pm_holder holders[];
};

struct pm_devices {
    struct pm_loop *loop;
    struct pm_serial_host serial;
    struct pm_virtual_host virtuals;
    struct pm_devices_options options;
    const struct pm_devices_ops *ops;
    void *owner;
    struct pm_link list;
    unsigned n_devices, scans;
    bool quiet; /* the first scan: nobody needs to be told */
    struct pm_discovery *discovery;
    struct flap flaps[FLAPS];
    struct pm_timer calm; /* a port was too restless: look again when it fires */
    struct look *look;
    struct pm_mono looked;
    struct pm_link waiting;
    struct pm_link later; /* those for whom the look under way began too early */
};

static struct pm_device *find_path(const struct pm_devices *all, const char *path)
{
    pm_list_for_each (link, (struct pm_link *)&all->list) {
        struct pm_device *d = pm_container(link, struct pm_device, link);
        if (strcmp(d->path, path) == 0)
            return d;
    }
    return NULL;
}

/* ---- the list ---- */

/* Devices that claim to be the same one are all marked (H13): nobody but a person can tell them apart. */
static void mark_conflicts(struct pm_devices *all, const char *id)
{
    unsigned n = 0;
    pm_list_for_each (link, &all->list)
        n += strcmp(pm_container(link, struct pm_device, link)->id, id) == 0;
    pm_list_for_each (link, &all->list) {
        struct pm_device *d = pm_container(link, struct pm_device, link);
        if (strcmp(d->id, id) == 0)
            d->conflict = n > 1;
    }
}

static void add(struct pm_devices *all, const struct pm_device *description)
{
    struct pm_device *d = all->n_devices < PM_DEVICES_MAX ? malloc(sizeof(*d)) : NULL;
    if (!d) {
        pm_log(PM_LOG_WARNING, "%s: not listed, there are too many devices.", description->path);
        return;
    }
    *d = *description;
    d->scan = all->scans;
    pm_list_append(&all->list, &d->link);
    mark_conflicts(all, d->id);
    all->n_devices++;
    if (!all->quiet)
        all->ops->on_attached(all->owner, d);
}

static void take_out(struct pm_devices *all, struct pm_device *d)
{
    pm_list_remove(&d->link);
    all->n_devices--;
    mark_conflicts(all, d->id);
    all->ops->on_detached(all->owner, d);
    free(d);
}

/* ---- what discovery tells ---- */

/* A loose plug can make a hundred events a second (H06): from one of them on the rest of the second is silent, and
 * then the list is brought up to date at once. */
static bool is_restless(struct pm_devices *all, const char *path)
{
    struct pm_mono now = pm_loop_now();
    struct flap *free_one = NULL, *f = NULL;
    for (struct flap *each = all->flaps; each < all->flaps + FLAPS && !f; each++) {
        bool over = pm_mono_reached(now, pm_mono_add_ms(each->since, FLAP_MS));
        if (!over && strcmp(each->path, path) == 0)
            f = each;
        else if (over)
            free_one = each;
    }
    if (!f && !free_one)
        return false;
    if (!f) {
        f = free_one;
        *f = (struct flap){.since = now};
        snprintf(f->path, sizeof(f->path), "%s", path);
    }
    unsigned most = all->options.news ?: FLAPS_A_SECOND;
    if (++f->count <= most)
        return false;
    if (f->count == most + 1) {
        pm_log(PM_LOG_WARNING, "%s: comes and goes more than %u times a second; is it loose?", path, most);
        pm_timer_set(&all->calm, pm_mono_add_ms(f->since, FLAP_MS));
    }
    return true;
}

static void see(struct pm_devices *all, const struct pm_device *d)
{
    struct pm_device *known = find_path(all, d->path);
    bool same = known && known->plugged == d->plugged && known->vid == d->vid && known->pid == d->pid &&
                known->node == d->node && strcmp(known->serial_number, d->serial_number) == 0;
    if (same) {
        known->scan = all->scans;
        memcpy(known->links, d->links, sizeof(known->links));
        return;
    }
    if (known)
        take_out(all, known);
    add(all, d);
}

static void on_present(void *owner, const struct pm_device *d)
{
    struct pm_devices *all = owner;
    struct pm_device known = *d;
    if (!find_path(all, d->path) && is_restless(all, d->path))
        return;
    known.is_modem = d->is_modem && !all->options.allow_modems;
    see(all, &known);
}

static void on_gone(void *owner, const char *path)
{
    struct pm_devices *all = owner;
    struct pm_device *known = find_path(all, path);
    if (known && !is_restless(all, path))
        take_out(all, known);
}

/* Bring the list up to date: new ones come, those that a scan does not see go. */
static void scan(struct pm_devices *all)
{
    all->scans++;
    pm_discovery_scan(all->discovery);
    pm_list_for_each (link, &all->list) {
        struct pm_device *d = pm_container(link, struct pm_device, link);
        if (!d->is_virtual && d->scan != all->scans)
            take_out(all, d);
    }
}

static void on_missed(void *owner)
{
    pm_log(PM_LOG_INFO, "More devices came and went at once than could be heard; looking at all of them again.");
    scan(owner);
}

static void on_calm(struct pm_timer *t)
{
    struct pm_devices *all = t->owner;
    memset(all->flaps, 0, sizeof(all->flaps));
    scan(all);
}

static const struct pm_discovery_ops discovery_ops = {on_present, on_gone, on_missed};

/* ---- virtual devices ---- */

static void add_virtual(struct pm_devices *all, const struct pm_virtual *v)
{
    struct pm_device d = {.vid = -1, .pid = -1, .is_virtual = true};
    snprintf(d.id, sizeof(d.id), "virtual-%s", v->name);
    snprintf(d.path, sizeof(d.path), "virtual:%s", v->name);
    snprintf(d.description, sizeof(d.description), "%s", v->description);
    snprintf(d.product, sizeof(d.product), "%s", v->product);
    snprintf(d.manufacturer, sizeof(d.manufacturer), "Peripheral Manager");
    snprintf(d.hwid, sizeof(d.hwid), "n/a");
    add(all, &d);
}

static void plug(struct pm_devices *all, const struct pm_virtual *v, bool in)
{
    char path[PM_DEVICE_TEXT];
    snprintf(path, sizeof(path), "virtual:%s", v->name);
    struct pm_device *known = find_path(all, path);
    if (in && !known)
        add_virtual(all, v);
    if (!in && known) {
        pm_virtual_unplug(&all->virtuals, v);
        take_out(all, known);
    }
}

static bool is_built_in(const struct pm_virtual *v)
{
    for (const struct pm_virtual *known = pm_virtuals; known->name; known++) {
        if (v == known)
            return true;
    }
    return false;
}

int pm_devices_plug_virtual(struct pm_devices *all, const char *address, bool in)
{
    enum { PREFIX = 8 }; /* "virtual:", or "virtual-" of an id */
    bool named = strncmp(address, "virtual:", PREFIX) == 0 || strncmp(address, "virtual-", PREFIX) == 0;
    const struct pm_virtual *v = named ? pm_virtual_find(&all->virtuals, address + PREFIX) : NULL;
    if (!v || (is_built_in(v) && !all->options.demo))
        return -ENODEV;
    plug(all, v, in);
    return 0;
}

int pm_devices_add_virtual(struct pm_devices *all, struct pm_virtual_added *v)
{
    if (pm_virtual_find(&all->virtuals, v->kind.name))
        return -EEXIST;
    if (all->virtuals.n_added == PM_VIRTUALS_ADDED)
        return -EMFILE;
    pm_list_append(&all->virtuals.added, &v->link);
    all->virtuals.n_added++;
    plug(all, &v->kind, true);
    return 0;
}

void pm_devices_remove_virtual(struct pm_devices *all, struct pm_virtual_added *v)
{
    plug(all, &v->kind, false);
    pm_list_remove(&v->link);
    all->virtuals.n_added--;
}

/* ---- who uses them ---- */

static void look_in_thread(struct pm_work *work)
{
    struct look *look = pm_container(work, struct look, work);
    if (look->find)
        look->find(look->find_owner, look->holders, look->n);
    else
        pm_holders_find(look->holders, look->n, getpid());
}

static void tell(struct pm_link *who)
{
    struct pm_link waiting;
    pm_list_take(&waiting, who);
    while (!pm_list_empty(&waiting)) {
        struct pm_devices_waiting *w = pm_container(waiting.next, struct pm_devices_waiting, link);
        pm_list_remove(&w->link);
        w->done(w);
    }
}

static void begin_look(struct pm_devices *all);

static void on_looked(struct pm_work *work)
{
    struct look *look = pm_container(work, struct look, work);
    struct pm_devices *all = look->all;
    for (size_t i = 0; all && i < look->n; i++) {
        struct pm_device *d = find_path(all, look->holders[i].path);
        if (d)
            memcpy(d->holder, look->holders[i].program, sizeof(d->holder));
    }
    free(look);
    if (!all)
        return;
    struct pm_link waiting;
    all->look = NULL;
    all->looked = pm_loop_now();
    pm_list_take(&waiting, &all->waiting);
    pm_list_take(&all->waiting, &all->later);
    if (!pm_list_empty(&all->waiting))
        begin_look(all);
    tell(&waiting);
}

static struct look *new_look(struct pm_devices *all)
{
    struct look *look = calloc(1, sizeof(*look) + all->n_devices * sizeof(look->holders[0]));
    if (!look)
        return NULL;
    look->all = all;
    look->find = all->options.find_holders;
    look->find_owner = all->options.find_owner;
    pm_list_for_each (link, &all->list) {
        const struct pm_device *d = pm_container(link, struct pm_device, link);
        if (!d->is_virtual)
            memcpy(look->holders[look->n++].path, d->path, sizeof(d->path));
    }
    return look;
}

/* For all who wait. Without memory the last look must do. */
static void begin_look(struct pm_devices *all)
{
    struct look *look = new_look(all);
    if (!look || look->n == 0) {
        free(look);
        tell(&all->waiting);
        return;
    }
    all->look = look;
    pm_work_start(&look->work, all->loop, look_in_thread, on_looked);
}

void pm_devices_look(struct pm_devices *all, struct pm_devices_waiting *w, bool recent)
{
    bool fresh = recent && all->looked.us && !pm_mono_reached(pm_loop_now(), pm_mono_add_ms(all->looked, LOOK_MS));
    pm_list_init(&w->link);
    if (fresh && !all->look) {
        w->done(w);
        return;
    }
    pm_list_append(all->look && !recent ? &all->later : &all->waiting, &w->link);
    if (!all->look)
        begin_look(all);
}

void pm_devices_stop_looking(struct pm_devices *all)
{
    if (all->look)
        all->look->all = NULL;
    all->look = NULL;
    tell(&all->waiting);
    tell(&all->later);
}

/* ---- finding and opening ---- */

const struct pm_link *pm_devices_list(const struct pm_devices *all)
{
    return &all->list;
}

const char *pm_device_link(const struct pm_device *d, const char *start)
{
    for (const char *link = d->links; *link; link += strlen(link) + 1) {
        if (strncmp(link, start, strlen(start)) == 0)
            return link;
    }
    return NULL;
}

static bool has_link(const struct pm_device *d, const char *address)
{
    for (const char *link = d->links; *link; link += strlen(link) + 1) {
        if (strcmp(link, address) == 0)
            return true;
    }
    return false;
}

const struct pm_device *pm_devices_find(const struct pm_devices *all, const char *address)
{
    pm_list_for_each (link, (struct pm_link *)&all->list) {
        const struct pm_device *d = pm_container(link, struct pm_device, link);
        if (strcmp(d->path, address) == 0 || strcmp(d->id, address) == 0 || has_link(d, address))
            return d;
    }
    return NULL;
}

/* Look at a pseudo terminal: /dev/pts holds nothing else, and the path must be in its plain form. */
static bool stat_pty(const struct pm_devices *all, const char *address, struct stat *ret)
{
    static const char folder[] = "/dev/pts/";
    size_t n = sizeof(folder) - 1;
    return all->options.allow_pty && strncmp(address, folder, n) == 0 && address[n] &&
           strspn(address + n, "0123456789") == strlen(address + n) && lstat(address, ret) == 0 &&
           S_ISCHR(ret->st_mode);
}

const char *pm_devices_hidden_by(const struct pm_devices *all, const char *address)
{
    const struct {
        const char *start, *option;
        bool set;
    } hidden[] = {{"/dev/pts/", "--allow-pty", all->options.allow_pty}, {"virtual:", "--demo", all->options.demo}};
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        if (!hidden[i].set && strncmp(address, hidden[i].start, strlen(hidden[i].start)) == 0)
            return hidden[i].option;
    }
    return NULL;
}

/* The system makes a terminal's inode when it is opened, and nothing changes it while it is used. */
bool pm_devices_identify(const struct pm_devices *all, const char *address, char ret[PM_DEVICE_TEXT])
{
    const struct pm_device *d = pm_devices_find(all, address);
    struct stat st;
    bool pty = !d && stat_pty(all, address, &st);
    if (pty)
        snprintf(ret, PM_DEVICE_TEXT, "pty-%u-%llx", minor(st.st_rdev),
                 (unsigned long long)st.st_ctim.tv_sec * 1000000000 + (unsigned long long)st.st_ctim.tv_nsec);
    else
        snprintf(ret, PM_DEVICE_TEXT, "%s", d ? d->id : "");
    return d || pty;
}

/* False if something else is there by now; and who logs in there, or what a modem turned out to be, is noted. */
static bool is_as_listed(struct pm_devices *all, const char *path)
{
    struct pm_device *d = find_path(all, path), now;
    if (!d || !pm_discovery_confirms(all->discovery, d, &now))
        return false;
    d->is_console = now.is_console;
    d->is_modem = now.is_modem && !all->options.allow_modems;
    return true;
}

int pm_devices_open(struct pm_devices *all, const char *address, const struct pm_port_settings *settings,
                    const struct pm_port_events *events, void *owner, struct pm_port **ret)
{
    const struct pm_device *d = pm_devices_find(all, address);
    if (d && d->is_virtual)
        return pm_virtual_open(&all->virtuals, strchr(d->path, ':') + 1, settings, events, owner, ret);
    struct stat st;
    if (!d && !stat_pty(all, address, &st))
        return -ENODEV;
    if (d && !is_as_listed(all, d->path))
        return -ENODEV;
    if (d && pm_device_is_reserved(d))
        return -EPERM;
    int r = pm_serial_open(&all->serial, d ? d->path : address, d ? d->node : st.st_rdev, settings, events, owner, ret);
    return r == -ENOENT || r == -ENOTTY || r == -ENXIO ? -ENODEV : r;
}

/* ---- life ---- */

int pm_devices_new(struct pm_loop *loop, const struct pm_devices_options *options, const struct pm_devices_ops *ops,
                   void *owner, struct pm_devices **ret)
{
    struct pm_devices *all = calloc(1, sizeof(*all));
    if (!all)
        return -ENOMEM;
    *all = (struct pm_devices){.loop = loop, .options = *options, .ops = ops, .owner = owner, .quiet = true};
    pm_list_init(&all->list);
    pm_list_init(&all->waiting);
    pm_list_init(&all->later);
    pm_serial_host_init(&all->serial, loop);
    pm_virtual_host_init(&all->virtuals, loop);
    int r = pm_discovery_new(loop, options->logins, &discovery_ops, all, &all->discovery);
    if (r < 0) {
        free(all);
        return r;
    }
    pm_timer_init(&all->calm, loop, on_calm, all);
    scan(all); /* after it listens, so that nothing falls between */
    for (const struct pm_virtual *v = pm_virtuals; v->name && options->demo; v++)
        add_virtual(all, v);
    all->quiet = false;
    *ret = all;
    return 0;
}

static void on_timer_closed(void *owner)
{
    free(owner);
}

struct pm_devices *pm_devices_free(struct pm_devices *all)
{
    if (!all)
        return NULL;
    pm_serial_host_fini(&all->serial);
    pm_discovery_free(all->discovery);
    pm_devices_stop_looking(all);
    pm_list_for_each (link, &all->list) {
        pm_list_remove(link);
        free(pm_container(link, struct pm_device, link));
    }
    pm_timer_close(&all->calm, on_timer_closed);
    return NULL;
}
