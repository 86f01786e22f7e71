#!/usr/bin/env bash
# Rotates one key of a Binance sub-account as a careful script does it with openssl, bao and curl: makes a pair, keeps it, registers
# it with its permissions and addresses, reads back what it got, verifies it, promotes it, deletes the old key, sees it refused,
# destroys its private half and notes what was done. Wants the environment that rotation.ts gives it.
set -euo pipefail
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

kv() { bao kv "$1" -mount=secret "${@:2}"; }
encoded() {
  local text=$1
  text=${text//+/%2B} text=${text//\//%2F} text=${text//=/%3D} text=${text// /%20}
  printf %s "${text//$'\n'/%0A}"
}
# ask METHOD PATH KEY-ID PRIVATE-KEY PARAMETERS: one signed request, its body on standard output. A passphrase lies beside the key.
ask() {
  local query="${5:+$5&}recvWindow=5000&timestamp=$(date +%s%3N)" signature pass=()
  [[ -e $4.pass ]] && pass=(-passin "file:$4.pass")
  printf %s "$query" >query
  signature=$(openssl pkeyutl -sign -rawin -inkey "$4" "${pass[@]}" -in query | base64 -w0)
  query+="&signature=$(encoded "$signature")"
  local target=("$SANDBOX$2?$query")
  [[ $1 == POST ]] && target=(--data-binary "$query" "$SANDBOX$2")
  curl --silent --show-error --fail-with-body -X "$1" -H "X-MBX-APIKEY: $3" "${target[@]}"
}
as_master() { ask "$1" "$2" "$MASTER_ID" "$MASTER_PEM" "email=$(encoded "$EMAIL")&$3"; }
as_next() { ask GET "$1" "$next_id" next.pem ''; }
list() { as_master GET "$KEYS" 'page=1&size=100' >listed.json; }
is_listed() { jq -e --arg name "$1" 'any(.rows[]; .apikey == $name or .apiName == $name)' listed.json >found; }

KEYS=/sapi/v1/sub-account/subAccountApi
kv get -format=json "keyturn/$KEY/current" >current.json
IFS=$'\t' read -r generation old_id version < <(jq -r '.data | [.data.generation, .data.apiKey, .metadata.version] | @tsv' current.json)
next=$((generation + 1))

openssl rand -base64 32 | tr -d '\n' >next.pem.pass
openssl genpkey -algorithm ed25519 -aes-256-cbc -pass file:next.pem.pass -out next.pem
openssl pkey -in next.pem -passin file:next.pem.pass -pubout -out next.pub
fingerprint=$(openssl pkey -pubin -in next.pub -outform DER | sha256sum | cut -c -64)
kv put -cas=0 "keyturn/$KEY/gen/$next" privateKey=@next.pem passphrase=@next.pem.pass publicKey=@next.pub "fingerprint=$fingerprint" >stored
kv get -field=privateKey "keyturn/$KEY/gen/$next" | cmp - next.pem

label=script-g$next
list
is_listed "$label" && { echo "$label is registered already" >&2; exit 1; }
as_master POST /sapi/v2/sub-account/subAccountApi \
  "apiName=$label&canTrade=true&status=2&ipAddress=$ADDRESS&publicKey=$(encoded "$(<next.pub)")" >created.json
next_id=$(jq -r .apiKey created.json)

as_next /sapi/v1/account/apiRestrictions >restrictions.json
jq -e '.ipRestrict and .enableReading and .enableSpotAndMarginTrading and
  ([.enableWithdrawals, .enableInternalTransfer, .enableMargin, .enableFutures, .permitsUniversalTransfer, .enableVanillaOptions] | any | not)' \
  restrictions.json >verified
as_next /api/v3/account >account.json

jq -n --arg apiKey "$next_id" --rawfile privateKey next.pem --rawfile passphrase next.pem.pass --rawfile publicKey next.pub \
  --arg fingerprint "$fingerprint" --argjson generation "$next" --argjson before "$(jq .data.data current.json)" \
  '{ $apiKey, $privateKey, $passphrase, $publicKey, $fingerprint, $generation, previous: ($before | { generation, fingerprint }) }' |
  kv put "-cas=$version" "keyturn/$KEY/current" - >promoted

as_next /api/v3/account >account.json
as_master DELETE "$KEYS" "subAccountApiKey=$old_id" >deleted.json

jq -rj .data.data.privateKey current.json >old.pem
jq -rj .data.data.passphrase current.json >old.pem.pass
as_next /api/v3/account >account.json
if ask GET /sapi/v1/account/apiRestrictions "$old_id" old.pem '' >refused.json 2>refused; then
  echo "the old key still works" >&2
  exit 1
fi
jq -e '.code == -2008' refused.json >dead
list
is_listed "$old_id" && { echo "the old key is still listed" >&2; exit 1; }

kv destroy "-versions=$version" "keyturn/$KEY/current" >destroyed
kv destroy -versions=1 "keyturn/$KEY/gen/$generation" >destroyed
bao kv metadata get -mount=secret -format=json "keyturn/$KEY/gen/$generation" | jq -e '.data.versions["1"].destroyed' >gone
printf '{"generation":%d,"apiKey":"%s","rotated":"%s"}' "$next" "$next_id" "$(date --utc --iso-8601=seconds)" |
  kv put "keyturn/$KEY/script" doc=- >noted
