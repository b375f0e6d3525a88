# SPDX-License-Identifier: GPL-2.0
"""Test that mistakes of the user end with one clear line."""

import fcntl
import shutil
import subprocess

import pytest
from conftest import CACHE, KDIR, TOOLS, environment, error_line

from safe_dma.environment import BUILD


@pytest.fixture
def kernel(tmp_path):
    """Copy the files that are checked in a kernel build, to spoil them."""
    copy = tmp_path / "kernel"
    (copy / "include" / "config").mkdir(parents=True)
    for name in ("include/config/auto.conf", "include/config/kernel.release", "Module.symvers"):
        shutil.copy(KDIR / name, copy / name)
    (copy / "source").symlink_to((KDIR / "source").resolve())
    return copy


def spoil(kernel, name, old, new):
    """Replace text in a file of the copy."""
    path = kernel / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_help_and_clean_on_a_bare_machine(make, tree, tmp_path):
    """Check that these targets need only make and basic programs."""
    bare = tmp_path / "bin"
    bare.mkdir()
    for tool in ("make", "sh", "bash", "cat", "dirname", "find", "rm"):
        (bare / tool).symlink_to(shutil.which(tool))
    for target in ("help", "clean"):
        result = make(target, cwd=tree, env={"PATH": bare})
        assert result.returncode == 0, result.stdout
    assert "KDIR=DIR" in make("help", cwd=tree).stdout


@pytest.mark.parametrize("value", ["x", "0", "9", "-1", "2 3"])
def test_smp(make, value):
    """Check that SMP must be a number."""
    assert error_line(make("run", SMP=value)).endswith("is not a number of processors from 1 to 8")


def test_timeout(make):
    """Check that TIMEOUT must be in seconds."""
    assert "TIMEOUT=soon is not a number of seconds" in error_line(make("run", TIMEOUT="soon"))


def test_jobs(make):
    """Check that JOBS must be a number."""
    assert "JOBS=0 is not a number of jobs" in error_line(make("run", JOBS="0"))


def test_version(make):
    """Check that only this series of kernels is accepted."""
    assert "LINUX_VERSION=6.1 is not a version of Linux" in error_line(make(LINUX_VERSION="6.1"))


def test_kernels(make):
    """Check that KERNEL must be one of the known kernels."""
    assert "KERNEL=mine is none of these: defconfig " in error_line(make("kernels", KERNEL="mine"))
    assert "cannot be combined with" in error_line(make("kernels", KDIR=KDIR))


def test_contradiction(make):
    """Check that KDIR, which is built already, excludes LINUX_VERSION."""
    assert "cannot be combined with" in error_line(make(KDIR=KDIR, LINUX_VERSION="7.3.4"))


def test_kdir_missing(make):
    """Check that KDIR must exist."""
    assert "KDIR=/no/such/kernel does not exist" in error_line(make(KDIR="/no/such/kernel"))


def test_kdir_is_a_file(make):
    """Check that KDIR must be a directory."""
    assert "is not a directory" in error_line(make(KDIR="/etc/passwd"))


def test_kdir_not_built(make, tmp_path):
    """Check that KDIR must be a kernel build."""
    assert "is not a built kernel" in error_line(make(KDIR=tmp_path))


def test_kdir_without_rust(make, kernel):
    """Check that CONFIG_RUST is required."""
    spoil(kernel, "include/config/auto.conf", "CONFIG_RUST=y\n", "")
    assert "was configured without CONFIG_RUST" in error_line(make(KDIR=kernel))


def test_kdir_without_debugfs(make, kernel):
    """Check that CONFIG_DEBUG_FS is required."""
    spoil(kernel, "include/config/auto.conf", "CONFIG_DEBUG_FS=y\n", "")
    assert "was configured without CONFIG_DEBUG_FS" in error_line(make(KDIR=kernel))


