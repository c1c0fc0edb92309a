"""clock.py - a wall clock for the daemon alone, which can be set; the steady clock goes on (libfaketime)."""
import glob
import os


class Clock:
    def __init__(self, folder):
        self.file, self.hours = f"{folder}/clock", 0
        os.makedirs(folder, 0o700, exist_ok=True)
        self.set(0)

    def set(self, hours):
        """So many hours from the right time. Replaced whole: a process reads it each time it asks what time it is."""
        self.hours = hours
        with open(f"{self.file}.new", "w") as file:
            file.write(f"{hours:+g}h\n")
        os.rename(f"{self.file}.new", self.file)

    def command(self):
        """What a program is run under to have this clock."""
        library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        if not library:
            raise FileNotFoundError("libfaketime is missing: tools/install-deps --test installs it")
        return ("env", f"LD_PRELOAD={library[0]}", f"FAKETIME_TIMESTAMP_FILE={self.file}", "FAKETIME_NO_CACHE=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1")
