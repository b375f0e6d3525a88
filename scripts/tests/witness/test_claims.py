# SPDX-License-Identifier: GPL-2.0
"""Check the comparison of the guest's claims with QEMU's trace of the SMMU."""

import re

import pytest

from safe_dma.guest import stage
from safe_dma.guest.plan import find, trace_of
from safe_dma.witness import claims, proof, smmu_trace

DEVICE = "0000:00:01.0"
OTHER_DEVICE = "0000:00:02.0"
DMA, PHYS, PAGE = 0xFFFFE000, 0x41D62000, 0x1000
MSI = 0xFFFFF040
DOORBELL = 0x8090040
POOL = 0x5E580000
BARS = {DEVICE: 0x10000000, OTHER_DEVICE: 0x10100000}


class Run:
    """A synthetic run of a guest, which writes its console and its trace."""

    def __init__(self, **facts):
        self.facts = {"translation": "strict"} | facts
        self.trace = []
        self.name = ""
        self.console = [f"[    0.000000] software IO TLB: mapped [mem {POOL:#018x}-{POOL + 0x80000:#018x}] (0MB)"]
        self.number = 0
        for device, bar in BARS.items():
            self.config(device, claims.BAR, 0xFFFFFFFF)
            self.config(device, claims.BAR, bar)
            self.config(device, claims.MSI_ADDRESS, self.msi)

    @property
    def translated(self):
        return self.facts["translation"] in ("strict", "lazy")

    @property
    def msi(self):
        return MSI if self.translated else DOORBELL

    def config(self, device, register, value):
        self.write("pcie-mmcfg-mmio", claims.stream(device) << 12 | register, value)

    def write(self, region, address, value, size=4, access="write"):
        self.trace.append(
            f"memory_region_ops_{access} cpu 0 mr 0x55a3 addr {address:#x} value {value:#x} size {size} name '{region}'"
        )

    def register(self, register, value, device=DEVICE):
        self.write("edu-mmio", BARS[device] + register, value)

    def say(self, text, device=DEVICE):
        if not any(f" {device}: " in line for line in self.console):
            self.console.append(f"[    0.{len(self.console):06}] safe_dma {device}: KTAP version 1")
        self.console.append(f"[    0.{len(self.console):06}] safe_dma {device}:     {text}")

    def subject(self, name="streaming"):
        if self.name:
            self.say(f"ok 1 {self.name}")
        self.name = name
        self.say("KTAP version 1")
        self.say(f"# Subtest: {name}")
        self.say("1..9")

    def end(self, name="to_device", evidence="dma_map_single", verdict="ok"):
        self.say(f"{verdict} 1 {name} # {evidence}")

    def claim(self, what, device=DEVICE):
        self.number += 1
        self.say(f"# claim {self.number}: {what}", device)
        self.register(claims.MARK, self.number, device)

    def map(self, dma=DMA, size=PAGE, perm="rw", memory=f"phys {PHYS:#x}+{PAGE:#x}", device=DEVICE):
        self.claim(f"map dma {dma:#x} size {size:#x} perm {perm} {memory}", device)

    def unmap(self, dma=DMA, size=PAGE):
        self.claim(f"unmap dma {dma:#x} size {size:#x}")

    def fault_claim(self, dma=DMA, event="F_TRANSLATION"):
        self.claim(f"fault dma {dma:#x} size 0x4 event {event}")

    def lookup(self, address, hit=False, asid=2):
        word = "hit IOTLB cache HIT" if hit else "miss IOTLB cache MISS"
        self.trace.append(f"smmu_iotlb_lookup_{word} asid={asid} vmid=0 addr={address:#x} hit=1 miss=2 hit rate=33")

    def translate(self, iova=DMA, phys=PHYS, perm=3, hit=False, sid=8, stage=1, asid=2):
        if self.translated:
            self.lookup(iova, hit, asid)
            if not hit:
                self.trace.append(f"smmu_iotlb_insert IOTLB ++ asid={asid} vmid=0 addr={iova & -PAGE:#x} tg=1 level=3")
            self.trace.append(
                f"smmuv3_translate_success smmuv3-iommu-memory-region-8-1 sid={sid:#x} iova={iova:#x} "
                f"translated={phys:#x} perm={perm:#x} stage={stage}"
            )
        elif self.facts["translation"] == "identity":
            self.trace.append(
                f"smmuv3_translate_bypass smmuv3-iommu-memory-region-8-1 sid={sid:#x} STE bypass iova:{iova:#x} "
                "is_write=1"
            )

    def fault(self, iova=DMA, event="SMMU_EVT_F_TRANSLATION"):
        self.lookup(iova)
        self.trace.append(f"smmuv3_record_event {event} sid=0x8")

    def invalidate(self, address=DMA, pages=1):
        self.trace.append(
            f"smmuv3_range_inval vmid=0 asid=2 addr={address:#x} tg=1 num_pages={pages:#x} ttl=3 leaf=1 stage=1"
        )

    def invalidate_all(self, asid=2):
        self.trace.append(f"smmu_iotlb_inv_asid_vmid IOTLB invalidate asid={asid} vmid=0")

    def start(self, address=DMA, size=PAGE, to_memory=False, device=DEVICE):
        source, destination = (0x40000, address) if to_memory else (address, 0x40000)
        self.register(claims.SOURCE, source, device)
        self.register(claims.DESTINATION, destination, device)
        self.register(claims.COUNT, size, device)
        self.register(claims.COMMAND, 7 if to_memory else 5, device)

    def interrupt(self, phys=DOORBELL, sid=8, asid=2):
        self.translate(self.msi, phys, sid=sid, asid=asid)
        self.write("translation", DOORBELL, 0)

    def look(self, at_work=False, device=DEVICE):
        self.write("edu-mmio", BARS[device] + claims.COMMAND, 4 | at_work, access="read")

    def done(self):
        self.interrupt()
        self.look()

    def transfer(self, address=DMA, size=PAGE, to_memory=False, **translation):
        self.start(address, size, to_memory)
        self.translate(address, **translation)
        self.done()

    def begin(self, *args, **claim):
        """Begin a check."""
        self.subject()
        self.map(*args, **claim)
        return self

    def whole(self):
        """Run a check: map, move data in both directions, and unmap."""
        self.begin()
        self.transfer()
        self.transfer(to_memory=True, hit=True)
        if self.translated:
            self.invalidate()
        self.unmap()
        self.end(evidence="dma_map_single witness: round trip")
        return self

    def report(self):
        return claims.judge([line + "\n" for line in self.trace], self.console, self.facts)

    def contradicted(self, *words, check="streaming/to_device"):
        """Check that only `check`, by default the last one, is contradicted, in these words."""
        if not any(" ok 1 " in line or "not ok 1 " in line for line in self.console):
            self.end()
        report = self.report()
        failed = {result.name: result for result in report.results() if result.status == "failed"}
        assert list(failed) == [check], [result.reason for result in failed.values()]
        said = "\n".join([failed[check].reason, *failed[check].log])
        assert all(word in said for word in words), said
        return report


