"""What ends a command with a sentence and what with a traceback."""

import errno
import os

import pytest

from pipeline.exits import EXIT_BUG, EXIT_USER, guarded


def failing(number: int, *names: str) -> int:
    """The exit code of a command that the system refuses something."""

    def command() -> None:
        raise OSError(number, os.strerror(number), *names)

    return guarded(command)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_what_the_user_may_not_is_one_sentence(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the file as it was to be called, and not what was written beside it."""
    assert failing(number, "out/report.json.7182.tmp") == EXIT_USER
    assert (
        capsys.readouterr().err
        == f"pipeline: out/report.json: {os.strerror(number).lower()}; look at who may read and write there\n"
    )


@pytest.mark.parametrize(
    ("number", "names"), [(errno.EACCES, []), (errno.EIO, ["out/report.json"]), (errno.ENOENT, ["out/a.json"])]
)
def test_other_failures_are_shown_whole(number: int, names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A file that we should not have asked for, or a disk that is broken."""
    assert failing(number, *names) == EXIT_BUG
    assert "Traceback" in capsys.readouterr().err
