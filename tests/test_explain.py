"""One document's way through the stages, from a finished run or by itself."""

import io
from pathlib import Path

import pytest

from pipeline.arguments import read_text_of_user
from pipeline.cli import app
from pipeline.config import RunConfig
from pipeline.errors import UserError
from pipeline.exits import guarded
from pipeline.explain import explain_document, explain_text
from pipeline.explanation import Explanation
from pipeline.run_file import load_config, parse_config
from pipeline.runner import run
from pipeline.terminal_explanation import print_explanation
from tests.report.outputs import Silent
from tests.support import REPO, SEEDS, seed

NAMES = list(SEEDS)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """The seeds' run file, its run finished."""
    out = tmp_path_factory.mktemp("explain") / "out"
    loaded = load_config(REPO / "configs" / "seeds.yaml", input_path=str(REPO / "seeds"), output_path=str(out))
    run(loaded, Silent(), workers=1)
    return loaded


def explained(config: RunConfig, number: int) -> Explanation:
    return explain_document(Path(config.output.path), NAMES[number], config)


def changes(explanation: Explanation, name: str) -> list[tuple[str, str, str]]:
    """Rule, removed and inserted of the changes of one stage."""
    [step] = [step for step in explanation.steps if step.name == name]
    return [(change.rule, change.removed.strip(), change.inserted) for change in step.changes if change.kind == "edit"]


def test_every_change_is_told_with_its_stage_and_rule(config: RunConfig) -> None:
    """Seed 004 begins with banners and has a marker in the middle."""
    found = changes(explained(config, 4), "strip_boilerplate")
    assert ("en/related_marker", "Click to continue reading", "") in found
    assert sum(rule == "en/covid_banner" for rule, _, _ in found) == 3


def test_context_is_from_the_text_as_the_step_got_it(config: RunConfig) -> None:
    """Each change stands where its words stood in the original or in what earlier steps made of it."""
    for number in range(5):
        for step in explained(config, number).steps[:3]:
            for change in step.changes:
                before, after = change.before.removeprefix("…"), change.after.removesuffix("…")
                assert before + change.removed + after in seed(number)


def test_a_duplicate_is_shown_with_what_it_was_dropped_for(config: RunConfig) -> None:
    """Similarity, containment, and the survivor's text; and the survivor names it."""
    dropped, kept = explained(config, 4), explained(config, 3)
    assert dropped.verdict.startswith(f"dropped: near_duplicate of {NAMES[3]}, similarity 0.57")
    assert dropped.survivor is not None
    assert dropped.survivor["doc_id"] == NAMES[3]
    assert kept.verdict == "kept"
    assert kept.survivor is None
    assert [doc_id for doc_id, _ in kept.resembling] == [NAMES[4]]


def test_a_duplicate_of_an_earlier_output_is_shown_with_it(tmp_path: Path) -> None:
    """The survivor is the kept document there, also where one of its id stands in the later output."""
    texts = {"first": seed(3), "second": seed(4)}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "story.txt").write_text(text, encoding="utf-8")
    outputs = [tmp_path / f"out-{name}" for name in texts]
    for name, output, against in zip(texts, outputs, ([], [str(outputs[0])])):
        stages = [{"drop_near_duplicates": {"against": against}}]
        values = {"input": {"path": str(tmp_path / name)}, "stages": stages, "output": {"path": str(output)}}
        config = parse_config(values, "test")
        run(config, Silent(), workers=1)
    explanation = explain_document(outputs[1], "story.txt", config)
    assert explanation.verdict.startswith("dropped: near_duplicate of story.txt")
    assert explanation.survivor is not None
    assert explanation.survivor["text"] == texts["first"]


def test_terminal_shows_rules_changes_and_both_texts(config: RunConfig, capsys: pytest.CaptureFixture[str]) -> None:
    """Without colours the signs say what was removed and added."""
    print_explanation(explained(config, 4))
    shown = capsys.readouterr().out
    assert "[-Click to continue reading" in shown
    assert "step 6 drop_near_duplicates: dropped: near_duplicate" in shown
    assert f"stayed: {NAMES[3]}" in " ".join(shown.split())
    print_explanation(explained(config, 2))
    assert "[-n-]{+N+}ed Price" in capsys.readouterr().out


def test_a_text_of_no_corpus_goes_through_the_document_stages(config: RunConfig) -> None:
    """Corpus stages are named and left out; the others do what they did in the run."""
    alone = explain_text(config, seed(4), "-")
    assert changes(alone, "strip_boilerplate") == changes(explained(config, 4), "strip_boilerplate")
    left_out = [step.name for step in alone.steps if step.remarks and step.remarks[0].startswith("left out")]
    assert left_out == ["strip_repeated_lines", "repair_translation", "drop_near_duplicates"]
    assert alone.verdict == "kept"


def test_a_text_that_a_stage_drops_says_where(config: RunConfig) -> None:
    """The seeds' run file keeps English alone."""
    french = (
        "Le conseil municipal a voté hier soir le projet de pont sur la rivière, malgré les protestations des habitants. " * 4
    )
    alone = explain_text(config, french, "fr.txt")
    assert alone.verdict == "dropped: language:fr"
    [language] = [step for step in alone.steps if step.name == "identify_language"]
    assert "dropped: language:fr" in language.remarks


def test_text_cannot_steer_the_terminal(config: RunConfig, capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences in a document are shown, not obeyed; square brackets are no markup."""
    print_explanation(explain_text(config, "Itâ€™s \x1b[2J\x1b]0;title\x07 [bold]here[/bold]\n" * 2, "x"))
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "[bold]here" in shown


def test_an_id_that_is_not_there_gets_the_nearest(config: RunConfig) -> None:
    """Ids are long; a part of one finds it."""
    output = Path(config.output.path)
    with pytest.raises(UserError, match=f"no document '004'. Did you mean '{NAMES[4]}'"):
        explain_document(output, "004", config)
    with pytest.raises(UserError, match=r"There are ids such as '000_"):
        explain_document(output, "no such thing", config)


def test_another_run_file_is_noted(config: RunConfig) -> None:
    """The output tells what was done, whatever run file is named."""
    other = load_config(REPO / "configs" / "news.yaml", input_path="x", output_path=config.output.path)
    [note] = explain_document(Path(config.output.path), NAMES[0], other).notes
    assert "is not the run file" in note


def test_without_a_finished_run_the_user_is_told_what_to_do(config: RunConfig, tmp_path: Path) -> None:
    """One sentence."""
    with pytest.raises(UserError, match=r"holds no finished run; start it with `pipeline run`"):
        explain_document(tmp_path, "x", config)


@pytest.mark.parametrize("arguments", [[], ["--doc", "x", "--text", "y"], ["--text", "no/such/file"]])
def test_mistakes_in_the_call_exit_with_2(arguments: list[str]) -> None:
    """Neither or both of --doc and --text, and a file that is not there."""
    command = ["explain", str(REPO / "configs" / "seeds.yaml"), *arguments]
    assert guarded(lambda: app(command, standalone_mode=False)) == 2


def test_text_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever encoding it is."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("naïve\n".encode("utf-16"))))
    assert read_text_of_user("-") == "naïve\n"
