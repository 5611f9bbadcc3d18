# What every command on a node starts from; `. node.sh`. Comes to each node with `ray up`.

export PATH="$HOME/gradscape-env/bin:$PATH"

# Without the token of ~/.ray/auth_token nobody talks to Ray: neither nodes nor drivers nor
# whoever submits. An open Ray runs any code that it is sent (CVE-2023-48022).
export RAY_AUTH_MODE=token
export RAY_AUTH_TOKEN_PATH="$HOME/.ray/auth_token"

export RAY_USAGE_STATS_ENABLED=0

set -a
. "$HOME/.gradscape/cluster.env"
# What sets this node apart, if you put such a file on it; for example
#   GRADSCAPE_NODE_OPTIONS="--labels=zone=a --resources={\"rack\":1}"
if [ -f "$HOME/gradscape-node.env" ]; then . "$HOME/gradscape-node.env"; fi
set +a

# Each actor of Ray holds many files open.
ulimit -n "$(ulimit -Hn)"
