# SPDX-License-Identifier: GPL-2.0
"""Check the rules of the paths of operations, and the judging of traces.

Nothing is booted here; test_proof.py judges the guests' traces.
"""

import itertools
import re

import pytest
from conftest import TOP

from safe_dma.witness import callgraph, paths

GRAPH = """\
# tracer: function_graph
#
#  DURATION                  FUNCTION CALLS
#   |   |                     |   |   |   |
              |  dma_map_phys() {
              |    iommu_dma_map_phys() {
  0.777 us    |      iommu_get_dma_domain();
              |      iommu_map() {
              |        irq_enter_rcu();
              |        do_interrupt_handler() {
  ==========> |
  1.000 us    |          gic_handle_irq();
  <========== |
! 116.718 us  |        } /* do_interrupt_handler */
  0.769 us    |        raw_irqentry_exit_cond_resched();
  0.878 us    |        arm_smmu_map_pages.llvm.123();
 ------------------------------------------
 0)    sh-60       =>   kworker-7
 ------------------------------------------

+ 13.476 us   |      } /* iommu_map */
  38.384 us   |    } /* iommu_dma_map_phys */
  1.5 us      |    debug_dma_map_phys [safe_dma]();
  93.887 us   |  } /* dma_map_phys */
"""


def table(*rules, names=None):
    """Return a table of one row."""
    return paths.Table(names or {}, [paths.Row("a row", "map_single", "dma_map_phys", list(rules))])


def rule(**more):
    """Return a rule for all scenarios."""
    return paths.Rule(**({"when": {}} | more))


def console(graph=GRAPH, status=0, functions=None):
    """Return the console about that row, with the functions that can be traced."""
    seen = {
        "dma_map_phys",
        "iommu_dma_map_phys",
        "iommu_map",
        "arm_smmu_map_pages",
        "dma_direct_map_phys",
        "gic_handle_irq",
    }
    lines = [f"paths: has {name}" for name in sorted(functions or seen)]
    lines += ["[    0.1] paths: begin a row", f"paths: status {status}", "paths: lost 0"]
    return [*lines, *graph.splitlines(), "paths: end a row", "paths: done"]


def judged(*rules, names=None, facts=None, **printed):
    """Return the only result."""
    (result,) = paths.results(console(**printed), facts or {}, table(*rules, names=names))
    return result


def test_the_tree_is_as_printed():
    (root,) = callgraph.parse(GRAPH.splitlines())
    assert [(depth, call.name) for depth, call in root.walk()] == [
        (0, "dma_map_phys"),
        (1, "iommu_dma_map_phys"),
        (2, "iommu_get_dma_domain"),
        (2, "iommu_map"),
        (3, "arm_smmu_map_pages"),
        (1, "debug_dma_map_phys"),
    ]
    assert root.nanoseconds == 93887
    assert root.calls[0].calls[1].nanoseconds == 13476
    assert root.calls[1].nanoseconds == 1500


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        ("  1.0 us | a() {", "not of a function graph|does not end"),
        ("              |  a() {\n", "a.. does not end"),
        ("  0.1 us    |  }\n", "did not begin"),
        ("              |  a() {\n  1.0 us    |  } /* b */\n", "end of b.. where that of a.. is due"),
        ("sh: write error: Invalid argument\n", "not of a function graph"),
    ],
)
def test_a_broken_graph_is_no_tree(graph, message):
    with pytest.raises(callgraph.GraphError, match=message):
        callgraph.parse(graph.splitlines())


def test_what_runs_and_what_does_not():
    assert judged(rule(must=["iommu_map"], must_not=["dma_direct_map_phys"])).status == "passed"


def test_a_function_that_did_not_run():
    result = judged(rule(must=["iommu_map", "dma_direct_map_phys"]))
    assert result.status == "failed"
    assert result.name == "paths/a row"
    assert result.reason == "dma_direct_map_phys must run, and did not"
    assert "    iommu_map()" in result.log


def test_a_function_that_must_not_run_is_shown_where_it_ran():
    result = judged(rule(must_not=["arm_smmu_map_pages"]))
    assert result.reason == "arm_smmu_map_pages must not run, and did"
    assert ">>>       arm_smmu_map_pages()" in result.log


def test_an_interrupt_is_not_the_operation():
    assert judged(rule(must_not=["gic_handle_irq"])).status == "passed"
    assert judged(rule(must=["gic_handle_irq"])).status == "failed"


@pytest.mark.parametrize("which", ["must", "must_not"])
def test_a_function_that_the_kernel_has_not(which):
    """Check that a rule with an unknown function fails."""
    result = judged(rule(**{which: ["iommu_mapp"]}))
    assert result.status == "failed"
    assert result.reason == "iommu_mapp: no such function in this kernel"


def test_a_chain_is_of_direct_calls():
    assert judged(rule(must=["iommu_dma_map_phys > iommu_map > arm_smmu_map_pages"])).status == "passed"
    assert judged(rule(must=["iommu_dma_map_phys > arm_smmu_map_pages"])).status == "failed"
    assert judged(rule(must_not=["iommu_map > arm_smmu_map_pages"])).status == "failed"


