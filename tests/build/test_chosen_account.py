import pytest

from build.aws import Clients
from build.errors import CommandError
from build.local.emulator import free_port
from build.options import account_alias, require_account
from stack.settings import SuffixSettings
from tests.build.support import REGION, Stubs, dummy_session

EMULATED_ACCOUNT = "000000000000"


def test_another_account_than_the_one_that_is_set_is_refused(cloud: Clients) -> None:
    with pytest.raises(CommandError, match="TapStackprod belongs in the account 123456789012 .setup.cfg .suffix.prod"):
        require_account(cloud, SuffixSettings("prod", account="123456789012"))
    require_account(cloud, SuffixSettings("prod", account=EMULATED_ACCOUNT))


def test_without_a_set_account_nobody_is_asked(stubs: Stubs) -> None:
    require_account(stubs.clients, SuffixSettings("prod"))


@pytest.fixture
def hurried(stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> Stubs:
    """Clients that stay stubbed when they are configured."""
    monkeypatch.setattr(Clients, "configured", lambda clients, **settings: clients)
    return stubs


def test_the_alias_of_an_account(hurried: Stubs) -> None:
    hurried.answer("iam", "list_account_aliases", {}, {"AccountAliases": ["data-prod"]})
    assert account_alias(hurried.clients) == "data-prod"


def test_an_account_without_an_alias(hurried: Stubs) -> None:
    hurried.answer("iam", "list_account_aliases", {}, {"AccountAliases": []})
    assert account_alias(hurried.clients) is None


def test_who_may_not_ask_for_the_alias_is_not_stopped(hurried: Stubs) -> None:
    hurried.refuse("iam", "list_account_aliases", {}, "AccessDenied", status=403)
    assert account_alias(hurried.clients) is None


def test_an_iam_that_cannot_be_reached_is_no_failure() -> None:
    assert account_alias(Clients(dummy_session(), REGION, f"http://127.0.0.1:{free_port()}")) is None
