"""The filter syntax of LDG invocation-eventfiltering, and how the poller treats what is filtered out."""

import json

import pytest

from build.errors import CommandError
from build.poller.filters import Pattern, matches, parse_pattern, passes
from tests.build.poller.world import World

RECORD = {
    "eventName": "INSERT",
    "dynamodb": {
        "Keys": {"id": {"S": "us-west-2/photo.png"}},
        "NewImage": {
            "id": {"S": "us-west-2/photo.png"},
            "price": {"N": "100"},
            "paid": {"BOOL": True},
            "gone": {"NULL": True},
            "tags": {"SS": ["red", "blue"]},
            "lines": {"L": [{"S": "first"}, {"S": "second"}]},
            "note": {"S": ""},
            "data": {"B": "AAE="},
        },
        "SizeBytes": 26,
    },
    "missing": None,
}


def image(attribute: str, kind: str, *rules: object) -> Pattern:
    """A pattern for an attribute of the new image."""
    return {"dynamodb": {"NewImage": {attribute: {kind: list(rules)}}}}


SATISFIED = {
    "a value": {"eventName": ["INSERT"]},
    "one of several values": {"eventName": ["REMOVE", "INSERT"]},
    "two members": {"eventName": ["INSERT"], "dynamodb": {"SizeBytes": [26]}},
    "an empty string": image("note", "S", ""),
    "null": {"missing": [None]},
    "true": image("paid", "BOOL", True),
    "binary as base64": image("data", "B", "AAE="),
    "an element of a list": image("tags", "SS", "blue"),
    "a member of an object in a list": {"dynamodb": {"NewImage": {"lines": {"L": {"S": ["second"]}}}}},
    "prefix": image("id", "S", {"prefix": "us-"}),
    "suffix": image("id", "S", {"suffix": ".png"}),
    "equals-ignore-case": {"eventName": [{"equals-ignore-case": "insert"}]},
    "anything-but one": {"eventName": [{"anything-but": "REMOVE"}]},
    "anything-but several": {"eventName": [{"anything-but": ["REMOVE", "MODIFY"]}]},
    "numeric equality": {"dynamodb": {"SizeBytes": [{"numeric": ["=", 26]}]}},
    "numeric range": {"dynamodb": {"SizeBytes": [{"numeric": [">", 10, "<=", 26]}]}},
    "exists": image("price", "N", {"exists": True}),
    "does not exist": image("nothing", "S", {"exists": False}),
    "does not exist, nor does its parent": {"userIdentity": {"type": [{"exists": False}]}},
    "alternatives": {"$or": [{"eventName": ["REMOVE"]}, {"dynamodb": {"SizeBytes": [26]}}]},
    "a value or a comparison": {"eventName": ["REMOVE", {"prefix": "INS"}]},
    "nothing at all": {},
}
NOT_SATISFIED = {
    "another value": {"eventName": ["REMOVE"]},
    "another case": {"eventName": ["insert"]},
    "one of two members": {"eventName": ["INSERT"], "dynamodb": {"SizeBytes": [27]}},
    "a number for text": image("price", "N", 100),
    "true for 1": image("paid", "BOOL", 1),
    "a number in another form": {"dynamodb": {"SizeBytes": [26.0]}},
    "numeric on a DynamoDB number": image("price", "N", {"numeric": ["=", 100]}),
    "numeric on a boolean": image("paid", "BOOL", {"numeric": ["=", 1]}),
    "numeric out of range": {"dynamodb": {"SizeBytes": [{"numeric": [">", 0, "<", 26]}]}},
    "exists on an object": {"dynamodb": {"NewImage": {"price": [{"exists": True}]}}},
    "exists on what is not there": image("nothing", "S", {"exists": True}),
    "does not exist on what is there": image("price", "N", {"exists": False}),
    "anything-but the value": {"eventName": [{"anything-but": ["INSERT"]}]},
    "anything-but on what is not there": image("nothing", "S", {"anything-but": ["x"]}),
    "prefix of a number": {"dynamodb": {"SizeBytes": [{"prefix": "2"}]}},
    "suffix of a number": {"dynamodb": {"SizeBytes": [{"suffix": "6"}]}},
    "equals-ignore-case of a number": {"dynamodb": {"SizeBytes": [{"equals-ignore-case": "26"}]}},
    "no alternative": {"$or": [{"eventName": ["REMOVE"]}, {"dynamodb": {"SizeBytes": [27]}}]},
    "an object below text": {"eventName": {"deeper": ["INSERT"]}},
}
MALFORMED = {
    "no JSON": "{",
    "no object": "[]",
    "a leaf that is no list": '{"eventName": "INSERT"}',
    "an empty leaf": '{"eventName": []}',
    "a list in a leaf": '{"eventName": [["INSERT"]]}',
    "an unknown comparison": '{"eventName": [{"wildcard": "IN*"}]}',
    "two comparisons in one": '{"eventName": [{"prefix": "I", "suffix": "T"}]}',
    "no comparison": '{"eventName": [{}]}',
    "prefix of a number": '{"eventName": [{"prefix": 1}]}',
    "exists without yes or no": '{"eventName": [{"exists": "true"}]}',
    "an unknown sign": '{"size": [{"numeric": ["!", 1]}]}',
    "numeric without a number": '{"size": [{"numeric": ["=", "1"]}]}',
    "numeric with half a range": '{"size": [{"numeric": [">", 1, "<"]}]}',
    "numeric with a number alone": '{"size": [{"numeric": 1}]}',
    "anything-but nothing": '{"size": [{"anything-but": []}]}',
    "alternatives that are no list": '{"$or": {"eventName": ["INSERT"]}}',
    "alternatives that are no patterns": '{"$or": ["INSERT"]}',
}


@pytest.mark.parametrize("pattern", SATISFIED.values(), ids=SATISFIED)
def test_a_record_satisfies(pattern: Pattern) -> None:
    assert matches(parse_pattern(json.dumps(pattern)), RECORD)


@pytest.mark.parametrize("pattern", NOT_SATISFIED.values(), ids=NOT_SATISFIED)
def test_a_record_does_not_satisfy(pattern: Pattern) -> None:
    assert not matches(parse_pattern(json.dumps(pattern)), RECORD)


@pytest.mark.parametrize("pattern", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(CommandError, match="is not understood"):
        parse_pattern(pattern)


def test_one_filter_of_several_is_enough() -> None:
    assert passes(({"eventName": ["REMOVE"]}, {"eventName": ["INSERT"]}), RECORD)
    assert not passes(({"eventName": ["REMOVE"]}, {"eventName": ["MODIFY"]}), RECORD)


def test_without_filters_every_record_passes() -> None:
    assert passes((), RECORD)


def test_filtered_records_count_as_processed_and_take_no_place_in_a_batch() -> None:
    world = World(filters=({"eventName": [{"anything-but": ["REMOVE"]}]},), batch_size=2)
    kept = [world.streams.put("a")]
    world.streams.put("a", name="REMOVE")
    kept.append(world.streams.put("b", name="MODIFY"))
    last = world.streams.put("b", name="REMOVE")
    statistics = world.run()
    assert world.function.batches == [kept]
    assert (statistics.polled, statistics.filtered_out, statistics.processed) == (4, 2, 2)
    assert statistics.checkpoints == {"shard-0": last}


def test_the_filter_sees_binary_as_the_function_does() -> None:
    world = World(filters=({"dynamodb": {"NewImage": {"data": {"B": ["AAE="]}}}},))
    world.streams.put("a", image={"data": {"B": b"\x00\x01"}})
    assert world.run().processed == 1
