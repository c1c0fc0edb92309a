/* Arduino.h - as much of Arduino as the examples use, on a pseudo terminal: so that they are compiled and run by tests.
 */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { LOW, HIGH, OUTPUT, LED_BUILTIN = 13 };

static inline void pinMode(int pin, int mode)
{
    (void)pin, (void)mode;
}

static inline void digitalWrite(int pin, int value)
{
    (void)pin, (void)value;
}

static inline uint32_t millis()
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

struct HostSerial {
    int fd;

    void begin(unsigned long)
    {
    }
    int available()
    {
        struct pollfd p = {fd, POLLIN, 0};
        return poll(&p, 1, 10) == 1;
    }
    int read()
    {
        uint8_t byte;
        if (::read(fd, &byte, 1) != 1)
            exit(0);
        return byte;
    }
    void write(const uint8_t *p, size_t n)
    {
        if (::write(fd, p, n) != (ssize_t)n)
            exit(1);
    }
};

static HostSerial Serial;
void setup();
void loop();

int main(int argc, char **argv)
{
    Serial.fd = argc == 2 ? open(argv[1], O_RDWR | O_NOCTTY) : -1;
    if (Serial.fd < 0)
        return 1;
    setup();
    for (;;)
        loop();
}

#endif
