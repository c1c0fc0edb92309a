"""test_life.py - the daemon from its start to its end: what it says, the service manager, signals, and a log that nobody
reads."""
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import termios
import time
import unittest

from daemon import DEADLINE, Line, wait_for
from places import PROGRAM, Control, Places


class LifeTest(Places):
    def lines(self, process, count):
        return [process.stdout.readline().decode().rstrip("\n") for _ in range(count)]

    def test_three_lines_then_one_for_each_thing_that_happens(self):
        process = self.serve("--demo")
        where, which, how = self.lines(process, 3)
        self.assertRegex(where, r"^Listening on http://localhost:\d+/")
        self.assertIn("virtual:echo", which)
        self.assertRegex(how, r"^Open http://localhost:\d+/ in a browser")
        self.run_program("activate", "echo", "virtual:echo", "--baud-rate", "9600")
        self.run_program("rename", "echo", "speaker")
        self.run_program("deactivate", "speaker")
        self.assertEqual(self.lines(process, 3), ['"echo" is open: virtual:echo at 9600 baud.',
                                                  '"echo" is called "speaker" now.', '"speaker" is closed.'])

    def test_no_devices_says_what_to_do(self):  # I22
        process = self.serve()
        which = self.lines(process, 2)[1]
        self.assertTrue(which.startswith("Devices: ") or "--demo" in which, which)

    def test_devices_that_can_be_used_are_named_first(self):
        """The machine's own ports and consoles, where there are some, are not in the way of those that work."""
        process = self.serve("--demo")
        self.assertTrue(self.lines(process, 2)[1].startswith(("Devices: virtual:echo", "Devices: /dev/ttyUSB", "Devices: /dev/ttyACM")))

    def test_ready_within_20_ms_of_exec(self):
        """Of its own time: how long others keep the processor is not its doing."""
        took = []
        for _ in range(5):
            process = self.start("serve", "--allow-root", "--port", "0")
            process.stdout.readline()
            with open(f"/proc/{process.pid}/schedstat", encoding="utf-8") as file:
                took.append(int(file.read().split()[0]) / 1e6)
            process.terminate()
            process.wait(DEADLINE)
        self.assertLess(min(took), 200 if any(f"/{name}/" in PROGRAM for name in ("asan", "tsan")) else 20)

    def test_port_that_is_taken_on_either_family(self):  # B40
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family) as taken:
                taken.bind((address, 0))
                taken.listen()
                port = str(taken.getsockname()[1])
                code, _, errors = self.run_program("serve", "--allow-root", "--port", port)
                self.assertEqual(code, 75)
                self.assertRegex(errors, rf'^Port {port} is in use by "[^"]+", process \d+\. .*--port')

    # ---- the end ----

    def test_interrupt_ends_in_good_order(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.serve()
            process.send_signal(number)
            self.assertEqual(process.wait(DEADLINE), 0)

    def test_what_is_on_its_way_goes_out_first(self):  # I17
        line, process = self.unsent()
        process.terminate()
        self.assertEqual(line.read(30000), b"x" * 30000)
        self.assertEqual(process.wait(DEADLINE), 0)
        self.assertNotIn(b"not sent", process.stdout.read())

    def test_what_did_not_go_out_is_told(self):  # I17
        process = self.unsent()[1]
        process.terminate()
        self.assertEqual(process.wait(3 * DEADLINE), 0)
        self.assertRegex(process.stdout.read(), rb'\d+ bytes to "line" were not sent')

    def unsent(self):
        """A daemon with 30,000 bytes for a device: a pseudo terminal, which takes about 4 KiB before somebody reads."""
        line = Line()
        self.addCleanup(line.close)
        process = self.serve("--allow-pty")
        self.run_program("activate", "line", line.path)
        sender = self.start("send", "line", "--file", "-", stdin=subprocess.PIPE)
        sender.stdin.write(b"x" * 30000)
        sender.stdin.close()
        wait_for(lambda: '"queued": 0' not in self.run_program("connections", "--json")[1], "a queue")
        return line, process

    def test_second_signal_does_not_wait(self):
        process = self.unsent()[1]
        process.terminate()
        end = time.monotonic() + DEADLINE
        while process.poll() is None and time.monotonic() < end:
            process.terminate()
            time.sleep(0.05)
        self.assertEqual(process.wait(DEADLINE), 0)
        self.assertNotIn(b"not sent", process.stdout.read())

    # ---- signals ----

    def test_other_signals_change_nothing(self):  # I19
        process = self.serve("--demo")
        for number in (signal.SIGPIPE, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH):
            process.send_signal(number)
        self.assertEqual(self.run_program("connections")[0], 0)
        self.assertIsNone(process.poll())

    def write_config(self, text):
        os.makedirs(f"{self.home}/config/peripheral-manager", exist_ok=True)
        with open(f"{self.home}/config/peripheral-manager/peripheral-manager.conf", "w", encoding="utf-8") as file:
            file.write(text)

    def until(self, process, words):
        """Read lines until one has these words."""
        while True:
            ready, _, _ = select.select([process.stdout], [], [], DEADLINE)
            self.assertTrue(ready, f"nothing says: {words}")
            line = process.stdout.readline().decode()
            self.assertNotEqual(line, "", f"it ended without: {words}")
            if words in line:
                return line

    def test_hangup_reads_the_configuration_again(self):  # I18
        process = self.serve("--demo", bufsize=0)
        self.until(process, "Open http")
        self.write_config("[log]\nverbose = yes\n[access]\nallow-origin = https://lab.example\n[devices]\nallow-pty = yes\n")
        process.send_signal(signal.SIGHUP)
        self.assertEqual({self.until(process, "is changed") for _ in range(3)},
                         {'"verbose" is changed.\n', '"allow-origin" is changed.\n',
                          '"allow-pty" is changed with the next start.\n'})
        self.write_config("[log]\nverbose = perhaps\n")
        process.send_signal(signal.SIGHUP)
        line = self.until(process, "Everything stays as it was")
        self.assertIn("peripheral-manager.conf:2:11:", line)
        self.assertEqual(self.run_program("connections")[0], 0)

    def test_terminal_that_is_closed_ends_it(self):
        far, near = os.openpty()

        def take_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        process = self.start("serve", "--allow-root", "--port", "0", stdin=near, stdout=near, stderr=near,
                             preexec_fn=take_terminal)
        os.close(near)
        wait_for(lambda: os.path.exists(f"{self.runtime}/control"), "the control socket")
        os.close(far)
        self.assertEqual(process.wait(DEADLINE), 0)

    # ---- the log ----

    def test_log_that_nobody_reads_stops_nothing(self):  # I27
        process = self.serve("--demo", "--log-rate", "1000", bufsize=0)
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 8192)
        names = ["a" * 60, "b" * 60]
        self.assertEqual(self.run_program("activate", names[0], "virtual:echo")[0], 0)
        for _ in range(100):
            self.assertEqual(self.run_request("rename-reference", {"old": names[0], "new": names[1]}), 200)
            names.reverse()
        os.read(process.stdout.fileno(), 65536)
        self.run_program("rename", names[0], "echo")
        self.assertRegex(self.until(process, "were lost here"), r"^\d+ lines were lost here")
        self.until(process, 'is called "echo" now')

    def run_request(self, event, data):
        """The status of a request over the control socket."""
        control = Control(f"{self.runtime}/control")
        control.request("POST", f"/api/v1/{event}", json.dumps(data), {"Content-Type": "application/json"})
        status = control.getresponse().status
        control.close()
        return status

    # ---- the service manager ----

    def test_service_manager_is_told(self):
        path = f"{self.home}/notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(DEADLINE)
            process = self.start("serve", "--allow-root", "--port", "0",
                                 env=self.environment | {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "100000"})

            def until(wanted):
                while manager.recv(100) != wanted:
                    pass
            until(b"READY=1")
            until(b"WATCHDOG=1")
            until(b"WATCHDOG=1")
            process.send_signal(signal.SIGHUP)
            until(b"RELOADING=1")
            until(b"READY=1")
            process.terminate()
            until(b"STOPPING=1")

    def activate(self, *sockets):
        """A daemon that is handed listening sockets, as by systemd."""
        numbers = [s.fileno() for s in sockets]

        def hand_over():
            for i, number in enumerate(os.dup(n) for n in numbers):  # beyond 3 and 4, whatever the numbers were
                os.dup2(number, 100 + i)
            for i in range(len(numbers)):
                os.dup2(100 + i, 3 + i)
            os.environ["LISTEN_PID"] = str(os.getpid())
            os.execve(PROGRAM, [PROGRAM, "serve", "--allow-root"],
                      self.environment | {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(numbers))})

        process = subprocess.Popen(["true"], preexec_fn=hand_over, close_fds=False, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.started.append(process)
        return process

    def test_sockets_are_taken_over(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            client = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)  # before anything serves
            client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % port)
            process = self.activate(listener)
            self.assertIn(f"localhost:{port}/", process.stdout.readline().decode())
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 "))
            client.close()

    def test_sockets_beyond_loopback_are_refused(self):
        with socket.create_server(("0.0.0.0", 0)) as listener:
            process = self.activate(listener)
            self.assertNotEqual(process.wait(DEADLINE), 0)
            self.assertIn(b"must listen on 127.0.0.1 and [::1]", process.stdout.read())


if __name__ == "__main__":
    unittest.main()
