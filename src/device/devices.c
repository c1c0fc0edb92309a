/* devices.c - see devices.h. */
#include "device/devices.h"

#include "device/serial.h"
#include "device/virtual.h"

#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct pm_devices {
    struct pm_loop *loop;
    struct pm_serial_host serial;
    struct pm_devices_options options;
    const struct pm_devices_ops *ops;
    void *owner;
    struct pm_link list;
    struct udev *udev;
    struct udev_monitor *monitor;
    struct pm_watch watch;
};

static void copy_text(char out[PM_DEVICE_TEXT], const char *text)
{
    snprintf(out, PM_DEVICE_TEXT, "%s", text ? text : "");
}

static void add(struct pm_devices *all, struct pm_device *d, bool tell)
{
    pm_list_append(&all->list, &d->link);
    if (tell)
        all->ops->on_attached(all->owner, d);
}

static void add_virtuals(struct pm_devices *all)
{
    for (const struct pm_virtual *v = pm_virtuals; v->name; v++) {
        struct pm_device *d = calloc(1, sizeof(*d));
        if (!d)
            return;
        snprintf(d->id, sizeof(d->id), "virtual-%s", v->name);
        snprintf(d->path, sizeof(d->path), "virtual:%s", v->name);
        copy_text(d->description, v->description);
        copy_text(d->product, v->product);
        copy_text(d->manufacturer, "Peripheral Manager");
        d->vid = d->pid = -1;
        d->is_virtual = true;
        add(all, d, false);
    }
}

/* ---- udev ---- */

/* Built-in ports are listed by the kernel whether or not there is hardware behind them. */
static bool has_hardware(struct udev_device *u)
{
    const char *driver = udev_device_get_sysattr_value(u, "type"); /* of 8250 ports: 0 is "unknown", nothing there */
    return !driver || strcmp(driver, "0") != 0;
}

static int hex_of(const char *text)
{
    return text ? (int)strtol(text, NULL, 16) : -1;
}

/* Vendor, product and serial number name a device; without a serial number it is the socket it is plugged into. */
static void name_usb(struct pm_device *d, struct udev_device *usb, struct udev_device *interface)
{
    d->vid = hex_of(udev_device_get_sysattr_value(usb, "idVendor"));
    d->pid = hex_of(udev_device_get_sysattr_value(usb, "idProduct"));
    copy_text(d->manufacturer, udev_device_get_sysattr_value(usb, "manufacturer"));
    copy_text(d->product, udev_device_get_sysattr_value(usb, "product"));
    copy_text(d->serial_number, udev_device_get_sysattr_value(usb, "serial"));
    copy_text(d->location, udev_device_get_sysname(usb));
    const char *number = interface ? udev_device_get_sysattr_value(interface, "bInterfaceNumber") : NULL;
    copy_text(d->interface, interface ? udev_device_get_sysattr_value(interface, "interface") : NULL);
    bool serial = d->serial_number[0] != 0;
    snprintf(d->id, sizeof(d->id), "usb-%04x:%04x%s%.64s-%.4s", (unsigned)d->vid & 0xffff, (unsigned)d->pid & 0xffff,
             serial ? "-" : "@", serial ? d->serial_number : d->location, number ? number : "00");
}

static struct pm_device *describe(struct udev_device *u)
{
    const char *path = udev_device_get_devnode(u);
    struct udev_device *parent = udev_device_get_parent(u);
    if (!path || !parent || !has_hardware(u)) /* consoles and pseudo terminals have no parent */
        return NULL;
    struct pm_device *d = calloc(1, sizeof(*d));
    if (!d)
        return NULL;
    d->vid = d->pid = -1;
    copy_text(d->path, path);
    d->node = udev_device_get_devnum(u);
    snprintf(d->id, sizeof(d->id), "tty-%.100s", udev_device_get_sysname(u));
    struct udev_device *usb = udev_device_get_parent_with_subsystem_devtype(u, "usb", "usb_device");
    if (usb)
        name_usb(d, usb, udev_device_get_parent_with_subsystem_devtype(u, "usb", "usb_interface"));
    const char *model = udev_device_get_property_value(u, "ID_MODEL_FROM_DATABASE");
    copy_text(d->description, d->product[0] ? d->product : model ? model : udev_device_get_sysname(u));
    return d;
}

static struct pm_device *find_path(const struct pm_devices *all, const char *path)
{
    for (struct pm_link *link = all->list.next; link != &all->list; link = link->next) {
        struct pm_device *d = pm_container(link, struct pm_device, link);
        if (strcmp(d->path, path) == 0)
            return d;
    }
    return NULL;
}

static void remove_device(struct pm_devices *all, struct pm_device *d)
{
    pm_list_remove(&d->link);
    all->ops->on_detached(all->owner, d);
    free(d);
}

