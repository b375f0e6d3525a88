# SPDX-License-Identifier: GPL-2.0
"""Check the page of `make report`: it shows all logs, and loads nothing from elsewhere."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import TOP, error_line

from safe_dma.environment import FILE, LOGS
from safe_dma.guest import ktap
from safe_dma.guest.plan import LONG, matrix
from safe_dma.report import __main__ as report
from safe_dma.report import calls, console, scale, testrun
from safe_dma.report.markup import EMPTY, Markup, data, element, join
from safe_dma.witness import paths

# The console of a guest, of which the tests change a line.
CONSOLE = """\
[    0.000000] Linux version 7.3.4 (safe-dma@safe-dma) (clang version 19.1.7, LLD 19.1.7) #1 SMP PREEMPT @0
[    0.100000] safe_dma 0000:00:01.0: behind IOMMU smmu3.0x0000000009050000, which translates, strict
[    0.100001] safe_dma 0000:00:01.0: KTAP version 1
[    0.100002] safe_dma 0000:00:01.0: 1..2
[    0.100003] safe_dma 0000:00:01.0:     KTAP version 1
[    0.100004] safe_dma 0000:00:01.0:     # Subtest: streaming
[    0.100005] safe_dma 0000:00:01.0:     1..3
[    0.100006] safe_dma 0000:00:01.0:     # claim 1: map dma 0xffffe000 size 0x2000 perm r \
phys 0x41d00000+0x1000 0x41e07000+0x1000
[    0.100007] safe_dma 0000:00:01.0:     # claim 2: unmap dma 0xffffe000 size 0x2000
[    0.200000] safe_dma 0000:00:01.0:     ok 1 to_device 4096 # dma_map_single, dma_unmap_single to_device size 4096 \
phys 0x41d00000 dma 0xffffe000 witness: round trip, iova_to_phys
[    0.200001] safe_dma 0000:00:01.0:     # pieces 3
[    0.200002] safe_dma 0000:00:01.0:     ok 2 <script>alert(1)</script> & "more" # dma_map_page refused with EINVAL
[    0.200003] safe_dma 0000:00:01.0:     ok 3 atomic pool # SKIP the device is <b>cache-coherent</b>
[    0.200004] safe_dma 0000:00:01.0: ok 1 streaming
[    0.200005] safe_dma 0000:00:01.0:     # Subtest: sync
[    0.200006] safe_dma 0000:00:01.0:     1..1
[    0.300000] safe_dma 0000:00:01.0:     ok 1 rounds # dma_sync_single_for_cpu from_device size 64 phys 0x41d01000 \
dma 0xffffc000 witness: round trip, iova_to_phys
[    0.300001] safe_dma 0000:00:01.0: ok 2 sync
[    0.300002] safe_dma 0000:00:01.0: # Totals: pass:3 fail:0 skip:1 total:4
[    0.300003] dma-api error_count: 0
[    0.300004] guest: end, status 0
"""

# QEMU's trace of it: the BAR, the first claim, a transfer of two pages, its interrupt, the unmap.
TRACE = """\
memory_region_ops_write cpu 0 mr 0x1 addr 0x8010 value 0x10000000 size 4 name 'pcie-mmcfg-mmio'
memory_region_ops_write cpu 0 mr 0x1 addr 0x8044 value 0xfff7e040 size 4 name 'pcie-mmcfg-mmio'
memory_region_ops_write cpu 0 mr 0x1 addr 0x10000000 value 0x1 size 4 name 'edu-mmio'
memory_region_ops_write cpu 0 mr 0x1 addr 0x10000080 value 0xffffe000 size 4 name 'edu-mmio'
memory_region_ops_write cpu 0 mr 0x1 addr 0x10000090 value 0x2000 size 4 name 'edu-mmio'
memory_region_ops_write cpu 0 mr 0x1 addr 0x10000098 value 0x5 size 4 name 'edu-mmio'
smmu_iotlb_lookup_miss IOTLB cache MISS asid=2 vmid=0 addr=0xffffe000 hit=2 miss=3 hit rate=40
smmu_iotlb_insert IOTLB ++ asid=2 vmid=0 addr=0xffffe000 tg=1 level=3
smmu_iotlb_insert IOTLB ++ asid=2 vmid=0 addr=0xfffff000 tg=1 level=3
smmu_iotlb_insert IOTLB ++ asid=2 vmid=0 addr=0xfff7e000 tg=1 level=3
smmuv3_translate_success smmuv3-iommu-memory-region-8-1 sid=0x8 iova=0xffffe000 translated=0x41d00000 perm=0x1 stage=1
smmu_iotlb_lookup_hit IOTLB cache HIT asid=2 vmid=0 addr=0xfffff000 hit=3 miss=3 hit rate=50
smmuv3_translate_success smmuv3-iommu-memory-region-8-1 sid=0x8 iova=0xfffff000 translated=0x41e07000 perm=0x1 stage=1
smmu_iotlb_lookup_hit IOTLB cache HIT asid=2 vmid=0 addr=0xfff7e040 hit=3 miss=3 hit rate=50
smmuv3_translate_success smmuv3-iommu-memory-region-8-1 sid=0x8 iova=0xfff7e040 translated=0x8090040 perm=0x3 stage=1
memory_region_ops_write cpu 0 mr 0x2 addr 0x8090040 value 0x0 size 4 name 'translation'
memory_region_ops_read cpu 0 mr 0x1 addr 0x10000098 value 0x4 size 4 name 'edu-mmio'
smmuv3_range_inval vmid=0 asid=2 addr=0xffffe000 tg=1 num_pages=0x2 ttl=0 leaf=1 stage=1
memory_region_ops_write cpu 0 mr 0x1 addr 0x10000000 value 0x2 size 4 name 'edu-mmio'
"""
GRAPH = """\
paths: has dma_map_phys
paths: begin dma_map_single
paths: status 0
paths: lost 0
               |  dma_map_phys() {
   0.800 us    |    iommu_dma_map_phys();
   1.600 us    |  } /* dma_map_phys */
