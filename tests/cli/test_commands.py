"""test_commands.py - the subcommands against a running daemon, and without one: what they say, and their exit codes."""
import fcntl
import json
import os
import pty
import socket
import struct
import termios
import unittest

from daemon import DEADLINE, Line
from places import NO_DAEMON, PERMISSION, PROTOCOL, REFUSED, USAGE, Places


class CommandsTest(Places):
    def test_list_needs_no_daemon(self):
        self.assertIsInstance(self.json("list"), list)
        self.serve("--demo")
        self.assertIn("virtual:echo", [d["address"] for d in self.json("list")])

    def test_a_list_fits_the_terminal_and_is_whole_elsewhere(self):
        self.serve("--demo")
        whole = self.command("list")[0]
        self.assertNotIn("…", whole)
        self.assertGreater(max(map(len, whole.splitlines())), 80)
        far, near = pty.openpty()
        self.addCleanup(os.close, far)
        for columns, least in ((80, 79), (100, 99), (20, 0)):
            fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            self.assertEqual(self.start("list", stdout=near).wait(DEADLINE), 0)
            shown = os.read(far, 65536).decode().splitlines()
            lines = [line for line in shown if line.startswith(("ADDRESS", "virtual:"))]
            self.assertGreaterEqual(max(map(len, lines)), least)
            if least:
                self.assertLessEqual(max(map(len, lines)), columns)
            self.assertTrue(any("…" in line for line in lines))
            self.assertTrue(all(line.endswith(("ID", "virtual-" + line.split()[0][8:])) for line in lines), lines)
        os.close(near)

    def test_help_speaks_to_a_person_at_a_shell(self):
        for command in ("activate", "configure", "monitor", "approve", "revoke", "record", "token"):
            said = self.command(command, "--help")[0]
            for foreign in ("`", "an array", "a text of", '"none"', "list-profiles", "record-start", "JSON\n"):
                self.assertNotIn(foreign, said, command)

    def test_slips_are_told_what_they_are_likely_to_mean(self):
        for slip, meant in (("lst", "list"), ("lisst", "list"), ("lits", "list"), ("monitr", "monitor"), ("Serve", "serve")):
            self.assertIn(f'"{slip}" is not a command; perhaps "{meant}" is meant.', self.command(slip, code=USAGE)[1])
        for word in ("l", "nix", "", "listen"):
            self.assertNotIn("meant", self.command(word, code=USAGE)[1])
        self.assertEqual(self.command("help"), self.command("--help"))
        self.assertEqual(self.command("help", "send"), self.command("send", "--help"))
        self.assertIn('"nix" is not a command', self.command("help", "nix", code=USAGE)[1])

    def test_an_open_connection_stays_as_it_is_and_that_is_told(self):
        self.serve("--demo")
        self.command("activate", "pump", "virtual:pump")
        said = self.command("activate", "pump", "virtual:pump", "--baud-rate", "9600")[0]
        self.assertIn("pump is virtual:pump at 115200 baud", said)
        self.assertIn("--baud-rate is as it was", said)

    def test_everything_else_says_how_to_start_one(self):
        for arguments in (["connections"], ["activate", "a", "b"], ["deactivate", "a"]):
            errors = self.command(*arguments, code=NO_DAEMON)[1]
            self.assertIn("Start it with: peripheral-manager", errors)

    def test_a_connection_from_opening_to_closing(self):
        line = Line()
        self.addCleanup(line.close)
        self.serve("--allow-pty")
        self.assertEqual(self.command("activate", "pump", line.path, "--baud-rate", "9600", "--stop-bits", "2",
                                      "--reconnect", "no")[0], f"pump is {line.path} at 9600 baud.\n")
        connection = self.json("connections")[0]
        self.assertEqual(connection["name"], "pump")
        self.assertEqual({k: connection["options"][k] for k in ("baud-rate", "stop-bits", "reconnect", "data-bits")},
                         {"baud-rate": 9600, "stop-bits": 2, "reconnect": False, "data-bits": 8})
        self.assertIn("9600 8N2", self.command("connections")[0])
        self.assertEqual(self.json("configure", "pump", "--baud-rate", "19200")["connection"]["options"]["baud-rate"],
                         19200)
        self.command("rename", "pump", "left pump")
        self.command("deactivate", "left pump")
        self.assertEqual(self.json("connections"), [])

    def test_any_request_can_be_asked(self):
        self.serve("--demo")
        self.assertIn("activate-connection", json.dumps(json.loads(self.command("request", "describe")[0])["requests"]))
        self.command("request", "activate-connection", '{"name": "a", "address": "virtual:echo"}')
        self.assertEqual(json.loads(self.command("request", "send-raw", '{"name": "a", "payload": [1, 2]}')[0]),
                         {"ok": True, "bytes": 2})
        self.assertIn('no request of this name: "nix"', self.command("request", "nix", code=REFUSED)[1])
        for data in ("{", "[]", "1", '{"a": 1, "a": 2}'):
            self.assertIn("DATA must be one JSON object", self.command("request", "describe", data, code=USAGE)[1])
        self.assertIn("Try: peripheral-manager request --help", self.command("request", code=USAGE)[1])

    def test_refusals_are_told_in_words_and_as_json(self):
        self.serve("--demo")
        output, errors = self.command("deactivate", "nix", "--json", code=REFUSED)
        self.assertEqual(json.loads(output)["error"]["code"], "no-such-connection")
        self.assertIn('no connection named "nix"', errors)
        self.command("activate", "a", "virtual:nix", code=REFUSED)

    def test_a_device_that_is_not_there_is_named_with_the_option_that_would_show_it(self):
        self.serve("--demo")
        for address, why in (("virtual:nix", ""), ("/dev/ttyUSB77", ""), ("/dev/pts/77", "--allow-pty")):
            errors = self.command("activate", "a", address, code=REFUSED)[1]
            self.assertIn(f'There is no device at "{address}"', errors)
            self.assertEqual((why and why in errors, "--demo" in errors), (why and True, False), errors)

    def test_without_demo_devices_the_option_is_named(self):
        self.serve()
        self.assertIn("with --demo. See: peripheral-manager list\n",
                      self.command("activate", "a", "virtual:echo", code=REFUSED)[1])

    def test_what_is_not_there_cannot_be_revoked(self):
        self.serve()
        self.assertEqual(self.command("token", "revoke", "lab", code=REFUSED),
                         ("", 'There is no token "lab". See: peripheral-manager token list\n'))
        self.assertEqual(self.json("token", "revoke", "lab", code=REFUSED)["revoked"], 0)
        self.command("token", "create", "lab")
        self.assertIn('There is a token "lab" already', self.command("token", "create", "lab", code=REFUSED)[1])
        self.assertEqual(self.command("token", "revoke", "lab"), ("1 revoked.\n", ""))
        for what in (("--id", "x"), ("--origin", "https://lab.example"), ("--device", "x"), ("--all", "yes")):
            self.assertEqual(self.command("revoke", *what, code=REFUSED),
                             ("", "No grant fits that. See: peripheral-manager grants\n"))
        self.assertIn("--id, --origin, --device, or --all", self.command("revoke", code=USAGE)[1])

    def test_refusals_name_the_command_to_type(self):
        self.serve("--demo")
        for arguments, end in ((["deactivate", "nix"], "connections"), (["activate", "a", "virtual:nix"], "list"),
                               (["activate", "a", "virtual:echo", "--profile", "nix"], "profiles"),
                               (["deny", "nix"], "requests"), (["request", "nix"], "request describe")):
            errors = self.run_program(*arguments)[2]
            self.assertTrue(errors.endswith(f" See: peripheral-manager {end}\n"), errors)
        error = json.loads(self.command("deactivate", "nix", "--json", code=REFUSED)[0])["error"]
        self.assertEqual((error["see"], error["message"][-22:]), ("list-connections", ". See list-connections."[-22:]))

    def test_values_that_cannot_be_are_usage_errors(self):
        self.serve("--demo")
        for option, value, expected in (("--baud-rate", "fast", "a whole number from 1"), ("--data-bits", "9", "5 to 8"),
                                        ("--parity", "maybe", '"none"'), ("--exclusive", "perhaps", "true or false"),
                                        ("--stop-bits", "3", "1, 1.5 or 2")):
            errors = self.command("activate", "a", "virtual:echo", option, value, code=USAGE)[1]
            self.assertIn(expected, errors)
        self.assertEqual(self.json("connections"), [])

    def test_wrong_words_and_options_name_the_help(self):
        for arguments in (["list", "x"], ["activate", "a"], ["activate", "a", "b", "--nix"], ["deactivate"]):
            self.assertIn(f"Try: peripheral-manager {arguments[0]} --help", self.command(*arguments, code=USAGE)[1])
        self.assertIn("not a command", self.command("nix", code=USAGE)[1])

    def test_bytes_that_are_no_text_are_refused_before_the_daemon(self):
        self.serve("--demo")
        returned, _, errors = self.run_program(b"activate", b"\xff", b"virtual:echo")
        self.assertEqual(returned, USAGE)
        self.assertIn("UTF-8", errors)

    def test_characters_that_deceive_never_reach_the_terminal(self):
        self.serve("--demo")
        self.assertNotIn("\x1b", self.command("deactivate", "\x1b[31mred", code=USAGE)[1])
        errors = self.command("deactivate", "pump\u202eevil", code=REFUSED)[1]
        self.assertIn("evil", errors)
        self.assertNotIn("\u202e", errors)

    def test_runtime_directory_of_another_daemon(self):
        self.runtime = f"{self.home}/other"
        self.serve("--demo", "--runtime-dir", self.runtime)
        self.command("connections", code=NO_DAEMON)
        self.assertEqual(self.json("connections", "--runtime-dir", self.runtime), [])
        self.write_config(f"[state]\nruntime-dir = {self.runtime}\n")
        self.assertEqual(self.json("connections"), [])

    def doctor(self):
        """What the doctor finds, by what it looked at."""
        _, output, errors = self.run_program("doctor", "--json")
        self.assertEqual(errors, "")
        return {finding["check"]: (finding["result"], finding["message"]) for finding in json.loads(output)}

    def write_config(self, text):
        os.makedirs(f"{self.home}/config/peripheral-manager", exist_ok=True)
        with open(f"{self.home}/config/peripheral-manager/peripheral-manager.conf", "w", encoding="utf-8") as file:
            file.write(text)

    def test_doctor_finds_the_daemon_and_its_devices(self):
        self.assertEqual(self.doctor()["daemon"][0], "hint")
        self.serve("--demo")
        found = self.doctor()
        self.assertEqual(found["daemon"][0], "ok")
        self.assertRegex(found["daemon"][1], r"at http://localhost:\d+/$")
        self.assertRegex(found["device"][1], r"^\d+ devices can be used")

    def test_doctor_names_who_has_the_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.write_config(f"[network]\nport = {taken.getsockname()[1]}\n")
            result, message = self.doctor()["port"]
            self.assertEqual(result, "problem")
            self.assertIn(f"process {os.getpid()}", message)
            code, words, _ = self.run_program("doctor")
            self.assertEqual(code, REFUSED)
            self.assertIn("problem  port", words)

    def test_doctor_tells_whether_the_kernel_confines_the_daemon(self):
        self.assertIn("Landlock", self.doctor()["sandbox"][1])
        self.write_config("[access]\nno-sandbox = yes\n")
        self.assertEqual(self.doctor()["sandbox"][0], "hint")

    def test_doctor_reads_the_configuration(self):
        self.write_config("[network]\nprot = 3000\n")
        result, message = self.doctor()["settings"]
        self.assertEqual(result, "problem")
        self.assertIn("peripheral-manager.conf:2:1:", message)

    def test_what_is_no_daemon_is_told_apart(self):
        os.makedirs(self.runtime)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{self.runtime}/control")
            listener.listen()
            process = self.start("connections")
            with listener.accept()[0] as peer:
                peer.recv(4096)
                peer.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
            self.assertIn("no peripheral-manager", process.communicate()[0].decode())
            self.assertEqual(process.returncode, PROTOCOL)
            process = self.start("connections")
            listener.accept()[0].close()
            self.assertIn("another user", process.communicate()[0].decode())
            self.assertEqual(process.returncode, PERMISSION)


if __name__ == "__main__":
    unittest.main()
