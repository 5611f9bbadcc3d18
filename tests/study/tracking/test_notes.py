from __future__ import annotations

import markdown_it

from study.tracking.notes import counts_note, experiment_note, literal, may_describe

HOSTILE = "<script>alert(1)</script> [a](javascript:b) `c` *d* <!-- & 🙂\n# e"


def rendered(text: str) -> str:
    return markdown_it.MarkdownIt("commonmark", {"html": True}).render(text)


def test_anybodys_text_comes_out_as_text() -> None:
    page = rendered(f"before {literal(HOSTILE)} after")
    for tag in ("<script", "<a ", "<code", "<em", "<!--", "<h1"):
        assert tag not in page
    shown = page.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert " ".join(HOSTILE.split()) in shown


def test_an_experiment_says_what_it_is_and_how_to_find_ones_way() -> None:
    tags = {"gradscape.task": HOSTILE, "gradscape.network": "mlp"}
    note = experiment_note("digits-mlp", tags)
    assert "<script" not in rendered(note)
    assert "tags.verdict = 'exploding' and params.depth = '8'" in note
    assert "report/index.html" in note and "update/ratio" in note


def test_a_parent_run_tells_its_counts() -> None:
    note = counts_note("digits-mlp", {"stable": 1200, "exploding": 3, "vanishing": 0})
    assert "1,203 trials: 1,200 stable, 3 exploding." in note and "vanishing" not in note


def test_a_persons_own_description_is_left_alone() -> None:
    assert may_describe(None) and may_describe("")
    assert may_describe(experiment_note("x", {})) and not may_describe("My notes on this")
