"""test_profile_document.py - docs/write-a-profile.md: its example is a good profile and does what the text says; and the
schema has the members that the loader takes."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import jsonschema
from daemon import Program
from frame import Device

DAEMON = os.environ["PERIPHERAL_MANAGER"]
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def members(schema):
    """Every name of a member below a schema."""
    found = set(schema.get("properties", {}))
    for part in [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]:
        if isinstance(part, dict):
            found |= members(part)
    return found


def spoiled(value):
    """The same with one member of another type, out of any range, surplus or missing, wherever there is one."""
    if isinstance(value, dict):
        yield {**value, "surplus": 1}
        for key, member in value.items():
            yield {k: v for k, v in value.items() if k != key}
            for other in (None, [], {}, "", "x" * 2000, -1, 1e300, True):
                yield {**value, key: other}
            for changed in spoiled(member):
                yield {**value, key: changed}
    elif isinstance(value, list) and value:
        for changed in spoiled(value[0]):
            yield [changed, *value[1:]]


class DocumentTest(unittest.TestCase):
    def test_the_example_works(self):
        text = (ROOT / "docs/write-a-profile.md").read_text()
        example = re.search(r"```json\n(.*?)```", text, re.S).group(1)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "balance.json"
            path.write_text(example)
            checked = subprocess.run([DAEMON, "profile", "check", str(path)], capture_output=True, text=True, timeout=60)
            self.assertEqual(checked.returncode, 0, checked.stderr)
        program = Program(DAEMON, "--allow-pty")
        self.addCleanup(lambda: self.assertEqual(program.stop(), 0))
        folder = pathlib.Path(program.home) / "config/peripheral-manager/profiles"
        folder.mkdir(parents=True)
        (folder / "balance.json").write_text(example)
        says = [b"S S     12.345 g\r\n", b"S I\r\n"]
        device = Device(lambda d, m: d.say(says[len(d.heard) - 1]), b"\r\n")
        self.addCleanup(device.close)
        program.post("activate-connection", {"name": "scale", "address": device.line.path, "data-bits": 8})
        while program.post("configure-connection", {"name": "scale", "profile": "balance"})[0] != 200:
            pass
        answer = program.post("send-command", {"name": "scale", "command": "weigh"})[1]
        self.assertEqual((answer["response"]["weight"], answer["response"]["unit"]), (12.345, "g"))
        answer = program.post("send-command", {"name": "scale", "command": "weigh"})[1]
        self.assertEqual(answer["error"]["code"], "device-error")

    def test_the_schema_has_what_the_loader_takes(self):
        source = "".join((ROOT / "src/profile" / name).read_text() for name in ("profile_load.c", "profile_parts.c"))
        taken = set(re.findall(r'(?:\{|\.name = )"([$a-z-]+)",\s*(?:\.type = )?PM_MEMBER', source))
        schema = json.loads((ROOT / "profiles/profile.schema.json").read_text())
        self.assertEqual(members(schema) | {"name", "purpose"}, taken | {"name", "purpose"})

    def test_the_shipped_ones_have_only_what_the_schema_has(self):
        schema = json.loads((ROOT / "profiles/profile.schema.json").read_text())
        for path in (ROOT / "profiles").glob("*.json"):
            if path.name == "profile.schema.json":
                continue
            profile = json.loads(path.read_text())
            self.assertLessEqual(set(profile), set(schema["properties"]), path)
            for command in profile["commands"]:
                self.assertLessEqual(set(command), set(schema["properties"]["commands"]["items"]["properties"]), path)

    def test_what_the_schema_refuses_the_loader_refuses(self):
        schema = jsonschema.Draft202012Validator(json.loads((ROOT / "profiles/profile.schema.json").read_text()))
        shipped = [json.loads(p.read_text()) for p in sorted((ROOT / "profiles").glob("*.json")) if p.name != "profile.schema.json"]
        self.assertEqual(len(shipped), 9)
        with tempfile.TemporaryDirectory() as folder:
            path, refused = pathlib.Path(folder) / "x.json", 0
            for profile in shipped:
                self.assertTrue(schema.is_valid(profile), profile["id"])
                if profile["id"] not in ("grbl", "modbus-rtu"):  # between them they have nearly every member
                    continue
                for changed in spoiled({**profile, "commands": profile["commands"][:1], "start": [], "stop": []}):
                    if schema.is_valid(changed):
                        continue
                    path.write_text(json.dumps(changed))
                    checked = subprocess.run([DAEMON, "profile", "check", str(path)], capture_output=True, text=True, timeout=60)
                    self.assertEqual(checked.returncode, 78, changed)
                    refused += 1
            self.assertGreater(refused, 200)


if __name__ == "__main__":
    unittest.main()
