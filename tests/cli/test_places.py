"""test_places.py - the daemon's directories and its control socket: made, locked, refused, and replaced after a crash."""
import os
import signal
import socket
import stat
import subprocess
import unittest

from daemon import DEADLINE
from places import Control, Places


class PlacesTest(Places):
    def ask(self):
        control = Control(f"{self.runtime}/control")
        control.request("GET", "/api/v1/list-devices")
        status = control.getresponse().status
        control.close()
        return status

    def refused(self, *options, code=78):
        """What a start says that must fail."""
        returned, _, errors = self.run_program("serve", "--allow-root", "--port", "0", *options)
        self.assertEqual(returned, code, errors)
        return errors

    def test_control_socket_is_for_its_user_alone(self):
        self.serve("--demo")
        for path, mode in ((self.runtime, 0o700), (f"{self.runtime}/control", 0o600), (f"{self.runtime}/lock", 0o600),
                           (self.state, 0o700)):
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode, path)
        self.assertEqual(self.ask(), 200)

    def test_other_users_are_hung_up_on_before_a_byte_is_read(self):
        if os.geteuid() != 0:
            self.skipTest("only root can play two users")
        self.serve()
        for path, mode in ((self.home, 0o755), (f"{self.home}/run", 0o755), (self.runtime, 0o755),
                           (f"{self.runtime}/control", 0o666)):
            os.chmod(path, mode)
        script = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect(sys.argv[1]);"
                  "sys.exit(len(s.recv(1)))")
        other = subprocess.run(["/usr/bin/python3", "-c", script, f"{self.runtime}/control"], user=65534, timeout=DEADLINE)
        self.assertEqual(other.returncode, 0)
        self.assertEqual(self.ask(), 200)

    def test_socket_is_gone_after_the_daemon(self):
        process = self.serve()
        process.terminate()
        self.assertEqual(process.wait(DEADLINE), 0)
        self.assertFalse(os.path.exists(f"{self.runtime}/control"))

    def test_second_daemon_names_the_first(self):  # I20
        process = self.serve()
        self.assertIn(f"process {process.pid}", self.refused(code=75))
        self.assertEqual(self.ask(), 200)

    def test_second_daemon_does_not_share_what_the_first_keeps(self):
        process = self.serve()
        said = self.refused("--runtime-dir", f"{self.home}/other", code=75)
        self.assertIn(f"process {process.pid}", said)
        self.assertIn(f"{self.state} is in use", said)
        self.assertIn("--state-dir", said)
        other = self.serve("--runtime-dir", f"{self.home}/other", "--state-dir", f"{self.home}/others")
        other.send_signal(signal.SIGKILL)
        other.wait(DEADLINE)
        self.serve("--runtime-dir", f"{self.home}/other", "--state-dir", f"{self.home}/others")

    def test_one_folder_for_both(self):
        self.serve("--runtime-dir", f"{self.home}/all", "--state-dir", f"{self.home}/all")

    def test_socket_of_a_killed_daemon_is_replaced(self):
        process = self.serve()
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE)
        again = self.start("serve", "--allow-root", "--port", "0")
        again.stdout.readline()
        self.assertEqual(self.ask(), 200)

    def test_directories_that_others_may_write_to_are_refused(self):  # I03
        os.makedirs(self.state)
        os.chmod(self.state, 0o777)
        errors = self.refused()
        self.assertIn(f"chmod 700 {self.state}", errors)
        self.assertIn("--ephemeral", errors)
        self.serve("--ephemeral")
        os.makedirs(f"{self.home}/other")
        os.chmod(f"{self.home}/other", 0o777)
        self.assertIn("--runtime-dir", self.refused("--runtime-dir", f"{self.home}/other"))

    def test_links_and_files_in_place_of_directories_are_refused(self):  # I03
        os.makedirs(f"{self.home}/state")
        os.symlink("/nonexistent/place", self.state)
        self.assertIn("state directory", self.refused())
        os.unlink(self.state)
        with open(self.state, "w", encoding="utf-8"):
            pass
        self.assertIn("Not a directory", self.refused())
        if os.geteuid() == 0:
            os.unlink(self.state)
            os.makedirs(f"{self.home}/theirs")
            os.symlink(f"{self.home}/theirs", self.state)
            os.lchown(self.state, 12345, -1)
            self.assertIn("belongs to somebody else", self.refused())

    def test_file_named_like_the_socket_is_not_removed(self):
        os.makedirs(self.runtime, mode=0o700)
        with open(f"{self.runtime}/control", "w", encoding="utf-8") as file:
            file.write("precious")
        self.assertIn("runtime directory", self.refused())
        with open(f"{self.runtime}/control", encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_ephemeral_daemon_makes_no_state_directory(self):
        self.serve("--ephemeral")
        self.assertFalse(os.path.exists(self.state))

    def test_no_home_is_told_with_the_way_out(self):
        self.environment = {"PATH": os.environ["PATH"]}
        self.assertIn("--runtime-dir", self.refused())

    def test_root_must_be_wanted(self):
        if os.geteuid() == 0:
            code, _, errors = self.run_program("serve", "--port", "0")
            self.assertEqual(code, 77)
            self.assertIn("--allow-root", errors)


if __name__ == "__main__":
    unittest.main()