def drop(run, text):
    """Drop the lines with this text from the trace."""
    kept = [line for line in run.trace if text not in line]
    assert len(kept) < len(run.trace)
    run.trace = kept


def change(run, old, new, which=0, of="trace"):
    """Change one line of the trace, or of the console."""
    lines = getattr(run, of)
    numbers = [number for number, line in enumerate(lines) if old in line]
    lines[numbers[which]] = lines[numbers[which]].replace(old, new)


@pytest.mark.parametrize("translation", ["strict", "lazy"])
def test_confirmed(translation):
    """Check that a good run is confirmed."""
    report = Run(translation=translation).whole().report()
    assert not report.contradictions
    assert report.summary() == (
        "1 claims, 2 transfers, 2 translations confirmed, 2 of a doorbell, 0 faults, 0 contradicted"
    )
    assert [result.name for result in report.results()] == ["trace", "streaming/to_device"]


PERMITTED = {
    # The claim's permission, the direction, and the SMMU's permission.
    "written beyond r": ("r", False, 3, "could be written, and the permission is r"),
    "r written": ("r", True, 3, "was written by the device"),
    "w read": ("w", False, 3, "was read by the device"),
    "rw only read": ("rw", True, 1, "was written by the device"),
}


@pytest.mark.parametrize(("perm", "to_memory", "allowed", "words"), PERMITTED.values(), ids=PERMITTED)
def test_permission(perm, to_memory, allowed, words):
    """Check that the device has exactly the permission that was claimed."""
    run = Run().begin(perm=perm)
    run.transfer(to_memory=to_memory, perm=allowed)
    run.contradicted(words)


