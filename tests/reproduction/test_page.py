"""The files of the report: written after each section, kept where nothing has changed."""

import dataclasses
import json

import altair as alt
import pytest

from reproduction import __main__ as command
from reproduction.page import Report, Run, digest, fingerprint, markdown, rows_of
from reproduction.report import Section, near, told

ROWS = (near("a", (0.1, 0.2), 0.15, 0.03), told("b", 1.0, why="Chance."))
CHART = alt.Chart(alt.InlineData(values=[{"x": 1}])).mark_point().encode(x="x:Q")
FIRST = Section("R1. First", "Some *text*.", ROWS, {"first_chart": CHART, "first_picture": b"PNG"})
RUN = Run("2026-01-01", False, 12.34, "A machine", "abc")


@pytest.fixture
def report(tmp_path):
    return Report(tmp_path, ("first", "second"))


def test_what_is_written_reads_as_it_was(report, tmp_path):
    report.take("first", FIRST, RUN)
    again = Report(tmp_path, ("first", "second"))
    assert again.rows() == list(ROWS)
    assert (tmp_path / "reproduction.md").read_text() == markdown(again.stored)
    assert (tmp_path / "reproduction/first_chart.svg").read_text().startswith("<svg")
    assert (tmp_path / "reproduction/first_picture.png").read_bytes() == b"PNG"


def test_sections_keep_their_order_and_their_rows(report, tmp_path):
    report.take("second", dataclasses.replace(FIRST, title="R2. Second", plots={}), RUN)
    report.take("first", FIRST, RUN)
    text = (tmp_path / "reproduction.md").read_text()
    assert text.index("## R1. First") < text.index("## R2. Second")
    assert len(report.rows()) == 4


def test_a_run_replaces_the_last_one_and_its_plots(report, tmp_path):
    report.take("first", FIRST, RUN)
    report.take("first", dataclasses.replace(FIRST, rows=ROWS[:1], plots={"new": b"PNG"}), RUN)
    assert report.rows() == [ROWS[0]]
    folder = {path.name for path in (tmp_path / "reproduction").iterdir()}
    assert folder == {"new.png", "rows.json"}


def test_a_section_is_kept_while_code_and_settings_are_the_same(report):
    assert not report.holds("first", "abc", False)
    report.take("first", FIRST, RUN)
    assert report.holds("first", "abc", False)
    assert not report.holds("first", "abd", False)
    assert not report.holds("first", "abc", True)


def test_a_digest_tells_files_apart(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    before = digest([path], tmp_path)
    path.write_text("x = 2\n")
    assert digest([path], tmp_path) != before


def test_a_module_that_experiments_share_counts_and_the_report_does_not(tmp_path):
    folder = tmp_path / "reproduction"
    folder.mkdir()
    for name, text in (
        ("shared", ""),
        ("report", ""),
        ("mine", "from reproduction.shared import x\nfrom reproduction.report import y\n"),
    ):
        (folder / f"{name}.py").write_text(text)
    before = fingerprint(tmp_path, "mine")
    (folder / "report.py").write_text("y = 1\n")
    assert fingerprint(tmp_path, "mine") == before
    (folder / "shared.py").write_text("x = 1\n")
    assert fingerprint(tmp_path, "mine") != before


def test_long_tables_are_folded(report, tmp_path):
    report.take("first", dataclasses.replace(FIRST, rows=ROWS[:1] * 50), RUN)
    assert "<summary>All 50 figures</summary>" in (tmp_path / "reproduction.md").read_text()


def test_the_page_says_what_ran_on_what(report, tmp_path):
    report.take("first", FIRST, RUN)
    report.take("second", FIRST, dataclasses.replace(RUN, quick=True, machine="Another"))
    lines = (tmp_path / "reproduction.md").read_text().splitlines()
    assert "| R1. First | full | 2026-01-01 | 12 | 1 | 1 of 1 |" in lines
    assert "| R1. First | quick | 2026-01-01 | 12 | 2 | 1 of 1 |" in lines
    assert {"1. A machine", "2. Another"} <= set(lines)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "ROOT", tmp_path)
    return tmp_path / "docs"


def test_the_command_fails_after_writing_if_a_row_leaves_its_tolerance(
    elsewhere, monkeypatch, capsys
):
    bad = near("a figure", 0.5, 0.1, 0.03)
    monkeypatch.setattr("reproduction.mnist.run", lambda quick: Section("R3", "", (bad,), {}))
    assert command.main(["--quick", "--only", "mnist"]) == 1
    stored = json.loads((elsewhere / "reproduction/rows.json").read_text())
    assert rows_of(stored["mnist"]) == [bad]
    assert stored["mnist"]["run"]["quick"]
    assert "a figure: 0.500 is not within 0.03 of 0.1" in capsys.readouterr().err


def test_the_command_runs_a_section_once(elsewhere, monkeypatch):
    runs = []
    for name in command.EXPERIMENTS:
        monkeypatch.setattr(
            f"reproduction.{name}.run", lambda quick, name=name: runs.append(name) or FIRST
        )
    assert command.main([]) == command.main([]) == 0
    assert runs == list(command.EXPERIMENTS)
    command.main(["--only", "mnist"])
    assert runs[len(command.EXPERIMENTS) :] == ["mnist"]


def test_data_that_are_missing_leave_a_section_out(elsewhere, monkeypatch, capsys):
    def run(quick):
        raise FileNotFoundError("load_mnist(split='train') needs mnist.npz.")

    monkeypatch.setattr("reproduction.mnist.run", run)
    assert command.main(["--only", "mnist"]) == 0
    assert not (elsewhere / "reproduction.md").exists()
    assert "mnist: left out. load_mnist(split='train')" in capsys.readouterr().err


def test_the_page_alone_is_written_again(elsewhere, monkeypatch):
    monkeypatch.setattr("reproduction.mnist.run", lambda quick: FIRST)
    command.main(["--only", "mnist"])
    whole = (elsewhere / "reproduction.md").read_text()
    (elsewhere / "reproduction.md").write_text("old")
    assert command.main(["--only"]) == 0
    assert (elsewhere / "reproduction.md").read_text() == whole


def test_an_experiment_that_does_not_exist_is_refused(elsewhere, capsys):
    with pytest.raises(SystemExit):
        command.main(["--only", "table2"])
    assert "--only table2 must name experiments: table1," in capsys.readouterr().err
