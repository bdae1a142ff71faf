#!/usr/bin/env bash
# Fetches the files of GraphiQL again, from npm, and writes them as they are kept here: compressed, without a time in them.
# A newer version: change it here, run this, look at both pages in a browser. SHA256SUMS is checked by a test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly packages=(graphiql@4.1.2 react@18.3.1 react-dom@18.3.1)
readonly files=(
    graphiql/graphiql.min.js
    graphiql/graphiql.min.css
    react/umd/react.production.min.js
    react-dom/umd/react-dom.production.min.js
)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for package in "${packages[@]}"; do
    name=${package%@*}
    npm pack --silent --pack-destination "$folder" "$package" >/dev/null
    mkdir "$folder/$name"
    tar --extract --gzip --file "$folder/$name-${package#*@}.tgz" --directory "$folder/$name" --strip-components 1
done
for file in "${files[@]}"; do
    gzip -9 --no-name --stdout "$folder/$file" >"$(basename "$file").gz"
done
for package in "${packages[@]}"; do
    printf '%s\n\n' "$package"
    cat "$folder/${package%@*}/LICENSE"
    printf '\n'
done >LICENSES
sha256sum -- *.gz LICENSES >SHA256SUMS