# A change to a good run, and the words of the contradiction.
WHOLE = {
    # A translation to something else.
    "other memory": (
        lambda run: change(run, f"translated={PHYS:#x}", f"translated={PHYS + PAGE:#x}"),
        [f"{DMA:#x} leads to {PHYS:#x}, but the access went to {PHYS + PAGE:#x}"],
    ),
    "other memory later": (
        lambda run: change(run, f"translated={PHYS:#x}", f"translated={PHYS + PAGE:#x}", 1),
        [f"{DMA:#x} leads to {PHYS:#x}, but the access went to {PHYS + PAGE:#x}"],
    ),
    "not invalidated": (lambda run: drop(run, "range_inval"), ["was unmapped, and was not invalidated"]),
    "other stage": (
        lambda run: run.facts.update(stage=2),
        ["was translated by stage 1 and not by stage 2"],
    ),
    # The memory in the claim of the guest.
    "wrong claim": (lambda run: change(run, f"{PHYS:#x}", f"{PHYS + 0x40:#x}", of="console"), ["leads to"]),
    "no mark": (
        lambda run: drop(run, "addr 0x10000000 value 0x1 "),
        ["claim 1 is in the console, and its mark is not in the trace"],
    ),
}


@pytest.mark.parametrize(("edit", "words"), WHOLE.values(), ids=WHOLE)
def test_edited(edit, words):
    """Check that one change to a good run is a contradiction."""
    run = Run().whole()
    edit(run)
    run.contradicted(*words)


TWO_PAGES = {"size": 2 * PAGE, "memory": f"phys {PHYS:#x}+{2 * PAGE:#x}"}
# A claim, the steps after it, and the words of the contradiction.
BEGUN = {
    # A part of the transfer was not translated.
    "part": (
        TWO_PAGES,
        lambda run: [run.start(DMA + PAGE - 64, 128), run.translate(DMA + PAGE - 64, PHYS + PAGE - 64), run.done()],
        ["of a transfer of 0x80 bytes", "0x40 were accessed"],
    ),
    "never over": ({}, lambda run: run.start(), ["of a transfer of 0x1000 bytes", "0x0 were accessed"]),
    "no transfer": (
        {},
        lambda run: run.end(evidence="witness: round trip"),
        ["but no transfer used its addresses"],
    ),
    "not told": ({}, lambda run: run.translate(), ["without a command"]),
    # Within the mapping.
    "elsewhere": (
        TWO_PAGES,
        lambda run: [run.start(DMA, 64), run.translate(DMA + PAGE, PHYS + PAGE), run.done()],
        ["instead of"],
    ),
    # The transfer after it adds the TLB entry again.
    "invalidated too early": (
        {},
        lambda run: [run.invalidate(), run.transfer(), run.unmap()],
        ["was not invalidated", "1 more"],
    ),
    "invalidated in part": (
        TWO_PAGES,
        lambda run: [run.invalidate(), run.unmap(size=2 * PAGE)],
        [f"{DMA + PAGE:#x} was unmapped, and was not invalidated"],
    ),
    "another ASID": (
        {},
        lambda run: [run.transfer(), run.invalidate_all(asid=3), run.unmap()],
        ["was not invalidated"],
    ),
    "unmapped at work": (
        {},
        lambda run: [run.start(), run.invalidate(), run.unmap(), run.translate(), run.done()],
        ["was unmapped during a transfer"],
    ),
    "two memories": (
        {},
        lambda run: run.map(memory=f"phys {PHYS + PAGE:#x}+{PAGE:#x}"),
        ["maps 0xffffe000 differently than claim 1"],
    ),
    "two permissions": ({}, lambda run: run.map(perm="r"), ["maps 0xffffe000 differently than claim 1"]),
    "no access to stop": (
        {},
        lambda run: [run.fault_claim(), run.start(size=4), run.look()],
        ["the access to 0xffffe000 was not stopped"],
    ),
    "interrupt elsewhere": (
        {},
        lambda run: [run.start(), run.translate(), run.interrupt(phys=DOORBELL + PAGE)],
        ["the interrupt went to"],
    ),
    "interrupt to memory": (
        {},
        lambda run: [run.start(), run.translate(), run.translate(MSI, PHYS), run.start()],
        ["where no doorbell is"],
    ),
}


