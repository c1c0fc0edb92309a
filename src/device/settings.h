/* settings.h - how a serial line runs. */
#ifndef PM_DEVICE_SETTINGS_H
#define PM_DEVICE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum pm_parity { PM_PARITY_NONE, PM_PARITY_EVEN, PM_PARITY_ODD, PM_PARITY_MARK, PM_PARITY_SPACE };
enum pm_flow { PM_FLOW_NONE, PM_FLOW_RTS_CTS, PM_FLOW_XON_XOFF };

/* What becomes of an outgoing signal when the port is opened. A board that resets on a change of DTR is left alone by
 * "keep", as far as the system lets us: Linux itself raises both lines at the first opening after plugging in. */
enum pm_at_open { PM_AT_OPEN_KEEP, PM_AT_OPEN_ON, PM_AT_OPEN_OFF };

/* Whether bytes are handed over at once, or many together for less work: with throughput the driver may wait for more,
 * and the hub lets the port rest between two readings. With the lowest, the daemon itself does not sleep while answers
 * come quickly. */
enum pm_latency { PM_LATENCY_LOW, PM_LATENCY_THROUGHPUT, PM_LATENCY_LOWEST };

/* How a serial line is to run. Kinds of devices that have no line ignore it. */
struct pm_port_settings {
    uint32_t baud_rate;
    uint8_t data_bits;  /* 5 to 8 */
    uint8_t stop_bits2; /* half bits: 2, 3 or 4 */
    enum pm_parity parity;
    enum pm_flow flow;
    enum pm_at_open dtr, rts;
    enum pm_latency latency;
    bool exclusive; /* nobody else may open it meanwhile */
};

/* 115200 8N1, no flow control, DTR and RTS as they are, exclusive, low latency. */
struct pm_port_settings pm_port_defaults(void);

#endif
