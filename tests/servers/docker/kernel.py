"""System calls that Python 3.11 lacks: mounts, namespaces, capabilities."""

from __future__ import annotations

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PIVOT_ROOT = 155  # the call's number on x86-64
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38

NAMESPACES = {
    **{"mount": 0x20000, "uts": 0x4000000, "ipc": 0x8000000, "pid": 0x20000000},
    "net": 0x40000000,
}
# By their numbers, which <linux/capability.h> fixes.
CAPABILITIES = (
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL"),
    *("SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE"),
    *("NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE"),
    *("SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT"),
    *("SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE"),
    *("AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG"),
    *("WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF"),
    "CHECKPOINT_RESTORE",
)


def mount(
    source: str, target: str, kind: str = "", flags: int = 0, options: str = ""
) -> None:
    """Mount a file system, a file or a folder."""
    words = [word.encode() for word in (source, target, kind)]
    _check(_libc.mount(*words, ctypes.c_ulong(flags), options.encode()), target)


def bind(source: str, target: str, read_only: bool = False) -> None:
    """Show a file or a folder at another place."""
    mount(source, target, flags=MS_BIND | MS_REC)
    if read_only:
        mount("", target, flags=MS_BIND | MS_REMOUNT | MS_RDONLY)


def change_root(root: str) -> None:
    """Make a mounted folder the root, and forget the former one."""
    os.chdir(root)
    _check(_libc.syscall(PIVOT_ROOT, b".", b"."), root)
    _check(_libc.umount2(b".", MNT_DETACH), root)
    os.chdir("/")


def leave(*namespaces: str) -> None:
    """Leave namespaces for new ones; the new PID namespace is for children."""
    flags = sum(NAMESPACES[name] for name in namespaces)
    _check(_libc.unshare(flags), "unshare")
    if "mount" in namespaces:
        mount("none", "/", flags=MS_REC | MS_PRIVATE)


def enter(namespace: int) -> None:
    """Enter a namespace by its file descriptor; a PID namespace is for children."""
    _check(_libc.setns(namespace, 0), "setns")


def control(option: int, value: int) -> None:
    """Call prctl."""
    _check(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def keep_capabilities(names: list[str]) -> None:
    """Drop all capabilities but these, for good, from what this process executes."""
    for number, name in enumerate(CAPABILITIES):
        if name not in names:
            control(PR_CAPBSET_DROP, number)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