@pytest.mark.parametrize(("claim", "steps", "words"), BEGUN.values(), ids=BEGUN)
def test_steps(claim, steps, words):
    """Check that each wrong step is a contradiction."""
    run = Run().begin(**claim)
    steps(run)
    run.contradicted(*words)


def test_second_page():
    """Check both pages of a transfer across their border."""
    for phys, good in ((PHYS - 2 * PAGE, True), (PHYS + PAGE, False)):
        run = Run()
        run.subject()
        run.map(DMA - PAGE, 2 * PAGE, memory=f"phys {PHYS:#x}+{PAGE:#x} {PHYS - 2 * PAGE:#x}+{PAGE:#x}")
        run.start(DMA - 64, 128)
        run.translate(DMA - 64, PHYS + PAGE - 64)
        run.translate(DMA, phys)
        run.done()
        run.end()
        assert bool(run.report().contradictions) != good


@pytest.mark.parametrize("told", [True, False])
def test_lazy(told):
    """Check that a lazy domain must invalidate only before it reuses the address."""
    run = Run(translation="lazy").whole()
    drop(run, "range_inval")
    assert not run.report().contradictions
    if told:
        run.invalidate_all()
    run.map(memory=f"phys {PHYS + PAGE:#x}+{PAGE:#x}")
    run.transfer(phys=PHYS + PAGE)
    run.end("again")
    if told:
        assert not run.report().contradictions
    else:
        run.contradicted("was allocated again, and was not invalidated", check="streaming/again")


def test_use_after_unmap():
    """Check an access after the unmap."""
    for translation in ("strict", "lazy"):
        run = Run(translation=translation).whole()
        if translation == "lazy":
            drop(run, "range_inval")
        run.transfer(hit=translation == "lazy")
        run.contradicted(f"the device accessed {DMA:#x}")


def test_hit_after_invalidation():
    """Check that a hit after the invalidation is reported."""
    run = Run().begin()
    run.transfer()
    run.invalidate()
    run.transfer(hit=True)
    run.end()
    report = run.report()
    assert any("which was invalidated" in problem for problem in report.problems)


@pytest.mark.parametrize(("perm", "good"), [(2, True), (3, False)])
def test_permission_of_stage_2(perm, good):
    """Check that stage 2 must map memory write-only if it is claimed so."""
    run = Run(stage=2).begin(perm="w")
    run.transfer(to_memory=True, perm=perm, stage=2)
    run.end()
    problems = [problem for problem in run.report().contradictions if "by stage 1" not in problem]
    assert problems == [] if good else "could be read" in problems[0]


def test_without_claim():
    """Check an access that no claim covers."""
    run = Run().whole()
    run.subject("sg")
    run.map(DMA - PAGE)
    run.transfer(DMA - 8 * PAGE, phys=PHYS + 8 * PAGE)
    run.end("list")
    run.contradicted(f"the device accessed {DMA - 8 * PAGE:#x}, and no claim covers it", check="sg/list")


@pytest.mark.parametrize("translation", ["strict", "identity", "none"])
def test_interrupts_mean_nothing(translation):
    """Check an interrupt during a transfer, and the end of the transfer without one."""
    run = Run(translation=translation)
    dma = DMA if run.translated else PHYS
    run.subject()
    run.map(dma)
    run.start(dma)
    run.interrupt()
    run.look(at_work=True)
    run.translate(dma)
    run.look()
    if run.translated:
        run.invalidate(dma)
    run.unmap(dma)
    run.end()
    report = run.report()
    assert not report.contradictions
    assert report.translations == 1


