# shellcheck shell=bash disable=SC2034
# PostgreSQL, 15 or newer. Sourced by scripts/servers, which describes the functions.

postgres_variable=CHORALE_TEST_POSTGRES
postgres_needs='PostgreSQL 15 or newer (Debian: postgresql-15), its initdb on the PATH or in /usr/lib/postgresql'
postgres_image=postgres:15
postgres_image_port=5432
postgres_signal=INT # "fast": sessions are ended, what is committed stays

readonly -a postgres_settings=(-c max_connections=200 -c timezone=UTC)
readonly -a postgres_fast=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off)

# Prints the directory of the programs: from the PATH, otherwise the oldest version that is new enough.
postgres_bin() {
    local bin major
    for bin in "$(dirname "$(readlink -f "$(command -v initdb || echo /none/initdb)")")" $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
        if [[ -x $bin/initdb && -x $bin/postgres ]]; then
            major=$("$bin/postgres" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
            if [[ $major -ge 15 ]]; then
                printf '%s\n' "$bin"
                return
            fi
        fi
    done
    return 1
}

postgres_have() {
    postgres_bin >/dev/null
}

postgres_install() {
    local no_cluster=/etc/postgresql-common/createcluster.d/no-main-cluster.conf status=0
    apt-get update -qq || true
    say postgres "installing PostgreSQL, without a system cluster"
    mkdir -p "$(dirname "$no_cluster")"
    printf 'create_main_cluster = false\n' >"$no_cluster"
    install_packages "$(first_known postgresql-15 postgresql)" || status=$?
    rm -f "$no_cluster"
    return "$status"
}

# PostgreSQL refuses to run as root, so root starts it as the user of its package.
postgres_as=()
if [[ $EUID -eq 0 ]]; then
    postgres_as=(setpriv --reuid=postgres --regid=postgres --init-groups --)
fi

postgres_prepare() {
    local dir=$1 data=$1/data secret
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$dir/password"
    secret=$(mktemp)
    # shellcheck disable=SC2064 # expands now on purpose
    trap "rm -f '$secret'" EXIT
    cp "$dir/password" "$secret"
    if [[ $EUID -eq 0 ]]; then
        getent passwd postgres >/dev/null || fail postgres "there is no user postgres, and PostgreSQL does not run as root"
        # Other users cannot read root's home, so the data is outside of it.
        data=$(mktemp -d /var/tmp/chorale-postgres-XXXXXX)
        ln -s "$data" "$dir/data"
        chown postgres:postgres "$data" "$secret"
    fi
    (
        cd /
        "${postgres_as[@]}" "$(postgres_bin)/initdb" --pgdata "$data" --username postgres --auth scram-sha-256 \
            --pwfile "$secret" --encoding UTF8 --locale C.UTF-8 --no-sync
    ) >"$dir/log" 2>&1
}

postgres_start() {
    local dir=$1 data
    local -a settings=("${postgres_settings[@]}")
    data=$(readlink -f "$dir/data")
    # The previous server has ended, but its sessions may outlive it for a moment. Its lock file makes it seem alive to the next
    # server until its parent has reaped it, which may never happen in a container.
    wait_until 120 nobody_in "$data" || fail postgres "processes of the previous server still use $data"
    rm -f "$data/postmaster.pid"
    if [[ -e $dir/fast ]]; then
        settings+=("${postgres_fast[@]}")
    fi
    # No socket in the file system: such a path may have at most 107 characters.
    spawn "$dir" "${postgres_as[@]}" "$(postgres_bin)/postgres" -D "$data" -p "$(<"$dir/port")" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= "${settings[@]}"
}

nobody_in() {
    local cwd
    for cwd in /proc/[0-9]*/cwd; do
        if [[ $cwd -ef $1 ]]; then
            return 1
        fi
    done
}

postgres_docker_arguments() {
    local dir=$1
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$dir/password"
    docker_options=(--env "POSTGRES_PASSWORD=$(<"$dir/password")")
    docker_command=(postgres "${postgres_settings[@]}")
    if [[ -e $dir/fast ]]; then
        docker_command+=("${postgres_fast[@]}")
    fi
}

postgres_address() {
    printf 'postgres://postgres:%s@127.0.0.1:%s/postgres\n' "$(<"$1/password")" "$(<"$1/port")"
}

# Sends the first message of a client, so that no client need be installed. A server that is ready asks for authentication, or refuses
# for another reason than that it is not ready.
postgres_answers() {
    local host=$1 reply
    local -r hello='\0\0\0\x17\0\x03\0\0user\0postgres\0\0' authentication=82 error=69 cannot_connect_now='53 55 80 48 51'
    host=${host#*://}
    host=${host##*@}
    host=${host%%[/?]*}
    [[ $host == *:* ]] || host=$host:5432
    reply=$(ask "${host%:*}" "${host##*:}" "$hello") || return
    [[ $reply == "$authentication "* ]] || [[ $reply == "$error "* && $reply != *"$cannot_connect_now"* ]]
}
