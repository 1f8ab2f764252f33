"""Clients of an emulated AWS."""

import os
from typing import Any

from build.aws import Clients
from stack.config import DEFAULT_REGION


def emulator_clients(endpoint_url: str, access_key: str, secret_key: str) -> Clients:
    """Clients of an emulator, which read no configuration and no credentials of the user.

    Args:
        endpoint_url: where the emulator listens.
        access_key: the emulator's own.
        secret_key: the emulator's own.
    """
    import boto3
    import botocore.session

    nothing_of_the_user: Any = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    session = boto3.Session(
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name=DEFAULT_REGION,
        botocore_session=botocore.session.Session(session_vars=nothing_of_the_user),
    )
    return Clients(session, DEFAULT_REGION, endpoint_url)
