/* beyond.c - see beyond.h. */
#include "daemon/beyond.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

enum { MISSING_MAX = 200 };

static bool has_star(const struct pm_option_list *origins)
{
    for (unsigned i = 0; i < origins->n; i++) {
        if (origins->items[i][0] == '*')
            return true;
    }
    return false;
}

static void miss(char missing[MISSING_MAX], const char *option)
{
    size_t n = strlen(missing);
    snprintf(missing + n, MISSING_MAX - n, "%s%s", n > 0 ? ", " : "", option);
}

static bool is_number(const char *text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool stands_for_all(const char *text)
{
    struct in6_addr v6;
    struct in_addr v4;
    return (inet_pton(AF_INET, text, &v4) == 1 && v4.s_addr == htonl(INADDR_ANY)) ||
           (inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&v6));
}

static bool check_address(const char *text)
{
    if (!is_number(text))
        pm_log(PM_LOG_ERROR, "--listen %s is no address. Write it as a number: 192.168.1.20.", text);
    else if (stands_for_all(text))
        pm_log(PM_LOG_ERROR,
               "--listen %s would let in every network that this machine ever joins. Name the address of one, such as "
               "192.168.1.20.",
               text);
    return is_number(text) && !stands_for_all(text);
}

bool pm_beyond_check(const struct pm_settings *s)
{
    char missing[MISSING_MAX] = "";
    if (s->listen.n == 0)
        return true;
    if (!s->tls)
        miss(missing, "--tls");
    if (!s->require_token)
        miss(missing, "--require-token");
    if (s->allow_origin.n == 0 || has_star(&s->allow_origin))
        miss(missing, has_star(&s->allow_origin) ? "--allow-origin with addresses instead of *" : "--allow-origin");
    if (missing[0]) {
        pm_log(PM_LOG_ERROR,
               "--listen %s lets other machines at the devices here. That takes --tls, --require-token and "
               "--allow-origin with the address of each page together. Missing: %s.",
               s->listen.items[0], missing);
        return false;
    }
    for (unsigned i = 0; i < s->listen.n; i++) {
        if (!check_address(s->listen.items[i]))
            return false;
    }
    return true;
}

/* As it stands in an address bar: "[fd00::5]", however the person wrote it. */
static const char *name_of(const char *address, char name[PM_GATE_NAME])
{
    struct in6_addr v6;
    char text[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET6, address, &v6) != 1)
        return address;
    snprintf(name, PM_GATE_NAME, "[%s]", inet_ntop(AF_INET6, &v6, text, sizeof(text)));
    return name;
}

/* An address that we listen at is a name of ours. */
void pm_beyond_names(const struct pm_settings *s, struct pm_gate *g)
{
    const struct pm_option_list *lists[] = {&s->allow_host, &s->listen};
    g->origins = &s->allow_origin;
    g->require_token = s->require_token;
    for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
        for (unsigned i = 0; i < lists[l]->n && g->hosts.n_allowed < PM_HOSTS_MAX; i++) {
            const char *item = lists[l]->items[i];
            char *name = g->names[g->hosts.n_allowed];
            g->hosts.allowed[g->hosts.n_allowed++] = lists[l] == &s->listen ? name_of(item, name) : item;
        }
    }
}

int pm_beyond_listen(const struct pm_settings *s, struct pm_server *server, unsigned port)
{
    for (unsigned i = 0; i < s->listen.n; i++) {
        int r = pm_server_listen_beyond(server, s->listen.items[i], (uint16_t)port);
        if (r == -EADDRNOTAVAIL)
            pm_log(PM_LOG_ERROR, "--listen %s: this machine has no such address. See: ip address", s->listen.items[i]);
        else if (r < 0)
            pm_log(PM_LOG_ERROR, "--listen %s: %s.", s->listen.items[i], strerror(-r));
        if (r < 0)
            return r;
        char name[PM_GATE_NAME];
        pm_log(PM_LOG_WARNING, "Other machines are let in at https://%s:%u/, with a token.",
               name_of(s->listen.items[i], name), port);
    }
    return 0;
}
