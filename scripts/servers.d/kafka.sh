# shellcheck shell=bash disable=SC2034,SC2154
# Kafka: one broker that is also its controller, from the published jars. Sourced by scripts/servers, which describes the functions.

kafka_variable=CHORALE_TEST_KAFKA
kafka_needs='Java 17 or newer and Maven (Debian: openjdk-17-jre-headless, maven)'
kafka_image=apache/kafka:4.3.1
kafka_image_port=9092
kafka_signal=TERM

kafka_about=$here/servers.d/kafka
kafka_jars=$cache/kafka-$(sed -n '/<artifactId>kafka_2/{n;s/.*<version>\(.*\)<.*/\1/p;}' "$kafka_about/pom.xml")

kafka_java() {
    local version
    version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
    [[ ${version:-0} -ge 17 ]]
}

kafka_fetched() {
    [[ -d $kafka_jars ]] && (cd "$kafka_jars" && sha256sum --check --strict --quiet "$kafka_about/jars.sha256" >/dev/null 2>&1)
}

kafka_have() {
    kafka_java && { kafka_fetched || command -v mvn >/dev/null; }
}

kafka_install() {
    local -a missing=()
    if ! kafka_have; then
        apt-get update -qq || true
        kafka_java || missing+=("$(first_known openjdk-17-jre-headless default-jre-headless)")
        kafka_fetched || command -v mvn >/dev/null || missing+=(maven)
        say kafka "installing ${missing[*]}"
        install_packages "${missing[@]}" || return
    fi
    kafka_fetched || kafka_fetch
}

# Fetches the jars. Maven compares its checksums, the list must match, and an incomplete set is never left behind.
kafka_fetch() {
    local fetching=$cache/kafka-fetching
    say kafka "fetching the broker with Maven, 44 MB"
    rm -rf "$fetching"
    mvn -q -B --strict-checksums -f "$kafka_about/pom.xml" "-Dmaven.repo.local=$cache/maven" \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        -DincludeScope=runtime "-DoutputDirectory=$fetching" >"$cache/kafka-fetching.log" 2>&1 ||
        { show "$cache/kafka-fetching.log"; fail kafka "Maven could not fetch the broker; see above, and run again"; }
    (cd "$fetching" && sha256sum --check --strict --quiet "$kafka_about/jars.sha256") >&2 ||
        fail kafka "the fetched jars differ from $kafka_about/jars.sha256. If pom.xml was changed on purpose:" \
            "(cd $fetching && sha256sum *.jar) > $kafka_about/jars.sha256"
    rm -rf "$kafka_jars"
    mv "$fetching" "$kafka_jars"
    rm -rf "$cache/maven" "$cache/kafka-fetching.log"
}

kafka_prepare() {
    local dir=$1
    mkdir "$dir/data"
    free_port >"$dir/controller-port"
    kafka_configure "$dir"
    CLASSPATH="$kafka_jars/*" java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx128m \
        "-Dlog4j2.configurationFile=$kafka_about/log4j2.xml" \
        kafka.tools.StorageTool format -t "$(head -c 16 /dev/urandom | base64 | tr '+/' 'Aa' | tr -d =)" \
        -c "$dir/server.properties" >"$dir/log" 2>&1
}

kafka_configure() {
    local dir=$1 port controller
    port=$(<"$dir/port")
    controller=$(<"$dir/controller-port")
    {
        cat "$kafka_about/server.properties"
        printf '\nlisteners=PLAINTEXT://127.0.0.1:%s,CONTROLLER://127.0.0.1:%s\n' "$port" "$controller"
        printf 'advertised.listeners=PLAINTEXT://127.0.0.1:%s\n' "$port"
        printf 'controller.quorum.voters=1@127.0.0.1:%s\n' "$controller"
        printf 'log.dirs=%s\n' "$dir/data"
    } >"$dir/server.properties"
}

kafka_start() {
    local dir=$1
    # Small and fast to start, for tests, unless Kafka's usual variables are set.
    local -a options
    read -r -a options <<<"${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1} ${KAFKA_HEAP_OPTS:--Xms192m -Xmx512m}"
    CLASSPATH="$kafka_jars/*" spawn "$dir" java "${options[@]}" \
        "-Dlog4j2.configurationFile=$kafka_about/log4j2.xml" kafka.Kafka "$dir/server.properties"
}

kafka_docker_arguments() {
    local dir=$1 port name value
    port=$(<"$dir/port")
    docker_options=(
        --env "KAFKA_LISTENERS=PLAINTEXT://:9092,CONTROLLER://:9093"
        --env "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:$port"
        --env "KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:9093"
    )
    # The image takes settings as KAFKA_ with underscores for dots.
    while IFS='=' read -r name value; do
        if [[ $name == [a-z]* ]]; then
            docker_options+=(--env "KAFKA_$(tr 'a-z.' 'A-Z_' <<<"$name")=$value")
        fi
    done <"$kafka_about/server.properties"
    docker_command=()
}

kafka_address() {
    printf '127.0.0.1:%s\n' "$(<"$1/port")"
}

# Whether one of the brokers reports at least one live broker. (A broker with TLS or SASL does not answer unauthenticated requests;
# then it is enough that it listens.)
kafka_answers() {
    local address=$1 broker
    local -a reply
    address=${address#kafka://}
    address=${address##*@}
    for broker in $(tr ',' ' ' <<<"${address%%[/?]*}"); do
        # Metadata, version 1, correlation 1, no client id, no topics; the reply: length, correlation, number of brokers, …
        reply=$(ask "${broker%:*}" "${broker##*:}" '\0\0\0\x0e\0\x03\0\x01\0\0\0\x01\xff\xff\0\0\0\0') || continue
        case $1 in
            *tls=* | *sasl* | *@*) return ;;
        esac
        read -r -a reply <<<"$reply"
        if [[ ${reply[*]:4:4} == '0 0 0 1' && ${reply[*]:8:4} != '0 0 0 0' ]]; then
            return
        fi
    done
    return 1
}
