# shellcheck shell=bash disable=SC2154
# What runs in a run, and where: from the files in its directory, and from the processes themselves. Sourced by scripts/servers.

# how SERVER: given, native or docker; nothing, if it is not up in this run.
how() {
    if [[ -s $run/$1/how ]]; then
        cat "$run/$1/how"
    fi
}

# The address that the environment gives; not one that belongs to a run of this script, which `env` has put there.
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

# process SERVER: what to name to people.
process() {
    case $(how "$1") in
        native) printf 'pid %s' "$(cut -d' ' -f1 "$run/$1/pid" 2>/dev/null || true)" ;;
        docker) printf 'container %s' "$(cut -c1-12 "$run/$1/container")" ;;
        given) printf 'not ours' ;;
    esac
}

# The servers that are up in this run, also those that have died.
in_this_run() {
    local server
    for server in "${known[@]}"; do
        if [[ -n $(how "$server") ]]; then
            printf '%s\n' "$server"
        fi
    done
}