@pytest.mark.parametrize("translation", ["strict", "identity", "none"])
def test_unmap_before_the_end(translation):
    """Check that unmapping after an interrupt, but before the end, is reported."""
    run = Run(translation=translation)
    dma = DMA if run.translated else PHYS
    run.subject()
    run.map(dma)
    run.start(dma)
    run.interrupt()
    run.look(at_work=True)
    if run.translated:
        run.invalidate(dma)
    run.unmap(dma)
    run.contradicted("was unmapped during a transfer")


def test_said_twice():
    """Check that claims may repeat, and that mappings of a failed check do not count."""
    run = Run().begin()
    run.map()
    run.end(verdict="not ok")
    run.map(memory=f"phys {PHYS + PAGE:#x}+{PAGE:#x}")
    run.transfer(phys=PHYS + PAGE)
    run.end("next")
    assert not run.report().contradictions


def stopped(claimed="F_TRANSLATION", event="SMMU_EVT_F_TRANSLATION"):
    """Return a run with an access that faults."""
    run = Run()
    run.subject("isolation")
    run.map(DMA - PAGE)
    if claimed:
        run.fault_claim(event=claimed)
    run.start(DMA - 4, 8, to_memory=True)
    run.translate(DMA - 4, PHYS + PAGE - 4)
    if event:
        run.fault(event=event)
    else:
        run.translate(DMA, PHYS + PAGE)
    run.done()
    run.end("write past the end")
    return run


def test_stopped():
    """Check a fault that is claimed."""
    report = stopped().report()
    assert not report.contradictions
    assert report.faults == 1


@pytest.mark.parametrize(
    ("claimed", "event", "words"),
    [
        ("F_TRANSLATION", None, "no claim covers it"),
        (None, "SMMU_EVT_F_TRANSLATION", "and no claim expects it"),
        ("F_TRANSLATION", "SMMU_EVT_F_PERMISSION", "reported F_PERMISSION at 0xffffe000"),
    ],
)
def test_not_stopped(claimed, event, words):
    """Check a missing fault, a fault that is not claimed, and another event than claimed."""
    report = stopped(claimed, event).report()
    assert any(words in problem for problem in report.contradictions), report.contradictions
    assert {result.name for result in report.results() if result.status == "failed"} == {"isolation/write past the end"}


def test_allowed_where_it_must_be_stopped():
    """Check a write that must fault, to memory that is mapped."""
    run = Run()
    run.subject("isolation")
    run.map(perm="r")
    run.fault_claim(event="F_PERMISSION")
    run.transfer(size=4, to_memory=True)
    run.end("write to a to_device mapping")
    run.contradicted("was written by the device", check="isolation/write to a to_device mapping")


@pytest.mark.parametrize(("translation", "phys"), [("lazy", PHYS), ("identity", DMA)])
def test_open(translation, phys):
    """Check that an open claim permits one transfer to its memory, and no other."""
    run = Run(translation=translation)
    run.subject("isolation")
    run.map(memory=f"phys {phys:#x}+{PAGE:#x}")
    run.transfer(phys=phys)
    run.claim(f"open dma {DMA:#x} size 0x4 perm rw phys {phys:#x}+0x4")
    run.start(size=4)
    run.unmap()
    run.translate(phys=phys, hit=True)
    run.done()
    run.end("write after unmap")
    assert not run.report().contradictions
    if translation == "lazy":
        change(run, f"translated={phys:#x}", "translated=0x40000000", 1)
        run.contradicted("the access went to 0x40000000", check="isolation/write after unmap")
        change(run, "translated=0x40000000", f"translated={phys:#x}")
    run.transfer(size=4, phys=phys, hit=True)
    run.contradicted(f"the device accessed {DMA:#x}", check="isolation/write after unmap")


@pytest.mark.parametrize("translation", ["identity", "none"])
def test_untranslated(translation):
    """Check DMA addresses that are not translated."""
    run = Run(translation=translation).begin(PHYS)
    run.transfer(PHYS)
    run.transfer(PHYS, to_memory=True)
    run.unmap(PHYS)
    run.end(evidence="round trip")
    report = run.report()
    assert not report.contradictions
    assert report.translations == 2


