"""What sources need under a load, and what breaks first as configured."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.config import WRITES_PER_SHARD, StackConfig
from stack.settings import SIZES, SuffixSettings
from stack.sizing import (
    MEGABYTES_PER_CPU,
    Load,
    SourceSize,
    batch_seconds,
    breaking_points,
    pages_in_one_invocation,
    records_per_batch,
    shard_throughput,
    sized_source,
    sized_sources,
)
from stack.template import build_template
from tests.sources import two_sources

CONFIG = two_sources("dev")
USER, ORDER = CONFIG.sources
LOADS = st.builds(Load, st.floats(0, 1e12), st.floats(1, 100))


@given(LOADS)
def test_a_sized_source_keeps_up_with_room_to_spare(load: Load) -> None:
    for source in CONFIG.sources:
        size = sized_source(source, load)
        assert size.keeps_up
        assert shard_throughput(size.source) >= 2 * load.busiest / size.stream_shards
        assert size.activity_shards * WRITES_PER_SHARD * 0.8 >= load.busiest * (1 - 1e-9)
        assert size.iterator_age is not None and size.iterator_age <= size.source.batching_window + 10
        assert 0 <= size.concurrency <= size.most_concurrency


@given(LOADS)
def test_every_size_is_one_that_lambda_takes_and_none_below_todays(load: Load) -> None:
    source = sized_source(ORDER, load).source
    for name, (least, most) in SIZES.items():
        assert least <= getattr(source, name) <= most
    for name in ("memory_size", "batch_size", "parallelization_factor", "timeout"):
        assert getattr(source, name) >= getattr(ORDER, name)


def test_a_small_load_leaves_everything_as_it_is() -> None:
    sizes = sized_sources(CONFIG.sources, 1000, 3)
    assert tuple(size.source for size in sizes) == CONFIG.sources
    assert [size.activity_shards for size in sizes] == [1, 1]


def test_a_billion_records_a_day() -> None:
    for size in sized_sources(CONFIG.sources, 1e9, 3):
        assert round(size.load.busiest) == 17_361
        assert (size.activity_shards, size.stream_shards) == (22, 18)
        assert size.iterator_age is not None and size.iterator_age < 60


def test_the_order_mapping_of_the_reference_falls_behind_a_full_shard() -> None:
    full = Load(WRITES_PER_SHARD * 86_400, peak=1)
    assert (ORDER.batch_size, ORDER.parallelization_factor) == (5, 1)
    assert not SourceSize(ORDER, full).keeps_up
    assert SourceSize(ORDER, full).iterator_age is None
    assert SourceSize(USER, full).keeps_up


def test_an_idle_source_waits_for_nothing() -> None:
    idle = SourceSize(USER, Load(0))
    assert (idle.activity_shards, idle.stream_shards, idle.concurrency) == (1, 1, 0)
    assert idle.iterator_age == batch_seconds(USER, 1)


def test_a_batch_is_what_arrives_in_the_window_or_what_it_can_hold() -> None:
    assert records_per_batch(USER, 0) == 1
    assert records_per_batch(USER, 1) == 1 + USER.batching_window
    assert records_per_batch(USER, 1e6) == USER.batch_size


def test_a_batch_takes_its_requests_and_its_share_of_a_cpu() -> None:
    whole, tenth = (replace(USER, memory_size=memory) for memory in (MEGABYTES_PER_CPU, MEGABYTES_PER_CPU // 10))
    assert batch_seconds(whole, 26) - batch_seconds(whole, 25) == pytest.approx(0.005 + 0.00009)
    assert batch_seconds(tenth, 25) - 0.005 == pytest.approx(10 * (batch_seconds(whole, 25) - 0.005), rel=0.01)


def test_the_summary_breaks_first_then_the_order_mapping_then_shards() -> None:
    first, second, *others = breaking_points(CONFIG, 3)
    assert first.records_per_day == 7_000_000 and "the daily summary" in first.what
    assert 29e6 < second.records_per_day < 31e6 and "OrderData falls behind a stream shard's 1,000" in second.what
    assert [round(point.records_per_day / 1e6) for point in others] == [58, 58, 1152]


def test_a_summary_that_begins_in_slices_does_not_break() -> None:
    assert (pages_in_one_invocation(6.9e6), pages_in_one_invocation(7e6)) == (5_000, 0)
    points = breaking_points(replace(CONFIG, pages_in_one_invocation=0), 3)
    assert not any("the daily summary" in point.what for point in points)


def test_what_was_sized_no_longer_breaks_by_its_mapping() -> None:
    sources = tuple(size.source for size in sized_sources(CONFIG.sources, 1e9, 3))
    points = breaking_points(replace(CONFIG, sources=sources), 3)
    assert not any("falls behind" in point.what for point in points)


def test_the_scale_of_a_suffix_is_in_its_template() -> None:
    settings = SuffixSettings("prod", scale=1e9, sizes={"OrderData": {"memory_size": 2048}})
    assert settings.config.pages_in_one_invocation == 0
    assert replace(settings, pages_in_one_invocation=7).config.pages_in_one_invocation == 7
    resources = build_template(settings.config).to_dict()["Resources"]
    sized = {size.source.name: size.source for size in sized_sources(StackConfig().sources, 1e9, 3)}
    for name, source in sized.items():
        mapping = resources[f"{name}EventSourceMapping"]["Properties"]
        assert mapping["BatchSize"] == source.batch_size
        assert mapping["MaximumBatchingWindowInSeconds"] == source.batching_window
        assert mapping["ParallelizationFactor"] == source.parallelization_factor
    assert resources["OrderDataProcessor"]["Properties"]["MemorySize"] == 2048
    assert SuffixSettings("prod").config == StackConfig("prod")
