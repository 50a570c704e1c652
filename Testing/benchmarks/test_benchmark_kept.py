"""A long benchmark that was interrupted goes on where it was, and nothing else is ever taken for its result."""

import pytest

from xray3d.benchmarks import kept as module
from xray3d.benchmarks.kept import keeping, kept, kept_file
from xray3d.benchmarks.processes import in_processes
from xray3d.errors import OutputExistsError


class Counted:
    """Something to measure that knows how often it was."""

    def __init__(self, name="measure"):
        self.__name__ = self.__qualname__ = name
        self.__module__ = __name__
        self.times = 0

    def __call__(self, number, report=None):
        self.times += 1
        return number + 1


@pytest.fixture
def measure():
    return Counted()


def test_without_a_folder_everything_is_measured(measure):
    assert (kept(measure, (1,)), kept(measure, (1,))) == (2, 2)
    assert measure.times == 2
    assert kept_file(measure, (1,)) is None


def test_a_result_is_used_again_whatever_does_not_count(measure, tmp_path):
    with keeping(tmp_path / "new"):
        assert (kept(measure, (1,), print), kept(measure, (1,), repr)) == (2, 2)
    with keeping(tmp_path / "new"):
        assert kept(measure, (1,)) == 2
    assert measure.times == 1


def test_other_arguments_other_work_and_other_sources_are_measured(measure, tmp_path, monkeypatch):
    with keeping(tmp_path):
        assert kept(measure, (1,)) == 2
        assert kept(measure, (2,)) == 3
        other = Counted("other")
        assert kept(other, (1,)) == 2
        monkeypatch.setattr(module, "_sources", lambda: "changed since")
        assert kept(measure, (1,)) == 2
    assert (measure.times, other.times) == (3, 1)


def test_what_failed_is_not_kept(tmp_path):
    def fails(number):
        raise ZeroDivisionError

    with keeping(tmp_path):
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                kept(fails, (1,))
    assert not list(tmp_path.iterdir())


def test_processes_keep_their_results_one_by_one(tmp_path):
    with keeping(tmp_path):
        with pytest.raises(ZeroDivisionError):
            in_processes(divmod, [(7, 2), (1, 0)], lambda done: None)
        (file,) = tmp_path.glob("*.pickle")
        assert file == kept_file(divmod, (7, 2))
        before = file.stat().st_mtime_ns
        assert in_processes(divmod, [(7, 2)], lambda done: None) == [(3, 1)]
        assert file.stat().st_mtime_ns == before


def test_a_file_is_no_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("something else")
    with pytest.raises(OutputExistsError, match="choose another folder"), keeping(file):
        pass
