/* assets.h - the files of the page, as the build embeds them. */
#ifndef PM_NET_ASSETS_H
#define PM_NET_ASSETS_H

#include <stddef.h>

struct pm_asset {
    const char *path; /* "/console.js" */
    const char *bytes;
    size_t n;
};

/* Made by tools/embed from console/; the last one has no path. */
extern const struct pm_asset pm_assets[];

#endif
