/* limits.h - what the settings say about limits, told to those who keep them. */
#ifndef PM_DAEMON_LIMITS_H
#define PM_DAEMON_LIMITS_H

#include "daemon/settings.h"
#include "hub/hub.h"
#include "net/sockets.h"

/* Set what the settings name in options that hold their defaults; without settings of the person nothing changes. */
void pm_limits_server(const struct pm_settings *s, struct pm_server_options *o);
void pm_limits_engine(const struct pm_settings *s, struct pm_engine_options *o);
void pm_limits_hub(const struct pm_settings *s, struct pm_hub_limits *o);
void pm_limits_sockets(const struct pm_settings *s, struct pm_sockets_options *o);

#endif
