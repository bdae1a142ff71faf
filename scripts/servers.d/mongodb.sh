# shellcheck shell=bash disable=SC2034,SC2154
# MongoDB: mongod as a replica set of one; where there is neither mongod nor Docker, a compatible server, because no registry of
# packages has a mongod. Sourced by scripts/servers, which describes the functions.

mongodb_variable=CHORALE_TEST_MONGODB
mongodb_needs='mongod 5 or newer on the PATH, or for a compatible server Java 17 or newer and Maven (Debian: openjdk-17-jre-headless, maven)'
mongodb_image=mongo:8.0
mongodb_image_port=27017
mongodb_signal=TERM

mongodb_about=$here/servers.d/mongodb
mongodb_jars=$cache/mongo-java-server-$(version_of mongodb)
# Change streams and transactions exist in a replica set only.
readonly -a mongodb_settings=(--replSet chorale --wiredTigerCacheSizeGB 0.25)

mongodb_is_here() {
    local version
    version=$(mongod --version 2>/dev/null | sed -n 's/^db version v\([0-9]*\).*/\1/p')
    [[ ${version:-0} -ge 5 ]]
}

mongodb_in_docker() {
    docker info >/dev/null 2>&1
}

mongodb_have() {
    mongodb_is_here || { ! mongodb_in_docker && can_have_jars mongodb "$mongodb_jars"; }
}

mongodb_install() {
    mongodb_in_docker || install_maven mongodb "$mongodb_jars"
}

mongodb_fetch() {
    if mongodb_is_here; then
        return
    fi
    fetch_jars mongodb "$mongodb_jars" '6 MB'
    # Compiled once, because that takes longer than the start. The source is copied last, so an interrupted compilation is repeated.
    if ! cmp -s "$mongodb_about/Server.java" "$mongodb_jars/Server.java"; then
        CLASSPATH="$mongodb_jars/*" java -m jdk.compiler/com.sun.tools.javac.Main -d "$mongodb_jars" "$mongodb_about/Server.java" >&2
        cp "$mongodb_about/Server.java" "$mongodb_jars/"
    fi
}

mongodb_prepare() {
    local dir=$1
    mkdir "$dir/data"
    if mongodb_is_here; then
        printf 'mongod\n' >"$dir/kind"
    else
        say mongodb "there is no mongod and no Docker: using mongo-java-server $(version_of mongodb), which is partly compatible"
        printf 'compatible\n' >"$dir/kind"
    fi
}

mongodb_start() {
    local dir=$1 port
    port=$(<"$dir/port")
    if [[ $(<"$dir/kind") == mongod ]]; then
        spawn "$dir" mongod --dbpath "$dir/data" --bind_ip 127.0.0.1 --port "$port" --nounixsocket "${mongodb_settings[@]}"
    else
        CLASSPATH="$mongodb_jars/*:$mongodb_jars" spawn "$dir" java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx512m \
            -Dorg.slf4j.simpleLogger.showDateTime=true -Dorg.slf4j.simpleLogger.log.de.bwaldvogel.mongo.wire=warn \
            Server "$port" "$dir/data/file"
    fi
}

# A replica set has to be initiated once.
mongodb_started() {
    local dir=$1
    if [[ $(<"$dir/kind") == mongod ]]; then
        wait_until 60 mongodb_initiated_or_died "$dir" || true
    fi
}

mongodb_initiated_or_died() {
    local port reply member
    if ! is_alive mongodb; then
        return
    fi
    port=$(<"$1/port")
    member=127.0.0.1:$port
    if [[ $(how mongodb) == docker ]]; then
        member=127.0.0.1:$mongodb_image_port
    fi
    reply=$(mongodb_ask 127.0.0.1 "$port" "$(bson_one isMaster)") || return
    # The key is there until the set is initiated.
    if [[ $reply == *"$(shown isreplicaset)"* ]]; then
        member=$(bson "$(bson_one _id '\0')$(bson_text host "$member")")
        member=$(bson "$(bson_text _id chorale)\x04members\0$(bson "\x030\0$member")")
        mongodb_ask 127.0.0.1 "$port" "\x03replSetInitiate\0$member" >/dev/null
        return 1
    fi
}

mongodb_docker_arguments() {
    printf 'mongod\n' >"$1/kind"
    docker_options=()
    docker_command=(mongod --bind_ip_all "${mongodb_settings[@]}")
}

# directConnection: the member's own address may be one of a container. The compatible server has no sessions, so clients cannot retry.
mongodb_address() {
    local options='directConnection=true'
    if [[ $(<"$1/kind") != mongod ]]; then
        options+='&retryWrites=false&retryReads=false'
    fi
    printf 'mongodb://127.0.0.1:%s/?%s\n' "$(<"$1/port")" "$options"
}

# A server that was not started here is asked: the compatible one does not know `hello`.
mongodb_kind() {
    local host
    if [[ -e $1/kind ]]; then
        cat "$1/kind"
        return
    fi
    for host in $(mongodb_hosts "$(<"$1/address")"); do
        if [[ $(mongodb_ask "${host%:*}" "${host##*:}" "$(bson_one hello)") == *"$(shown isWritablePrimary)"* ]]; then
            printf 'mongod\n'
            return
        fi
    done
    printf 'compatible\n'
}

# One of the hosts must accept writes. A server with TLS does not answer: it only has to listen. Only a client can look up the hosts of
# mongodb+srv://.
mongodb_answers() {
    local host reply
    if [[ $1 == mongodb+srv://* ]]; then
        return
    fi
    for host in $(mongodb_hosts "$1"); do
        reply=$(mongodb_ask "${host%:*}" "${host##*:}" "$(bson_one isMaster)") || continue
        if [[ $1 == *[?\&]tls=true* || $1 == *[?\&]ssl=true* || $reply == *"$(shown ismaster)1 "* ]]; then
            return
        fi
    done
    return 1
}

# mongodb_hosts ADDRESS: with their ports.
mongodb_hosts() {
    local hosts=${1#*://} host
    hosts=${hosts##*@}
    for host in $(tr ',' ' ' <<<"${hosts%%[/?]*}"); do
        [[ $host == *:* ]] || host=$host:27017
        printf '%s\n' "$host"
    done
}

# mongodb_ask HOST PORT ELEMENTS: sends a command (OP_MSG), and prints the reply as `ask` does, with a space at its end.
mongodb_ask() {
    local body reply
    body=$(bson "$3$(bson_text "\$db" admin)")
    reply=$(ask "$1" "$2" "$(int32 $((21 + $(size_of "$body"))))$(int32 1)$(int32 0)$(int32 2013)$(int32 0)\0$body") || return
    printf '%s ' "$reply"
}

# BSON, as what printf takes: a document of elements, an element that is the number 1 or VALUE (its last byte), one that is a text.
bson() {
    printf '%s' "$(int32 $(($(size_of "$1") + 5)))$1\0"
}

bson_one() {
    printf '%s' "\x10$1\0${2:-\x01}\0\0\0"
}

bson_text() {
    printf '%s' "\x02$1\0$(int32 $((${#2} + 1)))$2\0"
}

int32() {
    printf '\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}

size_of() {
    # shellcheck disable=SC2059 # it is meant as a format
    printf "$1" | wc -c
}

# shown TEXT: as it is in what `ask` prints.
shown() {
    printf '%s' "$1" | od -An -v -tu1 | tr -s ' \n' ' '
    printf '0 '
}
