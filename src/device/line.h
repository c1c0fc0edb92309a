/* line.h - the words for what happens on a serial line beside its bytes: signals and errors. */
#ifndef PM_DEVICE_LINE_H
#define PM_DEVICE_LINE_H

/* The signals of a serial line, as bits. The first three are ours to set, the others the device's. */
enum {
    PM_SIGNAL_DTR = 1,
    PM_SIGNAL_RTS = 2,
    PM_SIGNAL_BREAK = 4,
    PM_SIGNAL_CTS = 8,
    PM_SIGNAL_DSR = 16,
    PM_SIGNAL_DCD = 32,
    PM_SIGNAL_RI = 64,
    PM_SIGNALS_OUT = PM_SIGNAL_DTR | PM_SIGNAL_RTS | PM_SIGNAL_BREAK,
};

enum { PM_DISCARD_RX = 1, PM_DISCARD_TX = 2 };

/* What went wrong on the line, counted by the driver; bytes are delivered as they came. */
struct pm_line_errors {
    unsigned framing, parity, breaks;
    unsigned overrun;        /* the hardware had no room: bytes are lost, nobody knows how many */
    unsigned buffer_overrun; /* the same in the driver */
};

#endif
