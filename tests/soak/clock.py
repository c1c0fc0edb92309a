"""clock.py - a wall clock for the daemon alone, which can be set; the steady clock goes on (clock.c)."""
import os
import pathlib
import struct
import subprocess

SOURCE = pathlib.Path(__file__).with_name("clock.c")


class Clock:
    def __init__(self, folder):
        self.library, self.file, self.hours = f"{folder}/clock.so", f"{folder}/clock", 0
        subprocess.run(["cc", "-std=gnu17", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", self.library, SOURCE], check=True)
        self.set(0)

    def set(self, hours):
        """So many hours from the right time, for those that run and those that will."""
        self.hours = hours
        with open(self.file, "r+b" if os.path.exists(self.file) else "wb", buffering=0) as file:
            file.write(struct.pack("=q", int(hours * 3600)))

    def command(self):
        """What a program is run under to have this clock."""
        return ("env", f"LD_PRELOAD={self.library}", f"SOAK_CLOCK={self.file}")
