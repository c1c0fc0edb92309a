/* console_session_fuzz.c - requests at the gate, and codes: only who shows the bearer is the person, and only from our
 * own page; a code is good whole, and once. In inputs @BEARER@ and @CODE@ stand for the present ones. */
#include "daemon/gate.h"
#include "pieces.h"

#include <errno.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PORT = 3000, SCRATCH = 8192, BEARER = 1, CODE = 2 };

static const struct pm_http_limits limits = {.head = 4096, .fields = 32, .target = 256, .body = 4096};

/* One door for all inputs: it has a loop. */
static struct pm_gate *gate(void)
{
    static struct pm_loop loop;
    static struct pm_gate g;
    if (!g.door) {
        g.hosts = (struct pm_hosts){.ports = {PORT}};
        PM_FUZZ_CHECK(pm_loop_init(&loop) == 0 && pm_door_new(&loop, &(struct pm_door_options){0}, &g.door) == 0);
    }
    *pm_door_sessions(g.door) = (struct pm_sessions){0};
    return &g;
}

/* The input with the secrets in it; *ret_shown: which of them. */
static size_t put_secrets(const uint8_t *data, size_t size, const char *bearer, const char *code, char out[SCRATCH],
                          unsigned *ret_shown)
{
    static const char bearer_mark[] = "@BEARER@", code_mark[] = "@CODE@";
    size_t n = 0, longest = PM_BEARER_LENGTH;
    *ret_shown = 0;
    for (size_t i = 0; i < size && n + longest < SCRATCH;) {
        bool is_bearer = size - i >= 8 && memcmp(data + i, bearer_mark, 8) == 0;
        bool is_code = size - i >= 6 && memcmp(data + i, code_mark, 6) == 0;
        const char *secret = is_bearer ? bearer : is_code ? code : NULL;
        size_t length = secret ? strlen(secret) : 1;
        memcpy(out + n, secret ? (const void *)secret : data + i, length);
        n += length;
        i += is_bearer ? 8 : is_code ? 6 : 1;
        *ret_shown |= is_bearer ? BEARER : is_code ? CODE : 0;
    }
    return n;
}

/* A page of another origin is never taken for ours, whatever it sends. */
static bool is_from_our_page(const struct pm_http_head *head)
{
    static const struct pm_hosts own = {.ports = {PORT}};
    const struct pm_http_field *site = pm_http_field(head, "sec-fetch-site");
    struct pm_origin origin;
    if (head->n_origin > 0)
        return head->n_origin == 1 && pm_origin_parse(head->origin.p, head->origin.n, &origin) == 0 &&
               pm_origin_is_own(&own, &origin);
    return site && site->value.n == 11 && memcmp(site->value.p, "same-origin", 11) == 0;
}

static void check_request(struct pm_gate *g, const char *text, size_t n, unsigned shown)
{
    struct pm_http_head head;
    struct pm_http_refusal why;
    struct pm_who who;
    struct pm_conn c = {.peer = {.uid = geteuid()}};
    if (pm_http_parse(text, n, &limits, &head, &why) < 0)
        return;
    const struct pm_http_refusal *refusal = pm_gate(g, &c, &head, &who);
    PM_FUZZ_CHECK(!refusal || (refusal->status >= 400 && refusal->code && refusal->message));
    if (refusal || who.kind != PM_WHO_PERSON)
        return;
    const struct pm_http_field *authorization = pm_http_field(&head, "authorization");
    PM_FUZZ_CHECK((shown & BEARER) && who.session && authorization && authorization->value.n > PM_BEARER_LENGTH);
    PM_FUZZ_CHECK(is_from_our_page(&head) && pm_host_is_served(&g->hosts, head.host.p, head.host.n));
    PM_FUZZ_CHECK(head.path.n >= 12 && memcmp(head.path.p, "/console/api", 12) == 0);
}

static void check_code(struct pm_sessions *s, const char *given, size_t n, const char *code, struct pm_mono now)
{
    const struct pm_console_session *made = NULL;
    bool right = n == PM_CODE_LENGTH && memcmp(given, code, n) == 0;
    int r = pm_sessions_start(s, given, n, now, &made);
    PM_FUZZ_CHECK(r == (right ? 0 : -EACCES) && (r < 0 || pm_sessions_find(s, made->bearer, PM_BEARER_LENGTH, now)));
    PM_FUZZ_CHECK(pm_sessions_start(s, given, n, now, &made) == -EACCES);
    PM_FUZZ_CHECK(n == PM_BEARER_LENGTH || pm_sessions_find(s, given, n, now) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pm_gate *g = gate();
    struct pm_sessions *s = pm_door_sessions(g->door);
    struct pm_mono now = pm_loop_now();
    const struct pm_console_session *session = NULL;
    char code[PM_CODE_LENGTH + 1], text[SCRATCH];
    PM_FUZZ_CHECK(pm_sessions_code(s, now, code) == 0);
    PM_FUZZ_CHECK(pm_sessions_start(s, code, PM_CODE_LENGTH, now, &session) == 0);
    PM_FUZZ_CHECK(pm_sessions_code(s, now, code) == 0);
    unsigned shown;
    size_t n = put_secrets(data, size, session->bearer, code, text, &shown);
    struct pm_http_scan scan = {0};
    struct pm_http_refusal why;
    uint8_t *copy = pm_fuzz_copy((const uint8_t *)text, n);
    ssize_t head = pm_http_scan(&scan, (const char *)copy, n, &limits, &why);
    if (head > 0)
        check_request(g, (const char *)copy, (size_t)head, shown);
    head = head > 0 ? head : 0;
    check_code(s, (const char *)copy + head, n - (size_t)head, code, now);
    free(copy);
    return 0;
}
