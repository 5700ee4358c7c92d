#!/bin/sh
# kcidb-io 141 (PyPI), schema 5.3 of KernelCI's database: a document that its schema calls valid can be lost or misread. An object's
# id need not begin with the object's origin, two tests may have one id, a test's build need not be anywhere, a duration may be negative, and a test
# need not have a status at all. What it refuses is mere spelling: an origin with a hyphen, a path with a slash. So
# a green validation says that the text is well-formed, not that the results can be found again.
# This installs kcidb-io into a directory of its own. Exits with 1 where what it states is no longer so.
set -eu
version=141
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "kcidb-io==$version" "setuptools<81"
cat >check.py <<'PYTHON'
import sys
from kcidb_io.schema import LATEST

def document(**test):
    return {
        "version": {"major": LATEST.major, "minor": LATEST.minor},
        "tests": [{"id": "origin:1", "origin": "origin", "build_id": "origin:nowhere", "path": "suite.test", "status": "PASS", **test}],
    }

def accepts(value):
    return LATEST.is_compatible(value) and LATEST.is_valid(value)

twice = document()
twice["tests"].append(dict(twice["tests"][0], status="FAIL"))
silent = document()
del silent["tests"][0]["status"]
stated = {
    "a build that is nowhere": (document(), True),
    "an id of another origin": (document(id="other:1"), True),
    "two tests of one id, one passed and one failed": (twice, True),
    "a negative duration": (document(duration=-1), True),
    "no status": (silent, True),
    "an origin with a hyphen": (document(id="my-lab:1", origin="my-lab"), False),
    "a path with a slash": (document(path="xfstests.generic/001"), False),
}
wrong = []
for what, (value, expected) in stated.items():
    found = accepts(value)
    print(("valid" if found else "refused") + ":", what)
    if found != expected:
        wrong.append(what)
print("schema", f"{LATEST.major}.{LATEST.minor}")
if wrong:
    print("no longer so:", wrong, file=sys.stderr)
    sys.exit(1)
PYTHON
venv/bin/python check.py
echo "as stated, of kcidb-io $version"