paths: end dma_map_single
paths: done
"""
TREE = {
    "operation": "map_single",
    "scenario": "strict",
    "trees": [{"name": "dma_map_phys", "source": "kernel/dma/mapping.c", "total": 321, "own": 321, "calls": []}],
}
JUNIT = """<testsuites><testsuite errors="0" failures="1" skipped="2" tests="9" timestamp="2026-01-02T03:04:05.678">
<testcase name="test_checks[strict: streaming/to_device 4096]" /><testcase name="test_checks[lazy: x]" />
</testsuite></testsuites>"""


@pytest.fixture
def logs(tmp_path):
    """Write the logs of a run with two scenarios, one complete."""
    directory = tmp_path / "log"
    directory.mkdir()
    for name in ("strict", "lazy"):
        (directory / f"scenario-{name}.log").write_text(CONSOLE)
    (directory / "scenario-strict.trace").write_text(TRACE)
    (directory / "paths-strict.log").write_text(GRAPH)
    (directory / "trace-strict-map_single.json").write_text(json.dumps(TREE))
    (directory / "junit.xml").write_text(JUNIT)
    (directory / "versions").write_text("rustc 1.96.0\nQEMU 10.0.2\n")
    return directory


def make_page(logs):
    """Return the page of the logs."""
    output = logs.parent / "page.html"
    assert report.main(["--logs", str(logs), "--output", str(output)]) == 0
    return output.read_text()


class Page(HTMLParser):
    """A parsed page; elements that are opened must be closed."""

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.elements = []
        self.ids = []
        self.text = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), (tag, attrs)
        self.elements.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> ends nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        # Of the innermost element.
        inner = self.open[-1] if self.open else ""
        self.text[inner] = self.text.get(inner, "") + data + "\n"


def test_well_formed(logs):
    page = Page(make_page(logs))
    assert len(set(page.ids)) == len(page.ids)
    controlled = {attrs["aria-controls"] for _, attrs in page.elements if "aria-controls" in attrs}
    assert controlled <= set(page.ids)
    ids_of_script = re.findall(r'byId\("([^"]+)"\)', page.text["script"])
    assert len(ids_of_script) > 5
    assert set(ids_of_script) <= set(page.ids)


def test_not_balanced_is_seen():
    with pytest.raises(AssertionError):
        Page("<p><b>x</p></b>")
    with pytest.raises(AssertionError):
        Page("<p>x")


def test_everything_is_there(logs):
    """Check that all scenarios, checks, calls and mappings show."""
    page = Page(make_page(logs))
    heads = page.text["span"]
    for scenario in ("strict", "lazy"):
        assert scenario in heads
    for check in ("to_device 4096", "rounds", "atomic pool", "ends", "no error in the DMA debugger"):
        assert f"{check}\n" in page.text["button"]
    for words in ("dma_sync_single_for_cpu", "the device is <b>cache-coherent</b>", "refused with EINVAL"):
        assert words in page.text["li"]
    assert "dma_map_single" in page.text["th"]
    for words in ("iommu_dma_map_phys", '"kernel/dma/mapping.c"', "1600", "321", str(0x41E07000)):
        assert words in page.text["script"]
    for words in ("dma_unmap_single", "doorbell: read 8 KiB at 0xffffe000 →"):
        assert words in page.text["span"]
    # Both pages of the transfer, its interrupt, and the invalidation.
    for words in (
        "translates 0xffffe000 → 0x41d00000, by a walk of the page table",
        "translates 0xfffff000 → 0x41e07000, from its TLB",
        "translates 0xfff7e040 → 0x8090040, the ITS",
        "invalidates 8 KiB at 0xffffe000 before the unmap returns",
    ):
        assert words in page.text["span"]
    for version in ("7.3.4", "clang version 19.1.7, LLD 19.1.7", "1.96.0", "10.0.2"):
        assert version in page.text["dd"]
    # The mappings in the picture, by their check.
    assert "streaming: to_device 4096, 1 mapped" in page.text["title"]
    assert "6 passed, 1 failed, 2 skipped, begun 2026-01-02 03:04:05" in page.text["p"]


def test_counts(logs):
    """Check the counts of all checks and of each scenario."""
    page = Page(make_page(logs))
    # All paths fail: one breaks its rules, and the others were not traced.
    broken = len(paths.load().rows)
    assert (
        f"12 checks in 2 scenarios: 10 passed, 0 failed, 2 skipped; {broken} paths broken; 0 claims" in page.text["b"]
    )
    titles = [attrs.get("title", "") for _, attrs in page.elements]
    assert titles.count("strict: 5 of 6 passed, 0 failed") == 1
    assert titles.count("lazy: 2 of 3 passed, 1 skipped") == 1
    assert titles.count("lazy: skipped") == 1


def test_failed_first(logs):
    """Check that a failed check is at the top of the page."""
    log = logs / "scenario-lazy.log"
    log.write_text(CONSOLE.replace("ok 1 rounds", "not ok 1 rounds").replace("# Totals", "# wrong byte 7\n# Totals"))
    text = make_page(logs)
    page = Page(text)
    assert "1 failed" in page.text["b"]
    assert text.index("data-failed>") < text.index(">streaming<")
    assert text.index(">sync<") < text.index(">streaming<")
    assert "lazy: failed" in [attrs.get("title") for _, attrs in page.elements]


def test_log(logs):
    """Check that the lines before a failure are shown, without claims."""
    log = logs / "scenario-lazy.log"
    log.write_text(CONSOLE.replace("ok 1 to_device", "not ok 1 to_device").replace("# claim 1: map", "# a hint", 1))
    text = Page(make_page(logs)).text["pre"]
    assert "# a hint" in text
    assert "# claim " not in text


@pytest.mark.parametrize(
    ("old", "new", "failed", "why"),
    [
        ("guest: end, status 0", "guest: end, status 1", "the guest/ends", "status 1"),
        ("guest: end, status 0", "", "the guest/ends", "its console stops before its end"),
        ("error_count: 0", "error_count: 3", "the guest/no error in the DMA debugger", "error_count 3"),
        ("    1..3", "    1..4", f"streaming/{ktap.MISSING}", "TEST_CRASHED"),
        (": ok 1 streaming", ": not ok 1 streaming", "streaming", "FAILURE"),
    ],
)
def test_wrong_guest(old, new, failed, why):
    """Check that a problem of the whole guest is a failed check."""
    assert old in CONSOLE
    found = [check for check in console.read(CONSOLE.replace(old, new).splitlines()).checks if check.status == "failed"]
    assert (found[0].name, found[0].reason) == (failed, why)


def test_no_checks(logs):
    """Check that a guest without checks fails, and that the end of its console is shown."""
    line = "[    0.1] safe_dma 0000:00:01.0: dma_bits=40 cannot be"
    (logs / "scenario-lazy.log").write_text(f"{line}\nguest: end, status 0\n")
    page = Page(make_page(logs))
    assert line in page.text["pre"]
    assert "there are no results" in page.text["li"]


# The scenarios of any run.
SHOWN = [name for name in matrix() if name not in LONG]


@pytest.mark.boots(*(f"scenario-{name}" for name in SHOWN))
def test_of_this_run(tmp_path):
    """Check that the page of this run's guests is well formed, complete and small."""
    output = tmp_path / "page.html"
    assert report.main(["--logs", str(LOGS), "--output", str(output)]) == 0
    page = Page(output.read_text())
    assert {name for name in SHOWN if f"{name}\n" not in page.text["span"]} == set()
    assert output.stat().st_size < 5_000_000


