# Builder: the bundle's directory. $manifest, $out.
set -euo pipefail
mkdir "$out"
cp "$manifest" "$out/vmtest.json"