def test_kdir_too_old(make, kernel):
    """Check that the kernel must not be too old."""
    (kernel / "include" / "config" / "kernel.release").write_text("6.18.2\n")
    assert "is Linux 6.18.2, but 7.3 or later is needed" in error_line(make(KDIR=kernel))


@pytest.mark.parametrize("target", ["run", "test", "misuse", "shell"])
def test_kdir_of_another_architecture(make, kernel, target):
    """Check that a guest needs an arm64 kernel."""
    spoil(kernel, "include/config/auto.conf", "CONFIG_ARM64=y\n", "CONFIG_X86=y\n")
    assert "is not an arm64 kernel" in error_line(make(target, KDIR=kernel))


def test_kdir_of_another_rustc(make, kernel):
    """Check that rustc must be the one that built the kernel."""
    spoil(kernel, "include/config/auto.conf", "RUSTC_VERSION_TEXT=rustc ", "RUSTC_VERSION_TEXT=rustc 9")
    assert 'was built with "rustc 9' in error_line(make(KDIR=kernel))


def test_kdir_of_another_clang(make, kernel):
    """Check that clang must be the one that configured the kernel."""
    if not any(word.startswith("LLVM=") for word in TOOLS):
        pytest.skip("gcc has built this kernel")
    spoil(kernel, "include/config/auto.conf", "clang version ", "clang version 9")
    assert "clang version 9" in error_line(make(KDIR=kernel))


def test_linux_is_not_a_source(make, tmp_path):
    """Check that LINUX must be a kernel source."""
    assert "is not the source of a Linux kernel" in error_line(make(LINUX=tmp_path))


def test_qemu_too_old(make, fake_tool):
    """Check that QEMU 7.2 is refused: it aborts during a transfer."""
    path = fake_tool("qemu-system-aarch64", "echo QEMU emulator version 7.2.9")
    line = error_line(make("run", KDIR=KDIR, env={"PATH": path}))
    assert "QEMU 7.2.9" in line
    assert "8.0 or later is needed" in line


def test_qemu_missing(make):
    """Check that QEMU must exist."""
    assert "/no/such/qemu is not there" in error_line(make("run", KDIR=KDIR, QEMU="/no/such/qemu"))


def test_qemu_is_something_else(make):
    """Check that a program that is not QEMU is refused."""
    assert "does not tell its version" in error_line(make("run", KDIR=KDIR, QEMU="/bin/true"))


def test_gdb_missing(make):
    """Check that the missing package is named."""
    assert "/no/such/gdb is missing: install the package gdb-multiarch" in error_line(make("gdb", GDB="/no/such/gdb"))


def test_busybox(make, tmp_path):
    """Check that BusyBox must be a static program for arm64."""
    good = BUILD / "initramfs" / "bin" / "busybox"
    dynamic = tmp_path / "dynamic"
    dynamic.write_bytes(good.read_bytes()[:64] + b"/lib/ld-linux-aarch64.so.1")
    for path in ("/no/such/busybox", "/bin/true", dynamic):
        line = error_line(make("run", KDIR="/no/such/kernel", BUSYBOX=path))
        assert f"BUSYBOX={path} is not a static arm64 program" in line
    assert "KDIR=/no/such/kernel" in error_line(make("run", KDIR="/no/such/kernel", BUSYBOX=good))


def test_rustc_is_something_else(make):
    """Check that a program that is not rustc is refused."""
    assert "/bin/false is not a rustc" in error_line(make(RUSTC="/bin/false"))


def test_python_missing(make):
    """Check that PYTHON must exist."""
    assert "/no/such/python is not there" in error_line(make("run", PYTHON="/no/such/python"))


def test_no_place_for_the_cache(make):
    """Check the errors without a usable cache directory."""
    assert "set one" in error_line(make("run", env={"HOME": None, "XDG_CACHE_HOME": None}))
    assert "cannot be written" in error_line(make("run", env={"XDG_CACHE_HOME": "/proc"}))


