import { bybit } from 'ccxt';

/** Prints what the key may do; an uncaught error has the venue's code in it. */
const { VENUE_URL, KEY_ID: apiKey, PRIVATE_KEY: secret } = process.env;
const exchange = new bybit({ apiKey, secret });
exchange.urls.api = { public: VENUE_URL, private: VENUE_URL };
const { result } = await exchange.privateGetV5UserQueryApi();
process.stdout.write(JSON.stringify(result));
