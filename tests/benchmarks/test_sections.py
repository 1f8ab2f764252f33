"""What becomes of measurements."""

from benchmarks.measuring.contestants import Lap
from benchmarks.measuring.processes import Finished
from benchmarks.reporting.rows import Verdict
from benchmarks.sections import daily_summary, stream_processing
from benchmarks.sections.packaging import archives_made
from benchmarks.sizes import QUICK
from benchmarks.systems.summarizers import Counted

MEGABYTE = 2**20


def lap(seconds: float, answer: object) -> Lap:
    return Lap(seconds, seconds / 2, answer, MEGABYTE)


def test_a_contest_of_stream_processors_becomes_a_rate_and_a_ratio() -> None:
    contest = stream_processing.Contest(
        "dynalite", 10, 20, [lap(0.1, 400), lap(0.2, 400)], [lap(0.5, 900), lap(0.8, 900)]
    )
    row = contest.row()
    assert row.subject == "stream processor, batch of 10, dynalite"
    assert row.ours == "1,333 records/s"
    assert row.ratio is not None and (row.ratio.least, row.ratio.greatest) == (4.0, 5.0)
    assert row.verdict is Verdict.REACHED


def test_an_observation_is_of_one_invocation() -> None:
    contest = stream_processing.Contest("dynalite", 10, 20, [lap(0.2, 400)], [lap(0.5, 900)])
    observed = contest.observation(contest.ours)
    assert (observed.records, observed.cpu_seconds, observed.log_bytes) == (10, 0.005, 20)


def contest(counted: Counted) -> daily_summary.Contest:
    return daily_summary.Contest(8192 * 100, lap(1.0, counted), lap(1.0, Counted(7, 128.0, 1)))


def test_a_count_that_is_off_by_one_is_missed() -> None:
    exact = daily_summary.exactness(contest(Counted(QUICK.activities, 110.0, 200)), QUICK)
    wrong = daily_summary.exactness(contest(Counted(QUICK.activities - 1, 110.0, 200)), QUICK)
    assert (exact.verdict, wrong.verdict) == (Verdict.REACHED, Verdict.MISSED)


def test_units_are_compared_with_bytes() -> None:
    row = daily_summary.units(contest(Counted(QUICK.activities, 110.0, 200)), QUICK)
    assert row.ratio is not None and row.ratio.middle == 1.1
    assert row.baseline == "100 (bytes / 8 KB)"


def test_units_are_compared_with_those_without_history() -> None:
    alone, behind = contest(Counted(10, 100.0, 1)), contest(Counted(10, 106.0, 1))
    assert daily_summary.growth(alone, alone, QUICK).verdict is Verdict.REACHED
    assert daily_summary.growth(alone, behind, QUICK).verdict is Verdict.MISSED


def test_archives_that_were_made_are_counted_from_what_packaging_prints() -> None:
    output = (
        "UserDataProcessor  8.5 kB  6303cf6e83bd  built\nLayer  1.6 MB  3d9fe1e3158f  unchanged\n2 archives, in x\n"
    )
    assert archives_made(Finished(1.0, 1.0, MEGABYTE, output)) == 1
