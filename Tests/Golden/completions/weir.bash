# Completion of weir for bash. Install it with:
#   weir completions bash > ~/.local/share/bash-completion/completions/weir
_weir() {
  local IFS=$'\n'
  COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _weir weir
