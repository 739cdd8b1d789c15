"""Somebody who installed less than a command needs is told what to install."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from finops_guard.sources import aws
from tests.cli.command import finops_guard


def test_a_scan_of_aws_without_the_sdk_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "finops_guard.sources.aws._scan", raising=False)
    monkeypatch.delattr(aws, "_scan", raising=False)
    monkeypatch.setitem(sys.modules, "botocore.exceptions", None)
    ran = finops_guard("scan", "aws", "-q")
    assert ran.code == 2
    assert "aws needs the package botocore" in ran.err
    assert "pip install 'finops-guard-engine[aws]'" in ran.err


def test_the_sandbox_without_moto_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "moto.moto_api._internal", None)
    ran = finops_guard("scan", "sandbox", "-q")
    assert ran.code == 2
    assert "the sandbox needs the package moto" in ran.err
    assert "pip install 'finops-guard-engine[sandbox]'" in ran.err
