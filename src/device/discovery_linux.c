/* discovery_linux.c - see discovery.h; by libudev, which takes messages from nobody but the kernel's and udev's sender
 * (H21). It listens to udev, not to the kernel: when a device is told, its rules have run and its rights are set (H07).
 */
#include "device/discovery.h"

#include "device/identity.h"
#include "device/logins.h"

#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 1024 * 1024 }; /* of the socket: some thousand events */

struct pm_discovery {
    const struct pm_discovery_ops *ops;
    void *owner;
    struct udev *udev;
    struct udev_monitor *monitor;
    struct pm_watch watch;
    char consoles[256]; /* names of the system's console ports, between blanks */
    const struct pm_logins *logins;
};

/* The kernel lists built-in ports whether or not there is hardware behind them. */
static bool has_hardware(struct udev_device *u, struct udev_device *parent)
{
    const char *type = udev_device_get_sysattr_value(u, "type"); /* of built-in ports: 0 is "unknown", nothing there */
    const char *bus = udev_device_get_subsystem(parent);
    if (type)
        return strcmp(type, "0") != 0;
    return !bus || strcmp(bus, "platform") != 0; /* a leftover of ports that were never probed */
}

static void read_usb(struct pm_device *d, struct udev_device *usb, struct udev_device *interface, const char *name)
{
    struct pm_usb_facts facts = {
        .vendor = udev_device_get_sysattr_value(usb, "idVendor"),
        .product_id = udev_device_get_sysattr_value(usb, "idProduct"),
        .serial = udev_device_get_sysattr_value(usb, "serial"),
        .manufacturer = udev_device_get_sysattr_value(usb, "manufacturer"),
        .product = udev_device_get_sysattr_value(usb, "product"),
        .n_interfaces = udev_device_get_sysattr_value(usb, "bNumInterfaces"),
        .name = udev_device_get_sysname(usb),
    };
    if (interface) {
        facts.interface_name = udev_device_get_sysname(interface);
        facts.interface_number = udev_device_get_sysattr_value(interface, "bInterfaceNumber");
        facts.interface_text = udev_device_get_sysattr_value(interface, "interface");
    }
    pm_identity_usb(d, &facts, name);
}

static void read_links(struct pm_device *d, struct udev_device *u)
{
    struct udev_list_entry *entry;
    size_t n = 0;
    udev_list_entry_foreach(entry, udev_device_get_devlinks_list_entry(u))
    {
        const char *link = udev_list_entry_get_name(entry);
        size_t length = strlen(link) + 1;
        if (n + length + 1 > sizeof(d->links))
            return;
        memcpy(d->links + n, link, length);
        n += length;
    }
}

static bool is_console(const struct pm_discovery *all, const char *name)
{
    char word[PM_DEVICE_TEXT];
    snprintf(word, sizeof(word), " %s ", name);
    return strstr(all->consoles, word) != NULL;
}

/* Does systemd let people log in there? The unit's group of processes can be seen by everybody. */
static bool has_login(const char *name)
{
    char path[256];
    int n = snprintf(path, sizeof(path),
                     "/sys/fs/cgroup/system.slice/system-serial\\x2dgetty.slice/serial-getty@%s.service", name);
    return n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0;
}

/* A mobile modem has a network interface, or a channel to control one, beside its serial ports. */
static bool is_modem(const struct pm_discovery *all, struct udev_device *usb)
{
    struct udev_enumerate *e = udev_enumerate_new(all->udev);
    struct udev_list_entry *entry;
    bool found = false;
    if (!e)
        return false;
    udev_enumerate_add_match_parent(e, usb);
    udev_enumerate_add_match_subsystem(e, "net");
    udev_enumerate_add_match_subsystem(e, "usbmisc");
    udev_enumerate_scan_devices(e);
    udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(e))
    {
        struct udev_device *u = udev_device_new_from_syspath(all->udev, udev_list_entry_get_name(entry));
        const char *kind = u ? udev_device_get_devtype(u) : NULL, *name = u ? udev_device_get_sysname(u) : "";
        found = found || (kind && strcmp(kind, "wwan") == 0) || strncmp(name, "cdc-wdm", 7) == 0;
        udev_device_unref(u);
    }
    udev_enumerate_unref(e);
    return found;
}

/* False for what is no serial port: consoles and pseudo terminals have no parent. */
static bool describe(const struct pm_discovery *all, struct udev_device *u, struct pm_device *d)
{
    const char *path = udev_device_get_devnode(u), *name = udev_device_get_sysname(u);
    struct udev_device *parent = udev_device_get_parent(u);
    if (!path || !parent || strlen(path) >= sizeof(d->path) || !has_hardware(u, parent))
        return false;
    *d = (struct pm_device){.node = udev_device_get_devnum(u),
                            .is_console = is_console(all, name) || has_login(name) || pm_logins_has(all->logins, name)};
    snprintf(d->path, sizeof(d->path), "%s", path);
    const char *plugged = udev_device_get_property_value(u, "USEC_INITIALIZED");
    d->plugged = plugged ? strtoull(plugged, NULL, 10) : 0;
    read_links(d, u);
    struct udev_device *usb = udev_device_get_parent_with_subsystem_devtype(u, "usb", "usb_device");
    d->is_modem = usb && is_modem(all, usb);
    if (usb)
        read_usb(d, usb, udev_device_get_parent_with_subsystem_devtype(u, "usb", "usb_interface"), name);
    else
        pm_identity_builtin(d, udev_device_get_sysattr_value(parent, "id"), name);
    return true;
}

