# shellcheck shell=bash
# Processes that outlive the script and are identified by files; ports; waiting; locks. Sourced by scripts/servers.

# born PID: prints the process's start time, which differs from that of a later process with the same id. Fails if it has ended.
born() {
    local stat
    local -a fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    read -r -a fields <<<"${stat##*) }" # the name before it may hold anything
    [[ ${fields[0]} != Z ]] && printf '%s %s\n' "${fields[19]}" "$(</proc/sys/kernel/random/boot_id)"
}

# alive FILE: whether the process with the id and start time in the file is running.
alive() {
    local pid birth
    read -r pid birth 2>/dev/null <"$1" && [[ $(born "$pid") == "$birth" ]]
}

# spawn DIR COMMAND…: starts it in a separate session, so that neither Ctrl-C nor the end of a step of a test run stops it. The process
# writes DIR/pid itself before it becomes the server, so that a running server is always known.
spawn() {
    local dir=$1
    shift
    rm -f "$dir/pid"
    (
        cd /
        umask 022
        # shellcheck disable=SC2016 # for the inner shell
        exec setsid bash -c '
            echo "$$ $(cut -d " " -f 22 "/proc/$$/stat") $(</proc/sys/kernel/random/boot_id)" >"$0/pid" && exec "$@"
        ' "$dir" "$@"
    ) </dev/null >>"$dir/log" 2>&1 {lock}>&- &
    wait_until 5 test -s "$dir/pid"
}

# stop_process FILE SIGNAL: stops the process and waits, for at most 20 s, until it has ended; then kills it. KILL also kills its
# children.
stop_process() {
    local pid child children=
    if alive "$1"; then
        read -r pid _ <"$1"
        if [[ $2 != KILL ]]; then
            kill -s "$2" "$pid" 2>/dev/null || true
            wait_until 20 gone "$1" || true
        fi
        if alive "$1"; then
            children=$(children_of "$pid")
            kill -s KILL "$pid" 2>/dev/null || true
            for child in $children; do
                kill -s KILL "$child" 2>/dev/null || true
            done
            wait_until 20 gone "$1"
            for child in $children; do
                wait_until 20 ended "$child"
            done
        fi
    fi
    rm -f "$1"
}

gone() {
    ! alive "$1"
}

ended() {
    ! born "$1" >/dev/null
}

children_of() {
    local stat
    local -a fields
    for stat in /proc/[0-9]*/stat; do
        { stat=$(<"$stat"); } 2>/dev/null || continue
        read -r -a fields <<<"${stat##*) }"
        if [[ ${fields[1]} == "$1" ]]; then
            printf '%s\n' "${stat%% *}"
        fi
    done
}

# wait_until SECONDS COMMAND…: repeats the command until it succeeds; fails after this time.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        if [[ $SECONDS -ge $deadline ]]; then
            return 1
        fi
        sleep 0.05
    done
}

# Prints a port of 127.0.0.1 without a listener, below the range that the system assigns to clients.
free_port() {
    local port
    while true; do
        port=$(shuf --input-range 20000-31999 --head-count 1)
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            printf '%s\n' "$port"
            return
        fi
    done
}

# ask HOST PORT BYTES: sends the bytes and prints the first bytes of the answer as decimal numbers. Fails if there is no listener.
ask() {
    local reply
    # shellcheck disable=SC2016 # for the inner shell
    reply=$(timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "$2" >&3 && dd bs=4096 count=1 <&3' "$@" 2>/dev/null |
        od -An -v -tu1) || return
    read -r -d '' reply <<<"$reply" || true
    printf '%s' "$reply" | tr -s ' \n' ' '
}

# take_lock FILE: holds an exclusive lock until this script ends. The servers do not inherit it (see spawn).
take_lock() {
    exec {lock}>"$1"
    if ! flock --nonblock "$lock"; then
        say lock "waiting for another running scripts/servers"
        flock "$lock"
    fi
}
