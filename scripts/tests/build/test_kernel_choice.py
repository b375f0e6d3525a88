# SPDX-License-Identifier: GPL-2.0
"""Test the choice of the kernel, and the private Debian in which Debian's is used."""

import subprocess

import pytest
from conftest import TOP, environment, error_line, gone

PRELUDE = f"""\
for part in lib packages apt-private setup root toolchain linux-source linux-build debian-kernel kernel-choice; do
	. {TOP}/scripts/build/$part.sh
done
"""
# Versions that Debian's archive has: a newer kernel without headers, and one whose source is newer.
ARCHIVE = {
    "linux-binary-7.3.6+deb13-arm64": ["7.3.6-1"],
    "linux-binary-7.3.5+deb13-arm64": ["7.3.5-1", "7.3.5-2"],
    "linux-binary-7.3.4+deb13-arm64": ["7.3.4-1"],
    "linux-binary-7.3.4+deb13-cloud-arm64": ["7.3.4-1"],
    "linux-headers-7.3.5+deb13-arm64": ["7.3.5-1"],
    "linux-headers-7.3.4+deb13-arm64": ["7.3.4-1"],
    "linux-source-7.3": ["7.3.6-1", "7.3.5-2", "7.3.5-1", "7.3.4-1"],
}


@pytest.fixture
def shell(tmp_path):
    """Run shell code with the functions of the build; return its output and status."""

    def call(code, **variables):
        result = subprocess.run(
            ["bash", "-c", PRELUDE + code],
            env=environment() | {"XDG_CACHE_HOME": str(tmp_path)} | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        return result.stdout.splitlines(), result.returncode

    return call


@pytest.mark.parametrize(
    ("release", "cached", "obstacle", "variables", "kernel", "reason"),
    [
        ("bookworm", True, "", "", "own", "ours, from the cache"),
        ("bookworm", False, "", "", "debian", "Debian's, which needs no build"),
        ("trixie", False, "no root", "", "debian", "Debian's, which needs no build"),
        ("", False, "", "", "debian", "Debian's, which needs no build"),
        ("bookworm", False, "no root", "", "own", "ours, because no private Debian 13 can be made: no root"),
        ("bookworm", False, "", "QEMU=/my/qemu", "own", "ours, for your own tools"),
        ("trixie", False, "", "QEMU=/my/qemu", "debian", "Debian's, which needs no build"),
        ("trixie", False, "", "user_rustc=/my/rustc", "own", "ours, for your own tools"),
        ("trixie", False, "", "SCENARIO=lazy+pages-64k", "own", "ours, because Debian's has pages of 4 KiB only"),
        ("trixie", False, "", "LINUX_VERSION=7.3.4", "own", None),
        ("trixie", False, "", "VARIANT=debug", "own", None),
        ("trixie", True, "", "KERNEL=debian", "debian", None),
        ("trixie", False, "", "KERNEL=own", "own", None),
        # Outside Debian, which has no source of ours, the obstacle is an error.
        ("", False, "no root", "", None, "safe-dma: error: no private Debian 13 can be made: no root"),
    ],
)
def test_choice(shell, release, cached, obstacle, variables, kernel, reason):
    """Check that the kernel is the one that is there soonest, and that the first line says why."""
    lines, status = shell(
        f"""
        debian_codename() {{ echo {release}; }}
        own_kernel_cached() {{ {str(cached).lower()}; }}
        root_obstacle() {{ echo {obstacle}; }}
        KERNEL= VARIANT= SCENARIO=strict QEMU=qemu-system-aarch64 PYTHON=/usr/bin/python3
        {variables}
        choose_kernel run
        echo "$KERNEL"
        """
    )
    assert status == (kernel is None), lines
    said = [line.removeprefix("safe-dma: kernel: ") for line in lines]
    expected = [text for text in (reason, kernel) if text]
    assert len(said) == len(expected), lines
    assert all(map(str.startswith, said, expected)), lines


@pytest.fixture
def archive(shell):
    """Look for a kernel in an archive; return the output."""

    def call(code, packages=ARCHIVE):
        names = "\n".join(packages)
        versions = "".join(
            f"'show {name}' | 'show {name}:arm64') printf 'Version: %s\\n' {' '.join(found)} ;;\n"
            for name, found in packages.items()
        )
        return shell(
            f"""
            apt_extra() {{ case "${{*:2}}" in
            pkgnames*) printf '%s\\n' '{names}' ;;
            {versions}
            esac; }}
            apt_extra_update() {{ :; }}
            download_debian_kernel() {{ mkdir -p "$3"; }}
            linux_source() {{
                LINUX_SRC=$XDG_CACHE_HOME/source
                mkdir -p $LINUX_SRC
                echo ${{CACHED-$1}} >$LINUX_SRC/debian-version
            }}
            prepare_own_packages() {{ :; }}
            LOGS=$XDG_CACHE_HOME KERNEL=debian SAFE_DMA_DEFAULT_KERNEL=
            {code}
            """
        )

    return call


def test_newest_complete(archive):
    """Check that kernel, headers and source have one version, the newest."""
    assert archive("find_debian_kernel") == (["7.3.5+deb13-arm64 7.3.5-1"], 0)
    assert archive("LINUX_VERSION=7.3.4\nfind_debian_kernel") == (["7.3.4+deb13-arm64 7.3.4-1"], 0)
    assert archive("LINUX_VERSION=7.3.6\nfind_debian_kernel") == ([], 1)


def test_cached(archive):
    """Check that a cached kernel is used without the archive, unless another is asked for."""
    code = "setup_debian_kernel\necho $DEBIAN_RELEASE"
    assert archive(f"LINUX_VERSION=7.3.4\n{code}")[0][-1] == "7.3.4+deb13-arm64"
    assert archive(code) == (["7.3.4+deb13-arm64"], 0)
    assert archive(f"LINUX_VERSION=7.3.5\n{code}")[0][-1] == "7.3.5+deb13-arm64"


def test_source_of_another_revision(archive):
    """Check that the source is that of the kernel, also if the cache has one of the same Linux."""
    lines, status = archive("CACHED=7.3.5-2\nsetup_debian_kernel")
    assert status == 1
    assert lines[-1].endswith("/source is not the source of Debian's Linux 7.3.5-1: remove that directory")
    assert archive("setup_debian_kernel\necho $DEBIAN_RELEASE")[0][-1] == "7.3.5+deb13-arm64"


def test_no_such_kernel(archive):
    """Check that the archive's kernels are named, or that the default becomes ours."""
    without_source = {name: found for name, found in ARCHIVE.items() if "source" not in name}
    code = "setup_debian_kernel\necho $KERNEL"
    lines, status = archive(code, without_source)
    assert status == 1
    assert lines[-1].startswith("safe-dma: error: Debian has no arm64 kernel of Linux 7.3 with headers and source of")
    assert lines[-1].endswith("its kernels are 7.3.4+deb13-arm64 7.3.5+deb13-arm64 7.3.6+deb13-arm64: use KERNEL=own")
    lines, status = archive(f"SAFE_DMA_DEFAULT_KERNEL=1\n{code}", without_source)
    assert status == 0
    assert lines[-2].startswith("safe-dma: kernel: ours after all, because Debian has no arm64 kernel of Linux 7.3")
    assert lines[-1] == "own"


@pytest.fixture
def install(archive, tmp_path):
    """Install packages while the kernel is downloaded; return the output, and what is in the cache."""

    def call(run_install, download_linux):
        output = archive(
            f"""
            debian_codename() {{ echo trixie; }}
            missing_packages() {{ echo make; }}
            root_prefix() {{ :; }}
            update_lists() {{ :; }}
            run_install() {{ {run_install}; }}
            download_linux() {{ {download_linux}; }}
            meanwhile=fetch_debian_kernel setup_packages packages_debian_kernel
            """
        )
        return *output, {path.name for path in (tmp_path / "safe-dma" / "src").glob("*")}

    return call


def test_fetched_while_installing(install):
    """Check that the run goes on when both the packages and the kernel are there."""
    lines, status, cached = install(":", 'sleep 1; mkdir -p "$CACHE/src/linux-7.3.5"')
    assert status == 0
    assert [line.split("  ")[0] for line in lines] == ["package lists", "packages"]
    assert cached == {"linux-7.3.5", "debian-7.3.5+deb13-arm64"}


def test_fetch_fails(install):
    """Check that a failed download is left to the step after the packages, which reports it."""
    lines, status, cached = install("sleep 1", "fail 'no network'")
    assert status == 0
    assert [line.split("  ")[0] for line in lines] == ["package lists", "packages"]
    assert cached == set()


def test_install_fails(install, tmp_path):
    """Check that a failed installation ends the download, with one line."""
    pid = tmp_path / "pid"
    lines, status, cached = install(f"until [ -s {pid} ]; do :; done; false", f"echo $BASHPID >{pid}; sleep 1000")
    assert status == 1
    assert [line.partition(" after ")[0] for line in lines[1:]] == ["safe-dma: error: packages: failed"]
    assert cached == set()
    gone(int(pid.read_text()))


def test_options(make):
    """Check that what Debian's kernel and the private root lack is refused."""
    assert "make bench does not use Debian's kernel" in error_line(make("bench", KERNEL="debian"))
    assert "cannot be combined with KDIR=" in error_line(make("run", KERNEL="debian", DEBUG="1"))
    assert "pages of 4 KiB only" in error_line(make("run", KERNEL="debian", SCENARIO="pages-64k"))
    assert "KERNEL=mine is none of these: debian own" in error_line(make("run", KERNEL="mine"))
    assert "ROOT=debian12 is not debian13" in error_line(make("run", ROOT="debian12"))
    line = error_line(make("run", ROOT="debian13", LLVM="-3", QEMU="/bin/true"))
    assert "leave LLVM= QEMU= out" in line
    assert "M=/no/such/module is not a directory" in error_line(make("kdir", M="/no/such/module"))


def test_no_space(shell, fake_tool, tmp_path):
    """Check that space is checked first, and that the variable for another place is named."""
    path = fake_tool("df", "printf 'Avail\\n4999M\\n'")
    lines, status = shell("ROOT=debian13\nroot_obstacle() { :; }\nenter_root run", PATH=path)
    assert status == 1
    assert lines == [
        f"safe-dma: error: {tmp_path}/safe-dma has 4999 MB of free space, and 5000 MB are needed:"
        " set XDG_CACHE_HOME to another directory"
    ]


def test_no_root(make, fake_tool):
    """Check the reasons why no private root can be made."""
    path = fake_tool("unshare", "exit 1")
    fake_tool("id", "echo $USER_ID")
    line = error_line(make("run", ROOT="debian13", env={"PATH": path, "USER_ID": "0"}))
    assert line.endswith("root cannot mount here: a container needs --privileged")
    fake_tool("newuidmap", "")
    fake_tool("sysctl", "echo 0")
    line = error_line(make("run", ROOT="debian13", env={"PATH": path, "USER_ID": "1"}))
    assert line.endswith(
        "that needs root, or user namespaces with newuidmap and util-linux 2.38: install uidmap, or become root"
    )
    fake_tool("sysctl", "echo 1")
    line = error_line(make("run", ROOT="debian13", env={"PATH": path, "USER_ID": "1"}))
    assert "AppArmor restricts user namespaces: become root, or run sysctl " in line


def test_no_bootstrap(shell):
    """Check that outside Debian a root needs mmdebstrap and the keys of Debian's archive."""
    code = """
        debian_codename() { :; }
        own_namespace() { :; }
        find_bootstrap() { echo $BOOTSTRAP; }
        debian_keyring() { echo $KEYRING; }
        root_obstacle
        """
    (line,), _ = shell(code, BOOTSTRAP="", KEYRING="")
    assert line == "mmdebstrap is missing: install mmdebstrap and debian-archive-keyring"
    (line,), _ = shell(code, BOOTSTRAP="mmdebstrap", KEYRING="")
    assert line == "the keys of Debian's archive are missing: install debian-archive-keyring"
    assert shell(code, BOOTSTRAP="mmdebstrap", KEYRING="keys.gpg") == ([], 0)


# Stands for unshare: runs the command after its options.
UNSHARE = """\
while [ "$1" != "${1#-}" ]; do
	[ "$1" != --propagation ] || shift
	shift
done
exec "$@"
"""
# Makes the directory, and fails or not.
MMDEBSTRAP = """\
[ "$1" = --version ] && exit
for dir; do :; done
mkdir "$dir" && mkdir -p "$dir/etc/ssl/certs" || exit
exit $STATUS
"""


def test_root_is_complete_or_absent(shell, fake_tool, tmp_path):
    """Check that a root is never half-made, and that the rest of a killed run is no obstacle."""
    fake_tool("unshare", UNSHARE)
    path = fake_tool("mmdebstrap", MMDEBSTRAP)
    root = tmp_path / "root"
    code = f"debian_codename() {{ :; }}\nmake_root {root} trixie make git"
    lines, status = shell(code, PATH=path, STATUS="1")
    assert status == 1
    assert lines[-1] == "safe-dma: error: no Debian trixie can be made: is the network up?"
    assert not list(tmp_path.glob("root*"))
    lines, status = shell(code, PATH=path, STATUS="0")
    assert status == 0, lines
    assert root.exists()
    assert not (tmp_path / "root.tmp").exists()
