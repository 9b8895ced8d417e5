#!/bin/sh
# Make a small GIF of the video at URL and print where it is. Needs curl and jq.
#
#   RENDERIO_URL=https://box.example.org RENDERIO_KEY=ffsk_... ./poll.sh URL
set -eu

api="$RENDERIO_URL/api/v1"

submitted=$(jq -n --arg url "$1" '{
  ffmpeg_command: "ffmpeg -i {{in_video}} -t 3 -vf fps=5,scale=160:-1 {{out_preview}}",
  input_files: {in_video: $url},
  output_files: {out_preview: "preview.gif"},
  metadata: {made_by: "poll.sh"}
}' | curl -sS -X POST "$api/run-ffmpeg-command" \
  -H "Content-Type: application/json" -H "X-API-KEY: $RENDERIO_KEY" -d @-)

command_id=$(printf '%s' "$submitted" | jq -r '.command_id // empty')
if [ -z "$command_id" ]; then
  printf '%s\n' "$submitted" | jq -r '"\(.error): \(.message)"' >&2
  exit 1
fi

while :; do
  polled=$(curl -sS "$api/commands/$command_id" -H "X-API-KEY: $RENDERIO_KEY")
  case $(printf '%s' "$polled" | jq -r .status) in
  SUCCESS)
    printf '%s' "$polled" | jq -r .output_files.out_preview.storage_url
    exit 0
    ;;
  FAILED)
    printf '%s' "$polled" | jq -r .error_message >&2
    exit 1
    ;;
  esac
  sleep 1
done
