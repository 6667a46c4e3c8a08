#!/usr/bin/env bash
# The step of action.yml that checks: from variables to one call of `inspector check`, and its outputs.
# Findings are annotations of the job; the log lies where CHECK_SARIF says. Ends with the command's own code.
set -euo pipefail

lines() { # the lines of a text that are not blank, without blanks around them, into the array `found`
  found=()
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    line="${line#"${line%%[![:space:]]*}"}"
    line="${line%"${line##*[![:space:]]}"}"
    [[ -z $line ]] || found+=("$line")
  done <<<"$1"
}

words=()
option() { # an option with its value, where there is one
  [[ -z ${2:-} ]] || words+=("$1=$2")
}

refuse() { # a wrong input
  echo "::error title=inspector check::$1"
  exit 2
}

lines "${CHECK_MODELS:-}"
models=(${found[@]+"${found[@]}"})
[[ ${#models[@]} -gt 0 ]] || refuse "The input models names no model."
sarif="${CHECK_SARIF:-inspector.sarif}"
[[ $sarif != *$'\n'* ]] || refuse "The input sarif has more than one line."
option --baseline "${CHECK_BASELINE:-}"
option --golden "${CHECK_GOLDEN:-}"
option --config "${CHECK_CONFIG:-}"
option --fail-on "${CHECK_FAIL_ON:-}"
lines "${CHECK_DATA:-}"
for path in ${found[@]+"${found[@]}"}; do option --data "$path"; done
lines "${CHECK_ARGUMENTS:-}"
words+=(${found[@]+"${found[@]}"})

rm -f -- "$sarif" # what is told of below is of this run
code=0
inspector check "${words[@]}" --format github --format "sarif=$sarif" -- "${models[@]}" || code=$?

{
  echo "exit-code=$code"
  [[ ! -s $sarif ]] || echo "sarif=$sarif"
} >>"${GITHUB_OUTPUT:-/dev/stdout}"
exit "$code"
