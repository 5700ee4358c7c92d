#!/bin/sh
# `npm test`: sets itself up on a fresh clone, then runs every check.
set -eu
cd "$(dirname "$0")/.."
# Not `npm ci`: a lockfile written where the registry lacks other platforms' optional packages does not satisfy it.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm install --no-audit --no-fund
fi
npm run check
