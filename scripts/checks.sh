# What the tests that are scripts share. Sourced, never run. Each says in on_failure what helps to understand one.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
passed=0 failed=0

eventually() { # SECONDS COMMAND …
  local deadline=$((SECONDS + $1))
  until "${@:2}" >/dev/null 2>&1; do [ $SECONDS -lt $deadline ] || return 1; sleep 0.1; done
}
fails() { ! "$@"; }
equals() { [ "$("${@:2}")" = "$1" ]; }

test_that() { # NAME COMMAND …
  local output code
  # Not as a condition: there "set -e" would count for nothing.
  set +e
  output=$(set -e; "${@:2}" 2>&1)
  code=$?
  set -e
  if [ $code = 0 ]; then
    passed=$((passed + 1))
    echo "ok: $1"
  else
    failed=$((failed + 1))
    printf 'FAILED: %s\n%s\n' "$1" "$output"
    on_failure
  fi
}

# The commands of a document, or of one section of it: what stands between ```sh and ``` there, as FOLDER/01, FOLDER/02 …
steps_of() { # DOCUMENT FOLDER [SECTION]
  mkdir -p "$2"
  awk -v folder="$2" -v section="${3:-}" '
    BEGIN { here = (section == "") }
    section != "" && /^## / { here = ($0 == "## " section) }
    here && /^ *```$/ { inside = 0 }
    inside { print substr($0, indent + 1) > file }
    here && /^ *```sh$/ { indent = index($0, "`") - 1; inside = 1; file = sprintf("%s/%02d", folder, ++count) }
  ' "$repository/$1"
}

# The last line of a script.
summary() {
  echo "$passed passed, $failed failed, 0 skipped"
  [ "$failed" = 0 ]
}
