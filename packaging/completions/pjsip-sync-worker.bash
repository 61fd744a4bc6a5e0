# bash completion for pjsip-sync-worker: the program itself says what can follow.
_pjsip_sync_worker() {
  local current=${COMP_WORDS[COMP_CWORD]} program=pjsip-sync-worker word
  # bash breaks --config=FILE into three words.
  [ "$current" != = ] || current=
  type -P "${COMP_WORDS[0]}" >/dev/null && program=${COMP_WORDS[0]}
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    case $word in
      :files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
      :folders) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
      # Quoted, because a number may hold what the shell would run.
      "$current"*) COMPREPLY+=("$(printf %q "$word")") ;;
    esac
  done < <("$program" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _pjsip_sync_worker pjsip-sync-worker
