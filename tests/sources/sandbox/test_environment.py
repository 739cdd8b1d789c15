from __future__ import annotations

import os
from pathlib import Path

import botocore.session
import pytest

from finops_guard.sources.sandbox.environment import applied, environment

ADDRESS = "http://127.0.0.1:5"


def test_a_users_own_settings_lead_nowhere_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text("[profile real]\nregion = us-east-1\nrole_arn = arn:aws:iam::999999999999:role/real\n")
    credentials.write_text("[real]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n")
    for name, value in {
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_PROFILE": "real",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL_S3": "https://s3.real.example",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "HTTP_PROXY": "http://proxy.real.example:3128",
    }.items():
        monkeypatch.setenv(name, value)
    with applied(environment(ADDRESS, ("AKIASANDBOX", "secret"), "eu-west-1", os.environ)):
        session = botocore.session.get_session()
        found = session.get_credentials()
        assert found is not None
        assert (found.access_key, found.token or None) == ("AKIASANDBOX", None)
        for service in ("s3", "ec2", "sts"):
            client = session.create_client(service)
            assert client.meta.endpoint_url == ADDRESS
            assert client.meta.region_name == "eu-west-1"
        proxies = botocore.utils.get_environ_proxies(ADDRESS)
        assert not proxies


def test_no_proxy_keeps_what_the_user_had() -> None:
    assert environment(ADDRESS, ("a", "b"), "r", {"NO_PROXY": "intern"})["NO_PROXY"] == "intern,127.0.0.1"


def test_everything_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    before = dict(os.environ)
    with applied({"AWS_PROFILE": "sandbox", "AWS_ENDPOINT_URL": ADDRESS}):
        assert os.environ["AWS_PROFILE"] == "sandbox"
    assert dict(os.environ) == before
