"""Every store makes a key once, lists all, and says in words why it will not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store

from finops_guard.errors import ActError, InputError
from finops_guard.state import objects
from finops_guard.state.folder import Folder
from finops_guard.state.store import MemoryStore, Store, open_store, read_all, write_once
from tests.state.bucket import NAME, Bucket, refusal

HERE = Path()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_WAITS", (0.0, 0.0, 0.0, 0.0, 0.0))


def test_a_key_is_made_once_and_keeps_what_it_got(store: Store) -> None:
    assert store.get("lease/1") is None
    assert store.list("lease") == []
    assert store.folders("lease") == []
    assert store.create("lease/1", b"first")
    assert not store.create("lease/1", b"second")
    assert not store.create("lease/1", b"first")
    assert store.get("lease/1") == b"first"


def test_empty_and_large_objects_come_back_as_they_were(store: Store) -> None:
    large = os.urandom(6_000_000)
    assert store.create("a/empty", b"")
    assert store.create("a/large", large)
    assert store.get("a/empty") == b""
    assert store.get("a/large") == large


def test_lists_are_complete_sorted_and_start_where_told(store: Store) -> None:
    keys = [f"journal/run-{n:04d}/0/000000" for n in range(1, 1100 if isinstance(store, MemoryStore) else 240)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda key: store.create(key, b"x"), reversed(keys)))
    store.create("journals/other", b"")
    store.create("journa", b"")
    assert store.list("journal") == keys
    assert store.list("journal", after=keys[100]) == keys[101:]
    assert store.list("journal", after=keys[-1]) == []
    assert store.list("journal", after="journal/run-0003") == keys[2:]
    assert store.list("journal/run-0007") == ["journal/run-0007/0/000000"]
    assert store.list("journal", after="lease") == []
    assert store.list("lease", after="journal") == []
    assert store.folders("journal") == [key.split("/")[1] for key in keys]
    assert store.folders("journal/run-0007/0") == ["000000"]
    assert [(key, b"x") for key in keys] == list(read_all(store, keys))


def test_more_than_a_page_of_a_bucket_is_listed(server: Bucket, tmp_path: Path) -> None:
    store = open_store(server.clear(), tmp_path)
    keys = [f"seals/{n:012d}" for n in range(1050)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda key: store.create(key, b""), keys))
    server.asked.clear()
    assert store.list("seals") == keys
    assert len(server.asked) == 2
    server.asked.clear()
    assert store.list("seals", after=keys[-3]) == keys[-2:]
    assert len(server.asked) == 1


def test_of_many_that_race_for_a_key_one_makes_it(store: Store) -> None:
    barrier = Barrier(8)

    def race(n: int) -> bool:
        barrier.wait()
        return store.create("lease/000000000001", f"{n}".encode())

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(race, range(8)))
    assert sum(won) == 1
    assert store.get("lease/000000000001") == f"{won.index(True)}".encode()


def test_dropping_what_is_gone_is_no_matter(store: Store) -> None:
    store.create("a/1", b"")
    store.create("a/2", b"")
    store.drop(["a/1", "a/1", "a/3"])
    assert store.list("a") == ["a/2"]


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/..", "a/.hidden", "a b", "a/é", "a\n", "a#1", "C:\\x"]
)
def test_a_key_is_letters_digits_and_little_else(store: Store, key: str) -> None:
    for call in (lambda: store.create(key, b""), lambda: store.drop([key])):
        with pytest.raises(ValueError, match="not a key"):
            call()


def test_a_write_whose_answer_was_lost_is_recognised(store: Store) -> None:
    assert write_once(store, "a/1", b"mine")
    assert write_once(store, "a/1", b"mine")
    assert not write_once(store, "a/1", b"another's")


def test_reading_makes_no_folder_and_writing_does(tmp_path: Path) -> None:
    store = open_store("deep/state", tmp_path)
    assert (store.get("a/b"), store.list("a"), store.folders("a")) == (None, [], [])
    store.drop(["a/b"])
    assert not (tmp_path / "deep").exists()
    assert store.create("a/b", b"x")
    assert (tmp_path / "deep/state/a/b").read_bytes() == b"x"
    assert open_store(str(tmp_path / "deep/state"), HERE).get("a/b") == b"x"


def test_a_folder_object_is_on_the_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()) if Path("/proc/self/fd").exists() else "")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    store = Folder(tmp_path / "state")
    assert store.create("journal/r/0", b"x")
    assert len(synced) == 4
    if any(synced):
        names = ["state/journal/r/0", "state/journal/r", "state/journal", "state"]
        assert [str(Path(path).relative_to(tmp_path)) for path in synced] == names
    synced.clear()
    assert store.create("journal/r/1", b"x")
    assert len(synced) == 2


def test_what_is_left_of_a_create_that_was_killed_is_not_seen(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    store.create("lease/1", b"x")
    (tmp_path / "lease/2#1").write_bytes(b"half")
    assert store.list("lease") == ["lease/1"]
    assert store.create("lease/2", b"whole")
    assert store.get("lease/2") == b"whole"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(InputError, match="not a folder"):
        open_store("state", tmp_path)
    with pytest.raises(InputError, match="cannot be made"):
        open_store("state/inner", tmp_path).create("a/b", b"")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_we_may_not_write_to_is_said_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises((ActError, InputError), match="ermission denied"):
        open_store(".", tmp_path).create("a/b", b"")


@pytest.mark.parametrize("uri", ["ftp://a/b", "s3://", "s3:///x", "s3://b/x?y=1", "az://account", "http://x"])
def test_a_place_that_is_none_is_an_input_error(uri: str) -> None:
    with pytest.raises(InputError):
        open_store(uri, HERE)


@pytest.mark.parametrize(("uri", "extra"), [("gs://b/p", "gcp"), ("az://a/c/p", "azure"), ("s3://b/p", "aws")])
def test_a_cloud_without_its_parts_names_the_extra(uri: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("google.auth", "azure.identity", "botocore.session"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="not installed") as error:
        open_store(uri, HERE)
    assert error.value.help is not None
    assert f"finops-guard-engine[{extra}]" in error.value.help


def test_without_credentials_no_store(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(InputError, match="credentials"):
        open_store(f"s3://{NAME}/x", HERE)
    assert bucket.asked == []


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_is_an_input_error() -> None:
    with pytest.raises(InputError, match="no such bucket"):
        open_store("s3://not-made/x", HERE)


def test_plain_http_is_for_loopback(monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> None:
    from finops_guard.state import buckets

    monkeypatch.setattr(buckets, "_home", lambda *_: ("http://s3.example.test", "eu-west-1"))
    with pytest.raises(InputError, match="loopback"):
        open_store(f"s3://{NAME}/x", HERE)
    monkeypatch.setattr(buckets, "_home", lambda *_: ("https://s3.eu-west-1.amazonaws.com", "eu-west-1"))
    store: Any = open_store(f"s3://{NAME}/x", HERE)
    assert store._store.config["endpoint"] == f"https://{NAME}.s3.eu-west-1.amazonaws.com"
    assert bucket.asked == []


def test_a_bucket_elsewhere_is_signed_for_its_own_region(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    uri = f"s3://{NAME}/elsewhere"
    assert open_store(uri, HERE).create("a/1", b"")
    assert "/eu-west-1/s3/" in bucket.asked[-1][2]


def test_boto3_sessions_sign_too(bucket: Bucket) -> None:
    import boto3

    def session() -> object:
        return boto3.Session(aws_access_key_id="THEIRS", aws_secret_access_key="x", region_name="eu-west-1")

    assert open_store(f"s3://{NAME}/boto3", HERE, session).create("a/1", b"")
    assert "Credential=THEIRS/" in bucket.asked[-1][2]


def test_credentials_that_are_renewed_sign_the_next_request(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.credentials import Credentials, ReadOnlyCredentials
    from botocore.session import get_session

    class Rolling(Credentials):
        asked = 0

        def get_frozen_credentials(self) -> ReadOnlyCredentials:
            self.asked += 1
            return ReadOnlyCredentials(f"KEY{self.asked}", "x", f"token{self.asked}")

    session = get_session()
    rolling = Rolling("x", "x")
    monkeypatch.setattr(session, "get_credentials", lambda: rolling)
    store = open_store(f"s3://{NAME}/rolling", HERE, lambda: session)
    bucket.asked.clear()
    store.create("a/1", b"")
    store.get("a/1")
    signers = [header.partition("Credential=")[2].partition("/")[0] for *_, header in bucket.asked]
    assert len(signers) == 2
    assert len(set(signers)) == 2


class _Tempting(BaseHTTPRequestHandler):
    """Stands where a metadata service could be, and gives credentials to whoever asks."""

    asked: list[str]

    def _give(self) -> None:
        self.asked.append(self.path)
        body = b'{"AccessKeyId":"STOLEN","SecretAccessKey":"x","Token":"t","Expiration":"2099-01-01T00:00:00Z"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = _give  # noqa: N815 - the names that the server looks for

    def log_message(self, *_: object) -> None:  # says nothing
        pass


@pytest.fixture
def tempting(monkeypatch: pytest.MonkeyPatch) -> Any:
    asked: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("Tempting", (_Tempting,), {"asked": asked}))
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    for name in ("AWS_METADATA_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_STS_ENDPOINT"):
        monkeypatch.setenv(name, url)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/container")
    yield asked
    server.shutdown()
    server.server_close()


def test_obstore_left_to_itself_would_ask_a_metadata_service(
    tempting: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the next tests can fail."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    store = S3Store(NAME, endpoint="http://127.0.0.1:9", retry_config={"max_retries": 0})
    with pytest.raises(BaseError):
        store.get("a/1")
    assert tempting


def test_only_our_session_signs_whatever_the_environment_says(
    bucket: Bucket, tempting: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_CONDITIONAL_PUT": "disabled",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_ENDPOINT": "http://127.0.0.1:9",
        "AWS_BUCKET": "another",
        "AWS_TOKEN": "another",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
        "AWS_ALLOW_INVALID_CERTIFICATES": "true",
        "AWS_REQUEST_PAYER": "true",
        "AWS_UNSIGNED_PAYLOAD": "true",
        "AWS_S3_EXPRESS": "true",
    }.items():
        monkeypatch.setenv(name, value)
    store = open_store(f"s3://{NAME}/hostile", HERE)
    assert store.create("a/1", b"x")
    assert not store.create("a/1", b"y")
    assert store.list("a") == ["a/1"]
    assert tempting == []
    assert all("Credential=OURKEY/" in header for *_, header in bucket.asked)


@pytest.mark.usefixtures("quick")
def test_a_session_that_fails_is_not_replaced_by_a_probe(
    bucket: Bucket, tempting: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.credentials import Credentials, ReadOnlyCredentials
    from botocore.session import get_session

    class Failing(Credentials):
        ready = True

        def get_frozen_credentials(self) -> ReadOnlyCredentials:
            if not self.ready:
                raise RuntimeError("the sign-in has ended")
            return super().get_frozen_credentials()

    session, failing = get_session(), Failing("x", "x")
    monkeypatch.setattr(session, "get_credentials", lambda: failing)
    store = open_store(f"s3://{NAME}/failing", HERE, lambda: session)
    failing.ready = False
    bucket.asked.clear()
    with pytest.raises(InputError, match="sign-in has ended"):
        store.create("a/1", b"x")
    assert bucket.asked == []
    assert tempting == []


_PROBE = """
import sys
from pathlib import Path
from finops_guard.errors import GuardError
from finops_guard.state.store import open_store
store = open_store(sys.argv[1], Path())
assert store.create("a/1", b"x") and store.get("a/1") == b"x" and store.list("a") == ["a/1"]
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="only a trace sees what compiled code connects to")
def test_no_connection_but_to_the_endpoint(bucket: Bucket, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-e", "trace=connect,sendto", "-o", str(trace), sys.executable, "-c", _PROBE]
    done = subprocess.run([*command, f"s3://{NAME}/traced"], capture_output=True, text=True, check=False, timeout=120)
    if "ptrace" in done.stderr or "PTRACE" in done.stderr:
        pytest.skip("tracing is not allowed here")
    assert done.returncode == 0, done.stderr
    reached = [line for line in trace.read_text().splitlines() if "AF_INET" in line]
    port = bucket.url.rpartition(":")[2]
    assert reached
    assert all(f"htons({port})" in line and "127.0.0.1" in line for line in reached)


def test_what_obstore_would_take_from_the_environment_is_checked_in_words(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SERVER_SIDE_ENCRYPTION", "nonsense")
    with pytest.raises(InputError, match="nonsense"):
        open_store(f"s3://{NAME}/x", HERE)
    monkeypatch.delenv("AWS_SERVER_SIDE_ENCRYPTION")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.url)
    assert open_store(bucket.clear(), HERE).create("a/1", b"")


@pytest.mark.usefixtures("quick")
def test_throttling_passes(bucket: Bucket) -> None:
    store = open_store(f"s3://{NAME}/throttled", HERE)
    bucket.asked.clear()
    bucket.fails = lambda _request, times: refusal(503, "SlowDown") if times % 3 else None
    assert store.create("a/1", b"x")
    assert store.get("a/1") == b"x"
    assert store.list("a") == ["a/1"]
    assert len(bucket.asked) == 9


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (429, "TooManyRequests")])
def test_a_store_that_stays_down_is_an_act_error_after_six_tries(bucket: Bucket, status: int, code: str) -> None:
    store = open_store(f"s3://{NAME}/down", HERE)
    for call in (lambda: store.create("a/1", b"x"), lambda: store.get("a/1"), lambda: store.list("a")):
        bucket.asked.clear()
        bucket.fails = lambda _request, _times: refusal(status, code)
        with pytest.raises(ActError, match=f"{code}: as told") as error:
            call()
        assert error.value.exit_code == 4
        assert len(bucket.asked) == 6


