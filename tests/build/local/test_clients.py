from pathlib import Path

import pytest

from build.local.clients import emulator_clients


def test_clients_of_an_emulator_read_nothing_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile other]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    clients = emulator_clients("http://127.0.0.1:9", "key", "other")
    credentials = clients.session.get_credentials()
    assert credentials is not None
    assert (credentials.access_key, credentials.secret_key, credentials.token) == ("key", "other", None)
    assert clients.session.available_profiles == []
    assert (clients.region, clients.s3.meta.endpoint_url) == ("us-west-2", "http://127.0.0.1:9")