def test_nothing_is_loaded(logs):
    """Check that a browser loads nothing else."""
    text = make_page(logs)
    page = Page(text)
    loading = ("src", "srcset", "href", "data", "action", "poster", "xlink:href", "background", "formaction")
    found = [attrs[name] for _, attrs in page.elements for name in loading if name in attrs]
    assert found
    assert [value for value in found if not value.startswith("#")] == []
    assert {tag for tag, _ in page.elements} & {"link", "iframe", "img", "object", "embed", "base"} == set()
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(|sendBeacon|WebSocket", text)
    # The namespace of SVG, which is not loaded.
    assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_text_is_escaped(logs):
    """Check that the guest's text is escaped."""
    text = make_page(logs)
    assert "<script>alert(1)" not in text
    assert "<b>cache" not in text
    assert '<script>alert(1)</script> & "more"' in Page(text).text["button"]


def test_script_cannot_be_ended():
    assert "</script" not in data("x", "</script><script>")[:-9]
    assert json.loads(data("x", "</script>").split(">", 1)[1].rpartition("<")[0]) == "</script>"


def test_markup():
    assert element("p", "<", class_="a&b", hidden=True, id=None) == '<p class="a&amp;b" hidden>&lt;</p>'
    assert join("<", [Markup("<br>"), None], 1) == "&lt;<br>1"


@pytest.mark.parametrize(
    ("missing", "line"),
    [
        ("scenario-strict.trace", "QEMU's trace is not there"),
        ("paths-strict.log", ""),
        ("trace-strict-map_single.json", ""),
        ("junit.xml", "junit.xml, the results of the last make test, is not there"),
        ("versions", "not known: run make test again"),
    ],
)
def test_missing(logs, missing, line):
    """Check that a missing log has its line, and nothing else changes."""
    (logs / missing).unlink()
    page = Page(make_page(logs))
    assert line in page.text["p"] + page.text["dd"]
    assert "to_device 4096" in page.text["button"]


def test_no_trees(logs):
    (logs / "paths-strict.log").unlink()
    (logs / "trace-strict-map_single.json").unlink()
    page = Page(make_page(logs))
    assert "The logs have no call trees" in page.text["p"]
    assert "tree-data" not in page.ids


def test_trees(logs):
    """Check that a tree leads to its calls, and that equal calls are stored once."""
    below = next(line for line in GRAPH.splitlines() if "iommu_dma_map_phys" in line) + "\n"
    (logs / "paths-strict.log").write_text(GRAPH.replace(below, below + below))
    found = json.loads(re.search(r'id="tree-data">(.*?)</script>', make_page(logs))[1])

    def tree(numbers):
        calls = [found["calls"][number] for number in numbers]
        return [(found["functions"][name], count, tree(below)) for name, count, *below in calls]

    numbers, _, _ = dict(found["operations"])["dma_map_single"]["strict"]
    assert tree(numbers) == [("dma_map_phys", 1600, [("iommu_dma_map_phys", 800, [])] * 2)]
    # The third is that of make trace.
    assert len(found["calls"]) == 3


def test_trees_of_some(logs):
    assert "No call trees were recorded in lazy." in Page(make_page(logs)).text["p"]


def test_trees_of_the_same(logs):
    """Check that cma shows the trees of strict, which has the same facts."""
    (logs / "scenario-cma.log").write_text(CONSOLE)
    assert "No call trees were recorded in lazy." in Page(make_page(logs)).text["p"]


def test_old_logs(logs):
    """Check that a scenario that the last run did not test is reported."""
    (logs / "scenario-cma.log").write_text(CONSOLE)
    assert "cma: not among the results of the last make test" in Page(make_page(logs)).text["p"]


def test_broken_data(logs):
    """Check that unreadable data is reported."""
    (logs / "trace-strict-map_single.json").write_text('{"operation": 1}')
    assert "trace-strict-map_single.json cannot be read" in Page(make_page(logs)).text["p"]


@pytest.mark.parametrize(
    ("detail", "functions"),
    [
        (
            "dma_map_single, dma_unmap_single to_device size 1 phys 0x1 dma 0x2 witness: a, dma_x",
            ["dma_map_single", "dma_unmap_single"],
        ),
        ("entries 5, for the device 1, dma_map_sgtable to_device witness: bytes", ["dma_map_sgtable"]),
        ("the device is cache-coherent", []),
    ],
)
def test_functions(detail, functions):
    """Check the C functions of a check."""
    assert console.functions(ktap.Result("", "passed", evidence=detail)) == functions


def test_broken_graph(logs):
    """Check that an operation fails if its trace cannot be read."""
    (logs / "paths-strict.log").write_text(GRAPH.replace("} /* dma_map_phys */", "} /* other */"))
    assert "cannot be read" in Page(make_page(logs)).text["script"]


def change(logs, *pairs):
    """Return the page after a change to the trace of the first scenario."""
    trace = logs / "scenario-strict.trace"
    for old, new in pairs:
        assert old in trace.read_text()
        trace.write_text(trace.read_text().replace(old, new))
    return Page(make_page(logs))


def test_contradictions(logs):
    """Check that contradictions are shown."""
    page = change(logs, ("translated=0x41e07000", "translated=0x1000"))
    assert "streaming/to_device 4096: claim 1: 0xfffff000 leads to 0x41e07000, but" in page.text["li"]
    assert "; 1 claim contradicted" in page.text["b"]
    assert "verdict failed" in [attrs.get("class") for _, attrs in page.elements]


INVALIDATION = next(line for line in TRACE.splitlines() if "range_inval" in line) + "\n"
WALK = "smmu_iotlb_lookup_miss"


@pytest.mark.parametrize(
    "pairs",
    [
        [(INVALIDATION, INVALIDATION.replace("0xffffe000", "0xfffe0000"))],
        # During the transfer, so not by the unmap.
        [(INVALIDATION, ""), (WALK, INVALIDATION + WALK)],
    ],
    ids=["elsewhere", "too early"],
)
def test_no_invalidation(logs, pairs):
    """Check that a missing invalidation is shown as missing."""
    text = change(logs, *pairs).text["span"]
    assert "no invalidation yet" in text
    assert "before the unmap returns" not in text


@pytest.mark.parametrize("text", ["smmuv3_translate_success what is this\n", "cut off"])
def test_broken_trace(logs, text):
    """Check that a broken trace is reported."""
    (logs / "scenario-strict.trace").write_text(text)
    page = Page(make_page(logs))
    assert "; 1 claim contradicted" in page.text["b"]
    assert "trace: " in page.text["li"]


def test_fault(logs):
    """Check that a fault is in the picture and in the steps."""
    log = logs / "scenario-strict.log"
    said = "    # claim 3: fault dma 0xfffff000 size 0x4 event F_PERMISSION"
    log.write_text(CONSOLE.replace("    # claim 2", f"{said}\n[    0.100007] safe_dma 0000:00:01.0:     # claim 2"))
    second = next(line for line in TRACE.splitlines() if "iova=0xfffff000" in line)
    mark = next(line for line in TRACE.splitlines() if "addr 0x10000000 " in line)
    page = change(
        logs,
        (mark, f"{mark}\n{mark.replace('value 0x1 ', 'value 0x3 ')}"),
        ("value 0x2000 ", "value 0x1004 "),
        (second, "smmuv3_record_event SMMU_EVT_F_PERMISSION sid=0x8"),
    )
    assert "; 0 claims contradicted" in page.text["b"]
    assert "F_PERMISSION at 0xfffff000: stopped" in page.text["span"]
    assert "fault" in [attrs.get("class") for tag, attrs in page.elements if tag == "path"]


def test_same_twice(logs):
    assert make_page(logs) == make_page(logs)


def test_no_run(tmp_path):
    """Check that there is no page without logs."""
    output = tmp_path / "page.html"
    with pytest.raises(testrun.NoRun, match="^no test run in "):
        report.main(["--logs", str(tmp_path / "none"), "--output", str(output)])
    assert not output.exists()


def test_make_report(make, tree):
    """Check that the target needs only the logs and the environment of the run."""
    assert error_line(make("report", cwd=tree)).startswith("safe-dma: error: no test run in ")
    (tree / ".build" / "log").mkdir(parents=True)
    (tree / ".build" / "log" / "scenario-strict.log").write_text(CONSOLE)
    shutil.copy(FILE, tree / ".build")
    result = make("report", cwd=tree, KDIR="/nowhere")
    assert result.returncode == 0
    assert Path(result.stdout.strip()) == tree / ".build" / "report.html"
    assert Page((tree / ".build" / "report.html").read_text())
    assert not list(tree.rglob("__pycache__"))


@pytest.mark.parametrize(
    ("function", "file", "expected"),
    [
        ("__iommu_dma_map", "", "dma-iommu"),
        ("iommu_iova_to_phys", "", "iommu"),
        ("arm_smmu_iova_to_phys", "", "smmu"),
        ("alloc_iova_fast", "", "iova"),
        ("debug_dma_map_phys", "", "debug"),
        ("dma_map_phys", "", "mapping"),
        ("dma_direct_alloc", "", "direct"),
        ("_raw_spin_lock", "", "other"),
        ("dma_map_phys", "kernel/dma/direct.c", "direct"),
        ("x", "drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c", "smmu"),
        ("x", "drivers/iommu/iova.c", "iova"),
        ("x", "drivers/iommu/io-pgtable-arm.c", "pgtable"),
        ("x", "drivers/iommu/iommu-sva.c", "iommu"),
        ("x", "mm/cma.c", "cma"),
        ("dma_map_phys", "mm/slub.c", "other"),
    ],
)
def test_layer(function, file, expected):
    assert calls.LAYERS[calls.layer(function, file)][0] == expected


def test_scale_from_top():
    """Check that addresses go down from the top, within the picture."""
    of = scale.FromTop(1 << 32, 0xFFC00000, 100)
    ys = [of.y(address) for address in (0xFFFFFFFF, 0xFFFFF000, 0xFFFFE000, 0xFFFF0000, 0xFFC00000)]
    assert ys == sorted(ys)
    assert ys[0] == 0
    assert ys[-1] == 100
    assert of.y(1 << 32, end=True) == 0


def test_scale_of_what_is_used():
    """Check that ranges are within the picture, higher ones above, with gaps between them."""
    ranges = [(0x41D00000, 0x41D01000), (0x41FFF000, 0x42000000), (0x80000000, 0x80400000)]
    of = scale.Used(ranges, 200)
    ys = [of.y(address, end) for start, stop in reversed(ranges) for address, end in ((stop, True), (start, False))]
    assert ys == sorted(ys)
    assert ys[0] >= 0
    assert ys[-1] <= 200
    assert len(of.breaks()) == 2


def test_scale_of_moments():
    """Check that later moments are further right, and each group has its share."""
    moments = list(range(0, 1000, 10))
    of = scale.Moments([0, 10, 900], [1, 1, 1], moments, 0, 100)
    xs = [of.x(moment) for moment in moments]
    assert xs == sorted(xs)
    assert xs[0] == 0
    assert xs[-1] <= 100
    assert of.edges[1] - of.edges[0] > 2


def test_no_name_of_the_repository_is_in_the_page(logs):
    """Check that no path is shown."""
    assert str(TOP) not in make_page(logs)
