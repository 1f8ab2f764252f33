"""What the page may change, it changes; what is asked for wrongly is told in a sentence."""

import html
import time

import pytest
from botocore.exceptions import NoCredentialsError

from build.aws_errors import explanation
from build.console.trace import RecordTracer
from build.local.cloud import LocalCloud
from build.local.generator import RATES
from tests.build.console.requests import ask
from tests.build.console.serving import RunningConsole


def test_records_are_written_at_the_rate_that_is_chosen(running: RunningConsole, cloud: LocalCloud) -> None:
    def written() -> int:
        tables = (cloud.outputs[f"{source.name}TableName"] for source in cloud.config.sources)
        return sum(cloud.clients.dynamodb.scan(TableName=table, Select="COUNT")["Count"] for table in tables)

    before = written()
    assert ask(running, "POST", "/generator", form={"rate": str(RATES[-1])}).status == 204
    deadline = time.monotonic() + 60
    while written() < before + len(cloud.config.sources) + 1:
        assert time.monotonic() < deadline
    assert 'value="20" checked' in ask(running, "GET", "/").text
    assert ask(running, "POST", "/generator", form={"rate": "0"}).status == 204
    assert running.console.generator and running.console.generator.rate == 0


def test_an_execution_is_started_for_a_day(running: RunningConsole) -> None:
    answer = ask(running, "POST", "/executions", form={"date": "2026-01-31"})
    assert answer.status == 200 and "ValidateData" in answer.text and "2026-01-31" in answer.text


@pytest.mark.parametrize(
    ("path", "form", "sentence"),
    [
        ("/executions", {"date": "tomorrow"}, "Give a day like 2026-01-31."),
        ("/executions", {"date": "9999-01-01"}, "9999-01-01 is not over"),
        ("/executions", {}, "Give a day like 2026-01-31."),
        ("/generator", {"rate": "1000000"}, "Choose one of 0, 1, 5, 20 records a second."),
    ],
)
def test_a_wrong_form_is_told(running: RunningConsole, path: str, form: dict[str, str], sentence: str) -> None:
    answer = ask(running, "POST", path, form=form)
    assert answer.status == 400 and sentence in answer.text


@pytest.mark.parametrize("path", ["/trace?source=UserData", "/trace?source=Nothing&id=1", "/summaries/yesterday"])
def test_a_wrong_address_is_told(running: RunningConsole, path: str) -> None:
    assert ask(running, "GET", path).status == 400


def test_what_aws_refuses_is_told_in_its_words(running: RunningConsole) -> None:
    answer = ask(running, "GET", "/executions/no-such-execution")
    assert answer.status == 502 and "AWS refused" in answer.text


def test_missing_credentials_are_told_in_the_page_in_the_words_of_every_command(
    running: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(RecordTracer, "trace", fail)
    answer = ask(running, "GET", "/trace?source=UserData&id=any")
    sentence = explanation(NoCredentialsError(), running.console.target.clients.region)
    assert "there are no complete AWS credentials" in sentence
    assert answer.status == 502 and sentence[1:] in html.unescape(answer.text)


def test_a_detail_is_a_whole_page_for_who_follows_its_link(running: RunningConsole) -> None:
    headers = {"Cookie": running.access.set_cookie.partition(";")[0]}
    page = ask(running, "GET", "/trace?source=UserData&id=nobody", headers).text
    assert page.startswith("<!doctype html>") and "Nothing is known of <b>nobody</b>" in page
