/* profile_fuzz.c - any file as a profile; and whatever a device says judged by it, and any arguments encoded by it. */
#include "pieces.h"
#include "profile/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_command(const struct pm_profile *p, const struct pm_profile_command *c, const uint8_t *said, size_t n)
{
    struct pm_argument_problem problem;
    json_t *into = json_object(), *given = json_array(), *args;
    for (size_t i = 0; i < c->n_arguments; i++)
        json_array_append_new(given, i < n && said[i] & 1 ? json_integer(said[i]) : json_stringn("a\\b", 3));
    args = pm_profile_arguments(c, given, &problem);
    pm_profile_judge(p, c, args, said, n, into);
    pm_profile_is_broadcast(p, args);
    if (args && c->send) {
        struct pm_bytes out = pm_bytes_empty(PM_PROFILE_SEND_MAX);
        pm_profile_encode(p, c, args, &out);
        PM_FUZZ_CHECK(out.n <= PM_PROFILE_SEND_MAX);
        pm_bytes_fini(&out);
    }
    json_decref(args);
    json_decref(given);
    json_decref(into);
}

/* The file ends at the first 0 byte; behind it is what the device says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    size_t n_text = end ? (size_t)(end - data) : size, n = end ? size - n_text - 1 : 0;
    uint8_t *text = pm_fuzz_copy(data, n_text), *said = pm_fuzz_copy(end ? end + 1 : data, n);
    char error[PM_PROFILE_ERROR] = "";
    struct pm_profile *p;
    if (pm_profile_load((const char *)text, n_text, &p, error) == 0) {
        for (size_t i = 0; i < p->n_commands; i++)
            try_command(p, &p->commands[i], said, n);
        json_t *told = pm_profile_json(p), *into = json_object();
        PM_FUZZ_CHECK(told != NULL);
        pm_profile_event(p, said, n, into);
        json_decref(into);
        json_decref(told);
        pm_profile_unref(p);
    } else {
        PM_FUZZ_CHECK(error[0] != 0);
    }
    free(text);
    free(said);
    return 0;
}
