#compdef weir
# Completion of weir for zsh. Save it as _weir in a folder of $fpath.
_weir() {
  local -a found
  found=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _weir weir
