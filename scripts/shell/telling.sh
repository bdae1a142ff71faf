# shellcheck shell=bash disable=SC2154
# Prints the state of the servers, for people and for programs. Sourced by scripts/servers.

# quoted TEXT: prints it as a JSON string.
quoted() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

status() {
    local server ready kind all=true separator='['
    for server in "$@"; do
        ready=true
        if ! is_ready "$server"; then
            ready=false
            all=false
        fi
        kind=$(kind "$server")
        if $json; then
            printf '%s{"server":%s,"how":%s,"address":%s,"process":%s,"ready":%s%s}' "$separator" "$(quoted "$server")" \
                "$(quoted "$(how "$server")")" "$(quoted "$(shown_address "$server")")" "$(quoted "$(process "$server")")" "$ready" \
                "${kind:+,\"kind\":$(quoted "$kind")}"
            separator=,
        elif [[ -z $(how "$server") ]]; then
            printf '%-10s not up\n' "$server"
        else
            printf '%-10s %-10s %-7s %-16s %s\n' "$server" "$($ready && echo ready || echo 'NOT READY')" "$(how "$server")" \
                "$(process "$server")" "$(shown_address "$server")${kind:+ ($kind)}"
            $ready || log_of "$server"
        fi
    done
    if $json; then
        printf ']\n'
    fi
    $all
}

environment() {
    local server variable kind separator='{'
    for server in "$@"; do
        if [[ -z $(how "$server") ]]; then
            fail "$server" "is not up; start it with: scripts/servers --run $name up $server"
        fi
    done
    for server in "$@"; do
        variable=${server}_variable
        tell_variable "$separator" "${!variable}" "$(address "$server")"
        separator=,
        kind=$(kind "$server")
        if [[ -n $kind ]]; then
            tell_variable , "${!variable}_KIND" "$kind"
        fi
    done
    tell_variable , CHORALE_SERVERS_RUN "$name"
    if $json; then
        printf '}\n'
    fi
}

# tell_variable SEPARATOR NAME VALUE
tell_variable() {
    if $json; then
        printf '%s%s:%s' "$1" "$(quoted "$2")" "$(quoted "$3")"
    else
        printf 'export %s=%q\n' "$2" "$3"
    fi
}
