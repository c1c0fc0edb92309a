/* identity_fuzz.c - what a device says of itself, however hostile: names that can be shown, and an id that is plain. */
#include "base/utf8.h"
#include "device/identity.h"
#include "pieces.h"

#include <jansson.h>
#include <stdio.h>

enum { FACTS = 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Texts end with NUL; one that is only "-" is not there. */
static char *split(const uint8_t *data, size_t size, const char *facts[FACTS])
{
    char *text = calloc(1, size + 1);
    size_t n = 0;
    PM_FUZZ_CHECK(text);
    if (size > 0)
        memcpy(text, data, size);
    for (char *p = text; p <= text + size && n < FACTS; p += strlen(p) + 1)
        facts[n++] = strcmp(p, "-") == 0 ? NULL : p;
    return text;
}

static void check_text(const char *text, size_t room)
{
    size_t n = strnlen(text, room);
    PM_FUZZ_CHECK(n < room && pm_utf8_valid(text, n));
    for (size_t i = 0; i < n; i++)
        PM_FUZZ_CHECK((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
    json_t *shown = json_string(text); /* as describe.c shows it */
    char *json = shown ? json_dumps(shown, JSON_ENCODE_ANY) : NULL;
    PM_FUZZ_CHECK(json);
    free(json);
    json_decref(shown);
}

static void check_id(const char *id)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-%~:@";
    PM_FUZZ_CHECK(strlen(id) < PM_DEVICE_TEXT && strspn(id, plain) == strlen(id));
}

/* Another serial number is another device. */
static void check_other(const struct pm_device *d, const struct pm_usb_facts *facts)
{
    char serial[512];
    struct pm_usb_facts other = *facts;
    struct pm_device e = {0};
    if (!facts->serial || !d->serial_number[0] || strlen(facts->serial) + 2 > sizeof(serial))
        return;
    snprintf(serial, sizeof(serial), "%sx", facts->serial);
    other.serial = serial;
    pm_identity_usb(&e, &other, "ttyUSB0");
    PM_FUZZ_CHECK(strcmp(d->id, e.id) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *f[FACTS] = {0};
    char *text = split(data, size, f);
    struct pm_usb_facts facts = {f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9]};
    struct pm_device d = {0};
    pm_identity_usb(&d, &facts, "ttyUSB0");
    check_text(d.description, sizeof(d.description));
    check_text(d.manufacturer, sizeof(d.manufacturer));
    check_text(d.product, sizeof(d.product));
    check_text(d.serial_number, sizeof(d.serial_number));
    check_text(d.location, sizeof(d.location));
    check_text(d.interface, sizeof(d.interface));
    check_text(d.hwid, sizeof(d.hwid));
    check_id(d.id);
    PM_FUZZ_CHECK(d.vid >= 0 && d.vid <= 0xffff && d.pid >= 0 && d.pid <= 0xffff && d.description[0]);
    check_other(&d, &facts);
    pm_identity_builtin(&d, f[0], "ttyS0");
    check_text(d.hwid, sizeof(d.hwid));
    check_id(d.id);
    free(text);
    return 0;
}
