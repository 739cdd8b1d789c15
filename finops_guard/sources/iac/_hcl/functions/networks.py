"""Functions of address ranges."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.values import Val, WrongError, number, text


def _network(value: Val) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(text(value)), strict=False)
    except ValueError:
        raise WrongError("not an address range") from None


def _whole(value: Val) -> int:
    found = number(value)
    if not isinstance(found, int):
        raise WrongError("not a whole number")
    return found


def _subnet(prefix: Val, bits: Val, index: Val) -> Val:
    network, more, at = _network(prefix), _whole(bits), _whole(index)
    length = network.prefixlen + more
    if not (more >= 0 and length <= network.max_prefixlen and 0 <= at < 1 << more):
        raise WrongError("no such part of the address range")
    start = int(network.network_address) + (at << (network.max_prefixlen - length))
    return f"{type(network.network_address)(start)}/{length}"


def _host(prefix: Val, index: Val) -> Val:
    network, at = _network(prefix), _whole(index)
    if not -network.num_addresses <= at < network.num_addresses:
        raise WrongError("no such address in the range")
    return str(network[at])


def _netmask(prefix: Val) -> Val:
    network = _network(prefix)
    return str(network.netmask) if isinstance(network, IPv4Network) else Unknown("a netmask of IPv6")


FUNCTIONS = {"cidrhost": _host, "cidrnetmask": _netmask, "cidrsubnet": _subnet}
