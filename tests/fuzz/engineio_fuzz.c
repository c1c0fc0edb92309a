/* engineio_fuzz.c - polling payloads: what is read can be written again, and reads the same. */
#include "pieces.h"
#include "proto/engineio.h"

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PACKETS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum pm_eio_version version = data[0] & 1 ? PM_EIO_3 : PM_EIO_4;
    bool binary = version == PM_EIO_3 && (data[0] & 2);
    uint8_t *body = pm_fuzz_copy(data + 1, size - 1);
    struct pm_eio_payload r, again;
    struct pm_eio_packet packet, copy;
    struct pm_bytes out = pm_bytes_empty(1 << 24);
    unsigned count = 0;
    int status;
    pm_eio_payload_init(&r, version, binary, body, size - 1, PACKETS);
    while ((status = pm_eio_payload_next(&r, &packet)) == 1) {
        PM_FUZZ_CHECK(packet.data >= body && packet.data + packet.n <= body + size - 1);
        PM_FUZZ_CHECK(packet.binary || pm_utf8_valid(packet.data, packet.n));
        PM_FUZZ_CHECK(!packet.binary || packet.type == PM_EIO_MESSAGE);
        size_t before = out.n;
        enum pm_eio_form form = binary ? PM_EIO_FORM_BINARY : PM_EIO_FORM_TEXT;
        PM_FUZZ_CHECK(pm_eio_payload_append(&out, version, form, &packet) == 0);
        PM_FUZZ_CHECK(out.n - before <= pm_eio_payload_bound(&packet) + 1);
        count++;
    }
    PM_FUZZ_CHECK(count <= PACKETS);
    if (count > 0) {
        unsigned again_count = 0;
        pm_eio_payload_init(&again, version, binary, out.p, out.n, PACKETS);
        while (pm_eio_payload_next(&again, &copy) == 1)
            again_count++;
        PM_FUZZ_CHECK(again_count == count);
        PM_FUZZ_CHECK(status != 0 || (copy.n == packet.n && copy.type == packet.type));
    }
    pm_bytes_fini(&out);
    free(body);
    return 0;
}