@pytest.mark.usefixtures("bucket", "quick")
def test_nobody_there_is_an_act_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from finops_guard.state import buckets

    monkeypatch.setattr(buckets, "_home", lambda *_: ("http://127.0.0.1:9", "eu-west-1"))
    with pytest.raises(ActError):
        open_store(f"s3://{NAME}/x", HERE).create("a/1", b"x")


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (401, "Unauthorized"), (400, "ExpiredToken")])
def test_a_refusal_is_an_input_error_at_once(bucket: Bucket, status: int, code: str) -> None:
    store = open_store(f"s3://{NAME}/denied", HERE)
    bucket.asked.clear()
    bucket.fails = lambda _request, _times: refusal(status, code)
    with pytest.raises(InputError, match=f"{code}: as told"):
        store.create("a/1", b"x")
    assert len(bucket.asked) == 1


def test_a_bucket_that_went_away_is_not_an_empty_one(bucket: Bucket) -> None:
    store = open_store(f"s3://{NAME}/gone", HERE)
    bucket.fails = lambda _request, _times: refusal(404, "NoSuchBucket")
    for call in (lambda: store.get("a/1"), lambda: store.list("a"), lambda: store.create("a/1", b"")):
        with pytest.raises(InputError, match="NoSuchBucket"):
            call()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("status", "code"), [(500, "InternalError"), (503, "SlowDown"), (409, "ConditionalRequestConflict")]
)
def test_a_create_whose_answer_was_lost_is_ours(bucket: Bucket, status: int, code: str) -> None:
    store = open_store(bucket.clear(), HERE)
    bucket.asked.clear()
    bucket.lose = True
    bucket.fails = lambda _request, times: refusal(status, code) if times == 1 else None
    assert write_once(store, "a/1", b"mine")
    assert store.get("a/1") == b"mine"
    assert not write_once(store, "a/1", b"theirs")


