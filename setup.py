"""Maps the four rooms at the top of the repository onto the import namespace ``polyarena``.

Everything else lives in pyproject.toml; setuptools has no declarative way to say "every subpackage of these folders,
under another name".
"""

from setuptools import find_packages, setup

ROOMS = ("tasks", "judges", "reports", "harness")

setup(
    package_dir={f"polyarena.{room}": room for room in ROOMS},
    packages=[
        f"polyarena.{name}"
        for name in find_packages(include=[pattern for room in ROOMS for pattern in (room, f"{room}.*")])
    ],
)
