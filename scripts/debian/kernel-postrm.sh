#!/bin/sh
# Removes the metadata of the kernel that is removed.
set -e

case ${DEB_MAINT_PARAMS:-remove} in
remove* | purge*) rm -rf "/var/lib/safe-dma/${1:?}" ;;
esac
