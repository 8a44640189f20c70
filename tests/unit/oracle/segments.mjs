// Reads texts as JSON strings, one a line; prints "encoding<TAB>segments<TAB>characters" of each, as Twilio's own calculator counts them.
import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';

const require = createRequire(new URL('../../package.json', import.meta.url));
const {SegmentedMessage} = require('sms-segments-calculator');

for (const line of readFileSync(0, 'utf8').trim().split('\n')) {
  const message = new SegmentedMessage(JSON.parse(line));
  console.log(`${message.encodingName}\t${message.segments.length}\t${message.numberOfCharacters}`);
}
