"""test_virtual.py - the virtual devices behave as plugged-in ones do: they are listed, come and go, and answer sensibly."""
import os
import re
import unittest

from client import Client
from daemon import Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]


class VirtualTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo")
        self.client = Client(self.program, transports=["websocket"])

    def tearDown(self):
        self.client.close()
        self.assertEqual(self.program.stop(), 0)

    def open(self, address):
        answer = self.client.call("activate-connection", {"name": "d", "address": address})
        self.assertTrue(answer["ok"], answer)

    def say(self, text):
        self.assertTrue(self.client.call("send-raw", {"name": "d", "payload": text})["ok"])

    def ask(self, question):
        """The line that answers it."""
        begun = len(self.client.bytes_of("d"))
        self.say(question + "\r\n")
        wait_for(lambda: self.client.bytes_of("d")[begun:].endswith(b"\r\n"), question)
        return self.client.bytes_of("d")[begun:].decode().strip()

    def test_all_are_listed_and_none_without_demo(self):
        devices = {d["address"]: d for d in self.client.call("list-devices")["devices"] if d["kind"] == "virtual"}
        self.assertEqual(set(devices), {f"virtual:{name}" for name in ("echo", "instrument", "pump", "counter")})
        for address, device in devices.items():
            self.assertEqual((device["id"], device["vid"], device["unusable"]), (address.replace(":", "-"), None, None))
            self.assertTrue(device["product"] and device["description"])
        plain = Program(DAEMON)
        self.assertEqual([d for d in plain.post("list-devices", {})[1]["devices"] if d["kind"] == "virtual"], [])
        self.assertEqual(plain.post("activate-connection", {"name": "d", "address": "virtual:echo"})[0], 404)
        self.assertEqual(plain.stop(), 0)

    def test_it_is_unplugged_and_plugged_in_like_a_real_one(self):
        self.open("virtual-instrument")
        self.client.call("unplug-virtual", {"address": "virtual:instrument"})
        self.client.wait_event("device-detached", address="virtual:instrument")
        self.client.wait_event("connection-lost", name="d", reason="device-gone")
        self.assertEqual(self.client.call("send-raw", {"name": "d", "payload": "x"})["error"]["code"], "device-gone")
        self.client.call("plug-virtual", {"address": "virtual-instrument"})
        self.client.wait_event("device-attached", address="virtual:instrument")
        self.client.wait_event("connection-restored", name="d")
        self.assertEqual(self.ask("*ESR?"), "128")  # it was switched on

    def test_one_that_is_away_is_opened_as_it_was_last_asked_for(self):
        self.open("virtual:instrument")
        self.client.call("unplug-virtual", {"address": "virtual:instrument"})
        self.client.wait_event("connection-lost", name="d")
        options = {"profile": "scpi", "baud-rate": 9600, "deliver": "json", "reconnect": True}
        answer = self.client.call("activate-connection", {"name": "d", "address": "virtual:instrument", **options})
        self.assertEqual(answer["error"]["code"], "no-such-device")
        self.client.call("plug-virtual", {"address": "virtual:instrument"})
        restored = self.client.wait_event("connection-restored", name="d")["options"]
        self.assertEqual({name: restored[name] for name in options}, options)

    def test_a_message_goes_on_when_what_holds_it_up_is_discarded(self):
        self.open("virtual:echo")
        discarded = told = 0
        while not discarded:  # it must come before the turn's end, at which the echo is read
            answers = []
            self.client.io.emit("send-raw", {"name": "d", "payload": "x" * 300_000}, callback=answers.append)
            discarded = self.client.call("discard", {"name": "d", "direction": "rx"})["discarded"]["rx"]
            wait_for(lambda: answers, "the answer")
            self.assertEqual(answers, [{"ok": True, "bytes": 300_000}])
            told += 300_000 - discarded
        self.client.wait_bytes("d", b"x" * told)

    def test_instrument_measures(self):
        self.open("virtual:instrument")
        self.assertEqual(self.ask("*IDN?"), "Peripheral Manager,Virtual instrument,0001,1.0")
        for question, value, tolerance in (
            ("MEAS:VOLT?", 4.9987, 0.001), ("meas:volt:dc?", 4.9987, 0.001), (":MEASure:VOLTage?", 4.9987, 0.001),
            ("MEAS? 10,0.001", 4.9987, 0.001), ("MEAS:VOLT:AC?", 0.0012, 0.0001), ("MEASURE:CURRENT:DC?", 0.125, 0.001),
            ("MEAS:CURR:AC?", 3e-5, 1e-5), ("MEAS:RES?", 39.9896, 0.1), ("MEAS:FREQ?", 50, 0.1)):
            answer = self.ask(question)
            self.assertRegex(answer, r"^[+-]\d\.\d{5}E[+-]\d\d$", question)
            self.assertAlmostEqual(float(answer), value, delta=tolerance, msg=question)
        self.assertGreater(len({self.ask("MEAS:VOLT?") for _ in range(10)}), 1)  # as a real one's last digits do
        self.assertRegex(self.ask("*RST;MEAS:VOLT?; *OPC?"), r"^\+4\.\d{5}E\+00;1$")

    def test_instrument_keeps_its_errors_until_it_is_asked(self):
        self.open("virtual:instrument")
        self.assertEqual(self.ask("SYST:ERR?"), '0,"No error"')
        self.say("MEAS:LUCK?\nMEASU:VOLT?\n*CLS2\n")  # a real one says nothing to what it does not understand
        self.assertEqual([self.ask(q) for q in ("*STB?", "*ESR?", "*ESR?")], ["4", "160", "0"])
        self.assertEqual([self.ask("SYSTem:ERRor:NEXT?") for _ in range(4)],
                         ['-113,"Undefined header"'] * 3 + ['0,"No error"'])
        self.say("FOO\n" * 20)
        self.assertEqual([self.ask("SYST:ERR?") for _ in range(9)],
                         ['-113,"Undefined header"'] * 7 + ['-350,"Queue overflow"', '0,"No error"'])
        self.say("FOO\n*CLS\n")
        self.assertEqual(self.ask("SYST:ERR?;*ESR?;*TST?"), '0,"No error";0;0')

    def test_pump_pumps_pauses_and_stops(self):
        self.open("virtual:pump")
        self.assertEqual([self.ask(q) for q in ("RAT", "RAT 60", "RAT", "DIS")],
                         ["00S1.000MM", "00S", "00S60.000MM", "00SI0.000W0.000ML"])
        self.assertEqual(self.ask("RUN"), "00I")

        def pumped():
            state, volume = re.fullmatch(r"00(.)I(\d+\.\d{3})W0\.000ML", self.ask("DIS")).groups()
            return state, float(volume)

        first = wait_for(lambda: pumped()[1] and pumped(), "some volume")
        self.assertEqual(first[0], "I")
        wait_for(lambda: pumped()[1] > first[1], "more of it")
        self.assertEqual(self.ask("STP"), "00P")
        stopped = pumped()
        self.assertEqual(pumped(), stopped)
        self.assertEqual((stopped[0], self.ask("STP"), self.ask("RAT")), ("P", "00S", "00S60.000MM"))
        for wrong, answer in (("RAT 0", "00S?OOR"), ("RAT 1000", "00S?OOR"), ("RAT x", "00S?OOR"), ("RAT nan", "00S?OOR"),
                              ("HELLO", "00S?")):
            self.assertEqual(self.ask(wrong), answer)
        self.assertEqual(self.ask("RAT"), "00S60.000MM")

    def test_counter_counts_and_loses_nothing_at_speed(self):
        self.open("virtual:counter")
        wait_for(lambda: self.client.bytes_of("d").count(b"\n") > 3, "a few numbers")
        begun = len(self.client.bytes_of("d"))
        self.say("RATE 2000000\n")
        wait_for(lambda: len(self.client.bytes_of("d")) > begun + 1_000_000, "a megabyte")
        restart = re.search(rb"(?:^|\n)0\r\n1\r\n2\r\n", self.client.bytes_of("d")[begun:])
        numbers = self.client.bytes_of("d")[begun + restart.start():].strip().split(b"\r\n")[:-1]
        self.assertEqual(list(map(int, numbers)), list(range(len(numbers))))
        self.assertEqual(self.client.events("rx-gap"), [])
        self.say("RATE 99999999999\n")
        wait_for(lambda: b"?\r\n" in self.client.bytes_of("d"), "a refusal")


if __name__ == "__main__":
    unittest.main()
