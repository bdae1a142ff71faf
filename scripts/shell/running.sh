# shellcheck shell=bash disable=SC2154
# The servers of a run and their addresses, from the files in its directory and from the processes. Sourced by scripts/servers.

# how SERVER: prints given, native or docker; nothing if the server is not up in this run.
how() {
    if [[ -s $run/$1/how ]]; then
        cat "$run/$1/how"
    fi
}

# Prints the address in the environment, unless `env` has set it for a run of this script.
given() {
    local variable=${1}_variable address kept
    variable=${!variable}
    address=${!variable:-}
    for kept in "$runs"/*/"$1"; do
        if [[ -s $kept/how && $(<"$kept/how") != given && $("${1}_address" "$kept") == "$address" ]]; then
            return
        fi
    done
    printf '%s' "$address"
}

address() {
    local dir=$run/$1
    case $(how "$1") in
        native | docker) "${1}_address" "$dir" ;;
        given) cat "$dir/address" ;;
    esac
}

without_credentials() {
    # shellcheck disable=SC2001
    sed 's#\(//\|^\)[^/@]*@#\1#' <<<"$1"
}

shown_address() {
    without_credentials "$(address "$1")"
}

is_alive() {
    case $(how "$1") in
        native) alive "$run/$1/pid" ;;
        docker) [[ $(docker inspect --format '{{.State.Running}}' "$(<"$run/$1/container")" 2>/dev/null) == true ]] ;;
        given) true ;;
        *) false ;;
    esac
}

is_ready() {
    is_alive "$1" && "${1}_answers" "$(address "$1")" >/dev/null 2>&1
}

answers_or_died() {
    is_ready "$1" || ! is_alive "$1"
}

# process SERVER: prints a name of the process for people.
process() {
    case $(how "$1") in
        native) printf 'pid %s' "$(cut -d' ' -f1 "$run/$1/pid" 2>/dev/null || true)" ;;
        docker) printf 'container %s' "$(cut -c1-12 "$run/$1/container")" ;;
        given) printf 'not ours' ;;
    esac
}

# if_it_has FUNCTION DIR: calls a function that only some servers define.
if_it_has() {
    if declare -F "$1" >/dev/null; then
        "$@"
    fi
}

# kind SERVER: prints which kind it is, for servers that define it.
kind() {
    if [[ -n $(how "$1") ]]; then
        if_it_has "${1}_kind" "$run/$1"
    fi
}

# Prints the servers that were started in this run, including dead ones.
in_this_run() {
    local server
    for server in "${known[@]}"; do
        if [[ -n $(how "$server") ]]; then
            printf '%s\n' "$server"
        fi
    done
}
