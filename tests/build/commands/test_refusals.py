"""What AWS and the way to it refuse, seen by someone who runs a command: one sentence, no traceback."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import HTTPServer

import botocore.endpoint
import pytest

from build.command_line import main
from build.deploy import desired
from build.local.emulator import free_port
from build.loopback import HOST, GuardedRequestHandler

ERROR = "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
DENIED = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: cloudformation:DescribeStacks"
Refuse = Callable[[int, str, str], None]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Refuse]:
    """An endpoint that answers every call with the same error."""
    answer: list[tuple[int, bytes]] = []

    class Refusal(GuardedRequestHandler):
        def do_POST(self) -> None:
            status, body = answer[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer((HOST, 0), Refusal)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{HOST}:{server.server_port}")

    def refuse_with(status: int, code: str, message: str) -> None:
        answer.append((status, ERROR.format(code=code, message=message).encode()))

    yield refuse_with
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_pauses_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hurried:
        time = staticmethod(time.time)
        sleep = staticmethod(lambda seconds: None)

    monkeypatch.setattr(botocore.endpoint, "time", Hurried)


def sentence(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command that fails says on stderr."""
    assert main(["outputs", *words]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    return captured.err


@pytest.mark.parametrize(
    ("status", "code", "message", "advice"),
    [
        (400, "ExpiredToken", "The security token included in the request is expired", "log in again"),
        (403, "InvalidClientTokenId", "The security token is invalid", "AWS does not know these credentials"),
        (403, "SignatureDoesNotMatch", "The signature does not match", "clock is right"),
        (403, "AccessDenied", DENIED, "may not do cloudformation:DescribeStacks"),
    ],
)
def test_a_refusal_says_what_to_do(
    refuse: Refuse, capsys: pytest.CaptureFixture[str], status: int, code: str, message: str, advice: str
) -> None:
    refuse(status, code, message)
    assert advice in sentence(capsys)


def test_missing_credentials(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "there are no complete AWS credentials; log in" in sentence(capsys)


@pytest.mark.parametrize("command", ["deploy", "plan"])
def test_credentials_are_checked_before_anything_is_packaged(
    refuse: Refuse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(desired, "package", lambda *arguments: pytest.fail("packaged"))
    refuse(403, "InvalidClientTokenId", "The security token is invalid")
    assert main([command]) == 1
    assert "AWS does not know these credentials" in capsys.readouterr().err


def test_an_endpoint_without_a_scheme(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")
    assert "localhost:4566 is no URL; give it a scheme, as in http://127.0.0.1:4566" in sentence(capsys)


def test_an_unknown_profile(capsys: pytest.CaptureFixture[str]) -> None:
    assert "The config profile (nobody) could not be found; `aws configure" in sentence(capsys, "--profile", "nobody")


def test_something_that_is_no_region(capsys: pytest.CaptureFixture[str]) -> None:
    assert "'us west 2' is not a region of AWS; give one like us-west-2" in sentence(capsys, "--region", "us west 2")


def test_no_network(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    told = sentence(capsys, "--region", "us-west-1")
    assert "AWS cannot be reached" in told
    assert "check the network, any proxy, and that 'us-west-1' is the region that you mean." in told
