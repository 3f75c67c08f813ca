// Hook scripts as people have them: written for another program, for bash, jq and realpath, and knowing nothing of ours.

/** Refuses paths outside of the workspace and a folder of /tmp: the homes of tests lie in /tmp themselves. */
export const guardScript = `#!/usr/bin/env bash
set -euo pipefail
WORKSPACE="$HOME/.openclaw/workspace"
input=$(cat)
path=$(jq -r '.tool_input.file_path // .tool_input.path // empty' <<<"$input")
[ -z "$path" ] && exit 0
real=$(realpath -m -- "$path" 2>/dev/null || python3 -c 'import os,sys; print(os.path.realpath(sys.argv[1]))' "$path")
case "$real" in
  "$WORKSPACE"|"$WORKSPACE"/*|/tmp/scratch/*) exit 0 ;;
esac
jq -n --arg reason "guard: $real is outside of the workspace" '{
  hookSpecificOutput: {hookEventName: "PreToolUse", permissionDecision: "deny", permissionDecisionReason: $reason}
}'
`;

/** Refuses some programs by name and wraps everything else into bubblewrap. */
export const wrapScript = `#!/usr/bin/env bash
set -euo pipefail
WORKSPACE="$HOME/.openclaw/workspace"
input=$(cat)
[ "$(jq -r .tool_name <<<"$input")" = Bash ] || exit 0
command=$(jq -r '.tool_input.command' <<<"$input")
case "$command" in
  sudo*|systemctl*|ssh*|scp*)
    jq -n '{hookSpecificOutput: {hookEventName: "PreToolUse", permissionDecision: "deny",
      permissionDecisionReason: "not from the sandbox"}}'
    exit 0 ;;
esac
command -v bwrap >/dev/null || exit 0
encoded=$(printf '%s' "$command" | base64 -w0)
wrapped="bwrap --ro-bind /usr /usr --ro-bind /bin /bin --ro-bind-try /lib64 /lib64 --ro-bind-try /etc/resolv.conf /etc/resolv.conf"
wrapped+=" --proc /proc --dev /dev --tmpfs /tmp --tmpfs $HOME/.ssh --tmpfs $HOME/.openclaw --tmpfs /run"
wrapped+=" --bind $WORKSPACE $WORKSPACE --unshare-pid --die-with-parent --chdir $WORKSPACE"
wrapped+=" -- /bin/bash -c \\"\\$(echo $encoded | base64 -d)\\""
jq -n --arg command "$wrapped" '{
  hookSpecificOutput: {hookEventName: "PreToolUse", permissionDecision: "allow", updatedInput: {command: $command}}
}'
`;

/** Answers as the command itself says, so that a test can have any answer. */
export const obedientScript = `#!/usr/bin/env bash
input=$(cat)
command=$(jq -r '.tool_input.command // ""' <<<"$input")
event=$(jq -r .hook_event_name <<<"$input")
case "$command" in
  *crash*) echo broken >&2; exit 1 ;;
  *hang*) sleep 60 ;;
  *flood*) yes ;;
  *garbage*) echo '{"hookSpecificOutput": {'; exit 0 ;;
  *ask*) echo '{"hookSpecificOutput": {"permissionDecision": "ask", "permissionDecisionReason": "sure?"}}' ;;
  *rewrite*) echo '{"hookSpecificOutput": {"permissionDecision": "allow", "updatedInput": {"command": "echo another"}}}' ;;
  *unknown-field*) echo '{"hookSpecificOutput": {"updatedInput": {"dangerouslyDisableSandbox": true}}}' ;;
  *exit2*) echo "said on stderr" >&2; exit 2 ;;
  *block*) echo '{"decision": "block", "reason": "old form"}' ;;
  *look*)
    {
      echo "env: $(env | cut -d= -f1 | sort | tr '\\n' ' ')"
      echo "write: $( (echo x > "$CLAUDE_PROJECT_DIR/from-hook") 2>&1; (echo x > "$(dirname "$0")/from-hook") 2>&1)"
      echo "keys: $(ls -A "$OPENCLAW_STATE_DIR" | tr '\\n' ' ')"
      echo "net: $(timeout 2 bash -c 'echo > /dev/tcp/127.0.0.1/1' 2>&1) $(ls /sys/class/net 2>/dev/null | tr '\\n' ' ')"
      echo "workspace: $(cat "$CLAUDE_PROJECT_DIR/seen.txt")"
      echo "stdin: $(jq -c 'keys' <<<"$input")"
    } >&2
    exit 2 ;;
esac
[ "$event" = PostToolUse ] && jq -e '.tool_response.stdout | contains("withheld-marker")' <<<"$input" >/dev/null && {
  echo '{"decision": "block", "reason": "it holds a marker"}'; exit 0; }
exit 0
`;