static void on_event(struct pm_watch *w, unsigned events)
{
    struct pm_devices *all = w->owner;
    struct udev_device *u;
    (void)events;
    while ((u = udev_monitor_receive_device(all->monitor))) {
        const char *action = udev_device_get_action(u), *path = udev_device_get_devnode(u);
        struct pm_device *known = path ? find_path(all, path) : NULL;
        if (action && strcmp(action, "remove") == 0 && known) {
            remove_device(all, known);
        } else if (action && strcmp(action, "add") == 0 && !known) {
            struct pm_device *d = describe(u);
            if (d)
                add(all, d, true);
        }
        udev_device_unref(u);
    }
}

static void enumerate(struct pm_devices *all)
{
    struct udev_enumerate *e = udev_enumerate_new(all->udev);
    struct udev_list_entry *entry;
    if (!e)
        return;
    udev_enumerate_add_match_subsystem(e, "tty");
    udev_enumerate_scan_devices(e);
    udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(e))
    {
        struct udev_device *u = udev_device_new_from_syspath(all->udev, udev_list_entry_get_name(entry));
        struct pm_device *d = u ? describe(u) : NULL;
        if (d)
            add(all, d, false);
        udev_device_unref(u);
    }
    udev_enumerate_unref(e);
}

static int start_udev(struct pm_devices *all)
{
    all->udev = udev_new();
    if (!all->udev)
        return 0;
    all->monitor = udev_monitor_new_from_netlink(all->udev, "udev");
    if (all->monitor && udev_monitor_filter_add_match_subsystem_devtype(all->monitor, "tty", NULL) >= 0 &&
        udev_monitor_enable_receiving(all->monitor) >= 0) {
        int r = pm_watch_init(&all->watch, all->loop, udev_monitor_get_fd(all->monitor), on_event, all);
        if (r < 0)
            return r;
        pm_watch_set(&all->watch, PM_LOOP_READ);
    } else {
        all->monitor = udev_monitor_unref(all->monitor);
    }
    enumerate(all); /* after the monitor listens, so that nothing falls between */
    return 0;
}

/* ---- the interface ---- */

int pm_devices_new(struct pm_loop *loop, const struct pm_devices_options *options, const struct pm_devices_ops *ops,
                   void *owner, struct pm_devices **ret)
{
    struct pm_devices *all = calloc(1, sizeof(*all));
    if (!all)
        return -ENOMEM;
    *all = (struct pm_devices){.loop = loop, .options = *options, .ops = ops, .owner = owner};
    pm_list_init(&all->list);
    pm_serial_host_init(&all->serial, loop);
    int r = start_udev(all);
    if (r < 0) {
        udev_monitor_unref(all->monitor);
        udev_unref(all->udev);
        free(all);
        return r;
    }
    if (options->demo)
        add_virtuals(all);
    *ret = all;
    return 0;
}

static void on_watch_closed(void *owner)
{
    free(owner);
}

struct pm_devices *pm_devices_free(struct pm_devices *all)
{
    if (!all)
        return NULL;
    pm_serial_host_fini(&all->serial);
    while (!pm_list_empty(&all->list)) {
        struct pm_device *d = pm_container(all->list.next, struct pm_device, link);
        pm_list_remove(&d->link);
        free(d);
    }
    bool watching = all->monitor != NULL;
    if (watching)
        pm_watch_close(&all->watch, on_watch_closed);
    udev_monitor_unref(all->monitor);
    udev_unref(all->udev);
    if (!watching)
        free(all);
    return NULL;
}

const struct pm_link *pm_devices_list(const struct pm_devices *all)
{
    return &all->list;
}

const struct pm_device *pm_devices_find(const struct pm_devices *all, const char *address)
{
    for (struct pm_link *link = all->list.next; link != &all->list; link = link->next) {
        struct pm_device *d = pm_container(link, struct pm_device, link);
        if (strcmp(d->path, address) == 0 || strcmp(d->id, address) == 0)
            return d;
    }
    char real[4096];
    bool is_link = strncmp(address, "/dev/serial/", 12) == 0 && !strstr(address, "..") && realpath(address, real);
    return is_link ? find_path(all, real) : NULL;
}

/* The device number of a pseudo terminal, or 0: /dev/pts holds nothing else, and the path must be in its plain form. */
static dev_t pty_at(const char *address)
{
    static const char folder[] = "/dev/pts/";
    size_t n = sizeof(folder) - 1;
    struct stat st;
    if (strncmp(address, folder, n) != 0 || !address[n] || strspn(address + n, "0123456789") != strlen(address + n))
        return 0;
    return lstat(address, &st) == 0 && S_ISCHR(st.st_mode) ? st.st_rdev : 0;
}

int pm_devices_open(struct pm_devices *all, const char *address, const struct pm_port_settings *settings,
                    const struct pm_port_events *events, void *owner, struct pm_port **ret)
{
    const struct pm_device *d = pm_devices_find(all, address);
    if (d && d->is_virtual)
        return pm_virtual_open(strchr(d->path, ':') + 1, settings, all->loop, events, owner, ret);
    dev_t node = d ? d->node : all->options.allow_pty ? pty_at(address) : 0;
    if (node == 0)
        return -ENODEV;
    int r = pm_serial_open(&all->serial, d ? d->path : address, node, settings, events, owner, ret);
    return r == -ENOENT || r == -ENOTTY || r == -ENXIO ? -ENODEV : r;
}