def test_another_name():
    names = {"iommu_map_pages": ["iommu_map_pages", "dma_map_phys > iommu_dma_map_phys"], "x": ["x", "iommu_map"]}
    assert judged(rule(must=["iommu_map_pages"]), names=names).status == "passed"
    assert judged(rule(must_not=["iommu_map_pages"]), names=names).status == "failed"
    assert judged(rule(must=["iommu_dma_map_phys > x"]), names=names).status == "passed"


def test_a_rule_of_another_scenario_does_not_count():
    lazy = rule(when={"translation": "lazy"}, must=["dma_direct_map_phys"])
    either = rule(when={"translation": ["strict", "lazy"], "coherent": True}, must=["iommu_map"])
    assert judged(lazy, either).status == "passed"
    assert judged(lazy, either, facts={"translation": "lazy"}).status == "failed"
    assert judged(lazy, either, facts={"translation": "none"}).reason == "no rule is for this scenario"


def test_whether_it_is_called():
    assert "must be called" in judged(rule(), graph="").reason
    assert judged(rule(called="maybe"), graph="").status == "passed"
    assert judged(rule(called=False), graph="").status == "passed"
    assert "must not be called" in judged(rule(called=False)).reason


def test_whether_it_fails():
    assert judged(rule(), status=1).reason == "op=map_single failed"
    assert judged(rule(fails=True), status=1).status == "passed"
    assert "should be refused" in judged(rule(fails=True)).reason


def test_a_trace_that_is_cut_off():
    lines = console()[:-6]
    (result,) = paths.results(lines, {}, table(rule()))
    assert result.status == "failed"
    assert "the trace does not end" in result.reason


def test_a_trace_that_is_missing():
    (result,) = paths.results(["paths: has dma_map_phys", "paths: done"], {}, table(rule()))
    assert result.reason == "the guest has not traced it"
    (result,) = paths.results(["paths: no entry a row", "paths: done"], {}, table(rule()))
    assert result.reason == "dma_map_phys: no such function in this kernel"


def test_a_trace_that_cannot_be_read():
    """Check that it is no tree, and that the verdict says why."""
    (row,) = paths.judge(console(graph="nonsense"), {}, table(rule()))
    assert row.roots == []
    assert "cannot be read" in row.result.reason


def test_calls_that_were_lost():
    lines = [line.replace("lost 0", "lost 3") for line in console()]
    (result,) = paths.results(lines, {}, table(rule()))
    assert "3 calls were lost" in result.reason


def test_a_kernel_without_a_tracer():
    (result,) = paths.results(["paths: cannot: this kernel has no ftrace"], {}, table(rule()))
    assert (result.status, result.reason) == ("skipped", "this kernel has no ftrace")


@pytest.mark.parametrize(
    "facts", [{"translation": "strikt"}, {"coherent": 1}, {"stage": True}, {"stage": 3}, {"colour": "red"}]
)
def test_wrong_facts_are_refused(facts):
    with pytest.raises(paths.TableError):
        paths.results([], facts, table(rule()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('translation = "lazy"', 'translation = "lasy"'),
        ("must_not = ", "mustnot = "),
        ('called = "maybe"', 'called = "perhaps"'),
        ("\nop = ", "\noperation = "),
        ("[[row]]", "[[row]"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, old, new):
    text = paths.TABLE.read_text()
    assert old in text
    copy = tmp_path / "paths.toml"
    copy.write_text(text.replace(old, new, 1))
    with pytest.raises(paths.TableError):
        paths.load(copy)


ROWS = paths.load().rows


def scenarios():
    """Yield all possible combinations of facts."""
    for values in itertools.product(*paths.FACTS.values()):
        facts = dict(zip(paths.FACTS, values, strict=True))
        translates = facts["translation"] in ("strict", "lazy")
        if not (translates and facts["bounce"] == "forced") and not (facts["untrusted"] and not translates):
            yield facts


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_row_has_a_rule_in_every_scenario(row):
    for facts in scenarios():
        rules = [rule for rule in row.rules if rule.fits(facts)]
        assert rules, facts
        assert any(rule.must or rule.must_not or rule.called is False for rule in rules), facts
        # No two contradict each other.
        must = {name for rule in rules for name in rule.must}
        assert not must & {name for rule in rules for name in rule.must_not}, facts
        called = {rule.called for rule in rules}
        if False in called:
            assert not must, facts


def test_rows_have_names_of_their_own():
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))


def test_every_operation_of_the_device_has_a_row():
    text = (TOP / "rust" / "testdev" / "control" / "lifecycles.rs").read_text()
    operations = set(re.findall(r'^        name: "(\w+)",$', text, re.MULTILINE))
    assert operations
    assert {row.op for row in ROWS} == operations | {"probe", "program"}


def test_what_the_guest_gets():
    lines = paths.guest_rows(paths.load()).splitlines()
    assert "row\tdma_map_single\tmap_single\tdma_map_phys dma_map_page_attrs" in lines
    functions = [line.split("\t")[1] for line in lines if line.startswith("function\t")]
    assert functions == sorted(set(functions))
    assert {"dma_map_page_attrs", "arm_smmu_map_pages", "_raw_spin_lock_irqsave"} <= set(functions)
    assert all(re.fullmatch(r"\w+", name) for name in functions)
