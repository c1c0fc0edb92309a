/* config_fuzz.c - the configuration file: it sets what its rows allow, or is refused with the place of the mistake. */
#include "daemon/settings.h"
#include "pieces.h"

#include <errno.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char name[] = "pm.conf";

/* "pm.conf:LINE:COLUMN: what", with a line that there is. */
static void check_message(const char error[PM_OPTION_ERROR], const uint8_t *data, size_t size)
{
    unsigned line = 0, column = 0, lines = 1;
    int end = 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    PM_FUZZ_CHECK(strnlen(error, PM_OPTION_ERROR) < PM_OPTION_ERROR);
    PM_FUZZ_CHECK(sscanf(error, "pm.conf:%u:%u: %n", &line, &column, &end) == 2 && end > 0 && error[end]);
    PM_FUZZ_CHECK(line >= 1 && line <= lines && column >= 1 && column <= size + 1);
}

static void check_text(const char *text)
{
    PM_FUZZ_CHECK(!text || strlen(text) <= PM_OPTION_TEXT_MAX);
}

static void check_list(const struct pm_option_list *list)
{
    PM_FUZZ_CHECK(list->n <= PM_OPTION_LIST_MAX);
    for (unsigned i = 0; i < list->n; i++)
        check_text(list->items[i]);
}

static void check_value(const struct pm_option *o, const void *value)
{
    int words = 0;
    switch (o->type) {
    case PM_OPTION_FLAG:
        break;
    case PM_OPTION_NUMBER:
    case PM_OPTION_DURATION:
    case PM_OPTION_SIZE:
        PM_FUZZ_CHECK(*(const int64_t *)value >= o->min && *(const int64_t *)value <= o->max);
        break;
    case PM_OPTION_WORD:
        while (o->words[words])
            words++;
        PM_FUZZ_CHECK(*(const int *)value >= 0 && *(const int *)value < words);
        break;
    case PM_OPTION_TEXT:
        check_text(*(char *const *)value);
        break;
    case PM_OPTION_PATH:
        check_text(*(char *const *)value);
        PM_FUZZ_CHECK(!*(char *const *)value || **(char *const *)value == '/');
        break;
    case PM_OPTION_LIST:
        check_list(value);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pm_settings s;
    char error[PM_OPTION_ERROR] = "";
    uint8_t *copy = pm_fuzz_copy(data, size);
    pm_options_defaults(pm_setting_rows, &s);
    int r = pm_config_read(pm_setting_rows, &s, name, (const char *)copy, size, error);
    PM_FUZZ_CHECK(r == 0 || r == -EBADMSG);
    if (r < 0)
        check_message(error, data, size);
    for (const struct pm_option *o = pm_setting_rows; o->name; o++)
        check_value(o, (const char *)&s + o->offset);
    pm_settings_fini(&s);
    free(copy);
    return 0;
}
