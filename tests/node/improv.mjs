// The other side of a board's serial port, by somebody else: the Improv SDK that browsers use. It expects a board
// without a home, near the networks `home` (with `the password`) and `cafe` (open).
//
//   node improv.mjs PORT
import assert from 'node:assert/strict';
import { openSync, writeSync } from 'node:fs';
import { register } from 'node:module';
import { Readable } from 'node:stream';
import { ReadStream } from 'node:tty';

// The package is meant for bundlers: within it, names of files have no ending.
const hook = `export const resolve = (name, context, next) =>
  next(/^[.].*[/][^.]+$/.test(name) ? name + '.js' : name, context);`;
register('data:text/javascript,' + encodeURIComponent(hook));
const { ImprovSerial } = await import('improv-wifi-serial-sdk/dist/serial.js');

const fd = openSync(process.argv[2], 'r+');
const port = {
  readable: Readable.toWeb(new ReadStream(fd)),
  writable: new WritableStream({
    write: (bytes) => {
      assert.equal(writeSync(fd, bytes), bytes.length);
    },
  }),
};
const quiet = { log() {}, debug() {}, error: (...words) => console.error(...words) };
const board = new ImprovSerial(port, quiet);

const info = await board.initialize(10_000);
assert.deepEqual([info.firmware, info.chipFamily, info.name], ['Gatehouse', 'ESP8266', 'relay-a1b2c3']);
assert.equal(board.state, 2);

const networks = await board.scan();
assert.deepEqual(networks, [
  { name: 'cafe', rssi: -55, secured: false },
  { name: 'home', rssi: -61, secured: true },
]);

await assert.rejects(board.getHostname(), (error) => /UNKNOWN_RPC_COMMAND/.test(String(error)));
await assert.rejects(board.provision('home', 'another'), (error) => /UNABLE_TO_CONNECT/.test(String(error)));
await board.requestCurrentState();
assert.equal(board.state, 2);

await board.provision('home', 'the password');
assert.equal(board.state, 4);
assert.equal(board.nextUrl, undefined);
await board.requestCurrentState();
assert.equal(board.state, 4);
await board.requestInfo();
assert.equal(board.info.name, 'relay-a1b2c3');

console.log('provisioned');
// A read that waits for the port would keep the process.
process.exit(0);
