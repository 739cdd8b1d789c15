"""The base of a request, asked of a checkout whose head a stranger wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops_guard.errors import InputError
from tests.tools.checkout import Checkout


@pytest.fixture
def there(tmp_path: Path) -> Checkout:
    return Checkout.made(tmp_path / "work")


def test_a_name_is_what_it_is_at_origin_whatever_branch_the_request_has(there: Checkout, tmp_path: Path) -> None:
    base = there.commit(**{"a.yaml": "base"})
    (tmp_path / "clone").mkdir()
    there.git("clone", "--quiet", str(there.top), str(tmp_path / "clone/work"))
    clone = Checkout(tmp_path / "clone/work")
    evil = clone.commit(**{"a.yaml": "evil"})
    assert clone.git("rev-parse", "main") == evil
    for name in ("main", "origin/main", "refs/remotes/origin/main", base):
        assert clone.asked(FG_BASE_REF=name).base() == base
    clone.git("update-ref", "-d", "refs/remotes/origin/main")
    for name in ("main", "refs/heads/main"):
        assert clone.asked(FG_BASE_REF=name).base() == base, "it is fetched"


def test_where_there_is_no_origin_names_are_those_that_are_here(there: Checkout) -> None:
    base = there.commit()
    there.git("checkout", "--quiet", "-b", "request")
    there.commit(a="1")
    assert there.asked(FG_BASE_REF="main").base() == base
    with pytest.raises(InputError, match="the base nothing is not here"):
        there.asked(FG_BASE_REF="nothing").base()


def test_names_of_a_fork_are_a_stranger_s(there: Checkout) -> None:
    commit = there.commit()
    there.git("remote", "add", "origin", "https://github.com/mallory/infra.git")
    there.git("update-ref", "refs/remotes/origin/main", commit)
    with pytest.raises(InputError, match="the checkout is of another repository"):
        there.asked(FG_BASE_REF="main", GITHUB_REPOSITORY="acme/infra").base()
    assert there.asked(FG_BASE_REF=commit, GITHUB_REPOSITORY="acme/infra").base() == commit
    there.git("remote", "set-url", "origin", "https://github.com/Acme/infra")
    assert there.asked(FG_BASE_REF="main", GITHUB_REPOSITORY="acme/infra").base() == commit


def test_no_checkout_is_said(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with pytest.raises(InputError, match="no checkout in the workspace"):
        Checkout(tmp_path / "work").asked(FG_BASE_REF="a" * 40).base()


def test_what_changed_runs_no_filter(there: Checkout) -> None:
    """Attributes are the request's; a filter that the machine has would run on its files."""
    base = there.commit(**{"rules/a.yaml": "1", "rules/b.yaml": "1", "rules/c.yaml": "1", "other": "1"})
    (there.top / "rules/b.yaml").unlink()
    (there.top / "rules/c.yaml").unlink()
    (there.top / "rules/c.yaml").symlink_to("/etc/passwd")
    there.commit(**{"rules/a.yaml": "2", "rules/x\ny`@z.yaml": "1", ".gitattributes": "* filter=evil", "other": "2"})
    marker = there.top.parent / "ran"
    there.git("config", "filter.evil.clean", f"touch {marker}; cat")
    (there.top / "rules/a.yaml").write_text("3")
    assert there.asked().changed(base, ["rules", "a*.yaml", "none"]) == {
        "rules/a.yaml": "modified", "rules/b.yaml": "deleted", "rules/c.yaml": "modified", "rules/x\ny`@z.yaml": "added"
    }  # fmt: skip
    assert not marker.exists()


def test_what_the_base_changed_meanwhile_is_not_the_request_s(there: Checkout) -> None:
    there.commit(**{"a.yaml": "1", "b.yaml": "1"})
    there.git("checkout", "--quiet", "-b", "request")
    there.commit(**{"b.yaml": "2"})
    there.git("checkout", "--quiet", "main")
    base = there.commit(**{"a.yaml": "2"})
    there.git("checkout", "--quiet", "request")
    assert there.asked().changed(base, ["a.yaml", "b.yaml"]) == {"b.yaml": "modified"}


@pytest.mark.parametrize("way", ["a link to the top", "a file", "a link to a checkout"])
def test_a_request_puts_nothing_where_the_workflow_checks_policies_out(
    there: Checkout, tmp_path: Path, way: str
) -> None:
    base = there.commit(**{"policies/acme.yaml": "lax"})
    other = Checkout.made(tmp_path / "other")
    other.commit(**{"policies/acme.yaml": "lax"})
    if way == "a file":
        there.commit(**{"central/policies/acme.yaml": "lax"})
        (there.top / "central/.git").mkdir()
    else:
        (there.top / "central").symlink_to("." if way == "a link to the top" else other.top)
        there.commit()
    with pytest.raises(InputError, match=r"the request says what is there \(central"):
        there.asked().elsewhere(base, there.top / "central/policies/acme.yaml")


def test_a_checkout_of_its_own_is_elsewhere(there: Checkout, tmp_path: Path) -> None:
    base = there.commit(**{"policies/acme.yaml": "x", "central/README": "tracked"})
    other = Checkout.made(there.top / "central/guard")
    other.commit(**{"acme.yaml": "strict"})
    (tmp_path / "outside.yaml").write_text("x")
    asked = there.asked()
    assert asked.elsewhere(base, there.top / "central/guard/acme.yaml")
    assert asked.elsewhere(base, tmp_path / "outside.yaml")
    assert not asked.elsewhere(base, there.top / "policies/acme.yaml")
    assert not asked.elsewhere(base, there.top / "nothing.yaml")


def test_a_submodule_judges_only_as_the_base_has_it(there: Checkout, tmp_path: Path) -> None:
    other = Checkout.made(tmp_path / "other")
    other.commit(**{"acme.yaml": "strict"})
    there.git("submodule", "--quiet", "add", str(other.top), "central")
    base = there.commit()
    there.commit(**{"main.tf": "x"})
    path = there.top / "central/acme.yaml"
    assert there.asked().elsewhere(base, path)
    Checkout(there.top / "central").commit(**{"acme.yaml": "lax"})
    with pytest.raises(InputError, match=r"the request says what is there \(central\)"):
        there.asked().elsewhere(base, path)  # checked out at another commit
    there.commit()
    with pytest.raises(InputError, match=r"the request says what is there \(central\)"):
        there.asked().elsewhere(base, path)


def test_what_is_tracked(there: Checkout, tmp_path: Path) -> None:
    there.commit(**{"state/x": "1", "deep/a": "1"})
    (there.top / "deep/state").mkdir()
    (there.top / "linked").symlink_to(tmp_path)
    there.git("add", "linked")
    there.commit()
    asked = there.asked()
    for name, tracked in (("state", True), (".", True), ("linked/x", True), ("deep/state", False), ("new", False)):
        assert asked.tracks(there.top / name) is tracked, name
    assert not asked.tracks(tmp_path / "away")
