from pathlib import Path

from finops_guard.model import Notes, Unknown
from finops_guard.sources import iac
from tests.sources.iac.hcl_estate import REQUIRED, made


def test_every_resource_of_a_generated_estate_is_found_where_it_stands_with_the_tags_it_will_have(
    tmp_path: Path,
) -> None:
    estate = made(tmp_path, 600, seed=7)
    notes = Notes()
    found = {each.id: each for each in iac.collect(tmp_path, iac.Reading(notes))}
    assert found.keys() == estate.truth.keys()
    for address, truth in estate.truth.items():
        resource = found[address]
        assert resource.at is not None
        assert (resource.at.file, resource.at.line) == (str(tmp_path / truth.file), truth.line)
        assert resource.fields["region"] == truth.region
        for key in REQUIRED:
            value = resource.tags.look(key)
            if key in truth.unknown:
                assert isinstance(value, Unknown), (address, key)
            else:
                assert value == truth.tags[key], (address, key)
    assert not notes.gaps
