"""test_package.py - the Debian package: it builds, has everything in its place, and what it unpacks runs."""
import glob
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unittest
import urllib.request

from daemon import DEADLINE, environment, wait_for

BUILD, SOURCE, CPACK = (os.environ[name] for name in ("PM_BUILD", "PM_SOURCE", "CPACK"))


def run(*command, **options):
    """What a program writes; it must not fail."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="pm-package-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        run(CPACK, "-G", "DEB", "-B", cls.folder, cwd=BUILD)
        cls.package = glob.glob(f"{cls.folder}/*.deb")[0]
        cls.root = f"{cls.folder}/root"
        run("dpkg-deb", "-x", cls.package, cls.root)
        run("dpkg-deb", "-e", cls.package, f"{cls.folder}/control")
        os.makedirs(f"{cls.folder}/runtime", mode=0o700)
        cls.environment = environment(cls.folder) | {"XDG_RUNTIME_DIR": f"{cls.folder}/runtime"}

    def program(self, *arguments):
        return run(f"{self.root}/usr/bin/peripheral-manager", *arguments, env=self.environment)

    def test_everything_is_in_its_place(self):
        for path in ("usr/bin/peripheral-manager", "usr/lib/systemd/system/peripheral-manager.service",
                     "usr/lib/systemd/user/peripheral-manager.service", "usr/lib/udev/rules.d/70-peripheral-manager.rules",
                     "usr/share/man/man1/peripheral-manager.1.gz", "usr/share/man/man5/peripheral-manager.conf.5.gz",
                     "usr/share/bash-completion/completions/peripheral-manager",
                     "usr/share/doc/peripheral-manager/copyright", "usr/share/doc/peripheral-manager/api.md"):
            mode = os.stat(f"{self.root}/{path}").st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o755 if "/bin/" in path else 0o644, path)
        self.assertFalse(glob.glob(f"{self.root}/**/pm-conformance", recursive=True))
        self.assertNotIn("/home", run("dpkg-deb", "-c", self.package))

    def test_control_names_version_and_libraries(self):
        fields = run("dpkg-deb", "-f", self.package)
        version = self.program("--version").split()[1]
        self.assertIn(f"Version: {version}\n", fields)
        for library in ("libc6", "libuv1", "libjansson4", "libudev1", "libinih1", "zlib1g"):
            self.assertIn(library, fields)
        needed, recommended = (re.search(rf"^{name}: (.*)$", fields, re.M).group(1) for name in ("Depends", "Recommends"))
        self.assertNotIn("libssl", needed)
        self.assertIn("libssl3", recommended)  # it is loaded for TLS alone
        self.assertNotIn("libsystemd", needed)
        self.assertIn("libsystemd0", recommended)  # it is loaded when a page asks, for the desktop

    def test_what_is_unpacked_runs(self):
        self.assertIsInstance(json.loads(self.program("list", "--json")), list)
        self.assertIn("complete -o default", self.program("completion", "bash"))
        with open(f"{self.root}/usr/share/bash-completion/completions/peripheral-manager", encoding="utf-8") as file:
            self.assertEqual(file.read(), self.program("completion", "bash"))

    def test_lintian_finds_nothing(self):
        if os.geteuid() == 0:
            run("lintian", "--allow-root", "--fail-on", "error,warning", self.package)
        else:
            run("lintian", "--fail-on", "error,warning", self.package)

    def test_scripts_are_sound(self):
        for script in ("postinst", "prerm", "postrm"):
            run("sh", "-n", f"{self.folder}/control/{script}")

    def test_j06_removing_it_asks_each_user_to_distrust(self):
        """With stand-ins for the programs that need root: whoever made an authority is asked, and nobody else."""
        tools, homes = f"{self.folder}/tools", [f"{self.folder}/ann", f"{self.folder}/bob"]
        os.makedirs(tools)
        os.makedirs(f"{homes[0]}/.local/state/peripheral-manager/tls")
        os.makedirs(homes[1])
        open(f"{homes[0]}/.local/state/peripheral-manager/tls/ca.pem", "w", encoding="ascii").close()
        passwd = "".join(f"{os.path.basename(home)}:x:1:1::{home}:/bin/sh\n" for home in homes)
        for name, text in (("getent", f"printf '{passwd}'"), ("runuser", 'echo "$@"'), ("deb-systemd-invoke", ":")):
            with open(f"{tools}/{name}", "w", opener=lambda p, f: os.open(p, f, 0o755), encoding="ascii") as file:
                file.write(f"#!/bin/sh\n{text}\n")
        output = run("sh", f"{self.folder}/control/prerm", "remove", env={"PATH": f"{tools}:/usr/bin:/bin"})
        self.assertEqual(output, f"-u ann -- env HOME={homes[0]} peripheral-manager tls untrust --yes\n")
        self.assertEqual(run("sh", f"{self.folder}/control/prerm", "upgrade", env={"PATH": f"{tools}:/usr/bin:/bin"}), "")

    def test_services_are_exposed_little(self):
        for kind in ("system", "user"):
            unit = f"{self.root}/usr/lib/systemd/{kind}/peripheral-manager.service"
            report = run("systemd-analyze", f"--{kind}", "security", "--offline=true", "--threshold=20", "--no-pager",
                         unit, env=self.environment)
            exposure = float(re.search(r"exposure level for \S+: ([\d.]+)", report).group(1))
            self.assertLessEqual(exposure, 2.0, kind)

    def test_services_have_no_mistakes(self):
        for kind in ("system", "user"):
            with open(f"{self.root}/usr/lib/systemd/{kind}/peripheral-manager.service", encoding="utf-8") as file:
                text = file.read()
            unit = f"{self.folder}/{kind}.service"
            program = f"{self.root}/usr/bin/peripheral-manager"
            with open(unit, "w", encoding="utf-8") as file:
                file.write(text.replace("/usr/bin/peripheral-manager", program))
            run("systemd-analyze", f"--{kind}", "verify", "--man=no", "--recursive-errors=no", unit, env=self.environment)

    def test_udev_rules_are_rules(self):
        path = glob.glob(f"{self.root}/usr/lib/udev/rules.d/*.rules")[0]
        self.assertLess(os.path.basename(path), "73-seat-late.rules")
        term = r'[A-Z]+(\{\w+\})?(==|!=|\+=|=)"[^"]*"'
        with open(path, encoding="utf-8") as file:
            rules = [line.strip() for line in file if line.strip() and not line.startswith("#")]
        self.assertIn('TAG+="uaccess"', rules)
        for rule in rules:
            self.assertRegex(rule, rf"^{term}(, {term})*$")
        labels = {m for rule in rules for m in re.findall(r'^LABEL="(\w+)"', rule)}
        self.assertEqual(labels, {m for rule in rules for m in re.findall(r'GOTO="(\w+)"', rule)})

    def test_it_works_in_a_user_namespace(self):
        """As in the user's service, where only the own user has a name."""
        try:
            run("unshare", "-U", "--map-user=1000", "true")
        except AssertionError:
            self.skipTest("this machine gives no user namespaces")
        process = subprocess.Popen(["unshare", "-U", "--map-user=1000", f"{self.root}/usr/bin/peripheral-manager", "--demo",
                                    "--port", "0"], env=self.environment, stderr=subprocess.PIPE, text=True)
        try:
            port = re.search(r":(\d+)", process.stderr.readline()).group(1)
            control = f"{self.folder}/runtime/peripheral-manager/control"
            wait_for(lambda: os.path.exists(control), "the control socket")
            self.assertIn("virtual:echo", self.program("list"))
            with urllib.request.urlopen(f"http://localhost:{port}/api/v1/list-devices", timeout=DEADLINE) as answer:
                self.assertIn(b"virtual:echo", answer.read())
        finally:
            process.terminate()
            process.wait(DEADLINE)
            process.stderr.close()


if __name__ == "__main__":
    unittest.main()