@pytest.mark.parametrize("translation", ["identity", "none"])
@pytest.mark.parametrize(
    ("dma", "memory", "words"),
    [
        (POOL, f"copy of {PHYS:#x}+{PAGE:#x}", None),
        (PHYS, f"copy of {PHYS:#x}+{PAGE:#x}", "leads to the memory itself"),
        (PHYS + PAGE, f"copy of {PHYS:#x}+{PAGE:#x}", "which is no bounce buffer"),
        (DMA, f"phys {PHYS:#x}+{PAGE:#x}", "is not translated"),
        (PHYS, f"phys {PHYS:#x}+{PAGE // 2:#x} {PHYS + PAGE:#x}+{PAGE // 2:#x}", "is not translated"),
    ],
)
def test_bounced(translation, dma, memory, words):
    """Check that a copy must be in the kernel's bounce buffers."""
    run = Run(translation=translation).begin(dma, memory=memory)
    run.transfer(dma)
    run.end()
    if words:
        run.contradicted(words)
    else:
        assert not run.report().contradictions


def test_not_translated():
    """Check a domain that should translate and does not, and the reverse."""
    run = Run(translation="identity").begin(PHYS)
    run.transfer(PHYS)
    run.end()
    run.facts = {"translation": "strict"}
    run.contradicted("was not translated, and the translation is strict")
    run = Run().whole()
    run.facts = {"translation": "identity"}
    run.contradicted("was translated, and the translation is identity")


def test_two_devices():
    """Check that a claim is for one device."""
    run = Run().begin()
    run.transfer()
    run.say("# Subtest: streaming", OTHER_DEVICE)
    run.map(DMA - PAGE, device=OTHER_DEVICE)
    run.say("ok 1 to_device # evidence", OTHER_DEVICE)
    run.end()
    assert not run.report().contradictions
    change(run, "sid=0x8 iova=0xffffe000", "sid=0x10 iova=0xffffe000")
    report = run.report()
    assert any("the device accessed 0xffffe000 without a command" in problem for problem in report.contradictions)
    assert f"{DEVICE}/streaming/to_device" in [result.name for result in report.results()]


def test_device_without_claims():
    """Check DMA by another device."""
    for more in (0, 1):
        run = Run().whole()
        run.translate(sid=0x18)
        if more:
            run.look()
        run.contradicted("stream ID 0x18, which made no claims", check="trace")


def test_interrupt_of_another():
    """Check that a device without claims may only send interrupts."""
    run = Run().whole()
    run.interrupt(sid=0x18)
    report = run.report()
    assert not report.contradictions
    assert report.doorbells == 2
    change(run, "sid=0x18", "sid=0x20")
    change(run, f"translated={DOORBELL:#x} perm=0x3 stage=1", f"translated={PHYS:#x} perm=0x3 stage=1", -1)
    run.contradicted("the interrupt went to", check="trace")


def test_cut_off():
    """Check that a trace that ends too early is reported."""
    run = Run().whole()
    first = next(number for number, line in enumerate(run.trace) if "addr 0x10000000 " in line)
    for length in range(first):
        run.trace = run.trace[: first - length]
        assert run.report().contradictions


def test_not_a_trace(tmp_path):
    """Check malformed and missing traces."""
    run = Run().whole()
    run.trace[-1] = "smmuv3_translate_success something else"
    run.contradicted("of another form", check="trace")
    path = tmp_path / "trace"
    assert "QEMU has written no trace" in claims.judge(smmu_trace.lines(path), run.console, run.facts).problems[0]
    path.write_text("smmuv3_translate_succ")
    assert "is cut off" in claims.judge(smmu_trace.lines(path), run.console, run.facts).problems[0]


def test_console():
    """Check a missing claim, one out of order, one without a result, and no claims at all."""
    run = Run().whole()
    run.console.remove(next(line for line in run.console if "# claim 1: map" in line))
    assert "its console has no such claim" in run.report().problems[0]
    run = Run().whole()
    run.register(claims.MARK, 1)
    run.contradicted("has the mark of claim 1, and its console has no such claim", check="trace")
    run = Run().begin()
    run.end()
    run.unmap()
    run.contradicted("no result comes after 1 claims", check="trace")
    run = Run().whole()
    run.console.append("** 53 printk messages dropped **")
    run.contradicted("has lost 53 messages", check="trace")
    assert "made no claims" in claims.judge([], [], {}).problems[0]


