#!/usr/bin/env bash
# Sends each of the ten requests and prints the answers; by default to `make run` with its example data.
#
#   AGENTS_URL=https://… AGENTS_HASH=… CREDIT_URL=https://… CREDIT_HASH=… examples/curl/ten-calls.sh
set -euo pipefail

AGENTS_URL=${AGENTS_URL:-http://127.0.0.1:3000}
AGENTS_HASH=${AGENTS_HASH:-ff36f129745a122e591722d3fda495416fe05aa9586e12238ec4dad37895e069}
CREDIT_URL=${CREDIT_URL:-http://127.0.0.1:3000}
CREDIT_HASH=${CREDIT_HASH:-a27be8c537581a512c1ea651f727a0af3a19eaf6915de9b983a55dc1ea8a8572}

# --fail tells the service's own faults (5xx) from refusals, which are HTTP 200. The body comes from standard input: as an
# argument, every user of this machine could read the hash and the PIN in the list of processes.
post() {
  printf '%s\n  ' "${1##*/wp-json/}"
  curl --silent --show-error --fail --connect-timeout 2 --max-time 8 \
    --header 'Content-Type: application/json' --data @- "$1" <<<"$2"
  echo
}
agents() { post "$AGENTS_URL/wp-json/ctb/v1/$1" "{\"authenticationHash\":\"$AGENTS_HASH\",$2}"; }
credit() { post "$CREDIT_URL/wp-json/credsys/v1/$1" "{\"authenticationHash\":\"$CREDIT_HASH\",$2}"; }

# The same key again would give the same answer again, and change nothing.
key=example-$(date +%s)-$$
number='"dialedNumber":"14620905014"'

agents json/getStatusByRef '"ref":"000038"'
agents json/updateStatusByRef '"ref":"000038","status":"inConversation"'
agents json/updateStatusByLineSharing '"outboundNumber":"31612345678","status":"online"'
agents json/getStatusLog '"ref":"000038","limit":"3"'
agents session/call/create/byRef '"ref":"000038","startTime":"2042-01-01 12:00:01","endTime":"2042-01-01 12:01:01",
  "inboundNumber":"31688006395","dialedNumber":"14620905014","outboundNumber":"31612345678",
  "duration":"60","dialStatus":"ANSWER","idempotencyKey":"'"$key"'"'
agents json/getProfileData '"ref":"000038","fields":"_ctbNickname,_ctbCallSessionTpm"'
credit json/getWalletByDialedNumberAndPin "$number,"'"pin":"695334"'
credit json/getWalletByDialedNumberAndInboundNumber "$number,"'"inboundNumber":"31688006395"'
credit json/subtractTokensFromWallet "$number,"'"pin":"695334","tokens":"100","idempotencyKey":"'"$key"'"'
credit json/addTokensToWallet "$number,"'"pin":"695334","tokens":"100","idempotencyKey":"'"$key"'"'
