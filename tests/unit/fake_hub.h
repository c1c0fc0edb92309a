/* fake_hub.h - a hub on devices that a test plays, with a loop of its own. */
#ifndef PM_TESTS_FAKE_HUB_H
#define PM_TESTS_FAKE_HUB_H

#include "fake_devices.h"
#include "hub/hub.h"

struct fake_hub {
    struct pm_loop loop;
    struct pm_devices devices;
    struct pm_hub *hub;
};

/* News go to `ops` with this owner, which is borrowed. */
void fake_hub_init(struct fake_hub *f, const struct pm_hub_ops *ops, void *owner);

/* After whatever else the test had on the loop was closed. */
void fake_hub_fini(struct fake_hub *f);

#endif