UNMAP = f"unmap dma {DMA:#x} size {PAGE:#x}"
UNREADABLE = {
    "other word": ("perm", "mode", "cannot be read"),
    "no memory": (f" perm rw phys {PHYS:#x}+{PAGE:#x}", "", "cannot be read"),
    "memory of an unmap": (UNMAP, f"{UNMAP} perm r phys 0x0+{PAGE:#x}", "cannot be read"),
    "event of a map": (f"+{PAGE:#x}", f"+{PAGE:#x} event F_TRANSLATION", "cannot be read"),
    "other size": (f"size {PAGE:#x} perm", f"size {2 * PAGE:#x} perm", "another size of memory than of addresses"),
}


@pytest.mark.parametrize(("old", "new", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable(old, new, words):
    """Check that a malformed claim is an error."""
    run = Run().whole()
    change(run, old, new, of="console")
    run.contradicted(words, check="trace")


@pytest.mark.parametrize(("granule", "size"), [(0, 0x1000), (1, 0x1000), (2, 0x4000), (3, 0x10000)])
def test_invalidated_range(granule, size):
    """Check that the size depends on the granule, and is the smallest without one."""
    line = f"smmuv3_range_inval vmid=-1 asid=2 addr=0x0 tg={granule} num_pages=0x1 ttl=0 leaf=1 stage=1"
    assert list(smmu_trace.parse([line])) == [(1, smmu_trace.Invalidate(2, None, 0, size))]


def test_as_seen():
    """Check the fields of claims and transfers that the page shows."""
    report = Run().whole().report()
    (claim,) = report.seen
    assert (claim.dma, claim.pieces, claim.check.key) == (DMA, [(PHYS, PAGE)], (DEVICE, "streaming", "to_device"))
    assert (claim.forgotten.address, claim.forgotten.size) == (DMA, PAGE)
    assert claim.line < report.transfers[0].line < claim.unmapped_line
    assert [each.accesses for each in report.transfers] == [[(DMA, PHYS, PAGE, hit)] for hit in (False, True)]
    assert [each.interrupt for each in report.transfers] == [(MSI, DOORBELL)] * 2


# A run of the guest.


@pytest.fixture(scope="module")
def recorded():
    """Return trace, console and settings of a guest with claims."""
    outcome = stage.outcome("scenario-strict")
    assert not outcome.problem
    return list(smmu_trace.lines(trace_of("scenario-strict"))), outcome.lines, find("strict").settings()


@pytest.mark.boots("scenario-strict")
def test_run(recorded):
    """Check that all accesses are confirmed; test_proof.py checks contradictions."""
    report = proof.claims_report("strict")
    translated = sum(line.startswith("smmuv3_translate_") for line in recorded[0])
    assert report.translations + report.doorbells == translated > 1000


@pytest.mark.boots("scenario-strict")
def test_run_of_another_scenario(recorded):
    """Check that another scenario is contradicted."""
    trace, console, settings = recorded
    for wrong in ({"stage": 2}, {"translation": "identity"}, {"translation": "none"}):
        assert claims.judge(trace, console, settings | wrong).contradictions


@pytest.mark.boots("scenario-strict")
def test_edited_run(recorded):
    """Check that an edited translation in a real trace fails the right check."""
    trace, console, settings = recorded
    report = claims.judge(*recorded)
    claim = next(claim for claim in report.claims if claim.check.result.parent == "streaming" and claim.translations)
    which = re.compile(rf"(smmuv3_translate_success .* iova={claim.dma:#x} translated=){claim.pieces[0][0]:#x} ")
    number = next(number for number in range(claim.line, len(trace)) if which.match(trace[number]))
    edited = list(trace)
    edited[number] = which.sub(r"\g<1>0x40000000 ", trace[number])
    failed = [result for result in claims.judge(edited, console, settings).results() if result.status == "failed"]
    assert [result.name for result in failed] == [claim.check.result.name]
    assert "the access went to 0x40000000" in failed[0].reason
