# Completion of weir for fish. Save it as ~/.config/fish/completions/weir.fish.
function __weir_complete
  set -l line (commandline -opc) (commandline -ct)
  $line[1] __complete $line[2..-1] 2>/dev/null
end
complete -c weir -a '(__weir_complete)'
