# shellcheck shell=bash disable=SC2034
# PostgreSQL, 15 or newer. Sourced by scripts/servers, which says what each function is for.

postgres_variable=CHORALE_TEST_POSTGRES
postgres_needs='PostgreSQL 15 or newer (Debian: postgresql-15), its initdb on the PATH or in /usr/lib/postgresql'
postgres_image=postgres:15
postgres_image_port=5432
postgres_signal=INT # "fast": sessions are ended, what is committed stays

readonly -a postgres_settings=(-c max_connections=200 -c timezone=UTC)
readonly -a postgres_fast=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off)

# Where the programs are: on the PATH, else the oldest that is new enough.
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
    if postgres_have; then
        return
    fi
    apt-get update -qq || true
    say postgres "installing it, without a cluster of the system's own"
    mkdir -p "$(dirname "$no_cluster")"
    printf 'create_main_cluster = false\n' >"$no_cluster"
    install_packages "$(first_known postgresql-15 postgresql)" || status=$?
    rm -f "$no_cluster"
    return "$status"
}

# PostgreSQL refuses to run as root: then it runs as the user of its package.
postgres_as=()
if [[ $EUID -eq 0 ]]; then
    postgres_as=(setpriv --reuid=postgres --regid=postgres --init-groups --)
fi

postgres_prepare() {
    local dir=$1 data=$1/data secret
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$dir/password"
    secret=$(mktemp)
    # shellcheck disable=SC2064 # its name of now
    trap "rm -f '$secret'" EXIT
    cp "$dir/password" "$secret"
    if [[ $EUID -eq 0 ]]; then
        getent passwd postgres >/dev/null || fail postgres "there is no user postgres, and it does not run as root"
        # Root's home is closed to others, so the data lies outside.
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
    # The server before is known to be dead. Its sessions may outlive it for a moment; and it counts as alive to the next
    # one, by its lock file, until its parent has heard of its death, which in a container may be never.
    wait_until 120 nobody_in "$data" || fail postgres "processes of the server before are still at work in $data"
    rm -f "$data/postmaster.pid"
    if [[ -e $dir/fast ]]; then
        settings+=("${postgres_fast[@]}")
    fi
    # No socket in the file system: its path may be only 107 characters long.
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

# Asked as a client would, so that none has to be installed: a server that is ready asks back who we are, or refuses, for another reason
# than that it is not ready.
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
