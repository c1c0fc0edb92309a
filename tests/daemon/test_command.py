"""test_command.py - send-command and ask: answers, none, late, damaged ones; over ptys and the virtual pump."""
import base64
import concurrent.futures
import os
import threading
import unittest

from client import Client
from daemon import Program, wait_for
from frame import Device, decode, encode

DAEMON = os.environ["PERIPHERAL_MANAGER"]


class CommandTest(unittest.TestCase):
    def setUp(self):
        self.program = Program(DAEMON, "--demo", "--allow-pty")
        self.devices = []

    def tearDown(self):
        self.assertEqual(self.program.stop(), 0)
        for device in self.devices:
            device.close()

    def device(self, answer, end=b"\0", name="d"):
        device = Device(answer, end)
        self.devices.append(device)
        status, said = self.program.post("activate-connection", {"name": name, "address": device.line.path})
        self.assertEqual(status, 200, said)
        return device

    def command(self, command, args=(), **more):
        return self.program.post("send-command", {"name": "d", "command-id": command, "args": list(args), **more})[1]

    def ask(self, payload, **more):
        return self.program.post("ask", {"name": "d", "payload": payload, **more})[1]

    def code(self, answer):
        self.assertFalse(answer["ok"], answer)
        return answer["error"]["code"]

    # ---- send-command ----

    def test_the_virtual_pump_takes_commands(self):
        self.program.post("activate-connection", {"name": "d", "address": "virtual:pump"})
        answer = self.command(3, [5000])
        self.assertEqual((answer["ok"], answer["response"]["status"], answer["response"]["args"]), (True, 0, []))
        self.assertEqual(self.command(4)["response"]["args"], [5000])
        self.assertEqual(self.ask("RAT\r\n")["text"], "00S5.000MM")
        for command, args, status in ((99, [], 1), (1, [1], 2), (3, [-1], 3)):
            answer = self.command(command, args)
            self.assertEqual((self.code(answer), answer["error"]["response"]["status"]), ("device-error", status))

    def test_an_answer_comes_back_with_its_arguments(self):
        def answer(device, message):
            sequence, command, args = decode(message)
            device.say(encode(sequence, command, [0, *[-a for a in args]]))

        device = self.device(answer)
        client = Client(self.program)
        args = [0, 1, -1, 2**31 - 1, -(2**31) + 1]
        said = client.call("send-command", {"name": "d", "command-id": 65535, "args": args})
        self.assertEqual(said["response"], {"sequence": 0, "command-id": 65535, "status": 0, "args": [-a for a in args]})
        self.assertEqual(said["bytes"], len(device.heard[0]) + 1)
        self.assertEqual(len(self.command(1, range(254))["response"]["args"]), 254)
        self.assertEqual([decode(m)[0] for m in device.heard], [0, 1])
        client.close()

    def test_who_wants_no_acknowledgement_waits_for_none(self):
        device = self.device(lambda device, message: None)
        client = Client(self.program)
        for number in range(3):
            client.io.emit("send-command", {"name": "d", "command-id": number, "args": []})
        wait_for(lambda: len(device.heard) == 3, "three commands")
        self.assertEqual([decode(m)[1] for m in device.heard], [0, 1, 2])
        self.assertEqual(self.command(7, timeout=0), {"ok": True, "bytes": 9})
        client.close()

    def test_damaged_answers_have_codes_and_bytes(self):
        answers = {
            1: (lambda s: encode(s, 1, [0], damage=0xFF), "bad-checksum"),
            2: (lambda s: encode(s, 2, [0])[:-1], "truncated"),
            3: (lambda s: b"\x09\x01\x07\0", "truncated"),
            4: (lambda s: encode(s, 5, [0]), "unexpected-answer"),
            5: (lambda s: encode(s, 5, []), "unexpected-answer"),
        }
        device = self.device(lambda d, m: d.say(answers[decode(m)[1]][0](decode(m)[0])))
        for number, (_, code) in answers.items():
            answer = self.command(number, timeout=200)
            self.assertEqual(self.code(answer), code, number)
            self.assertRegex(answer["error"]["received"], "^([0-9a-f]{2})+$")
            device.say(b"\0")

    def test_noise_before_an_answer_does_not_matter(self):
        def answer(device, message):
            sequence, command, _ = decode(message)
            device.say(b"\xffnoise\0" + encode(sequence, command, [0], damage=1) + encode(sequence ^ 1, command, [9]))
            device.say(b"\0\0" + encode(sequence, command, [0, 42]))

        self.device(answer)
        self.assertEqual(self.command(1)["response"]["args"], [42])

    def test_a_lost_answer_is_asked_for_again_with_the_same_frame(self):
        def answer(device, message):
            if len(device.heard) == 3:
                device.say(encode(*decode(message)[:2], [0]))

        device = self.device(answer)
        self.assertTrue(self.command(1, [5], timeout=100, retries=2)["ok"])
        self.assertEqual(len(set(device.heard)), 1)
        self.assertEqual(self.code(self.command(1, timeout=100, retries=1)), "timeout")
        self.assertEqual(len(device.heard), 5)

    def test_a_late_answer_is_not_taken_for_the_next_one(self):
        def answer(device, message):
            sequence, command, _ = decode(message)
            if command == 2:
                device.say(encode(sequence - 1, 1, [0, 111]) + encode(sequence, 2, [0, 222]))

        self.device(answer)
        self.assertEqual(self.code(self.command(1, timeout=100)), "timeout")
        self.assertEqual(self.command(2)["response"]["args"], [222])

    def test_what_cannot_be_sent_is_not(self):  # G13
        device = self.device(lambda device, message: None)
        for command, args, field in ((-1, [], "command-id"), (65536, [], "command-id"), ("1", [], "command-id"),
                                     (1, [2**31], "args[0]"), (1, [0, "x"], "args[1]"), (1, [0] * 256, "args"),
                                     (1, [1.5], "args[0]")):
            answer = self.command(command, args)
            self.assertEqual((self.code(answer), answer["error"]["field"]), ("bad-request", field))
        self.assertEqual(device.heard, [])

    def test_a_device_that_goes_answers_for_all_that_wait(self):
        self.program.post("activate-connection", {"name": "d", "address": "virtual:echo"})
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(self.ask, f"{n}", timeout=60000) for n in range(4)]
            wait_for(lambda: self.program.post("list-connections", {})[1]["connections"][0]["rx"] > 0, "the first question")
            self.program.post("unplug-virtual", {"address": "virtual:echo"})
            self.assertEqual({self.code(w.result()) for w in waiting}, {"device-gone"})
        self.assertEqual(self.code(self.ask("x")), "device-gone")

    # ---- ask ----

    def test_every_end_of_an_answer(self):
        says = {b"line": b"\r\n12.5 V\r\nmore", b"ok": b"x=5\r\nok\r\nrest", b"six": b"\x00\x01\x02\x03\x04\x05\x06",
                b"silent": b"all of it", b"stx": b"junk\x02in\x03", b"slip": b"\xc0\xdb\xdc\xc0"}
        device = self.device(lambda d, m: d.say(says[m]), end=b"!")
        self.assertEqual(self.ask("line!")["text"], "12.5 V")
        self.assertEqual(self.ask("ok!", until={"pattern": "{:int}\\r\\nok\\r\\n"})["text"], "x=5\r\nok\r\n")
        answer = self.ask("six!", until={"length": 6})
        self.assertEqual(base64.b64decode(answer["response"]["base64"]), bytes(range(6)))
        self.assertNotIn("text", answer)
        self.assertEqual(self.ask("silent!", until={"silence": 100})["text"], "all of it")
        self.assertEqual(self.ask("stx!", until={"frame": {"kind": "start-end", "start": "\\x02", "end": "\\x03"}})["text"], "in")
        answer = self.ask("slip!", until={"frame": {"kind": "slip"}})
        self.assertEqual(base64.b64decode(answer["response"]["base64"]), b"\xc0")
        self.assertEqual(self.ask("silent!", until={"frame": {"kind": "idle", "silence": 50}})["text"], "all of it")
        self.assertEqual(device.heard.count(b"silent"), 2)

    def test_answers_that_do_not_end(self):
        self.device(lambda d, m: d.say(m), end=b"!")
        answer = self.ask("half!", timeout=100)
        self.assertEqual((self.code(answer), answer["error"]["received"]), ("truncated", b"half".hex()))
        self.assertEqual(self.code(self.ask("!", timeout=100)), "timeout")
        answer = self.ask("12345\n!", until={"frame": {"kind": "lines", "max": 4}})
        self.assertEqual((self.code(answer), answer["error"]["received"]), ("unexpected-answer", b"1234".hex()))

    def test_an_end_must_be_one_that_can_be(self):
        device = self.device(lambda d, m: None, end=b"!")
        for until in ({}, {"pattern": "a", "length": 1}, {"pattern": "{rest}"}, {"pattern": "{"}, {"frame": {"kind": "fixed"}},
                      {"frame": {"kind": "delimiter"}}, {"frame": {"kind": "delimiter", "end": "\\q"}}):
            answer = self.ask("x!", until=until)
            field = "until.frame" if "frame" in until else "until"
            self.assertEqual((self.code(answer), answer["error"]["field"]), ("bad-request", field), until)
        self.assertEqual(device.heard, [])

    def test_two_clients_share_an_instrument(self):
        """Each gets the answer to its own question, although the device answers without saying to which."""
        lock = threading.Lock()

        def answer(device, message):
            self.assertTrue(lock.acquire(blocking=False), "a question came before the answer to the one before")
            threading.Timer(0.005, lambda: (lock.release(), device.say(message + b"\r\n"))).start()

        self.device(answer, end=b"\n")
        clients = [Client(self.program), Client(self.program)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            def work(client, letter):
                return [client.call("ask", {"name": "d", "payload": f"{letter}{n}\n"})["text"] for n in range(40)]

            work = [pool.submit(work, c, letter) for c, letter in zip(clients, "ab")]
            self.assertEqual([w.result() for w in work], [[f"{letter}{n}" for n in range(40)] for letter in "ab"])
        for client in clients:
            client.close()

    def test_a_late_answer_does_not_answer_the_next_question(self):
        def answer(device, message):
            if message == b"slow":
                threading.Timer(0.25, device.say, [b"late\n"]).start()
            else:
                device.say(b"right\n")

        self.device(answer, end=b"!")
        self.assertEqual(self.code(self.ask("slow!", timeout=200)), "timeout")
        self.assertEqual(self.ask("quick!", timeout=5000)["text"], "right")

    def test_the_queue_has_a_bound(self):
        self.device(lambda d, m: None, end=b"!")
        client = Client(self.program)
        got = []
        for _ in range(70):
            client.io.emit("ask", {"name": "d", "payload": "x!", "timeout": 60000}, callback=got.append)
        wait_for(lambda: len(got) == 6, "those above 64")
        self.assertEqual({self.code(answer) for answer in got}, {"queue-full"})
        self.program.post("deactivate-connection", {"name": "d"})
        wait_for(lambda: len(got) == 70, "an answer to each")
        self.assertEqual([self.code(answer) for answer in got[6:]], ["device-gone"] * 64)
        client.close()

    def test_questions_of_who_left_are_not_asked(self):
        device = self.device(lambda d, m: d.say(m + b"\n") if m == b"mine" else None, end=b"!")
        client = Client(self.program)
        for n in range(10):
            client.io.emit("ask", {"name": "d", "payload": f"{n}!", "timeout": 500}, callback=lambda answer: None)
        wait_for(lambda: device.heard, "the first")
        client.close()
        self.assertEqual(self.ask("mine!", timeout=5000)["text"], "mine")
        self.assertEqual(device.heard, [b"0", b"mine"])


if __name__ == "__main__":
    unittest.main()
