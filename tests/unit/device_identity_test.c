/* device_identity_test.c - what devices are called, from friendly and from hostile facts. */
#include "device/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct pm_usb_facts adapter = {.vendor = "0403",
                                            .product_id = "6001",
                                            .serial = "A5069RR4",
                                            .manufacturer = "FTDI",
                                            .product = "FT232R USB UART",
                                            .name = "1-1.2",
                                            .interface_name = "1-1.2:1.0",
                                            .interface_number = "00",
                                            .interface_text = "FT232R USB UART",
                                            .n_interfaces = " 1"};

static struct pm_device name_it(const struct pm_usb_facts *facts)
{
    struct pm_device d = {0};
    pm_identity_usb(&d, facts, "ttyUSB0");
    return d;
}

static void names_are_those_of_pyserial(void **state)
{
    struct pm_device d = name_it(&adapter);
    struct pm_usb_facts four = adapter;
    (void)state;
    assert_string_equal(d.hwid, "USB VID:PID=0403:6001 SER=A5069RR4 LOCATION=1-1.2");
    assert_string_equal(d.description, "FT232R USB UART - FT232R USB UART");
    assert_string_equal(d.location, "1-1.2");
    four.n_interfaces = " 4";
    four.serial = four.interface_text = NULL;
    d = name_it(&four);
    assert_string_equal(d.hwid, "USB VID:PID=0403:6001 LOCATION=1-1.2:1.0");
    assert_string_equal(d.description, "FT232R USB UART");
}

static void id_follows_the_serial_number_and_else_the_socket(void **state)
{
    struct pm_usb_facts f = adapter;
    (void)state;
    assert_string_equal(name_it(&f).id, "usb-0403:6001-A5069RR4-00");
    f.name = "3-4";
    assert_string_equal(name_it(&f).id, "usb-0403:6001-A5069RR4-00");
    f.interface_number = "02";
    assert_string_equal(name_it(&f).id, "usb-0403:6001-A5069RR4-02");
    f.serial = NULL;
    assert_string_equal(name_it(&f).id, "usb-0403:6001@3-4-02");
    f.serial = "";
    assert_string_equal(name_it(&f).id, "usb-0403:6001@3-4-02");
    f.serial = "\x01\x02"; /* nothing is left of it */
    assert_string_equal(name_it(&f).id, "usb-0403:6001@3-4-02");
}

/* H11 */
static void hostile_texts_are_cleaned_and_ids_stay_plain(void **state)
{
    static const char *const texts[] = {"$(reboot)",
                                        "<script>alert(1)</script>",
                                        "%n%s",
                                        "a\nb",
                                        "\x1b[31mred",
                                        "\xe2\x80\xaegnp.exe",
                                        "\xff\xfe",
                                        "../../etc/passwd",
                                        "\xc3\x28",
                                        "\xed\xa0\x80",
                                        " A ",
                                        "a/b\\c:d@e",
                                        "\xe2\x80\x8bx",
                                        "caf\xc3\xa9",
                                        "\xf0\x9f\x98\x80"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct pm_usb_facts f = adapter;
        f.serial = f.product = f.manufacturer = f.interface_text = texts[i];
        struct pm_device d = name_it(&f);
        assert_int_equal(strspn(d.id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-%~:@"),
                         strlen(d.id));
        assert_null(strpbrk(d.product, "\n\x1b\xff"));
        assert_null(strstr(d.hwid, "\xe2\x80\xae"));
    }
}

static void different_serial_numbers_never_give_one_id(void **state)
{
    char a[400], b[400];
    struct pm_usb_facts f = adapter, g = adapter;
    (void)state;
    memset(a, 'x', sizeof(a));
    memset(b, 'x', sizeof(b));
    a[sizeof(a) - 1] = b[sizeof(b) - 1] = 0;
    b[sizeof(b) - 2] = 'y'; /* they differ where neither is shown */
    f.serial = a;
    g.serial = b;
    assert_string_not_equal(name_it(&f).id, name_it(&g).id);
    f.serial = "a/b";
    g.serial = "a_b";
    assert_string_not_equal(name_it(&f).id, name_it(&g).id);
    f.serial = "a%2Fb";
    g.serial = "a/b";
    assert_string_not_equal(name_it(&f).id, name_it(&g).id);
}

static void long_texts_are_cut_at_the_end_of_a_character(void **state)
{
    char text[400] = "";
    struct pm_usb_facts f = adapter;
    (void)state;
    for (size_t i = 0; i < 126; i++)
        memcpy(text + strlen(text), "\xe2\x82\xac", 4);
    f.product = text;
    struct pm_device d = name_it(&f);
    assert_int_equal(strlen(d.product) % 3, 0);
    assert_in_range(strlen(d.product), 120, PM_DEVICE_TEXT - 1);
}

/* H09, H23: whatever is missing */
static void nothing_known_is_no_fault(void **state)
{
    struct pm_device d = {0};
    (void)state;
    pm_identity_usb(&d, &(struct pm_usb_facts){0}, "ttyACM3");
    assert_string_equal(d.description, "ttyACM3");
    assert_string_equal(d.id, "usb-0000:0000@-00");
    pm_identity_builtin(&d, NULL, "ttyS0");
    assert_string_equal(d.id, "tty-ttyS0");
    assert_string_equal(d.hwid, "n/a");
    assert_int_equal(d.vid, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_pyserial),
        cmocka_unit_test(id_follows_the_serial_number_and_else_the_socket),
        cmocka_unit_test(hostile_texts_are_cleaned_and_ids_stay_plain),
        cmocka_unit_test(different_serial_numbers_never_give_one_id),
        cmocka_unit_test(long_texts_are_cut_at_the_end_of_a_character),
        cmocka_unit_test(nothing_known_is_no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
