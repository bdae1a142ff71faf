# shellcheck shell=bash disable=SC2154
# Stopping and restarting servers. Sourced by scripts/servers.

# halt SERVER SIGNAL
halt() {
    local server=$1 dir=$run/$1
    case $(how "$server") in
        native) stop_process "$dir/pid" "$2" ;;
        docker)
            if [[ $2 == KILL ]]; then
                docker kill "$(<"$dir/container")" >/dev/null 2>&1 || true
            else
                docker stop --time 20 "$(<"$dir/container")" >/dev/null 2>&1 || true
            fi
            ;;
    esac
}

# rm_data DIR: also removes data outside of DIR.
rm_data() {
    if [[ -L $1/data && $(readlink "$1/data") == /var/tmp/chorale-* ]]; then
        rm -rf "$(readlink "$1/data")"
    fi
    rm -rf "$1"
}

bring_down() {
    local server=$1 dir=$run/$1 signal=${1}_signal
    if [[ $(how "$server") != given ]]; then
        if is_alive "$server"; then
            say "$server" "stopping ($(process "$server"))"
        fi
        halt "$server" "${kill:-${!signal}}"
        if $keep; then
            return
        fi
        if [[ $(how "$server") == docker ]]; then
            docker rm --force --volumes "$(<"$dir/container")" >/dev/null
        fi
    fi
    rm_data "$dir"
}

down() {
    local server child failed=false
    local -a children=()
    for server in "$@"; do
        bring_down "$server" &
        children+=($!)
    done
    for child in "${children[@]}"; do
        wait "$child" || failed=true
    done
    if [[ -z $(in_this_run) ]]; then
        rm -rf "$run"
    fi
    ! $failed
}

# Stops the sets of processes that have ended, such as a test run that was killed.
stop_orphans() {
    local other
    for other in "$runs"/*/owner; do
        if [[ -e $other && $other != "$run/owner" ]] && ! alive "$other"; then
            other=$(basename "$(dirname "$other")")
            say "$other" "its owner has ended; stopping it"
            run=$runs/$other kill=KILL keep=false down "${known[@]}" || say "$other" "could not be stopped"
        fi
    done
}

restart() {
    local server=$1 signal=${1}_signal
    case $(how "$server") in
        '') fail "$server" "is not up; start it with: scripts/servers --run $name up $server" ;;
        given) fail "$server" "is given by address; this script does not stop servers that it has not started" ;;
    esac
    halt "$server" "${kill:-${!signal}}"
    resume "$server"
    say_ready "$server"
}
