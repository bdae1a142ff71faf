#!/usr/bin/env bash
# Fetches the files of Swagger UI from npm, and writes them as they are kept here: compressed, without a time in them.
# For a newer version, change it here, run this, and look at both pages in a browser. A test checks SHA256SUMS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly package=swagger-ui-dist@5.32.6

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --silent --pack-destination "$folder" "$package" >/dev/null
tar --extract --gzip --file "$folder/${package/@/-}.tgz" --directory "$folder" --strip-components 1
for file in swagger-ui-bundle.js swagger-ui.css; do
    # Without the reference to a source map, which is not kept here.
    sed '/^\/[/*]# sourceMappingURL=/d' "$folder/$file" | gzip -9 --no-name --stdout >"$file.gz"
done
{
    printf '%s\n\n' "$package"
    cat "$folder/LICENSE" "$folder/NOTICE"
} >LICENSES
sha256sum -- *.gz LICENSES >SHA256SUMS
