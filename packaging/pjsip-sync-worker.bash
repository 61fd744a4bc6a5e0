# bash completion for pjsip-sync-worker
_pjsip_sync_worker() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word words
  if [ "$previous" = --config ]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -* | */*) ;; *) command=$word; break ;; esac
  done
  case $command in
    '') words='{{Commands}} --version' ;;
{{Options}}  esac
  mapfile -t COMPREPLY < <(compgen -W "$words --config --help" -- "$current")
}
complete -F _pjsip_sync_worker pjsip-sync-worker
