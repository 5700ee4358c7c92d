#!/bin/sh
# The workflows, held against actionlint and zizmor: `scripts/lint-workflows.sh [--install]`.
# --install fetches what is missing (actionlint with Go, zizmor with pip) into a cache directory outside the checkout;
# where that is not possible the check is skipped, and said to be.
set -eu
cd "$(dirname "$0")/.."

tools=${XDG_CACHE_HOME:-$HOME/.cache}/kernel-vmtest-tools
actionlint_version=v1.7.12
zizmor_version=1.32.0
PATH=$tools/bin:$PATH

have() { command -v "$1" >/dev/null 2>&1; }

if [ "${1:-}" = --install ]; then
  mkdir -p "$tools/bin"
  if ! have actionlint && have go; then
    GOBIN=$tools/bin go install "github.com/rhysd/actionlint/cmd/actionlint@$actionlint_version" || :
  fi
  if ! have zizmor && python3 -m venv "$tools/venv" && "$tools/venv/bin/pip" --quiet install "zizmor==$zizmor_version"; then
    ln -sf "$tools/venv/bin/zizmor" "$tools/bin/zizmor"
  fi
fi

status=0
ran=0
if have actionlint; then
  # Without a list it reads .github/workflows alone.
  actionlint -color .github/workflows/*.yml examples/*/*.yml || status=1
  ran=$((ran + 1))
else
  echo 'workflows: actionlint is not installed: skipped (--install fetches it)' >&2
fi
if have zizmor; then
  zizmor --offline --persona auditor --no-progress . || status=1
  ran=$((ran + 1))
else
  echo 'workflows: zizmor is not installed: skipped (--install fetches it)' >&2
fi
[ "$ran" -gt 0 ] || echo 'workflows: nothing was checked' >&2
exit "$status"
