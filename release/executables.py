"""Executables of a release, and what their ELF headers say about them."""

from pathlib import Path

from elftools.elf.elffile import ELFFile

# The architectures of Lambda, the processors of Rust's targets, and ELF's names of both.
PROCESSORS = {"x86_64": "x86_64", "arm64": "aarch64"}
ELF_NAMES = {"x86_64": "EM_X86_64", "aarch64": "EM_AARCH64"}

# `cargo auditable` writes the list of crates there.
AUDIT_SECTION = ".dep-v0"


class WrongExecutable(Exception):
    """An executable is not what its archive would say about it."""


def check(path: Path, target: str, audited: bool) -> None:
    """Refuses an executable that was not built for the target, that is not static although the target
    is musl, or that has no list of its crates although it should have one."""
    if not path.is_file():
        raise WrongExecutable(f"{path} is not built")
    processor = target.split("-")[0]
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            raise WrongExecutable(f"{path} is not an ELF file")
        elf = ELFFile(file)
        if elf["e_machine"] != ELF_NAMES[processor]:
            raise WrongExecutable(f"{path} is for {elf['e_machine']}, not for {processor}")
        interpreters = [part for part in elf.iter_segments() if part["p_type"] == "PT_INTERP"]
        if target.endswith("-musl") and interpreters:
            raise WrongExecutable(f"{path} is not static: it needs {interpreters[0].get_interp_name()}")
        if audited and elf.get_section_by_name(AUDIT_SECTION) is None:
            raise WrongExecutable(f"{path} has no list of its crates: build it with `cargo auditable`")
