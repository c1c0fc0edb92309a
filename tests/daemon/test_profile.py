"""test_profile.py - devices with a profile: commands by name, events, what is refused, files of the user's own; against
libmodbus, a recorded GPS log, and devices played at the end of a pseudo terminal."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

from client import Client
from daemon import Line, Program, environment, wait_for
from frame import Device

DAEMON = os.environ["PERIPHERAL_MANAGER"]
HERE = pathlib.Path(__file__).resolve().parent


def modbus(content):
    """With its checksum, as the serial line guide says."""
    crc = 0xFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return content + crc.to_bytes(2, "little")


class ProfileTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo", "--allow-pty")
        self.addCleanup(lambda: self.assertEqual(self.program.stop(), 0))

    def device(self, answer, profile, end=b"\n", **options):
        device = Device(answer, end)
        self.addCleanup(device.close)
        self.activate(device.line.path, profile, **options)
        return device

    def activate(self, address, profile, **options):
        status, said = self.program.post("activate-connection",
                                         {"name": "d", "address": address, "profile": profile, **options})
        self.assertEqual(status, 200, said)
        return said["connection"]

    def command(self, command, args=None, **more):
        return self.program.post("send-command", {"name": "d", "command": command, "args": args, **more})[1]

    def assert_values(self, answer, **values):
        self.assertTrue(answer["ok"], answer)
        self.assertEqual({k: answer["response"].get(k) for k in values}, values)

    def code(self, answer):
        self.assertFalse(answer["ok"], answer)
        return answer["error"]["code"]

    # ---- commands ----

    def test_the_virtual_devices_by_name(self):
        self.activate("virtual:instrument", "scpi")
        self.assert_values(self.command("identify"), maker="Peripheral Manager", model="Virtual instrument")
        self.assertAlmostEqual(self.command("measure", ["voltage"])["response"]["value"], 5, 1)
        self.assertEqual(self.command("reset"), {"ok": True, "bytes": 5})
        self.program.post("deactivate-connection", {"name": "d"})
        self.activate("virtual:pump", "standard-frame")
        self.assert_values(self.command("set-rate", {"rate": 2500}), command="set-rate", status=0)
        self.assert_values(self.command("get-rate"), rate=2500)
        answer = self.program.post("send-command", {"name": "d", "command-id": 4})[1]
        self.assert_values(answer, command="get-rate", rate=2500)

    def test_a_client_builds_controls_from_describe(self):
        connection = self.activate("virtual:pump", "standard-frame")
        self.assertEqual((connection["options"]["profile"], connection["options"]["baud-rate"]), ("standard-frame", 115200))
        profile = self.program.post("describe", {"name": "d"})[1]["profile"]
        command = next(c for c in profile["commands"] if c["name"] == "set-rate")
        self.assertEqual(command["arguments"], [{"name": "rate", "type": "integer", "required": True, "min": 1, "max": 100000,
                                                 "unit": "µl/min", "expected": "a whole number from 1 to 100000 µl/min"}])
        listed = self.program.post("list-profiles", {})[1]["profiles"]
        self.assertEqual([p["id"] for p in listed], sorted(p["id"] for p in listed))
        self.assertEqual(len(listed), 9)
        asked = {p["id"]: p["identify"] for p in listed if "identify" in p}
        self.assertEqual(asked["scpi"], {"command": "identify", "args": {}})
        self.assertNotIn("nmea-gps", asked)

    def test_wrong_commands_and_arguments_send_nothing(self):  # G13
        device = self.device(lambda d, m: None, "new-era-pump", end=b"\r")
        for command, args, field in (("fly", None, "command"), ("set-rate", {}, "args.rate"), ("set-rate", {"rate": "5"}, "args.rate"),
                                     ("set-rate", {"rate": 0}, "args.rate"), ("set-rate", {"rate": 1e9}, "args.rate"),
                                     ("set-rate", {"rate": 5, "unit": "l"}, "args.unit"), ("run", {"speed": 1}, "args.speed"),
                                     ("run", [0, 0], "args[1]"), ("run", "x", "args"), ("run", {"address": None, "x": 1}, "args.x")):
            answer = self.command(command, args)
            self.assertEqual((self.code(answer), answer["error"]["field"]), ("bad-request", field), (command, args))
            self.assertIn(answer["error"]["expected"], answer["error"]["message"])
        self.assertEqual(self.code(self.program.post("send-command", {"name": "d", "command-id": 1})[1]), "bad-request")
        self.assertIn("from 0.001 to 9999", self.command("set-rate", {"rate": -1})["error"]["message"])
        self.program.post("configure-connection", {"name": "d", "profile": "scpi"})
        for text in ("A\nB", "A\rB", "A\0B", "\x18", "", "x" * 1001):
            self.assertEqual(self.code(self.command("write", {"command": text})), "bad-request", text)
        self.program.post("configure-connection", {"name": "d", "profile": ""})
        self.assertEqual(self.command("write")["error"]["field"], "command")
        self.assertEqual(device.heard, [])
        answer = self.program.post("activate-connection", {"name": "e", "address": "virtual:echo", "profile": "nothing"})[1]
        self.assertEqual((self.code(answer), answer["error"]["field"]), ("bad-request", "profile"))

    def test_a_pump_that_refuses_and_one_that_is_disturbed(self):
        says = [b"\x0200I\x03", b"\x0200S?OOR\x03", b"", b"\x0200S\x03", b"\x02junk\x03"]
        device = self.device(lambda d, m: d.say(says[len(d.heard) - 1]), "new-era-pump", end=b"\r")
        self.assert_values(self.command("run"), state="infusing")
        answer = self.command("set-diameter", {"diameter": 49})
        self.assertEqual((self.code(answer), answer["error"]["response"]["error"]), ("device-error", "out of range"))
        self.assert_values(self.command("stop", timeout=200), state="stopped")  # the second time
        answer = self.command("run", timeout=200, retries=0)
        self.assertEqual((self.code(answer), answer["error"]["received"]), ("unexpected-answer", b"junk".hex()))
        self.assertEqual(device.heard, [b"0RUN", b"0DIA49", b"0STP", b"0STP", b"0RUN"])

    def test_safe_mode_tells_damage(self):
        self.device(lambda d, m: d.say(b"\x02\x0700S\0\0\x03"), "new-era-pump-safe", end=b"\x03")
        answer = self.command("run", timeout=200, retries=0)
        self.assertEqual(self.code(answer), "bad-checksum")
        self.assertEqual(answer["error"]["received"], b"\x02\x0700S\0\0\x03".hex())

    def test_another_units_answer_is_not_taken_and_a_broadcast_has_none(self):
        line, heard = Line(), []
        self.addCleanup(line.close)
        says = [b"\x12\x03\x02\0\x05", b"\x11\x03\x02\0\x07", b"\x11\x83\x02", b"", b"\x11\x03\x02\0\x08"]

        def play():
            for said in says:
                heard.append(line.read(8))
                line.write(modbus(said) if said else b"")

        player = threading.Thread(target=play)
        player.start()
        self.addCleanup(player.join, 30)
        self.activate(line.path, "modbus-rtu", parity="none")

        def read(**more):
            return self.command("read-holding-registers", {"unit": 17, "address": 1}, retries=0, **more)

        answer = read(timeout=300)
        self.assertEqual((self.code(answer), answer["error"]["received"]), ("unexpected-answer", modbus(says[0]).hex()))
        self.assert_values(read(timeout=10000), unit=17, registers=[7])
        answer = read(timeout=10000)
        self.assertEqual(self.code(answer), "device-error")
        self.assertIn("exception illegal data address.", answer["error"]["message"])
        self.assertEqual(self.command("write-register", {"unit": 0, "address": 1, "value": 2}), {"ok": True, "bytes": 8})
        self.assert_values(read(timeout=10000), registers=[8])
        self.assertEqual(heard[3], modbus(b"\0\x06\0\x01\0\x02"))
        self.assertEqual(self.command("read-holding-registers", {"unit": 0, "address": 1})["error"]["field"], "args.unit")

    def test_a_bus_device_that_says_something_else_than_was_asked(self):
        """Its checksums are right, and its numbers are not those of the command."""
        cases = [("read-holding-registers", {"address": 1, "count": 2}, b"\x01\x03\x02\0\x07", b"\x01\x03\x04\0\x07\0\x08"),
                 ("read-holding-registers", {"address": 1}, b"\x01\x03\x04\0\x07\0\x08", b"\x01\x03\x02\0\x07"),
                 ("read-coils", {"address": 0, "count": 8}, b"\x01\x01\x02\xff\xff", b"\x01\x01\x01\x0f"),
                 ("read-coils", {"address": 0, "count": 9}, b"\x01\x01\x01\xff", b"\x01\x01\x02\x0f\x01"),
                 ("write-register", {"address": 1, "value": 2}, b"\x01\x06\0\x01\0\x03", b"\x01\x06\0\x01\0\x02"),
                 ("write-register", {"address": 1, "value": 2}, b"\x01\x06\0\x02\0\x02", b"\x01\x06\0\x01\0\x02")]
        line = Line()
        self.addCleanup(line.close)

        def play():
            for _, _, lie, truth in cases:
                for said in (lie, truth):
                    if len(line.read(8)) == 8:
                        line.write(modbus(said))

        player = threading.Thread(target=play)
        player.start()
        self.addCleanup(player.join, 30)
        self.activate(line.path, "modbus-rtu", parity="none")
        for command, args, lie, _ in cases:
            answer = self.command(command, args, retries=0, timeout=300)
            self.assertEqual((self.code(answer), answer["error"].get("received")), ("unexpected-answer", modbus(lie).hex()))
            self.assertTrue(self.command(command, args, retries=0, timeout=10000)["ok"], (command, args))

    # ---- which profile it is ----

    def test_a_device_is_asked_what_it_is_if_somebody_said_auto(self):
        def answer(device, message):
            message = message.split(b"\r")[-1]  # a modem's and a pump's lines end so
            if message == b"$I":
                device.say(b"[VER:1.1h.20190830:]\r\n[OPT:V,15,128]\r\nok\r\n")
            else:
                device.say(b"error:1\r\n")
        device = Device(answer, b"\n")
        self.addCleanup(device.close)
        status, said = self.program.post("activate-connection", {"name": "d", "address": device.line.path})
        self.assertEqual((said["connection"]["options"]["profile"], device.heard), ("", []))
        client = Client(self.program)
        self.addCleanup(client.close)
        said = self.program.post("configure-connection", {"name": "d", "profile": "auto"})[1]
        self.assertEqual(said["connection"]["options"]["profile"], "grbl")
        self.assertIn(b"0VER\r*IDN?", device.heard)
        wait_for(lambda: any(e["options"]["profile"] == "grbl" for e in client.events("connection-changed")), "the news")
        self.assertEqual(self.code(self.command("gcode", {"line": "G0"})), "device-error")

    def test_profiles_are_chosen_on_opening_with_their_line(self):
        said = self.activate("virtual:instrument", "auto")
        self.assertEqual(said["options"]["profile"], "scpi")
        self.assert_values(self.command("identify"), model="Virtual instrument")
        self.program.post("deactivate-connection", {"name": "d"})
        device = Device(lambda d, m: d.say(b"\x0200SNE1000V3.923\x03") if m.endswith(b"VER") else None, b"\r")
        self.addCleanup(device.close)
        said = self.activate(device.line.path, "auto", **{"baud-rate": 57600})
        self.assertEqual((said["options"]["profile"], said["options"]["baud-rate"]), ("new-era-pump", 19200))

    def test_what_no_profile_recognises_stays_as_it_is(self):
        device = Device(lambda d, m: None, b"\n")
        self.addCleanup(device.close)
        said = self.activate(device.line.path, "auto", **{"baud-rate": 57600})
        self.assertEqual((said["options"]["profile"], said["options"]["baud-rate"]), ("auto", 57600))
        answer = self.command("identify")
        self.assertEqual(self.code(answer), "unsupported")
        self.assertIn("No profile recognises", answer["error"]["message"])
        self.program.post("configure-connection", {"name": "d", "profile": "scpi"})
        begun = threading.Thread(target=lambda: self.program.post("configure-connection", {"name": "d", "profile": "auto"}))
        before = len(device.heard)
        begun.start()  # and closing while it is asked ends that
        wait_for(lambda: len(device.heard) > before, "a question")
        self.assertTrue(self.program.post("deactivate-connection", {"name": "d"})[1]["ok"])
        begun.join(30)
        self.assertFalse(begun.is_alive())

    # ---- programs, events, start ----

    def test_a_program_keeps_the_machines_buffer_full_and_never_over(self):
        waiting, most = [], []

        def answer(device, message):
            waiting.append(len(message) + 1)
            most.append(sum(waiting))
            if len(device.heard) > 3:  # it plans ahead before it answers
                waiting.pop(0)
                device.say(b"error:20\r\n" if len(device.heard) == 9 else b"ok\r\n")
            if message.endswith(b"X39"):
                device.say(b"ok\r\n" * 3)

        device = self.device(answer, "grbl")
        lines = [f"G1 X{n}" for n in range(40)]
        answer = self.command("run-program", {"gcode": "\r\n".join(lines) + "\n"})
        self.assertEqual(self.code(answer), "device-error")
        response = answer["error"]["response"]
        self.assertEqual(response["lines"], 40)
        self.assertEqual(response["failures"], [{"line": 6, "text": "G1 X5", "error": {"code": 20}}])
        self.assertEqual(device.heard, [line.encode() for line in lines])
        self.assertLessEqual(max(most), 127)

    def test_a_program_without_a_line_is_none(self):
        self.device(lambda d, m: None, "grbl")
        answer = self.command("run-program", {"gcode": "\r\n\n"})
        self.assertEqual((self.code(answer), answer["error"]["field"]), ("bad-request", "args.gcode"))

    def test_a_machine_that_resets_by_itself_ends_its_program(self):
        def answer(device, message):
            device.say({3: b"\r\nGrbl 1.1h ['$' for help]\r\n"}.get(len(device.heard), b"ok\r\n"))
        device = self.device(answer, "grbl")
        answer = self.command("run-program", {"gcode": "\n".join("G4 P0.%030d" % n for n in range(50))})
        self.assertEqual((self.code(answer), answer["error"]["response"]["version"]), ("device-error", "1.1h"))
        self.assertLess(len(device.heard), 12)

    def test_what_a_device_tells_unasked_is_an_event(self):
        device = self.device(lambda d, m: d.say(b"ok\r\n"), "grbl")
        client = Client(self.program)
        device.say(b"ALARM:1\r\n<Alarm|MPos:0.000,0.000,0.000|FS:0,0>\r\n[MSG:Reset to continue]\r\nok\r\n")
        self.assertEqual(client.wait_event("device-event", event="message")["values"], {"message": "Reset to continue"})
        self.assertEqual(client.events("device-event")[0], {"name": "d", "event": "alarm", "values": {"code": 1}})
        self.assertTrue(self.command("unlock")["ok"])
        self.assertEqual(len(client.events("device-event")), 3)
        client.close()

    def test_a_recorded_gps_log(self):
        device = self.device(lambda d, m: None, "nmea-gps")
        client = Client(self.program)
        log = (HERE / "gps.nmea").read_bytes()
        for at in range(0, len(log), 100):
            device.say(log[at:at + 100])
        device.say(log.splitlines()[0].replace(b"*47", b"*48") + b"\r\n" + b"$GPRMC,,V,,,,,,,,,,N*53\r\n")
        client.wait_event("device-event", event="minimum", values={
            "talker": "GP", "time": "", "status": "V", "latitude": "", "north-south": "", "longitude": "", "east-west": "",
            "speed": "", "course": "", "date": "", "more": ",,N"})
        events = client.events("device-event")
        self.assertEqual([e["event"] for e in events].count("fix"), log.count(b"GGA"))
        self.assertEqual(events[0]["values"]["latitude"], 4807.038)
        client.close()

    def test_a_modem_is_told_at_the_start_not_to_echo(self):
        device = self.device(lambda d, m: d.say(b"\r\n+CSQ: 24,99\r\n\r\nOK\r\n" if b"CSQ" in m else b"\r\nOK\r\n"), "at-modem",
                             end=b"\r")
        self.assert_values(self.command("signal"), rssi=24, ber=99)
        self.assertEqual(device.heard, [b"ATE0", b"AT+CSQ"])

    def test_a_pump_is_stopped_before_its_connection_closes(self):
        self.activate("virtual:pump", "standard-frame")
        self.assertTrue(self.command("run")["ok"])
        self.assertTrue(self.program.post("deactivate-connection", {"name": "d"})[1]["ok"])
        self.activate("virtual:pump", "standard-frame")
        self.assertEqual(self.program.post("ask", {"name": "d", "payload": "RAT\r\n"})[1]["text"][2], "S")

    def test_questions_that_wait_are_answered_when_the_connection_closes(self):
        device = self.device(lambda d, m: None, "modbus-rtu", end=b"\x0a")  # it rests between two commands
        answers = []
        def ask():
            answers.append(self.code(self.command("read-holding-registers", {"unit": 1, "address": 0, "count": 1}, timeout=60000)))
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_for(lambda: device.heard, "the first question")
        wait_for(lambda: b"_requests_total 5\n" in self.program.request("GET", "/metrics")[2], "all questions")
        self.assertTrue(self.program.post("deactivate-connection", {"name": "d"})[1]["ok"])
        for thread in threads:
            thread.join(30)
        self.assertEqual(answers, ["device-gone"] * 4)

    def begin_to_close_what_takes_nothing(self):
        """The command that the device is stopped with waits behind what was sent to it."""
        line, client = Line(), Client(self.program)
        self.addCleanup(line.close)
        self.addCleanup(client.close)
        self.activate(line.path, "standard-frame")
        client.io.emit("send-raw", {"name": "d", "payload": "x" * 100_000})
        client.io.emit("deactivate-connection", {"name": "d"})
        wait_for(lambda: b"_requests_total 3\n" in self.program.request("GET", "/metrics")[2], "both requests")
        return client

    def test_a_device_that_takes_nothing_is_closed_all_the_same(self):
        client = self.begin_to_close_what_takes_nothing()
        client.wait_event("connection-closed", name="d", reason="deactivated")

    def test_its_last_command_may_be_discarded_with_what_waits_behind(self):
        client = self.begin_to_close_what_takes_nothing()
        client.io.emit("send-raw", {"name": "d", "payload": "behind"})
        self.assertEqual(self.program.post("discard", {"name": "d", "direction": "tx"})[0], 200)
        client.wait_event("connection-closed", name="d", reason="deactivated")

    def test_its_last_command_may_be_ended_by_another(self):
        self.own("lathe", json.dumps({"profile": 1, "id": "lathe", "name": "Lathe", "stop": [{"command": "park"}], "commands": [
            {"name": "park", "send": "park\\n", "answer": "parked", "timeout": 60000},
            {"name": "reset", "send": "\\x18", "raw": True, "realtime": True, "cancels": True, "answer": "hello"}]}))
        wait_for(lambda: "lathe" in self.ids(), "the profile")
        device = self.device(lambda d, m: None, "lathe")
        closing = []
        thread = threading.Thread(target=lambda: closing.append(self.program.post("deactivate-connection", {"name": "d"})))
        thread.start()
        wait_for(lambda: device.heard, "the last command")
        self.assertEqual(self.code(self.command("reset")), "device-gone")
        thread.join(30)
        self.assertEqual(closing[0][0], 200)

    def test_the_daemon_ends_while_a_closing_waits(self):
        self.begin_to_close_what_takes_nothing()
        self.assertEqual(self.program.process.poll(), None)
        self.program.process.terminate()
        self.assertEqual(self.program.process.wait(30), 0)

    # ---- something real ----

    def test_libmodbus(self):
        folder = tempfile.TemporaryDirectory(prefix="pm-test-")
        self.addCleanup(folder.cleanup)
        server, ends = f"{folder.name}/modbus_server", [Line(), Line()]
        subprocess.run(["cc", HERE / "modbus_server.c", "-o", server, "-lmodbus"], check=True, timeout=120)
        script = ("import os, select, sys\na, b = map(int, sys.argv[1:])\n"
                  "while True:\n for f in select.select([a, b], [], [])[0]: os.write(b if f == a else a, os.read(f, 4096))")
        cable = subprocess.Popen(["/usr/bin/python3", "-c", script, *(str(e.far) for e in ends)],
                                 pass_fds=[e.far for e in ends])
        process = subprocess.Popen([server, ends[0].path], stdout=subprocess.PIPE)
        self.addCleanup(lambda: [(p.kill(), p.wait()) for p in (cable, process)] and process.stdout.close())
        for end in ends:
            self.addCleanup(end.close)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        self.activate(ends[1].path, "modbus-rtu", parity="none")
        def ask(command, **args):
            return self.command(command, {"unit": 17, **args}, timeout=5000)

        self.assert_values(ask("read-input-registers", address=3, count=3), registers=[1003, 1004, 1005])
        self.assert_values(ask("read-discrete-inputs", address=0, count=8), inputs=[n % 3 == 0 for n in range(8)])
        self.assert_values(ask("write-registers", address=4, values=[1, 65535, 0]), address=4, count=3)
        self.assert_values(ask("write-register", address=7, value=77), value=77)
        self.assert_values(ask("read-holding-registers", address=4, count=4), registers=[1, 65535, 0, 77])
        self.assert_values(ask("write-coils", address=1, values=[True, False, True]), count=3)
        self.assert_values(ask("write-coil", address=7, value="on"), value=0xFF00)
        self.assert_values(ask("read-coils", address=0, count=8), coils=[False, True, False, True, False, False, False, True])
        self.assert_values(ask("read-coils", address=1, count=3), coils=[True, False, True])
        answer = ask("read-coils", address=32, count=1)
        self.assertEqual((self.code(answer), answer["error"]["response"]["exception"]), ("device-error", "illegal data address"))
        self.assertEqual(self.code(self.command("read-coils", {"address": 0, "unit": 5}, timeout=200, retries=0)), "timeout")
        self.assert_values(ask("read-input-registers", address=0), registers=[1000])

    # ---- the user's own ----

    def own(self, name, text):
        folder = pathlib.Path(self.program.home) / "config/peripheral-manager/profiles"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.new").write_text(text)
        (folder / f"{name}.new").rename(folder / f"{name}.json")

    def ids(self):
        return {p["id"]: p for p in self.program.post("list-profiles", {})[1]["profiles"]}

    def test_a_folder_of_profiles_may_be_replaced(self):
        folder = pathlib.Path(self.program.home) / "config/peripheral-manager/profiles"
        for name in ("one", "two", "three"):
            self.own(name, json.dumps({"profile": 1, "id": name, "name": name, "commands": []}))
            wait_for(lambda: name in self.ids(), name)
            shutil.rmtree(folder)
            wait_for(lambda: name not in self.ids(), "the end of it")

    def test_profiles_of_ones_own_are_read_again_when_they_change(self):  # G14
        mine = {"profile": 1, "id": "mine", "name": "Mine", "commands": [
            {"name": "hello", "send": "hello\\n", "answer": "hello"}]}
        self.own("mine", json.dumps(mine))
        wait_for(lambda: "mine" in self.ids(), "the profile")
        self.assertTrue(self.ids()["mine"]["own"])
        self.activate("virtual:echo", "mine")
        self.assertTrue(self.command("hello")["ok"])
        mine["commands"][0]["name"] = "good-day"
        self.own("mine", json.dumps(mine))
        wait_for(lambda: self.command("good-day")["ok"], "the changed profile")
        self.own("broken", '{"profile": 1, "id": "broken",\n "name": 5}')
        self.own("big", " " * 300_000)
        self.own("deep", "[" * 100_000)
        self.own("bytes", '{"profile": 1, "id": "\udcff"}'.encode("utf-8", "surrogateescape").decode("latin-1"))
        mine["id"] = "other"
        self.own("other", json.dumps(mine))
        wait_for(lambda: "other" in self.ids(), "the profile beside broken ones")
        self.assertIn("mine", self.ids())
        self.assertNotIn("broken", self.ids())
        faults = {f["file"]: f for f in self.program.post("list-profiles", {})[1]["faults"]}
        self.assertEqual(set(faults), {"broken.json", "big.json", "deep.json", "bytes.json"})
        self.assertIn("line 2, column ", faults["broken.json"]["error"])

    def test_what_an_edit_broke_stays_as_it_was(self):
        mine = {"profile": 1, "id": "mine", "name": "Mine", "commands": [{"name": "hello", "send": "hello\\n", "answer": "hello"}]}
        self.own("mine", json.dumps(mine))
        self.own("scpi", json.dumps(mine | {"id": "scpi", "name": "My own"}))
        wait_for(lambda: "mine" in self.ids() and self.ids()["scpi"]["own"], "the profiles")
        self.activate("virtual:echo", "mine")
        self.own("mine", json.dumps(mine)[:-1])
        self.own("scpi", json.dumps(mine | {"id": "scpi", "name": 7}))

        def faults():
            return {f["file"]: f for f in self.program.post("list-profiles", {})[1]["faults"]}
        wait_for(lambda: len(faults()) == 2, "the faults")
        self.assertEqual({name: f["profile"] for name, f in faults().items()}, {"mine.json": "mine", "scpi.json": "scpi"})
        self.assertIn("line 1, column ", faults()["mine.json"]["error"])
        self.assertTrue(self.command("hello")["ok"])
        self.assertEqual(self.ids()["scpi"]["name"], "My own")
        told = subprocess.run([DAEMON, "profiles"], env=environment(self.program.home), capture_output=True, text=True, timeout=60)
        self.assertIn('"mine" stays as it was before.', told.stdout)
        self.own("other", json.dumps(mine))  # another file takes the id
        mine["commands"][0]["name"] = "good-day"
        self.own("mine", json.dumps(mine | {"id": "renamed"}))  # mended
        wait_for(lambda: set(faults()) == {"scpi.json"} and "renamed" in self.ids(), "the mended file")
        self.assertEqual(self.ids()["mine"]["commands"][0]["name"], "hello")


if __name__ == "__main__":
    unittest.main()