static void take_event(struct pm_discovery *all, struct udev_device *u)
{
    const char *action = udev_device_get_action(u), *path = udev_device_get_devnode(u);
    struct pm_device d;
    if (!action || !path)
        return;
    if (strcmp(action, "remove") == 0)
        all->ops->on_gone(all->owner, path);
    else if (describe(all, u, &d))
        all->ops->on_present(all->owner, &d);
}

static void on_event(struct pm_watch *w, unsigned events)
{
    struct pm_discovery *all = w->owner;
    struct udev_device *u;
    (void)events;
    for (errno = 0; (u = udev_monitor_receive_device(all->monitor)); errno = 0) {
        take_event(all, u);
        udev_device_unref(u);
    }
    if (errno == ENOBUFS) /* H22 */
        all->ops->on_missed(all->owner);
}

/* Which ports the kernel writes its messages to. */
static void read_consoles(struct pm_discovery *all)
{
    struct udev_device *u = udev_device_new_from_subsystem_sysname(all->udev, "tty", "console");
    const char *active = u ? udev_device_get_sysattr_value(u, "active") : NULL;
    snprintf(all->consoles, sizeof(all->consoles), " %s ", active ? active : "");
    udev_device_unref(u);
}

void pm_discovery_scan(struct pm_discovery *all)
{
    /* All but the 64 virtual consoles, "tty" and digits, which would take most of the time of a start. */
    static const char *const names[] = {"tty[!0-9]*", "tt[!y]*", "t[!t]*", "[!t]*"};
    struct udev_enumerate *e = all->udev ? udev_enumerate_new(all->udev) : NULL;
    struct udev_list_entry *entry;
    struct pm_device d;
    if (!e)
        return;
    read_consoles(all);
    udev_enumerate_add_match_subsystem(e, "tty");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        udev_enumerate_add_match_sysname(e, names[i]);
    udev_enumerate_scan_devices(e);
    udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(e))
    {
        struct udev_device *u = udev_device_new_from_syspath(all->udev, udev_list_entry_get_name(entry));
        if (u && describe(all, u, &d))
            all->ops->on_present(all->owner, &d);
        udev_device_unref(u);
    }
    udev_enumerate_unref(e);
}

bool pm_discovery_confirms(const struct pm_discovery *all, const struct pm_device *device, struct pm_device *ret)
{
    struct udev_device *u = udev_device_new_from_devnum(all->udev, 'c', device->node);
    bool same = u && describe(all, u, ret) && strcmp(ret->path, device->path) == 0 && strcmp(ret->id, device->id) == 0;
    udev_device_unref(u);
    return same;
}

static int listen_to_udev(struct pm_discovery *all, struct pm_loop *loop)
{
    struct udev_monitor *m = udev_monitor_new_from_netlink(all->udev, "udev");
    if (!m || udev_monitor_filter_add_match_subsystem_devtype(m, "tty", NULL) < 0 ||
        udev_monitor_enable_receiving(m) < 0) {
        udev_monitor_unref(m); /* as in a container without netlink: what is there now is all we know */
        return 0;
    }
    udev_monitor_set_receive_buffer_size(m, BUFFER); /* more than an ordinary user may have is cut, not refused */
    int r = pm_watch_init(&all->watch, loop, udev_monitor_get_fd(m), on_event, all);
    if (r < 0) {
        udev_monitor_unref(m);
        return r;
    }
    all->monitor = m;
    pm_watch_set(&all->watch, PM_LOOP_READ);
    return 0;
}

int pm_discovery_new(struct pm_loop *loop, const struct pm_logins *logins, const struct pm_discovery_ops *ops,
                     void *owner, struct pm_discovery **ret)
{
    struct pm_discovery *all = calloc(1, sizeof(*all));
    if (!all)
        return -ENOMEM;
    *all = (struct pm_discovery){.ops = ops, .owner = owner, .udev = udev_new(), .logins = logins};
    int r = all->udev ? listen_to_udev(all, loop) : 0;
    if (r < 0) {
        udev_unref(all->udev);
        free(all);
        return r;
    }
    *ret = all;
    return 0;
}

static void on_watch_closed(void *owner)
{
    free(owner);
}

struct pm_discovery *pm_discovery_free(struct pm_discovery *all)
{
    if (!all)
        return NULL;
    bool watching = all->monitor != NULL;
    if (watching)
        pm_watch_close(&all->watch, on_watch_closed);
    udev_monitor_unref(all->monitor);
    udev_unref(all->udev);
    if (!watching)
        free(all);
    return NULL;
}
