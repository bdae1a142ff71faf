# shellcheck shell=bash
# Packages of the system, for scripts/test and scripts/servers. Sourced by both.

can_install_packages() {
    [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null
}

# no_autostart: until this shell ends, installing a server does not start it.
no_autostart() {
    if [[ ! -e /usr/sbin/policy-rc.d ]]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
    fi
}

# install_packages PACKAGE…: requires can_install_packages. Waits for other running apt processes.
install_packages() (
    export DEBIAN_FRONTEND=noninteractive
    no_autostart
    apt-get update -qq -o DPkg::Lock::Timeout=300 &&
        apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >/dev/null
)

# first_known PACKAGE…: prints the first package that apt knows. Needs apt's lists.
first_known() {
    local package
    for package in "$@"; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            printf '%s\n' "$package"
            return
        fi
    done
    return 1
}
