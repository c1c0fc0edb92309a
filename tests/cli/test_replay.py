"""test_replay.py - recordings played as virtual devices: the same bytes, at the speed that was asked for, with its replugs."""
import base64
import glob
import json
import time
import unittest

from daemon import Line, wait_for
from places import IO, NO_DAEMON, REFUSED, USAGE, Control, Places

DATA = bytes(i * 7 % 251 for i in range(200_000))


class ReplayTest(Places):
    def control(self, event, **data):
        connection = Control(f"{self.runtime}/control")
        connection.request("POST", f"/api/v1/{event}", json.dumps(data), {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        self.assertTrue(answer["ok"], answer)
        return answer

    def recorded(self, *pieces, pause=0):
        """A recording of a device that said these pieces."""
        line = Line()
        self.addCleanup(line.close)
        self.serve("--demo", "--allow-pty")
        self.command("activate", "pump", line.path, "--record", "yes")
        sent = 0
        for piece in pieces:
            for at in range(0, len(piece), 1000):
                line.write(piece[at : at + 1000])
            sent += len(piece)
            wait_for(lambda: self.control("list-connections")["connections"][0]["rx"] == sent, "bytes")
            time.sleep(pause)
        self.command("record", "pump", "--stop")
        self.command("deactivate", "pump")
        return self.json("recordings")[0]["id"]

    def test_the_same_bytes_come_again(self):
        name = self.recorded(DATA)
        (path,) = glob.glob(f"{self.state}/recordings/*")
        for what in (name, path):
            process = self.start("replay", what, "--speed", "0", "--name", "second-pump")
            wait_for(lambda: "virtual:second-pump" in [d["address"] for d in self.json("list")], "the device")
            self.control("activate-connection", name="again", address="virtual:second-pump", record=True)
            self.assertEqual(process.wait(60), 0)
            output = process.stdout.read().decode()
            self.assertIn("as soon as somebody opens it", output)
            self.assertIn("200000 bytes", output)
            self.assertNotIn("virtual:second-pump", [d["address"] for d in self.json("list")])
            again = next(c for c in self.json("connections") if c["name"] == "again")
            self.assertEqual((again["rx"], again["state"]), (200_000, "lost"))
            history = self.control("read-history", name="again", limit=65536)
            self.assertEqual(base64.b64decode(history["payload"]["base64"]), DATA[:65536])
            self.command("deactivate", "again")

    def test_pauses_are_those_of_the_recording_or_scaled(self):
        name = self.recorded(b"one", b"two", b"three", pause=0.5)
        for speed, least in (("1", 0.9), ("2", 0.4)):  # pauses of at least 0.5 s each lie between the three
            begun = time.monotonic()
            output = self.command("replay", name, "--speed", speed, "--open", "pump")[0]
            self.assertGreaterEqual(time.monotonic() - begun, least)
            self.assertIn("11 bytes", output)
        self.assertEqual(self.json("connections"), [])

    def test_a_replug_is_played_too(self):
        self.serve("--demo")
        self.control("activate-connection", name="pump", address="virtual:echo", record=True)
        for text, event in (("before", "unplug-virtual"), ("after", None)):
            self.control("send-raw", name="pump", payload=text)
            wait_for(lambda: not self.control("list-connections")["connections"][0]["queued"], "echo")
            wait_for(lambda: self.control("list-connections")["connections"][0]["rx"] in (6, 11), "echo")
            if event:
                self.control("unplug-virtual", address="virtual:echo")
                self.control("plug-virtual", address="virtual:echo")
                wait_for(lambda: self.control("list-connections")["connections"][0]["state"] == "open", "return")
        self.command("record", "pump", "--stop")
        self.command("deactivate", "pump")
        name = self.json("recordings")[0]["id"]
        self.command("replay", name, "--open", "again", "--speed", "100")
        process = self.start("replay", name, "--speed", "100")
        wait_for(lambda: "virtual:replay" in [d["address"] for d in self.json("list")], "the device")
        self.control("activate-connection", name="again", address="virtual:replay")
        self.assertEqual(process.wait(60), 0)
        again = self.json("connections")[0]
        self.assertEqual((again["rx"], again["losses"]), (11, 2))  # in the middle, and at the end

    def test_what_cannot_be_played_is_told(self):
        self.command("replay", "nothing", code=NO_DAEMON)
        name = self.recorded(b"x")
        self.assertIn("recordings", self.command("replay", "nothing", "--open", "pump", code=IO)[1])
        output, errors = self.command("replay", "nothing", code=IO)  # at once, and no device is there to be opened
        self.assertEqual(output, "")
        self.assertIn("no recording of this name", errors)
        for speed in ("-1", "fast", "nan", "1e9", ""):
            self.command("replay", "nothing", "--speed", speed, code=USAGE)
        for bad in ("Replay", "a b", "../x", ""):
            self.command("replay", name, "--name", bad, code=USAGE)
        self.command("replay", name, "--name", "echo", code=REFUSED)
        self.assertEqual([d["address"] for d in self.json("list") if "replay" in d["address"]], [])


if __name__ == "__main__":
    unittest.main()
