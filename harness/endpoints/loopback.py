"""Keeps requests to servers on this machine away from the environment's proxies."""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import urlsplit

_VARIABLES = ("NO_PROXY", "no_proxy")


def bypass_proxies(url: str) -> None:
    """Name the host of an address in ``NO_PROXY`` if it is this machine; leave other addresses to the environment.

    A proxy elsewhere would look for the server on its own machine. lm-eval's API models send through ``requests``,
    which reads the proxies of the environment and takes no other word for it.
    """
    host = urlsplit(url).hostname or ""
    if not is_loopback(host):
        return
    for name in _VARIABLES:
        listed = [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]
        if host not in listed and "*" not in listed:
            os.environ[name] = ",".join([*listed, host])


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
