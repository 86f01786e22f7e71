"""Prints the keys of a sub-account with the addresses they are tied to; an uncaught error has the venue's code in it."""

import json
import os

from binance_common.configuration import ConfigurationRestAPI
from binance_sdk_sub_account.sub_account import SubAccount

EMAIL = "desk@sub.example"

api = SubAccount(
    ConfigurationRestAPI(
        api_key=os.environ["KEY_ID"],
        private_key=os.environ["ENCRYPTED_KEY"],
        private_key_passphrase=os.environ["PASSPHRASE"],
        base_path=os.environ["VENUE_URL"],
        timeout=10_000,
        retries=0,
    )
).rest_api

keys = []
for row in api.query_sub_account_api_key(email=EMAIL).data().rows:
    restriction = api.get_ip_restriction_for_a_sub_account_api_key(email=EMAIL, sub_account_api_key=row.apikey).data()
    keys.append({"label": row.api_name, "restricted": restriction.ip_restrict, "addresses": restriction.ip_list})
print(json.dumps(keys))
