#!/usr/bin/env python3
"""kernel.py - the guest's kernel and tools: fetched once, as Debian packages that are unpacked but not installed.

The kernel is taken out of its self-extracting image, so that QEMU enters it by PVH and an emulated processor need not
decompress it. Without arguments: fetch what is missing.
"""
import contextlib
import lzma
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
CACHE = os.environ.get("USB_RIG_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "peripheral-manager-usb-rig")
LAYER = os.path.join(CACHE, "layer")  # what only the guest needs, laid over the file system of this machine
PACKAGES = ("udev", "libsystemd-shared", "libudev1", "kmod", "libkmod2", "busybox-static")
LEFT_OUT = ("drivers/gpu", "drivers/net/ethernet", "drivers/net/wireless", "drivers/infiniband", "drivers/staging",
            "drivers/isdn", "drivers/media", "sound", "fs/xfs", "fs/btrfs", "fs/ocfs2")
MERGED = ("bin", "sbin", "lib", "lib64")
ROOT_MODULES = ("virtio_pci", "9p", "9pnet_virtio", "overlay", "virtio_net")


def call(*command, **options):
    done = subprocess.run(command, check=False, capture_output=True, text=True, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def newest():
    """The package that linux-image-amd64 stands for; apt's lists are fetched where there are none."""
    for _ in range(2):
        said = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], check=False, capture_output=True, text=True)
        found = re.search(r"Depends: (linux-image-\S+)", said.stdout)
        if found:
            return found[1]
        call(*["sudo"] * bool(os.getuid()), "apt-get", "update", "-qq")
    raise RuntimeError("apt knows no linux-image-amd64")


def fetch():
    image = newest()
    contents = " ".join([image, *PACKAGES, *LEFT_OUT])
    with contextlib.suppress(FileNotFoundError), open(os.path.join(LAYER, "made-of")) as f:
        if f.read() == contents:
            return
    print(f"Fetching {image} for the USB tests")
    os.makedirs(CACHE, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        packages, layer = os.path.join(work, "packages"), os.path.join(work, "layer")
        os.mkdir(packages)
        call("apt-get", "-o", "APT::Sandbox::User=root", "download", image, *PACKAGES, cwd=packages)
        unpack(packages, layer)
        version = os.listdir(os.path.join(layer, "usr/lib/modules"))[0]
        extract_kernel(os.path.join(layer, "boot", "vmlinuz-" + version), os.path.join(layer, "vmlinux"))
        finish(layer, version)
        with open(os.path.join(layer, "made-of"), "w") as f:
            f.write(contents)
        shutil.rmtree(LAYER, ignore_errors=True)
        os.rename(layer, LAYER)


def unpack(packages, layer):
    """As a layer over a root whose /usr is merged."""
    os.mkdir(layer)
    for name in MERGED:
        os.makedirs(os.path.join(layer, "usr", name))
        os.symlink("usr/" + name, os.path.join(layer, name))
    left_out = ["--exclude=./lib/modules/*/kernel/" + part for part in LEFT_OUT] + ["--exclude=./usr/share/doc"]
    for package in os.listdir(packages):
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", os.path.join(packages, package)],
                              stdout=subprocess.PIPE) as tar:
            call("tar", "-x", "--keep-directory-symlink", "--no-same-owner", *left_out, "-C", layer, stdin=tar.stdout)
    for name in MERGED:  # the links of the machine's own root stay in sight
        os.unlink(os.path.join(layer, name))


def extract_kernel(bzimage, vmlinux):
    with open(bzimage, "rb") as f:
        data = f.read()
    setup = (data[0x1F1] or 4) + 1
    start, length = struct.unpack_from("<II", data, 0x248)
    plain = lzma.LZMADecompressor().decompress(data[setup * 512 + start:][:length])
    if plain[:4] != b"\x7fELF":
        raise RuntimeError(f"cannot take the kernel out of {bzimage}")
    with open(vmlinux, "wb") as f:
        f.write(plain)


def finish(layer, version):
    """What the packages' install scripts would have done."""
    usr = os.path.join(layer, "usr")
    os.symlink("usr/lib", os.path.join(layer, "lib"))  # depmod looks there
    libraries = [os.path.join(usr, "lib", part) for part in ("systemd", "x86_64-linux-gnu", "x86_64-linux-gnu/systemd")]
    env = os.environ | {"LD_LIBRARY_PATH": ":".join(libraries)}
    call("depmod", "-b", layer, version, executable=os.path.join(usr, "bin/kmod"), env=env)
    call(os.path.join(usr, "bin/systemd-hwdb"), "--usr", "--root=" + layer, "update", env=env)
    os.unlink(os.path.join(layer, "lib"))


def root_modules():
    """The files of ROOT_MODULES with what they need, in loading order."""
    base = os.path.join(LAYER, "usr/lib/modules")
    base = os.path.join(base, os.listdir(base)[0])
    needs, files = {}, []
    with open(os.path.join(base, "modules.dep")) as f:
        for line in f:
            path, rest = line.split(":")
            needs[os.path.basename(path).split(".")[0].replace("-", "_")] = [*reversed(rest.split()), path]
    for name in ROOT_MODULES:
        files += [path for path in needs[name] if path not in files]
    return [os.path.join(base, path) for path in files]


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    return lzma.decompress(data) if path.endswith(".xz") else data


def write_initramfs(target):
    """The cpio archive (newc) that the guest starts from."""
    entries = [("bin", 0o40755, b""), ("modules", 0o40755, b""), ("dev", 0o40755, b""),
               ("bin/busybox", 0o100755, read(os.path.join(LAYER, "usr/bin/busybox"))),
               ("init", 0o100755, read(os.path.join(HERE, "guest-init"))),
               ("start", 0o100755, read(os.path.join(HERE, "guest-start")))]
    entries += [(f"modules/{n:02}", 0o100644, read(path)) for n, path in enumerate(root_modules())]
    entries += [("dev/console", 0o20600, b""), ("TRAILER!!!", 0, b"")]
    with open(target, "wb") as f:
        for name, mode, data in entries:
            major, minor = (5, 1) if name == "dev/console" else (0, 0)
            fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name) + 1, 0)
            head = b"070701" + b"".join(b"%08x" % v for v in fields) + name.encode() + b"\0"
            f.write(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))


if __name__ == "__main__":
    try:
        fetch()
    except (OSError, RuntimeError) as error:
        sys.exit(f"kernel.py: {error}")
