# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Requests to the host, which reads the console. Sourced after common.sh.

CONSOLE=/dev/console

# Skips the whole script if there is no host that serves requests.
require_host() {
	[ "${SAFE_DMA_HOST:-}" = hotplug ] || skip_all "no host that serves requests: see scripts/safe_dma/guest/hotplug.py"
	# Keep the host's answers out of the log.
	stty -echo <"$CONSOLE"
}

# ask REQUEST...: sends a request to the host.
ask() {
	echo "host: $*" >"$CONSOLE"
}

# answered REQUEST...: returns whether the host has performed the request.
answered() {
	read -r answer <"$CONSOLE"
	echo "# host: $answer"
	[ "$answer" = "done: $*" ]
}

# refused REQUEST...: returns whether the host refuses the request.
refused() {
	ask "$*"
	read -r answer <"$CONSOLE"
	echo "# host: $answer"
	[ "${answer%%:*}" = "not done" ]
}

# host REQUEST...: has the host perform a request.
host() {
	ask "$*" && answered "$*"
}
