# shellcheck shell=bash disable=SC2154
# Servers in Java: fetched with Maven as servers.d/SERVER/pom.xml names them, and checked against jars.sha256 next to it. Sourced by
# scripts/servers.

java_is_new() {
    local version
    version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
    [[ ${version:-0} -ge 17 ]]
}

# version_of SERVER: of the first dependency, which is the server.
version_of() {
    # shellcheck disable=SC2016 # $ is the last line
    sed -n '/<dependency>/,${/<version>/{s/.*<version>\(.*\)<.*/\1/p;q}}' "$here/servers.d/$1/pom.xml"
}

# jars_are_there SERVER DIR
jars_are_there() {
    [[ -d $2 ]] && (cd "$2" && sha256sum --check --strict --quiet "$here/servers.d/$1/jars.sha256" >/dev/null 2>&1)
}

# can_have_jars SERVER DIR
can_have_jars() {
    java_is_new && { jars_are_there "$1" "$2" || command -v mvn >/dev/null; }
}

# install_maven SERVER DIR: and Java, as far as they are missing.
install_maven() {
    local -a missing=()
    apt-get update -qq || true
    java_is_new || missing+=("$(first_known openjdk-17-jre-headless default-jre-headless)")
    jars_are_there "$1" "$2" || command -v mvn >/dev/null || missing+=(maven)
    say "$1" "installing ${missing[*]}"
    install_packages "${missing[@]}"
}

# fetch_jars SERVER DIR SIZE: unless they are there. Maven compares its checksums, the list must match, and an incomplete set is never
# left behind.
fetch_jars() {
    local server=$1 dir=$2 about=$here/servers.d/$1 fetching=$cache/$1-fetching
    if jars_are_there "$server" "$dir"; then
        return
    fi
    say "$server" "fetching its jars with Maven, $3"
    rm -rf "$fetching"
    mvn -q -B --strict-checksums -f "$about/pom.xml" "-Dmaven.repo.local=$fetching.maven" \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        -DincludeScope=runtime "-DoutputDirectory=$fetching" >"$fetching.log" 2>&1 ||
        { show "$fetching.log"; fail "$server" "Maven could not fetch its jars; see above, and run again"; }
    (cd "$fetching" && sha256sum --check --strict --quiet "$about/jars.sha256") >&2 ||
        fail "$server" "the fetched jars differ from $about/jars.sha256. If pom.xml was changed on purpose:" \
            "(cd $fetching && sha256sum *.jar) > $about/jars.sha256"
    rm -rf "$dir"
    mv "$fetching" "$dir"
    rm -rf "$fetching.maven" "$fetching.log"
}
