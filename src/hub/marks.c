/* marks.c - see marks.h. */
#include "hub/marks.h"

#include <assert.h>
#include <stddef.h>

const char *pm_gap_name(enum pm_gap gap)
{
    static const char *const names[] = {
        [PM_GAP_SLOW] = "slow",       [PM_GAP_EPOCH] = "epoch",         [PM_GAP_REOPENED] = "reopened",
        [PM_GAP_OVERRUN] = "overrun", [PM_GAP_DISCARDED] = "discarded", [PM_GAP_OPENING] = "opening",
        [PM_GAP_CLOSED] = "closed",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == PM_GAPS, "every reason has a word");
    return names[gap];
}

static uint64_t oldest(const struct pm_marks *m)
{
    return m->next > PM_MARKS_KEPT ? m->next - PM_MARKS_KEPT : 0;
}

static bool was_told(const struct pm_marks *m, uint64_t at, enum pm_gap reason)
{
    for (uint64_t number = m->next; number > oldest(m); number--) {
        const struct pm_mark *mark = &m->ring[(number - 1) % PM_MARKS_KEPT];
        if (mark->at != at)
            break;
        if (mark->reason == reason)
            return true;
    }
    return false;
}

void pm_marks_add(struct pm_marks *m, uint64_t at, enum pm_gap reason, uint64_t bytes)
{
    if (reason == PM_GAP_REOPENED && was_told(m, at, reason))
        return;
    if (m->next >= PM_MARKS_KEPT)
        m->forgotten = m->ring[m->next % PM_MARKS_KEPT];
    m->ring[m->next++ % PM_MARKS_KEPT] = (struct pm_mark){at, reason, bytes};
}

const struct pm_mark *pm_marks_get(const struct pm_marks *m, uint64_t *number)
{
    if (*number < oldest(m))
        *number = oldest(m);
    return *number < m->next ? &m->ring[*number % PM_MARKS_KEPT] : NULL;
}

uint64_t pm_marks_from(const struct pm_marks *m, uint64_t offset)
{
    uint64_t number = m->next;
    while (number > oldest(m) && m->ring[(number - 1) % PM_MARKS_KEPT].at >= offset)
        number--;
    bool forgotten = number > 0 && number == oldest(m) && offset <= m->forgotten.at;
    return forgotten ? number - 1 : number;
}

uint64_t pm_marks_pass_reopened(const struct pm_marks *m, uint64_t number, uint64_t offset)
{
    const struct pm_mark *mark = pm_marks_get(m, &number);
    return mark && mark->reason == PM_GAP_REOPENED && mark->at == offset ? number + 1 : number;
}

bool pm_marks_forgot(const struct pm_marks *m, uint64_t number, struct pm_mark *ret)
{
    *ret = m->forgotten;
    return number < oldest(m);
}
