from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ProfileNotFound

from build.deployment.clients import Clients, open_clients
from tests.build.deployment.support import dummy_session


@pytest.fixture
def no_region(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    return monkeypatch


def test_the_region_is_us_west_2_when_nothing_names_one(no_region: pytest.MonkeyPatch) -> None:
    assert open_clients(None, None).region == "us-west-2"


def test_an_option_wins_over_the_environment() -> None:
    assert open_clients(None, "eu-west-1", {"AWS_REGION": "eu-north-1"}).region == "eu-west-1"


def test_aws_region_wins_over_aws_default_region(no_region: pytest.MonkeyPatch) -> None:
    no_region.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    assert open_clients(None, None, {"AWS_REGION": "eu-north-1"}).region == "eu-north-1"
    assert open_clients(None, None, {}).region == "ap-south-1"


def test_a_profile_brings_its_region(no_region: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile ops]\nregion = sa-east-1\n")
    no_region.setenv("AWS_CONFIG_FILE", str(config))
    assert open_clients("ops", None, {}).region == "sa-east-1"


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ProfileNotFound, match="nobody"):
        open_clients("nobody", None)


def test_clients_are_made_once_for_the_region_and_retry_adaptively() -> None:
    clients = Clients(dummy_session(), "eu-west-1", "http://127.0.0.1:9")
    assert clients.cloudformation is clients.cloudformation
    made: list[Any] = [clients.s3, clients.dynamodb, clients.logs, clients.functions, clients.cloudwatch]
    for client in made:
        assert client.meta.region_name == "eu-west-1"
        assert client.meta.endpoint_url == "http://127.0.0.1:9"
        assert client.meta.config.retries["mode"] == "adaptive"


def test_the_endpoint_of_the_environment_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert Clients(dummy_session(), "us-west-2").cloudformation.meta.endpoint_url == "http://127.0.0.1:9"


@pytest.mark.parametrize(("region", "partition"), [("us-west-2", "aws"), ("cn-north-1", "aws-cn")])
def test_the_partition_follows_from_the_region(region: str, partition: str) -> None:
    assert Clients(dummy_session(), region).partition == partition


def test_the_account_is_asked_for_once(cloud: Clients) -> None:
    assert cloud.account == cloud.account == "000000000000"
