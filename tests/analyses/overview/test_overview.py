"""The front page: worst first, folded by rule, inside its own budget of words."""

import polars as pl
from drawing.frames import messages

from integrhealth.analyses import overview
from integrhealth.evidence import Evidence
from integrhealth.language.findings import changes, findings, no_findings, ranked
from integrhealth.language.report_tables import Report


def found(
    report: str, rule: str, *subjects: str, severity: str = "critical", n: int = 10, cost: float | None = None
) -> pl.DataFrame:
    rows = pl.DataFrame(
        [
            {
                "subject": s,
                "severity": severity,
                "statement": f"{s} is unhealthy.",
                "ask": f"What ails {s}?",
                "n": n,
                "cost": cost,
            }
            for s in subjects
        ]
    )
    return findings(report, rule, rows)


def test_the_front_page_shows_the_worst_of_each_rule_and_counts_the_rest():
    everything = ranked(
        [
            found("a", "ill", "x", "y", "z"),
            found("b", "ill", "x"),
            found("b", "ill", "y", severity="note"),
            found("a", "noted", "x", severity="note"),
        ]
    )
    worst = overview.worst(everything)
    assert worst.select("report", "rule", "subject", "more").rows() == [("a", "ill", "x", 2), ("b", "ill", "x", 0)]


def test_the_front_page_never_has_more_than_five_findings_nor_words_than_it_may():
    many = ranked([found("a", f"rule {number}", "x") for number in range(9)])
    assert overview.worst(many).height == 5
    wordy = ranked([found("a", f"rule {number}", "x " * 30) for number in range(9)])
    assert 0 < overview.worst(wordy).height < 5
    assert overview.worst(many, besides=["word " * 200]).is_empty()


def test_no_name_is_so_long_that_it_keeps_its_finding_from_the_front_page():
    long = "a system whose name\tdoes not end " * 12
    everything = ranked([found("a", f"rule {number}", long, n=99) for number in range(3)] + [found("b", "ill", "x")])
    worst = overview.worst(everything, besides=["word " * 40])
    assert worst["rule"].to_list() == ["rule 0", "rule 1", "rule 2", "ill"]
    texts = worst.select(pl.concat_str("severity", "statement", "ask", separator=" ").str.count_matches(r"\S+"))
    assert texts.to_series().max() <= 1 + 32 + 20
    assert worst["statement"][:3].str.contains("^a system whose name .* … ").all()
    assert overview.worst(ranked([found("b", "ill", "x")]))["statement"].to_list() == ["x is unhealthy."]


def test_changes_tell_new_open_and_gone():
    before, now = ranked([found("a", "ill", "x", "y")]), ranked([found("a", "ill", "y", "z")])
    assert changes(now, before).select("subject", "change").rows() == [("x", "gone"), ("z", "new"), ("y", "open")]
    first = overview.report({"a": Report("a", {}, now)})
    assert first.tables["changes"].is_empty()
    assert "first run" in first.notes["changes"]
    again = overview.report({"a": Report("a", {}, now)}, previous=before)
    assert again.tables["changes"].height == 3


def test_scores_count_by_severity_and_name_reports_without_findings():
    reports = {"a": Report("a", {}, ranked([found("a", "ill", "x", "y")])), "b": Report("b", {}, no_findings())}
    assert overview.report(reports).tables["scores"].rows() == [("a", 2, 0, 0), ("b", 0, 0, 0)]


def test_what_the_input_cannot_support_is_one_sentence_with_the_remedy():
    reports = {
        "report_overload": Report("report_overload", {}, no_findings(), {}, "needs deliveries (report, person, at)")
    }
    assert (
        overview.unsupported(reports)
        == "Not possible with this input: report overload needs deliveries (report, person, at)."
    )
    assert overview.unsupported({"a": Report("a", {}, no_findings())}) is None


def test_the_verdict_says_over_how_much_it_looked():
    evidence = Evidence(messages=messages("message_id source target sent_at\na web erp 0\nb erp wms 90000"))
    assert overview.verdict(evidence, no_findings()) == "Nothing that needs you: 2 messages, 3 systems, 2 days."
    assert overview.verdict(evidence, found("a", "r", "x")).startswith("1 critical finding, 0 warnings: ")
    assert overview.verdict(Evidence(), no_findings()) == "Nothing that needs you: no messages."
