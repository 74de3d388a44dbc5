"""Runs a program under the restrictions of a systemd unit, as far as a process can take them upon itself.

    confined.py UNIT-FILE PROGRAM [ARGUMENT…]

Heeds NoNewPrivileges, SystemCallFilter, RestrictAddressFamilies, MemoryDenyWriteExecute, RestrictNamespaces, LimitNOFILE and
LimitCORE, with the same sets of system calls and the same answer (EPERM) that systemd would use. It does not do what needs
root: mounts, users, devices, capabilities. Needs systemd-analyze (for the sets) and libseccomp.
"""

import ctypes
import ctypes.util
import errno
import os
import resource
import shutil
import subprocess
import sys

PR_SET_NO_NEW_PRIVS = 38
ACT_ALLOW = 0x7FFF0000
ACT_EPERM = 0x00050000 | errno.EPERM
EQUAL, MASKED_EQUAL = 4, 7
PROT_WRITE, PROT_EXEC = 2, 4
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def missing():
    """What this needs and the machine has not, in words; None when all is there."""
    if not shutil.which("systemd-analyze"):
        return "systemd-analyze is missing"
    if not ctypes.util.find_library("seccomp"):
        return "libseccomp is missing"
    return None


def settings(path):
    """The unit's settings: every value of a key, in order."""
    found = {}
    for line in open(path, encoding="utf-8"):
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith(("#", ";")):
            found.setdefault(key, []).append(value.strip())
    return found


def calls_of(name, seen=None):
    """The system calls of a set such as @system-service, or the one call that is no set."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    words = [line.strip() for line in text.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(calls_of(word) for word in words)) if words else set()


def allowed_calls(unit):
    """SystemCallFilter as systemd reads it: the first line says what is allowed, `~` takes away."""
    # What a service needs to be started at all is always allowed.
    allowed = calls_of("@default") | {"execve", "exit", "exit_group", "rt_sigreturn"}
    for value in unit.get("SystemCallFilter", []):
        takes_away = value.startswith("~")
        for word in value.lstrip("~").split():
            allowed = allowed - calls_of(word) if takes_away else allowed | calls_of(word)
    return allowed


def restrict(unit):
    """From here on the process is restricted, and everything that it starts."""
    library = ctypes.CDLL(ctypes.util.find_library("seccomp"), use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    for function in ("seccomp_rule_add_array", "seccomp_load"):
        getattr(library, function).argtypes = None

    def add(context, action, call, *comparisons):
        number = library.seccomp_syscall_resolve_name(call.encode())
        # A call of another architecture, or of a newer kernel than the library knows.
        if number < 0:
            return
        array = (Comparison * len(comparisons))(*comparisons)
        code = library.seccomp_rule_add_array(
            ctypes.c_void_p(context), ctypes.c_uint32(action), number, len(comparisons), array
        )
        if code != 0:
            raise OSError(-code, f"no rule for {call}")

    def load(context):
        code = library.seccomp_load(ctypes.c_void_p(context))
        if code != 0:
            raise OSError(-code, "the filter cannot be loaded")

    # Filters add up: each is a list of its own, as systemd has it.
    denied = library.seccomp_init(ctypes.c_uint32(ACT_ALLOW))
    if unit.get("MemoryDenyWriteExecute") == ["yes"]:
        both = PROT_WRITE | PROT_EXEC
        add(denied, ACT_EPERM, "mmap", Comparison(2, MASKED_EQUAL, both, both))
        for call in ("mprotect", "pkey_mprotect"):
            add(denied, ACT_EPERM, call, Comparison(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
    if unit.get("RestrictNamespaces") == ["yes"]:
        for flag in NAMESPACES:
            for call in ("clone", "unshare"):
                add(denied, ACT_EPERM, call, Comparison(0, MASKED_EQUAL, flag, flag))
        add(denied, ACT_EPERM, "setns")
    families = [FAMILIES[word] for value in unit.get("RestrictAddressFamilies", []) for word in value.split()]
    if families:
        for family in set(range(0, 46)) - set(families):
            add(denied, ACT_EPERM, "socket", Comparison(0, EQUAL, family, 0))
    allowed = library.seccomp_init(ctypes.c_uint32(ACT_EPERM))
    for call in sorted(allowed_calls(unit)):
        add(allowed, ACT_ALLOW, call)
    # To load the second filter and to begin the program, which systemd does before the filters hold.
    for call in ("seccomp", "prctl"):
        add(allowed, ACT_ALLOW, call)
    load(denied)
    load(allowed)


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 64
    unit = settings(sys.argv[1])
    for key, limit in (("LimitNOFILE", resource.RLIMIT_NOFILE), ("LimitCORE", resource.RLIMIT_CORE)):
        if key in unit:
            wanted = int(unit[key][-1])
            hard = resource.getrlimit(limit)[1]
            wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(limit, (wanted, wanted))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    restrict(unit)
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
