/* prompt.h - in a terminal the person is asked on the spot whether a page may come in, one question at a time. */
#ifndef PM_DAEMON_PROMPT_H
#define PM_DAEMON_PROMPT_H

#include "api/api.h"

enum { PM_PROMPT_LINE = 64 };

struct pm_prompt {
    struct pm_api *api;
    struct pm_api_client client;
    struct pm_watch watch;
    int fd;                 /* the terminal, or -1: nobody is asked here */
    char id[PM_CONSENT_ID]; /* of the question that is shown; "" for none */
    char line[PM_PROMPT_LINE];
    size_t n;
};

/* Begin, if this process has a terminal; else nothing happens. The struct must not move until pm_prompt_end(), and its
 * memory must stay until the loop has let go. */
void pm_prompt_begin(struct pm_prompt *p, struct pm_loop *loop, struct pm_api *api);

/* Is the question with this id (NULL: none) the one that is on the terminal now? */
bool pm_prompt_asks(const struct pm_prompt *p, const char *id);

void pm_prompt_end(struct pm_prompt *p);

#endif