def test_path_with_a_space(make, tree, tmp_path):
    """Check that a path with a space is refused before anything is built."""
    spaced = tmp_path / "a b"
    tree.rename(spaced)
    assert "takes no space and no colon in a path" in error_line(make(cwd=spaced, KDIR=KDIR))


def test_compiler_missing(make):
    """Check that a missing compiler is named."""
    assert "clang-3 is missing" in error_line(make(LLVM="-3"))
    assert "/no/such/rustc is missing" in error_line(make(RUSTC="/no/such/rustc"))


def test_neither_root_nor_sudo(make, fake_tool, tmp_path):
    """Check that the exact command is printed, and nothing is installed."""
    fake_tool("dpkg-query", "echo not-installed")
    fake_tool("apt-get", f"echo called >>{tmp_path}/apt-get; exit 1")
    fake_tool("sudo", "exit 1")
    path = fake_tool("id", "echo 1000")
    result = make("run", KERNEL="own", env={"PATH": path, "XDG_CACHE_HOME": tmp_path})
    error_line(result)
    commands = [line.strip() for line in result.stdout.splitlines() if line.startswith("  apt-get ")]
    assert commands[0].endswith(" update")
    assert " install --yes --no-install-recommends --no-remove make clang-19 " in commands[1]
    assert not (tmp_path / "apt-get").exists()


def test_nothing_to_install_calls_no_apt(make, fake_tool, tmp_path):
    """Check that apt is not called if nothing is missing."""
    path = fake_tool("apt-get", f"echo called >>{tmp_path}/apt-get; exit 1")
    result = make("modules", LLVM="-3", env={"PATH": path, "XDG_CACHE_HOME": CACHE.parent})
    assert "clang-3 is missing" in error_line(result)
    assert not (tmp_path / "apt-get").exists()


@pytest.mark.parametrize(
    ("sources", "version", "said"),
    [
        ("7.4", None, "Debian has no Linux 7.3 any more, it has 6.12 7.4: give its source with LINUX="),
        ("7.3", "7.3.1", "Debian has no Linux 7.3.1, it has 7.3.9: take one with LINUX_VERSION=, or give the source"),
    ],
)
def test_no_source_in_debian(make, fake_tool, tmp_path, sources, version, said):
    """Check that the error for a version that Debian has dropped names the available ones."""
    path = fake_tool(
        "apt-cache",
        f"""
        case "$*" in
        *madison\\ linux-source-{sources}*) echo "linux-source-{sources} | {sources}.9-1~bpo13+1 | where" ;;
        *pkgnames\\ linux-source-*) printf 'linux-source-%s\\n' 6.12 {sources}; echo linux-source ;;
        esac""",
    )
    # Pretend that the package lists are up to date.
    (tmp_path / "safe-dma/apt/extra").mkdir(parents=True)
    (tmp_path / "safe-dma/apt/extra/updated").touch()
    bindgen = next((word for word in TOOLS if word.startswith("BINDGEN=")), "")
    line = error_line(
        make(bindgen, "modules", env={"PATH": path, "XDG_CACHE_HOME": tmp_path, "LINUX_VERSION": version})
    )
    assert said in line


def test_two_runs_in_one_tree(make, tree, tmp_path):
    """The second waits for the first, and says so; what a run calls itself does not wait for it."""
    (tree / ".build").mkdir()
    with (tree / ".build" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "is not a built kernel" in error_line(make(cwd=tree, KDIR=tmp_path, env={"SAFE_DMA_LOCKED": tree}))
        with subprocess.Popen(
            ["make", f"KDIR={tmp_path}"], cwd=tree, env=environment(), stdout=subprocess.PIPE, text=True
        ) as second:
            assert second.stdout.readline() == "safe-dma: another run is at work in this tree, waiting for it\n"
            assert second.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
    assert second.returncode != 0
