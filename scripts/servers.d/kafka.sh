# shellcheck shell=bash disable=SC2034,SC2154
# Kafka: one broker that is also its controller, from the published jars. Sourced by scripts/servers, which describes the functions.

kafka_variable=CHORALE_TEST_KAFKA
kafka_needs='Java 17 or newer and Maven (Debian: openjdk-17-jre-headless, maven)'
kafka_image=apache/kafka:4.3.1
kafka_image_port=9092
kafka_signal=TERM

kafka_about=$here/servers.d/kafka
kafka_jars=$cache/kafka-$(version_of kafka)

kafka_have() {
    can_have_jars kafka "$kafka_jars"
}

kafka_install() {
    install_maven kafka "$kafka_jars"
}

kafka_fetch() {
    fetch_jars kafka "$kafka_jars" '44 MB'
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

# With CHORALE_SERVERS_KAFKA_PROXIED="PORT ADVERTISED" there is a second listener on PORT, which advertises ADVERTISED: the port of a
# proxy to PORT. Clients connect to the addresses that a broker advertises, so a proxy to the first listener is passed by.
kafka_configure() {
    local dir=$1 port controller listening advertised proxied='' shown=''
    port=$(<"$dir/port")
    controller=$(<"$dir/controller-port")
    if [[ -n ${CHORALE_SERVERS_KAFKA_PROXIED:-} ]]; then
        read -r listening advertised <<<"$CHORALE_SERVERS_KAFKA_PROXIED"
        proxied=,PROXIED://127.0.0.1:$listening
        shown=,PROXIED://127.0.0.1:$advertised
    fi
    {
        cat "$kafka_about/server.properties"
        printf '\nlisteners=PLAINTEXT://127.0.0.1:%s,CONTROLLER://127.0.0.1:%s%s\n' "$port" "$controller" "$proxied"
        printf 'advertised.listeners=PLAINTEXT://127.0.0.1:%s%s\n' "$port" "$shown"
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
    local dir=$1 port name value listening advertised proxied='' shown=''
    port=$(<"$dir/port")
    docker_options=()
    if [[ -n ${CHORALE_SERVERS_KAFKA_PROXIED:-} ]]; then
        read -r listening advertised <<<"$CHORALE_SERVERS_KAFKA_PROXIED"
        proxied=,PROXIED://:$listening
        shown=,PROXIED://127.0.0.1:$advertised
        docker_options=(--publish "127.0.0.1:$listening:$listening")
    fi
    docker_options+=(
        --env "KAFKA_LISTENERS=PLAINTEXT://:9092,CONTROLLER://:9093$proxied"
        --env "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:$port$shown"
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
