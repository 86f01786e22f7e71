"""Runs a command to which the kernel refuses hard links (EPERM), as file systems without them do: vfat, exfat, many FUSE ones."""
import ctypes, os, platform, struct, sys

link_calls = {"x86_64": (86, 265), "aarch64": (37,)}[platform.machine()]
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, EPERM = 0x7FFF0000, 0x00050000 | 1

steps = [(LOAD, 0, 0, 0)]
for index, number in enumerate(link_calls):
    steps.append((IF_EQUAL, len(link_calls) - index, 0, number))
steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, EPERM)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


libc = ctypes.CDLL(None, use_errno=True)
SET_NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2
program = Program(len(steps), ctypes.addressof(code))
if libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0):
    sys.exit(f"no filter could be set: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[1], sys.argv[1:])
