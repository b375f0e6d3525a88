# SPDX-License-Identifier: GPL-2.0
"""Test that rust-metadata.sh refuses kernels that this machine's tools did not build."""

import os
import subprocess

import pytest
from conftest import TOP

RELEASE = "7.3.4+deb13-amd64"
CONFIG = """\
CONFIG_CC_VERSION_TEXT="x86_64-linux-gnu-gcc-99 (Debian 14.2.0-19) 14.2.0"
CONFIG_GCC_VERSION=140200
CONFIG_PAHOLE_VERSION=130
CONFIG_RUST=y
CONFIG_RUSTC_VERSION_TEXT="rustc 1.85.1"
CONFIG_X86_64=y
"""
SYMVERS = "0x00000000\t_RNvX\tvmlinux\tEXPORT_SYMBOL_GPL\t\n0x00000000\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n"
# Stands for the kernel's make: olddefconfig applies EDIT, modules_prepare writes what is compared.
MAKE = """\
#!/bin/sh -e
out=${3#O=}
case " $* " in
*" olddefconfig "*) sed -i "$EDIT" "$out/.config" ;;
*)
	mkdir -p "$out/include/config" "$out/rust"
	echo "$KERNEL_RELEASE" >"$out/include/config/kernel.release"
	echo "EXPORT_SYMBOL_RUST_GPL($EXPORT);" >"$out/rust/exports_core_generated.h"
	echo "export KBUILD_OUTPUT = $out" >"$out/Makefile"
	;;
esac
exit "${STATUS:-0}"
"""


@pytest.fixture
def metadata(tmp_path):
    """Run the script with stubs for all tools; return its error and status."""
    tools = tmp_path / "bin"
    headers = tmp_path / "headers"
    source = tmp_path / "source"
    for directory in (tools, headers, source, source / "core"):
        directory.mkdir()
    for name in ("make", "rustc", "bindgen", "flex", "bison", "bc", "pahole", "gcc", "x86_64-linux-gnu-gcc-99"):
        (tools / name).write_text(MAKE if name == "make" else "#!/bin/sh\necho rustc 1.85.1\n")
        (tools / name).chmod(0o755)
    (source / "Makefile").write_text("VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\n")

    def call(config=CONFIG, symvers=SYMVERS, without=None, release=RELEASE, **variables):
        (headers / ".config").write_text(config)
        (headers / "Module.symvers").write_text(symvers)
        if without:
            (tools / without).unlink()
        environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "RUSTC": str(tools / "rustc"),
            "BINDGEN": str(tools / "bindgen"),
            "RUST_LIB_SRC": str(source),
            "EDIT": "",
            "EXPORT": "_RNvX",
            "KERNEL_RELEASE": release,
        }
        result = subprocess.run(
            [TOP / "scripts" / "build" / "rust-metadata.sh", release, headers, source, tmp_path / "out"],
            env=environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (result.returncode == 0) == (tmp_path / "out").is_dir()
        assert not (tmp_path / "out.tmp").exists()
        return result.stderr.strip().removeprefix("safe-dma: error: "), result.returncode

    return call


def test_complete(metadata, tmp_path):
    """Check the variables that the kernel's make reads, and the name of the directory."""
    assert metadata(EDIT="s/Debian 14.2.0-19/Debian 14.2.0-20/") == ("", 0)
    out = tmp_path / "out"
    assert (out / "Makefile").read_text() == f"export KBUILD_OUTPUT = {out}\n"
    assert "export CC := x86_64-linux-gnu-gcc-99\n" in (out / ".kernelvariables").read_text()
    assert (out / "Module.symvers").read_text() == SYMVERS


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        ({"config": CONFIG.replace("CONFIG_RUST=y\n", "")}, 77, f"Linux {RELEASE} was configured without CONFIG_RUST"),
        ({"config": CONFIG.replace("x86_64-linux-gnu-gcc-99", "clang")}, 77, f"Linux {RELEASE} was built with clang,"),
        (
            {"config": CONFIG.replace("1.85.1", "1.90.0")},
            77,
            f"rustc differs: Linux {RELEASE} was built with rustc 1.90",
        ),
        ({"without": "x86_64-linux-gnu-gcc-99"}, 1, f"tools that built Linux {RELEASE} are missing: install gcc"),
        ({"EDIT": "s/=130/=125/"}, 77, "pahole differs: install the pahole of the kernel; options"),
        ({"EDIT": "s/=140200/=140300/"}, 77, "gcc or binutils differs: install the"),
        ({"EDIT": "/X86_64/d"}, 77, "config differs: give the source of the kernel's version; options of Linux"),
        (
            {"EDIT": "s/RUST=y/&\\nCONFIG_CC_CAN_LINK=y/"},
            77,
            "libc6-dev differs: install the libc6-dev of the kernel; options",
        ),
        (
            {"symvers": "0x00000000\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n"},
            1,
            "HEADERS/Module.symvers has no Rust symbol: reinstall",
        ),
        ({"EXPORT": "_RNvY"}, 77, f"2 names of Rust symbols differ from those of Linux {RELEASE},"),
        ({"release": "7.3.5+deb13-amd64"}, 1, "the source is of Linux 7.3.4, and the kernel is 7.3.5+deb13-amd64"),
        ({"release": "7.3.40+deb13-amd64"}, 1, "the source is of Linux 7.3.4, and the kernel is 7.3.40+deb13-amd64"),
        ({"STATUS": "2"}, 1, "make olddefconfig failed with "),
    ],
)
def test_refused(metadata, tmp_path, arguments, status, error):
    text, found = metadata(**arguments)
    assert text.replace(f"{tmp_path}/headers", "HEADERS").startswith(error)
    assert "\n" not in text
    assert found == status
