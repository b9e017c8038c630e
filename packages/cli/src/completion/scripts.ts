/**
 * What a shell has to be told once. Each script hands the line up to the cursor to `stepwell complete`, which knows the
 * commands as they are; one candidate a line comes back. Without any, the shell offers files.
 */
export const SCRIPTS = {
  bash: `_stepwell() {
  local line="\${COMP_LINE:0:COMP_POINT}" breaks="" prefix="" mark candidate
  local word="\${line##*[[:space:]]}"
  # Bash replaces only what comes after the last of its word breaks, such as the ":" in an id.
  for mark in @ : =; do
    if [[ "$COMP_WORDBREAKS" == *"$mark"* ]]; then breaks+="$mark"; fi
  done
  if [[ -n "$breaks" ]]; then prefix="\${word%"\${word##*[$breaks]}"}"; fi
  COMPREPLY=()
  while IFS= read -r candidate; do
    candidate="\${candidate#"$prefix"}"
    # Within quotes a space is one by itself.
    if [[ "\${COMP_WORDS[COMP_CWORD]}" != [\\"\\']* ]]; then candidate="$(printf '%q' "$candidate")"; fi
    COMPREPLY+=("$candidate")
  done < <(stepwell complete --line "$line" 2>/dev/null)
}
complete -o default -F _stepwell stepwell
`,
  zsh: `#compdef stepwell
_stepwell() {
  local -a candidates
  candidates=("\${(@f)$(stepwell complete --line "\${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${candidates[1]}" ]]; then
    compadd -- "\${candidates[@]}"
  else
    _files
  fi
}
compdef _stepwell stepwell
`,
  fish: `function __stepwell_complete
  set -l candidates (stepwell complete --line (commandline -cp | string collect) 2>/dev/null)
  if set -q candidates[1]
    printf '%s\\n' $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c stepwell -f -a '(__stepwell_complete)'
`,
} as const;

export type Shell = keyof typeof SCRIPTS;
