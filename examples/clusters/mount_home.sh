#!/usr/bin/env bash
# The home folder of studies, on a file server where GRADSCAPE_NFS names one.
set -euo pipefail
. "$(dirname "$0")/node.sh"
mkdir -p "$GRADSCAPE_HOME"
if [ -n "$GRADSCAPE_NFS" ] && ! mountpoint -q "$GRADSCAPE_HOME"; then
    command -v mount.nfs4 >/dev/null || { sudo apt-get update -q; sudo apt-get install -qy nfs-common; }
    sudo mount -t nfs4 -o nfsvers=4.1,hard,timeo=600 "$GRADSCAPE_NFS" "$GRADSCAPE_HOME"
    [ -w "$GRADSCAPE_HOME" ] || sudo chown "$(id -u):$(id -g)" "$GRADSCAPE_HOME"
fi
