/* fake_hub.c - see fake_hub.h. */
#include "fake_hub.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void fake_hub_init(struct fake_hub *f, const struct pm_hub_ops *ops, void *owner)
{
    assert_int_equal(pm_loop_init(&f->loop), 0);
    fake_devices_init(&f->devices, &f->loop);
    assert_int_equal(pm_hub_new(&f->loop, &f->devices, ops, owner, &f->hub), 0);
}

void fake_hub_fini(struct fake_hub *f)
{
    pm_hub_free(f->hub);
    fake_devices_fini(&f->devices);
    pm_loop_fini(&f->loop);
}
