/* modbus_server.c - libmodbus's RTU server on a line: 32 coils, inputs and registers, of which some are set. */
#include <errno.h>
#include <modbus/modbus.h>
#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
    modbus_t *bus = argc == 2 ? modbus_new_rtu(argv[1], 19200, 'N', 8, 1) : NULL;
    modbus_mapping_t *map = modbus_mapping_new(32, 32, 32, 32);
    if (!bus || !map || modbus_set_slave(bus, 17) < 0 || modbus_connect(bus) < 0)
        return 1;
    for (int i = 0; i < 32; i++) {
        map->tab_input_bits[i] = i % 3 == 0;
        map->tab_input_registers[i] = (uint16_t)(1000 + i);
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        int n = modbus_receive(bus, query);
        if (n > 0)
            modbus_reply(bus, query, n, map);
        else if (n < 0 && errno != EMBBADCRC && errno != ETIMEDOUT)
            return 0;
    }
}
