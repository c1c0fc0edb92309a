"""test_line.py - the line through real drivers: settings, signals, sequences, breaks, errors; and what is left alone."""
import itertools
import json
import pathlib
import subprocess
import unittest

from daemon import wait_for
from support import UsbTest
from usb_serial import Acm, Ftdi

FAULTS = pathlib.Path(__file__).parents[1] / "browser/faults.mjs"
CTS, DSR, RI, DCD = 0x10, 0x20, 0x40, 0x80  # as Ftdi.signals() takes them
OVERRUN, PARITY, FRAMING, BREAK = 2, 4, 8, 0x10  # as Ftdi.errors() takes them


class LineTest(UsbTest):
    def open(self, device, **options):
        address = self.plug(device, 1)
        return self.ok("activate-connection", name="a", address=address, **options)["connection"]

    def signals(self, device, after=0):
        """What the driver set since then: [("dtr", 1), …]."""
        return [pair for name, more in device.events[after:] if name == "signals" for pair in more.items()]

    def configure(self, **options):
        return self.ok("configure-connection", name="a", **options)["connection"]["options"]

    # ---- settings ----

    def test_every_setting_reaches_a_cdc_acm_board(self):
        device = Acm()
        self.open(device)
        rates = itertools.cycle((300, 9600, 57_600, 74_880, 250_000, 921_600, 3_000_000))
        for bits, parity, stop in ((8, "none", 1), (8, "even", 1), (8, "odd", 2), (8, "mark", 1), (8, "space", 2),
                                   (7, "even", 1), (7, "odd", 2), (6, "none", 1), (5, "none", 1), (5, "even", 1.5)):
            with self.subTest(bits=bits, parity=parity, stop=stop):
                seen, rate = len(device.events), next(rates)
                options = self.configure(**{"baud-rate": rate, "data-bits": bits, "parity": parity, "stop-bits": stop})
                self.assertEqual((options["baud-rate"], options["data-bits"], options["parity"], options["stop-bits"]),
                                 (rate, bits, parity, stop))
                device.wait_event("line", seen, baud=rate, bits=bits, parity=parity)
                told = [more for name, more in device.events[seen:] if name == "line"][-1]
                self.assertEqual(told["stop"] > 1, stop > 1)  # Linux has one bit for both 1.5 and 2

    def test_settings_and_flow_control_of_an_ftdi_adapter(self):
        device = Ftdi()
        self.open(device, **{"baud-rate": 9600})
        for bits, parity, stop in ((7, "even", 1), (8, "odd", 2), (8, "mark", 1), (8, "space", 1), (8, "none", 1)):
            seen = len(device.events)
            options = self.configure(**{"data-bits": bits, "parity": parity, "stop-bits": stop})
            self.assertEqual((options["data-bits"], options["parity"], options["stop-bits"]), (bits, parity, stop))
            device.wait_event("line", seen, bits=bits, parity=parity, stop=stop)
        seen = len(device.events)
        self.configure(**{"flow-control": "rts-cts"})
        device.wait_event("flow", seen, rts_cts=True)
        seen = len(device.events)
        self.configure(**{"flow-control": "xon-xoff"})
        device.wait_event("flow", seen, xon_xoff=True)
        seen = len(device.events)
        self.assertEqual(self.configure(**{"flow-control": "none", "baud-rate": 115_200})["baud-rate"], 115_200)
        device.wait_event("flow", seen, xon_xoff=False, rts_cts=False)
        device.wait_event("line", seen, baud=115_385)  # the nearest it has: 3 MHz over 26; its driver does not say so

    def test_latency_timer_of_an_ftdi_adapter(self):
        device = Ftdi()
        self.open(device)
        self.assertEqual(device.latency, 1)
        self.configure(latency="throughput")
        wait_for(lambda: device.latency == 16, "the chip's own 16 ms")
        self.configure(latency="low")
        wait_for(lambda: device.latency == 1, "1 ms again")

    def test_no_byte_is_lost_while_the_line_changes(self):
        device = Ftdi()
        self.open(device, **{"baud-rate": 1_000_000})
        sent = b"".join(b"%08d" % n for n in range(2000))
        for at in range(0, len(sent), 400):
            self.client.io.emit("send-raw", {"name": "a", "payload": sent[at:at + 400]})
            device.write(sent[at:at + 400])
            if at % 4000 == 0:
                self.configure(**{"baud-rate": 1_000_000 if at % 8000 else 500_000})
        self.assertEqual(device.read(len(sent)), sent)
        self.client.wait_bytes("a", sent)
        self.assertEqual(self.client.events("rx-gap"), [])

    # ---- signals ----

    def test_opening_again_and_closing_leave_the_signals_alone(self):
        for device, port in ((Ftdi(), 1), (Acm(), 2)):
            address = self.plug(device, port)
            self.ok("activate-connection", name="a", address=address)
            for _ in range(3):
                self.ok("deactivate-connection", name="a")
                self.ok("activate-connection", name="a", address=address)
            self.ok("send-raw", name="a", payload="x")
            self.assertEqual(device.read(1), b"x")
            self.assertEqual({value for _, value in self.signals(device)}, {1})  # Linux raises them; none ever falls
            self.ok("deactivate-connection", name="a")

    def test_signals_on_opening_as_asked(self):
        device = Acm()
        self.open(device, dtr="off", rts="on")
        wait_for(lambda: self.signals(device)[-2:] == [("dtr", 0), ("rts", 1)], self.signals(device))
        signals = self.ok("get-signals", name="a")["signals"]
        self.assertEqual((signals["dtr"], signals["rts"]), (False, True))

    def test_both_signals_change_in_one_message_to_the_board(self):
        device = Acm()
        self.open(device)
        seen = len(device.events)
        self.ok("set-signals", name="a", dtr=False, rts=False)
        self.ok("set-signals", name="a", dtr=True, rts=True)
        device.wait_event("signals", seen, dtr=1)
        self.assertEqual([more for name, more in device.events[seen:] if name == "signals"],
                         [{"dtr": 0, "rts": 0}, {"dtr": 1, "rts": 1}])

    def test_boot_loader_is_entered_by_a_sequence(self):  # as esptool does: IO0 by DTR, EN by RTS
        device = Ftdi()
        self.open(device, dtr="off", rts="off")
        wait_for(lambda: self.signals(device)[-2:] == [("dtr", 0), ("rts", 0)], "both low")
        seen = len(device.events)
        self.ok("set-signals", name="a", sequence=[{"dtr": False, "rts": True, "wait-us": 100_000},
                                                   {"dtr": True, "rts": False, "wait-us": 50_000}, {"dtr": False}])
        device.wait_event("signals", device.wait_event("signals", seen, dtr=1), dtr=0)
        for signal, expected in (("rts", [1, 0]), ("dtr", [0, 1, 0])):
            values = [value for name, value in self.signals(device, seen) if name == signal]
            self.assertEqual([value for value, _ in itertools.groupby(values)][-len(expected):], expected)

    def test_what_the_far_end_does_is_told(self):
        device = Ftdi()
        self.open(device)
        device.signals(DSR)
        told = self.client.wait_event("signals-changed", name="a")
        wait_for(lambda: self.client.events("signals-changed")[-1]["signals"] ==
                 {"dtr": True, "rts": True, "cts": False, "dsr": True, "dcd": False, "ri": False}, told)
        device.signals(CTS | DSR | DCD)
        wait_for(lambda: self.client.events("signals-changed")[-1]["signals"]["cts"], "CTS")
        self.assertEqual(self.ok("get-signals", name="a")["signals"],
                         {"dtr": True, "rts": True, "cts": True, "dsr": True, "dcd": True, "ri": False})

    def test_break_reaches_the_far_end(self):
        ftdi, acm = Ftdi(), Acm()
        self.open(ftdi)
        self.ok("send-break", name="a", milliseconds=50)
        ftdi.wait_event("line", ftdi.wait_event("line", brk=1), brk=0)
        self.ok("activate-connection", name="b", address=self.plug(acm, 2))
        self.ok("send-break", name="b", milliseconds=50)
        acm.wait_event("break", acm.wait_event("break", ms=0xFFFF), ms=0)

    # ---- errors ----

    def test_line_errors_are_counted_and_bytes_come_as_they_are(self):  # H03
        device = Ftdi()
        self.open(device)
        for bits, field in ((FRAMING, "framing"), (PARITY, "parity"), (OVERRUN, "overrun")):
            device.errors(bits, b"x")
            told = self.client.wait_event("line-error", **{field: 1})
            self.assertEqual(told["name"], "a")
        self.assertEqual([gap["reason"] for gap in self.client.events("rx-gap")], ["overrun"])
        wait_for(lambda: self.client.bytes_of("a").replace(b"\0", b"") == b"xxx", "bytes")  # the driver marks an overrun by NUL
        device.errors(BREAK, b"\0")
        self.client.wait_event("line-error", **{"break": 1})
        self.assertEqual(self.connection("a")["errors"], {"framing": 1, "parity": 1, "overrun": 1, "break": 1, "buffer-overrun": 0})

    def test_console_counts_line_errors(self):
        device = Ftdi()
        self.open(device)
        device.errors(PARITY, b"x")
        self.client.wait_event("line-error", parity=1)
        counted = {"Framing errors": "0", "Parity errors": "1", "Breaks received": "0", "Overruns in hardware": "0", "Overruns in the driver": "0"}
        with subprocess.Popen(["node", FAULTS, f"http://localhost:{self.daemon.port}/", "a"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as page:
            self.assertEqual(json.loads(page.stdout.readline()), counted)  # what was before it was opened
            for bits, text in ((FRAMING, "Framing errors"), (OVERRUN, "Overruns in hardware"), (BREAK, "Breaks received")):
                device.errors(bits, b"\0")
                counted[text] = "1"
                self.assertEqual(json.loads(page.stdout.readline()), counted)


if __name__ == "__main__":
    unittest.main()
