"""An import-linter contract: modules that are found by file name know nothing of each other."""

from typing import TYPE_CHECKING, cast

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grimp import ImportGraph
    from importlinter.domain.imports import Module


class PluginsContract(Contract):
    """No module of a folder imports a sibling, even by a detour; `_name` modules are what they share.

    The built-in independence contract has no wildcard that leaves out the shared modules.
    """

    folders = fields.SetField(subfield=fields.ModuleField())

    def check(self, graph: "ImportGraph", verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - the base class's signature
        """Look for chains of imports between siblings; a folder that does not exist yet has none."""
        chains = [
            " -> ".join((min(route.heads), *route.middle, min(route.tails)))
            for folder in cast("Iterable[Module]", self.folders)
            for broken in graph.find_illegal_dependencies_for_layers(layers=[_plugins(graph, folder.name)])
            for route in broken.routes
        ]
        return ContractCheck(kept=not chains, metadata={"chains": chains})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line a chain."""
        for chain in cast("list[str]", check.metadata["chains"]):
            output.print_error(chain)


def _plugins(graph: "ImportGraph", folder: str) -> set[str]:
    children = graph.find_children(folder) if folder in graph.modules else set()
    return {child for child in children if not child.rpartition(".")[2].startswith("_")}
