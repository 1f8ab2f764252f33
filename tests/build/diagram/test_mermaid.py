import re

from build.diagram.architecture import permissions
from build.diagram.graph import ResourceGraph
from build.diagram.mermaid import mermaid
from build.diagram.picture import Box, Group, Picture
from build.diagram.workflow import workflow

NODE = re.compile(r'^    (_\w+)(\[|\{|\(\[|\(\()".*"(\]|\}|\]\)|\)\))$')
LINK = re.compile(r'^  (_\w+) -->(?:\|"[^"]+"\|)? (_\w+)$')
SUBGRAPH = re.compile(r'^  subgraph (group_\w+)\["[^"]+"\]$')
STYLE = re.compile(r"^  style (\w+) fill:#\w{6},stroke:#\w{6},color:#\w{6}$")
LINK_STYLE = re.compile(r"^  linkStyle ([\d,]+) stroke:#\w{6},stroke-width:[\d.]+px(,stroke-dasharray:\d \d)?$")
FIXED = re.compile(r"^(%%\{init: .*\}%%|flowchart LR|  acc(Title|Descr): .+|    direction LR|  end)$")


def matches(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return [match for line in text.splitlines() if (match := pattern.match(line))]


def assert_valid(text: str) -> None:
    """Every line is one of the flowchart's statements, and what they name is there."""
    lines = text.splitlines()
    known = (NODE, LINK, SUBGRAPH, STYLE, LINK_STYLE, FIXED)
    assert [line for line in lines if not any(pattern.match(line) for pattern in known)] == []
    nodes = [match[1] for match in matches(NODE, text)]
    groups = [match[1] for match in matches(SUBGRAPH, text)]
    links = matches(LINK, text)
    assert len(set(nodes + groups)) == len(nodes + groups)
    assert {end for link in links for end in link.groups()} <= set(nodes)
    assert lines.count("  end") == len(groups)
    assert {match[1] for match in matches(STYLE, text)} == {*nodes, *groups}
    styled = sorted(int(number) for match in matches(LINK_STYLE, text) for number in match[1].split(","))
    assert styled == list(range(len(links)))


def test_the_architecture_is_a_valid_flowchart(drawn: Picture) -> None:
    text = mermaid(drawn)
    assert_valid(text)
    assert len(matches(LINK, text)) == len(drawn.arrows) + len(drawn.legend) < 500
    assert len(text) < 50_000


def test_the_workflow_is_a_valid_flowchart(graph: ResourceGraph) -> None:
    text = mermaid(workflow(graph))
    assert_valid(text)
    assert '-->|"$.isValid equals true"|' in text


def test_the_permissions_are_a_valid_flowchart(graph: ResourceGraph) -> None:
    drawn = permissions(graph)
    assert_valid(mermaid(drawn))
    assert len(matches(LINK, mermaid(drawn))) == len(drawn.arrows) < 500


def test_every_resource_but_alarms_is_named(drawn: Picture, graph: ResourceGraph) -> None:
    text = mermaid(drawn)
    unnamed = {name for name in graph.resources if name not in text}
    assert unnamed == {name for name, resource in graph.resources.items() if resource.noun.endswith("Alarm")}


def test_the_legend_shows_every_line_that_is_used(drawn: Picture) -> None:
    labels = [line for line in mermaid(drawn).splitlines() if line.startswith("  _") and "_from -->" in line]
    assert [line.split('"')[1] for line in labels] == [line.value for line in drawn.legend]


def picture_of(*names: str) -> Picture:
    return Picture("P", "A picture.", (Group("one", tuple(Box(name, name, ("#1 <c>",)) for name in names)),), ())


def test_characters_that_mean_something_are_escaped() -> None:
    assert '["a #quot;b#quot;<br/>#35;1 #lt;c#gt;"]' in mermaid(picture_of('a "b"'))


def test_ids_differ_where_names_do_and_are_no_keywords() -> None:
    names = ["end", "a b", "a-b", "a_b", "ab", "IsDataValid?"]
    text = mermaid(picture_of(*names))
    assert_valid(text)
    assert len(matches(NODE, text)) == len(names)


def test_the_same_picture_gives_the_same_text(drawn: Picture) -> None:
    assert mermaid(drawn) == mermaid(drawn)