@pytest.mark.usefixtures("quick")
def test_a_conflict_that_made_nothing_is_tried_again(bucket: Bucket) -> None:
    """S3 answers 409 where two conditional writes meet, and may have taken neither."""
    store = open_store(bucket.clear(), HERE)
    bucket.asked.clear()
    bucket.fails = lambda _request, times: refusal(409, "ConditionalRequestConflict") if times == 1 else None
    assert write_once(store, "a/1", b"mine")
    assert store.get("a/1") == b"mine"


def test_waiting_is_bounded() -> None:
    waited: list[float] = []

    class Down:
        def get(self, _key: str) -> object:
            from obstore.exceptions import GenericError

            raise GenericError("HTTP error: no answer")

    store = objects.Objects(Down(), "s3://x", waited.append)  # type: ignore[arg-type] # one call of a store
    begun = time.monotonic()
    with pytest.raises(ActError):
        store.get("a/1")
    assert time.monotonic() - begun < 5
    assert len(waited) == 5
    assert sum(waited) < 8


def test_a_fault_can_be_put_at_every_boundary() -> None:
    said: list[tuple[str, str, str]] = []
    store = MemoryStore(lambda *boundary: said.append(boundary))
    store.create("a/1", b"")
    store.get("a/1")
    store.list("a")
    store.drop(["a/1"])
    assert said == [
        ("create", "a/1", "before"),
        ("create", "a/1", "after"),
        ("get", "a/1", "before"),
        ("list", "a", "before"),
        ("drop", "a/1", "before"),
        ("drop", "a/1", "after"),
    ]
