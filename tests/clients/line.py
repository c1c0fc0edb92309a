"""line.py - a serial line for tests in JavaScript: prints its path, then plays the device's end over stdin and stdout."""
import os
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "daemon"))
from daemon import Line  # noqa: E402


def copy(source, target):
    """Whatever comes, until the end; 4 KiB is what a pseudo terminal takes in one piece."""
    while data := os.read(source, 4096):
        while data:
            data = data[os.write(target, data):]


def main():
    line = Line()
    print(line.path, flush=True)
    threading.Thread(target=copy, args=(line.far, 1), daemon=True).start()
    copy(0, line.far)
    line.close()


main()
