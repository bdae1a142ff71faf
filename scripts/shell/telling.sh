# shellcheck shell=bash disable=SC2154
# Prints the state of the servers, for people and for programs. Sourced by scripts/servers.

# quoted TEXT: prints it as a JSON string.
quoted() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

status() {
    local server ready all=true separator='['
    for server in "$@"; do
        ready=true
        if ! is_ready "$server"; then
            ready=false
            all=false
        fi
        if $json; then
            printf '%s{"server":%s,"how":%s,"address":%s,"process":%s,"ready":%s}' "$separator" "$(quoted "$server")" \
                "$(quoted "$(how "$server")")" "$(quoted "$(shown_address "$server")")" "$(quoted "$(process "$server")")" "$ready"
            separator=,
        elif [[ -z $(how "$server") ]]; then
            printf '%-10s not up\n' "$server"
        else
            printf '%-10s %-10s %-7s %-16s %s\n' "$server" "$($ready && echo ready || echo 'NOT READY')" "$(how "$server")" \
                "$(process "$server")" "$(shown_address "$server")"
            $ready || log_of "$server"
        fi
    done
    if $json; then
        printf ']\n'
    fi
    $all
}

environment() {
    local server variable separator='{'
    for server in "$@"; do
        if [[ -z $(how "$server") ]]; then
            fail "$server" "is not up; start it with: scripts/servers --run $name up $server"
        fi
    done
    for server in "$@"; do
        variable=${server}_variable
        if $json; then
            printf '%s%s:%s' "$separator" "$(quoted "${!variable}")" "$(quoted "$(address "$server")")"
            separator=,
        else
            printf 'export %s=%q\n' "${!variable}" "$(address "$server")"
        fi
    done
    if $json; then
        printf ',"CHORALE_SERVERS_RUN":%s}\n' "$(quoted "$name")"
    else
        printf 'export CHORALE_SERVERS_RUN=%q\n' "$name"
    fi
}
