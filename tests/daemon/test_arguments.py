"""test_arguments.py - every argument of every request, wrong in every way its schema rules out: made from describe."""
import json
import os
import pathlib
import tempfile
import unittest

from client import Client
from daemon import Program, wait_for

DAEMON = os.environ["PERIPHERAL_MANAGER"]
LONG = "x" * 100_000
NEVER = {  # values that a type never takes; bounds and words come from the schema itself
    "connection": [7, 1.5, True, [], {}, "", "a\nb", "a\0b", LONG],
    "name": [7, 1.5, True, [], {}, "", "a\nb", "a\u0085b", "a\0b", "x" * 65, "\u20ac" * 22, LONG],
    "text": [7, 1.5, True, [], {}, "a\0b"],
    "integer": ["5", 1.5, True, [], {}, 2**63 - 1, -(2**63), 1e300],
    "number": ["1", True, [], {}, 1e300, -1e300],
    "boolean": [0, 1, "true", [], {}],
    "word": [0, True, [], {}, "", "no-such-word", LONG],
    "bytes": [7, 1.5, True, {}, [256], [-1], [1.5], ["1"], [[1]], [None], {"base64": 7}, {"base64": "!!"},
              {"_placeholder": True, "num": 0}],
    "object": [7, 1.5, True, "{}", []],
    "array": [7, 1.5, True, "[]", {}],
    "offsets": ["5", 1.5, True, [], -1, 2**53, {"a": "5"}, {"a": -1}, {"a": None}, {"a": 1.5}, {"a": 2**53},
                {f"n{i}": 0 for i in range(300)}],
    "names": [7, True, {}, "", "all", [7], [None], ["a\nb"], [""], ["x"] * 1000],
    "devices": [5, True, {}, [5]],
    "framing": [7, True, [], "", "fixed", "no-such-kind", {"kind": "delimiter"}, {"kind": "fixed"}],
    "any": [],
}


def wrong_values(arg):
    yield from NEVER[arg["type"]]
    if arg["type"] in ("integer", "number") and "min" in arg:
        yield from (arg["min"] - 1, arg["max"] + 1)
    if arg["type"] == "text":
        yield from ["x" * (arg["max"] + 1), *["x" * (n - 1) for n in (arg["min"],) if n > 0]]
    if arg["type"] == "number" and "words" in arg:
        yield from (0, 1.25, -1)
    if arg["type"] == "array":
        good = good_value(arg["element"]) if "element" in arg else 0
        yield [good] * (arg["max"] + 1)
        if arg["min"] > 0:
            yield []


def good_value(arg):
    special = {"address": "virtual:echo", "name": "fresh"}
    by_type = {"connection": "probe", "name": "fresh", "boolean": True, "bytes": "x", "names": "*", "devices": "*", "any": 0, "offsets": 0,
               **dict.fromkeys(("object", "framing"), {m["name"]: good_value(m) for m in arg.get("members", []) if m["required"]})}
    if arg["type"] in by_type:
        return by_type[arg["type"]]
    if arg["type"] == "array":
        return [good_value(arg["element"]) if "element" in arg else 0] * max(arg["min"], 1)
    if arg["type"] == "text":
        return special.get(arg["name"], "x" * max(arg["min"], 1))
    return float(arg["words"][0]) if arg["type"] == "number" and "words" in arg else arg.get("words", [arg.get("min")])[0]


def cases(arg, place):
    """(what the argument is set to, the field that the answer must name)."""
    for value in wrong_values(arg):
        yield value, place
    if arg["type"] == "array" and "element" in arg:
        for value, field in cases(arg["element"], f"{place}[0]"):
            yield [value], field
        yield [None], f"{place}[0]"
    for member in arg.get("members", []):
        rest = good_value(arg)
        for value, field in cases(member, f"{place}.{member['name']}"):
            yield {**rest, member["name"]: value}, field
        if member["required"]:
            yield {k: v for k, v in rest.items() if k != member["name"]}, f"{place}.{member['name']}"


def misspelt(name):
    """How people write it who know other interfaces, or in a hurry."""
    words = name.split("-")
    yield from (name.upper(), words[0] + "".join(w.title() for w in words[1:]), name.replace("-", "_"), name.replace("-", ""))
    if len(name.replace("-", "")) >= 5:
        yield from (name[:-1], name + "s", name[:-2] + name[-1] + name[-2], name[:2] + "~" + name[3:])
    if len(words) > 1 and len(words[0]) >= 4:
        yield words[0]


class ArgumentsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = Program(DAEMON, "--demo")
        assert cls.program.post("activate-connection", {"name": "probe", "address": "virtual:echo"})[0] == 200
        cls.requests = cls.program.post("describe", {})[1]["requests"]

    @classmethod
    def tearDownClass(cls):
        assert cls.program.stop() == 0

    def assert_refused(self, event, data, field):
        status, answer = self.program.post(event, data)
        self.assertEqual((status, answer["ok"], answer["error"]["code"]), (400, False, "bad-request"), (event, data, answer))
        self.assertEqual(answer["error"]["field"], field, (event, data))
        self.assertIn(field, answer["error"]["message"])
        self.assertIn(answer["error"]["expected"], answer["error"]["message"])

    def test_the_interface_says_what_devices_and_connections_have(self):
        page = (pathlib.Path(__file__).resolve().parents[2] / "docs/api.md").read_text()
        for event, member, title in (("list-devices", "devices", "device"), ("list-connections", "connections", "connection")):
            table = page.split(f"## What a {title} is\n")[1].split("\n## ")[0]
            for name in self.program.post(event, {})[1][member][0]:
                self.assertIn(f"`{name}`", table)

    def test_wrong_arguments_are_refused_by_name_and_change_nothing(self):  # F07
        before = self.program.post("list-connections", {})
        tried = 0
        for request in self.requests:
            good = {a["name"]: good_value(a) for a in request["arguments"] if a["required"]}
            for arg in request["arguments"]:
                for value, field in cases(arg, arg["name"]):
                    self.assert_refused(request["event"], {**good, arg["name"]: value}, field)
                    tried += 1
                if arg["required"]:
                    self.assert_refused(request["event"], {k: v for k, v in good.items() if k != arg["name"]}, arg["name"])
                    self.assert_refused(request["event"], {**good, arg["name"]: None}, arg["name"])
        self.assertGreater(tried, 200)
        self.assertEqual(self.program.post("list-connections", {}), before)

    def test_what_is_no_object_is_refused(self):
        for request in self.requests:
            if not request["arguments"]:
                continue
            for body in (b"[]", b"7", b'"x"', b"{", b'{"name":"probe","name":"probe"}', b"{}{}", b"\xff"):  # F03, F05
                status, _, answer = self.program.request("POST", f"/api/v1/{request['event']}", body,
                                                         {"Content-Type": "application/json"})
                self.assertEqual((status, json.loads(answer)["error"]["code"]), (400, "bad-request"), body)

    def test_an_event_is_told_however_it_is_called(self):
        page = Client(self.program)
        for name in ("x" * 128, "\u20ac" * 42, "a" + "\u20ac" * 42, "aa" + "\u20ac" * 42, "\U0001f600" * 32):
            answer = page.call(name, {})
            self.assertEqual((answer["ok"], answer["error"]["code"]), (False, "unknown-request"), name)
            self.assertIn(name[:10], answer["error"]["message"])
        page.io.disconnect()

    def test_unknown_members_are_passed_over(self):  # F08
        self.assertEqual(self.program.post("list-connections", {"colour": "red", "__proto__": {}})[0], 200)
        self.assertEqual(self.program.post("send-raw", {"name": "probe", "payload": "x", "colour": None})[0], 200)

    def test_misspelt_members_are_refused_with_the_right_spelling(self):  # F08
        before = self.program.post("list-connections", {})
        for request in self.requests:
            known = [a["name"] for a in request["arguments"]]
            good = {a["name"]: good_value(a) for a in request["arguments"] if a["required"]}
            for arg in request["arguments"]:
                rest = {k: v for k, v in good.items() if k != arg["name"]}
                for wrong in {w for w in misspelt(arg["name"]) if w not in known}:
                    self.assert_refused(request["event"], {**rest, wrong: good_value(arg)}, wrong)
                for member in arg.get("members", []):
                    value = {member["name"].upper(): good_value(member)}
                    self.assert_refused(request["event"], {**good, arg["name"]: value}, f"{arg['name']}.{member['name'].upper()}")
        answer = self.program.post("activate-connection", {"name": "x", "address": "virtual:counter", "baudRate": 9600})[1]
        self.assertEqual(answer["error"]["message"], '"baudRate" must be written "baud-rate".')
        self.assertEqual(self.program.post("list-connections", {}), before)

    def test_misspelt_member_beside_the_right_one_is_passed_over(self):  # F08
        self.assertEqual(self.program.post("send-raw", {"name": "probe", "payload": "x", "Name": "y", "pay-load": None})[0], 200)

    def test_application_without_acknowledgements_goes_on_and_the_log_tells(self):  # F08
        with tempfile.TemporaryDirectory() as home:
            program = Program(DAEMON, "--demo", home=home)
            page = Client(program)
            for _ in range(2):
                page.io.emit("activate-connection", {"name": "old", "address": "virtual:counter", "baudRate": 9600, "x": 1})
            wait_for(lambda: len(page.events("activate-connection")) == 2, "both replies")
            self.assertEqual(page.events("activate-connection"), [True, True])
            page.close()
            program.process.terminate()
            log = program.process.stdout.read().decode()
            program.end()
        self.assertEqual(log.count('activate-connection came with "baudRate", which means nothing'), 1, log)
        self.assertIn('Is "baud-rate" meant?', log)

    def test_numbers_that_no_program_can_hold_are_refused(self):  # F02
        for number in ("1e400", "9" * 10_000, "-" + "9" * 30, "01", "+1", ".5", "0x10", "NaN", "1."):
            body = b'{"name":"x","address":"virtual:counter","baud-rate":%s}' % number.encode()
            status, _, answer = self.program.request("POST", "/api/v1/activate-connection", body,
                                                     {"Content-Type": "application/json"})
            self.assertEqual((status, json.loads(answer)["error"]["code"]), (400, "bad-request"), number[:20])


if __name__ == "__main__":
    unittest.main()
