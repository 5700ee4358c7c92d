#!/bin/sh
# kirk 4.2.0 (PyPI), the runner of the Linux Test Project since runltp was removed: it exits with 0 whatever failed. A runtest file of four
# programs, one of which exits with 1, one with 2 (TBROK), one prints a TFAIL and exits with 0, and one prints nothing at all, ends with exit status 0.
# In its JSON report the program that printed TFAIL has status "pass" beside "failed": 1, and the silent one is "pass" with "passed": 1. runltp, which it
# replaces, exited with 1 where something failed. Who judges a run has to read every result, and its log.
# This installs kirk into a directory of its own. Exits with 1 where what it states is no longer so.
set -eu
version=4.2.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "kirk==$version"

mkdir -p ltp/runtest ltp/testcases/bin ltp/metadata tmp
cat >ltp/runtest/planted <<'LTP'
exits_1 sh -c "exit 1"
exits_2 sh -c "exit 2"
tfail_exits_0 sh -c "echo 'x 1 TFAIL: bad'; exit 0"
silent true
LTP
export LTPROOT="$work/ltp"

status=0
venv/bin/kirk --tmp-dir "$work/tmp" --run-suite planted --json-report "$work/report.json" >output 2>&1 || status=$?
python3 - "$status" <<'PYTHON'
import json, sys
status = int(sys.argv[1])
results = {result["test_fqn"]: result for result in json.load(open("report.json"))["results"]}
for name, result in results.items():
    print(name, result["status"], "passed", result["test"]["passed"], "failed", result["test"]["failed"], "broken", result["test"]["broken"])
stated = [
    status == 0,
    results["exits_1"]["status"] == "fail",
    results["exits_2"]["status"] == "brok",
    results["tfail_exits_0"]["status"] == "pass" and results["tfail_exits_0"]["test"]["failed"] == 1,
    results["silent"]["status"] == "pass" and results["silent"]["test"]["passed"] == 1,
]
print("exit status", status)
if not all(stated):
    print("no longer so:", stated, file=sys.stderr)
    sys.exit(1)
PYTHON
echo "as stated, of kirk $version"
