import { RestClientV5 } from 'bybit-api';

/** Prints what the key may do; an uncaught error has the venue's code in it. */
const { VENUE_URL: baseUrl, KEY_ID: key, PRIVATE_KEY: secret } = process.env;
const { retCode, retMsg, result } = await new RestClientV5({ baseUrl, key, secret }).getQueryApiKey();
if (retCode !== 0) throw new Error(`${retCode} ${retMsg}`);
process.stdout.write(JSON.stringify(result));
