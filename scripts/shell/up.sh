# shellcheck shell=bash disable=SC2154
# Starting servers: given by address, installed here, or in Docker. Sourced by scripts/servers.

say_ready() {
    local kind
    kind=$(kind "$1")
    say "$1" "ready at $(shown_address "$1") ($(process "$1")${kind:+, $kind})"
}

start() {
    local server=$1 dir=$run/$1
    if [[ $(how "$server") == docker ]]; then
        docker start "$(<"$dir/container")" >/dev/null
    else
        "${server}_start" "$dir"
    fi
    if_it_has "${server}_started" "$dir"
    wait_until 60 answers_or_died "$server" || true
    is_ready "$server"
}

log_of() {
    if [[ $(how "$1") == docker ]]; then
        docker logs --tail 15 "$(<"$run/$1/container")" >"$run/$1/log" 2>&1 || true
    fi
    show "$run/$1/log"
}

new_native() {
    local server=$1 dir=$run/$1 attempt
    # Another program may take the port before the server does.
    for attempt in 1 2 3; do
        rm_data "$dir"
        mkdir -p "$dir"
        $fast && : >"$dir/fast"
        free_port >"$dir/port"
        say "$server" "preparing a data directory"
        "${server}_prepare" "$dir" &
        wait $! || { show "$dir/log"; fail "$server" "could not prepare $dir/data"; }
        printf 'native\n' >"$dir/how"
        say "$server" "starting"
        if start "$server"; then
            return
        fi
        if [[ $attempt -eq 3 ]] || ! grep -qi 'address already in use' "$dir/log"; then
            break
        fi
    done
    log_of "$server"
    halt "$server" KILL
    rm -f "$dir/how"
    fail "$server" "did not start; its log is $dir/log"
}

new_container() {
    local server=$1 dir=$run/$1 image=${1}_image port=${1}_image_port
    local -a docker_options docker_command
    rm_data "$dir"
    mkdir -p "$dir"
    $fast && : >"$dir/fast"
    free_port >"$dir/port"
    "${server}_docker_arguments" "$dir"
    say "$server" "starting ${!image} in Docker"
    docker run --detach --publish "127.0.0.1:$(<"$dir/port"):${!port}" "${docker_options[@]}" "${!image}" \
        ${docker_command[@]+"${docker_command[@]}"} >"$dir/container" || fail "$server" "Docker could not start ${!image}"
    printf 'docker\n' >"$dir/how"
    if_it_has "${server}_started" "$dir"
    wait_until 120 answers_or_died "$server" || true
    if ! is_ready "$server"; then
        log_of "$server"
        fail "$server" "did not start; see docker logs $(<"$dir/container")"
    fi
}

take_given() {
    local server=$1 dir=$run/$1 variable=${1}_variable
    mkdir -p "$dir"
    printf '%s\n' "$2" >"$dir/address"
    printf 'given\n' >"$dir/how"
    if ! wait_until 10 is_ready "$server"; then
        rm -rf "$dir"
        fail "$server" "no server answers at ${!variable}; unset the variable to start one here"
    fi
}

resume() {
    local server=$1
    if is_ready "$server"; then
        return
    fi
    if ! is_alive "$server"; then
        say "$server" "starting again on its data"
        # Remains of a killed server may prevent a start for a moment.
        if ! wait_until 5 start "$server"; then
            log_of "$server"
            fail "$server" "did not start; its log is $run/$server/log. To start over: scripts/servers --run $name down $server"
        fi
    elif ! wait_until 60 is_ready "$server"; then
        log_of "$server"
        fail "$server" "is running (its $(process "$server")), but does not answer"
    fi
}

bring_up() {
    local server=$1 address
    if [[ $(how "$server") == given ]]; then
        rm -rf "${run:?}/$server"
    fi
    address=$(given "$server")
    if [[ -n $(how "$server") ]]; then
        if $fast && [[ ! -e $run/$server/fast ]]; then
            say "$server" "--fast applies only to a new server; this one was started without it"
        fi
        resume "$server"
    elif [[ -n $address ]]; then
        take_given "$server" "$address"
    elif "${server}_have"; then
        if_it_has "${server}_fetch"
        new_native "$server"
    else
        new_container "$server"
    fi
    say_ready "$server"
}

# Runs before any start, one server at a time: system packages can only be installed one at a time.
get_missing() {
    local server=$1 needs=${1}_needs
    if [[ -n $(given "$server") ]] || [[ -n $(how "$server") && $(how "$server") != given ]]; then
        return
    fi
    if "${server}_have"; then
        return
    elif can_install_packages; then
        "${server}_install" &
        wait $! || fail "$server" "could not be installed; see above. Needed: ${!needs}"
    elif ! docker info >/dev/null 2>&1; then
        local variable=${server}_variable
        fail "$server" "missing: ${!needs}. Install it, or start Docker, or give an address in ${!variable}"
    fi
}

up() {
    local server child failed=false
    local -a children=()
    stop_orphans
    mkdir -p "$run"
    if [[ -n $owner ]]; then
        printf '%s %s\n' "$owner" "$(born "$owner")" >"$run/owner"
    fi
    for server in "$@"; do
        get_missing "$server"
    done
    for server in "$@"; do
        bring_up "$server" &
        children+=($!)
    done
    for child in "${children[@]}"; do
        wait "$child" || failed=true
    done
    ! $failed
}
