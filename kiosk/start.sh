#!/bin/sh
# Shows the kiosk's page on a machine in a hall, full screen, and begins again whenever the browser ends (docs/kiosk.md).
#
#   kiosk/start.sh <file with the start address>
#
# The address is what `xinqiao kiosk <place>` prints. It holds the machine's key, so it comes from a file that only this
# account may read, and reaches the browser through a page in the profile, never through the list of processes.
# Each start has a new profile, in memory where the machine has such a folder; it is removed when the browser ends.
set -u

address_file="${1:?usage: kiosk/start.sh <file with the start address>}"
address="$(head -n 1 "$address_file")" || exit 1
case "$address" in
  http://*/kiosk/*|https://*/kiosk/*) ;;
  *) echo "the file must hold the start address that xinqiao kiosk <place> prints" >&2; exit 1 ;;
esac
case "$address" in
  *[!A-Za-z0-9:/._#%-]*) echo "the start address holds a letter that it cannot have" >&2; exit 1 ;;
esac
server="${address%%/kiosk/*}"

browser="$(command -v chromium || command -v chromium-browser)" || { echo "apt install chromium fonts-noto-cjk" >&2; exit 1; }
profile=""
browser_pid=""

clear_up() {
  if [ -n "$browser_pid" ]; then
    kill "$browser_pid" 2>/dev/null
    wait "$browser_pid" 2>/dev/null
    browser_pid=""
  fi
  if [ -n "$profile" ]; then rm -rf -- "$profile"; fi
  profile=""
}
trap 'clear_up; exit 0' INT TERM HUP
trap 'clear_up' EXIT

# The screen never sleeps in hall hours; where there is no X server, the desktop's own settings say so.
if command -v xset >/dev/null 2>&1; then xset s off -dpms s noblank 2>/dev/null; fi

show() {
  "$browser" \
    --kiosk --incognito --noerrdialogs --disable-translate --no-first-run --disable-session-crashed-bubble \
    --disable-pinch --overscroll-history-navigation=0 \
    --user-data-dir="$profile" --disk-cache-dir=/dev/null --disk-cache-size=1 --media-cache-size=1 \
    --disable-features=Translate,AutofillServerCommunication,MediaRouter \
    --password-store=basic --no-default-browser-check --disable-sync --disable-background-networking \
    --disable-component-update --disable-breakpad \
    "file://$profile/$1" >/dev/null 2>&1 &
  browser_pid=$!
}

page() {
  printf '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>心桥</title><style>body{font:32px/1.6 sans-serif;margin:4rem;background:#f6f1e7;color:#2b2a26}b{font-size:48px}</style>%s' "$1"
}

there() {
  command -v curl >/dev/null 2>&1 || return 0
  curl -fsS --max-time 5 -o /dev/null "$server/healthz" 2>/dev/null
}

while :; do
  profile="$(mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/xinqiao-kiosk.XXXXXX")" || exit 1
  chmod 700 "$profile"
  if ! there; then
    page '<h1>机器正在连网，请稍等</h1><p>这会儿想找人说说，请打：</p><p><b>12356</b> 心理援助热线</p><p>有生命危险，请马上打 <b>120</b> 或 <b>110</b>。</p><p>也可以直接到窗口找工作人员。</p>' > "$profile/waiting.html"
    show waiting.html
    until there; do sleep 5; done
    clear_up
    continue
  fi
  page "<script>location.replace(\"$address\")</script>" > "$profile/start.html"
  show start.html
  wait "$browser_pid"
  browser_pid=""
  clear_up
  sleep 2
done
