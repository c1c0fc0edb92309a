/* identity.c - see identity.h. */
#include "device/identity.h"

#include "base/clean.h"
#include "base/sha1.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN = 64 };

static void clean(char *out, size_t room, const char *text)
{
    pm_text_clean(out, room, text ? text : "", text ? strlen(text) : 0, SIZE_MAX);
}

/* Make text a piece of an identifier: letters, digits, '.', '_' and '-' stay, any other byte becomes %XX. Different
 * texts give different pieces: one that does not fit is cut and ends with '~' and 16 digits of its hash (room >= 20).
 */
static void make_token(char *out, size_t room, const char *text)
{
    enum { HASHED = 8, TAIL = 1 + 2 * HASHED };
    uint8_t hash[PM_SHA1_SIZE];
    size_t n = 0, cut = 0; /* cut: where the tail may stand */
    const char *p = text;
    for (; *p; p++) {
        bool plain = isalnum((unsigned char)*p) || strchr("._-", *p);
        size_t length = plain ? 1 : 3;
        if (n + length >= room)
            break;
        snprintf(out + n, room - n, plain ? "%c" : "%%%02X", (unsigned char)*p);
        n += length;
        cut = n + TAIL < room ? n : cut;
    }
    out[n] = 0;
    if (!*p)
        return;
    pm_sha1(text, strlen(text), hash);
    out[cut++] = '~';
    for (size_t i = 0; i < HASHED; i++, cut += 2)
        snprintf(out + cut, room - cut, "%02x", hash[i]);
}

/* A 16 bit number in hexadecimal, or 0. */
static int hex_of(const char *text)
{
    return text ? (int)(strtoul(text, NULL, 16) & 0xffff) : 0;
}

/* pyserial: the interface where a device has several, else the device. */
static const char *location_of(const struct pm_usb_facts *f)
{
    bool several = f->n_interfaces && strtol(f->n_interfaces, NULL, 10) > 1;
    return several && f->interface_name ? f->interface_name : f->name;
}

static void format_hwid(struct pm_device *d)
{
    int n = snprintf(d->hwid, sizeof(d->hwid), "USB VID:PID=%04X:%04X", (unsigned)d->vid, (unsigned)d->pid);
    if (d->serial_number[0])
        n += snprintf(d->hwid + n, sizeof(d->hwid) - (size_t)n, " SER=%s", d->serial_number);
    if (d->location[0])
        snprintf(d->hwid + n, sizeof(d->hwid) - (size_t)n, " LOCATION=%s", d->location);
}

static void format_description(struct pm_device *d, const char *name)
{
    char text[2 * PM_DEVICE_TEXT + 4];
    if (d->interface[0] && d->product[0])
        snprintf(text, sizeof(text), "%s - %s", d->product, d->interface);
    else
        snprintf(text, sizeof(text), "%s", d->product[0] ? d->product : d->interface[0] ? d->interface : name);
    clean(d->description, sizeof(d->description), text); /* cuts at the end of a character */
}

static void format_id(struct pm_device *d, const struct pm_usb_facts *f)
{
    char key[TOKEN], interface[20];
    bool has_serial = f->serial && d->serial_number[0];
    make_token(key, sizeof(key), has_serial ? f->serial : f->name ? f->name : "");
    make_token(interface, sizeof(interface), f->interface_number ? f->interface_number : "00");
    snprintf(d->id, sizeof(d->id), "usb-%04x:%04x%c%s-%s", (unsigned)d->vid, (unsigned)d->pid, has_serial ? '-' : '@',
             key, interface);
}

void pm_identity_usb(struct pm_device *d, const struct pm_usb_facts *f, const char *name)
{
    d->vid = hex_of(f->vendor);
    d->pid = hex_of(f->product_id);
    clean(d->manufacturer, sizeof(d->manufacturer), f->manufacturer);
    clean(d->product, sizeof(d->product), f->product);
    clean(d->serial_number, sizeof(d->serial_number), f->serial);
    clean(d->interface, sizeof(d->interface), f->interface_text);
    clean(d->location, sizeof(d->location), location_of(f));
    format_hwid(d);
    format_description(d, name);
    format_id(d, f);
}

void pm_identity_builtin(struct pm_device *d, const char *hardware, const char *name)
{
    char key[TOKEN];
    d->vid = d->pid = -1;
    clean(d->hwid, sizeof(d->hwid), hardware ? hardware : "n/a");
    clean(d->description, sizeof(d->description), name);
    make_token(key, sizeof(key), name);
    snprintf(d->id, sizeof(d->id), "tty-%s", key);
}
