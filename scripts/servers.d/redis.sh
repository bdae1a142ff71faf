# shellcheck shell=bash disable=SC2034,SC2154
# Redis, 7 or newer. Sourced by scripts/servers, which describes the functions.

redis_variable=CHORALE_TEST_REDIS
redis_needs='Redis 7 or newer (Debian: redis-server)'
redis_image=redis:7
redis_image_port=6379
redis_signal=TERM

# As a shop would run it: a crash loses at most the last second, and when memory is full, writes are refused and no keys are dropped.
readonly -a redis_settings=(--appendonly yes --appendfsync everysec --save '' --maxmemory 256mb --maxmemory-policy noeviction)

redis_have() {
    local version
    version=$(redis-server --version 2>/dev/null | sed -n 's/.* v=\([0-9]*\).*/\1/p')
    [[ ${version:-0} -ge 7 ]]
}

redis_install() {
    say redis "installing it, without a service of the system's own"
    install_packages redis-server || return
    # The next boot must not start it either.
    systemctl disable --quiet redis-server >/dev/null 2>&1 || true
}

redis_password() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$1/password"
}

redis_prepare() {
    local dir=$1
    mkdir "$dir/data"
    redis_password "$dir"
    # In a file, because all users can read the arguments of a process.
    printf 'requirepass %s\n' "$(<"$dir/password")" >"$dir/redis.conf"
}

redis_start() {
    local dir=$1
    spawn "$dir" redis-server "$dir/redis.conf" --bind 127.0.0.1 --port "$(<"$dir/port")" --dir "$dir/data" "${redis_settings[@]}"
}

redis_docker_arguments() {
    redis_password "$1"
    docker_options=()
    docker_command=(redis-server --requirepass "$(<"$1/password")" "${redis_settings[@]}")
}

redis_address() {
    printf 'redis://:%s@127.0.0.1:%s\n' "$(<"$1/password")" "$(<"$1/port")"
}

# Redis refuses PING while it loads its data, and without the password. A server with TLS does not answer: it only has to listen.
redis_answers() {
    local host=${1#*://} login='' user password
    if [[ $host == *@* ]]; then
        login=${host%@*}
        host=${host##*@}
    fi
    host=${host%%[/?]*}
    [[ $host == *:* ]] || host=$host:6379
    if [[ $1 == rediss://* ]]; then
        ask "${host%:*}" "${host##*:}" 'PING\r\n'
        return
    fi
    if [[ -n $login ]]; then
        user=${login%%:*}
        password=${login#*:}
        # %41 in an address is \x41 in a command.
        login="AUTH ${user:+\"${user//%/\\x}\"} \"${password//%/\\x}\""
    fi
    # shellcheck disable=SC2016 # for the inner shell
    printf '%s\r\nPING\r\nQUIT\r\n' "$login" |
        timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1" && cat >&3 && cat <&3' "${host%:*}" "${host##*:}" 2>/dev/null |
        grep -q '^+PONG'
}
